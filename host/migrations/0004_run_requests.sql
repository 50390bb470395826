-- Answers `quintant status`: what the last runs asked of their source, and how long its limits held them up.

ALTER TABLE app.run
    ADD COLUMN requests       integer NOT NULL DEFAULT 0,
    ADD COLUMN retries        integer NOT NULL DEFAULT 0,
    ADD COLUMN waited_seconds integer NOT NULL DEFAULT 0;
