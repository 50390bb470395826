-- Which host is reading a source, and until when it may: any number of hosts share a database. The token grows with every claim, and
-- whatever a run writes is written only while its token is the newest, so that a host that was given up can store nothing more.
-- It takes the place of the feed's version.
ALTER TABLE app.source
    ADD COLUMN owner       text,
    ADD COLUMN lease_until timestamptz,
    ADD COLUMN token       bigint NOT NULL DEFAULT 0;
ALTER TABLE app.feed DROP COLUMN version;

-- A stretch of time that an operator has asked to read once more, and where reading it goes on (sealed). Gone when every feed has read it.
CREATE TABLE app.backfill (
    source_id  integer NOT NULL REFERENCES app.source,
    feed       text NOT NULL,
    from_ms    bigint NOT NULL,
    through_ms bigint NOT NULL,
    cursor     bytea,
    is_done    boolean NOT NULL DEFAULT false,
    PRIMARY KEY (source_id, feed)
);

-- A run that reads such a stretch is not the feed's last run. A strike is a failure of the plugin itself: several in a row put it in quarantine.
ALTER TABLE app.run
    ADD COLUMN is_backfill boolean NOT NULL DEFAULT false,
    ADD COLUMN is_strike   boolean NOT NULL DEFAULT false;
