-- Answers `quintant status`: what the last run of a feed brought, left out and could not read (sealed: it names repositories and jobs).
ALTER TABLE app.run ADD COLUMN report bytea;

-- A feed that was added when weeks were released counts from then on; what it brings for weeks before is refused.
ALTER TABLE app.feed ADD COLUMN counts_from_week integer;
