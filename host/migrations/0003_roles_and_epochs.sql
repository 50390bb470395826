-- Raw facts live in one partition an epoch of 13 weeks instead of one a week, so that the primary key, which must hold the partition key, finds a
-- fact whose week has changed: it is updated where it is, and every page probes one index an epoch instead of one a week. Nothing was
-- installed before it, so the facts are read again.

DROP TABLE raw.change, raw.review, raw.commit;
UPDATE app.feed SET cursor = NULL, covered_through_ms = NULL;
DELETE FROM app.backfill;

CREATE TABLE raw.change (
    source_id         integer NOT NULL,
    key               bytea NOT NULL,
    epoch             integer NOT NULL,
    week              integer NOT NULL CHECK (week BETWEEN epoch * 13 AND epoch * 13 + 12),
    at_ms             bigint NOT NULL,
    repository        bytea NOT NULL,
    change            bytea NOT NULL,
    owner             text,
    author            bytea,
    merged            boolean NOT NULL,
    to_default_branch boolean NOT NULL,
    first_commit_ms   bigint,
    opened_ms         bigint NOT NULL,
    ready_ms          bigint,
    first_review_ms   bigint,
    first_reviewer    bytea,
    approved_ms       bigint,
    merge_commit      bytea,
    additions         bigint,
    deletions         bigint,
    files             bigint,
    review_comments   bigint,
    reverts           bytea,
    -- The key first: a list of keys is then looked up in the index, whatever the planner thinks of the rest.
    PRIMARY KEY (key, source_id, epoch)
) PARTITION BY LIST (epoch);

CREATE TABLE raw.review (
    source_id     integer NOT NULL,
    key           bytea NOT NULL,
    epoch         integer NOT NULL,
    week          integer NOT NULL CHECK (week BETWEEN epoch * 13 AND epoch * 13 + 12),
    at_ms         bigint NOT NULL,
    change        bytea NOT NULL,
    change_author bytea,
    reviewer      bytea,
    state         text NOT NULL,
    comments      bigint,
    PRIMARY KEY (key, source_id, epoch)
) PARTITION BY LIST (epoch);
-- Finds the first review of a (reviewer, change) pair.
CREATE INDEX review_by_change ON raw.review (change);

CREATE TABLE raw.commit (
    source_id integer NOT NULL,
    key       bytea NOT NULL,
    epoch     integer NOT NULL,
    week      integer NOT NULL CHECK (week BETWEEN epoch * 13 AND epoch * 13 + 12),
    at_ms     bigint NOT NULL,
    sha       bytea NOT NULL,
    author    bytea,
    parents   bigint NOT NULL,
    PRIMARY KEY (key, source_id, epoch)
) PARTITION BY LIST (epoch);

-- Makes the partitions of these epochs where they are missing.
CREATE FUNCTION raw.epochs_make(first integer, last integer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kind text;
BEGIN
    -- Two hosts do not make the same one.
    PERFORM pg_advisory_xact_lock(8175556621680864884);
    FOR epoch IN first..last LOOP
        FOREACH kind IN ARRAY ARRAY['change', 'review', 'commit'] LOOP
            EXECUTE format('CREATE TABLE IF NOT EXISTS raw.%I PARTITION OF raw.%I FOR VALUES IN (%s)', kind || '_e' || epoch, kind, epoch);
        END LOOP;
    END LOOP;
END
$$;
