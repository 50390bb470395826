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
    -- The same change under the key of the epoch before, where reviews of it may lie; gone when that epoch is.
    earlier_change    bytea,
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
    change         bytea NOT NULL,
    earlier_change bytea,
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

DROP TABLE raw.alias;
CREATE TABLE raw.alias (
    source_id      integer NOT NULL REFERENCES app.source,
    alias          bytea NOT NULL,
    account        bytea NOT NULL,
    epoch          integer NOT NULL,
    last_seen_week integer NOT NULL,
    PRIMARY KEY (source_id, alias, account)
);
DELETE FROM raw.assignment;

-- What each live epoch's key is made with, beside the key file. Whoever destroys it destroys the way from a login to its pseudonym.
CREATE TABLE app.epoch (
    epoch integer PRIMARY KEY,
    salt  bytea NOT NULL CHECK (length(salt) = 32)
);

-- Makes the salts and partitions of these epochs where they are missing.
CREATE FUNCTION app.epochs_open(first integer, last integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kind text;
BEGIN
    -- Facts are kept of three at the most.
    IF last - first > 8 THEN
        RAISE EXCEPTION 'epochs % to % are more than facts are kept of', first, last;
    END IF;
    -- Two hosts do not make the same one.
    PERFORM pg_advisory_xact_lock(8175556621680864884);
    FOR number IN first..last LOOP
        FOREACH kind IN ARRAY ARRAY['change', 'review', 'commit'] LOOP
            EXECUTE format('CREATE TABLE IF NOT EXISTS raw.%I PARTITION OF raw.%I FOR VALUES IN (%s)', kind || '_e' || number, kind, number);
        END LOOP;
        -- 244 bits from the server's own source of randomness.
        INSERT INTO app.epoch VALUES (number, sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')))
        ON CONFLICT DO NOTHING;
    END LOOP;
END
$$;

-- Destroys the salts and partitions of the epochs before this one.
CREATE FUNCTION app.epochs_close(before integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kind text;
    past integer[];
    kept app.epoch[];
BEGIN
    PERFORM pg_advisory_xact_lock(8175556621680864884);
    SELECT array_agg(e.epoch) FILTER (WHERE e.epoch < before), array_agg(e) FILTER (WHERE e.epoch >= before) INTO past, kept FROM app.epoch e;
    IF past IS NULL THEN
        RETURN;
    END IF;
    FOR number IN 1..array_length(past, 1) LOOP
        FOREACH kind IN ARRAY ARRAY['change', 'review', 'commit'] LOOP
            EXECUTE format('DROP TABLE IF EXISTS raw.%I', kind || '_e' || past[number]);
        END LOOP;
    END LOOP;
    -- A deleted row would lie in the table's file until something is written over it: the file itself goes.
    TRUNCATE app.epoch;
    INSERT INTO app.epoch SELECT k.epoch, k.salt FROM unnest(kept) AS k;
END
$$;
