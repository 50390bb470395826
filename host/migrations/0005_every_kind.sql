-- The kinds of fact beside work on code: what builds, deployments, incidents, chats, surveys and plugins' own metrics are answered from. Facts that
-- were there are read again: shas are now hashed alike for all sources, and a commit knows its repository. `earlier_…` is a key under the key of the
-- epoch before, where what it names may lie too; gone when that epoch is.

-- A finished attempt; `service` and `owner` by the configuration's [[service]], resolved when it is read.
CREATE TABLE raw.build (
    source_id         integer NOT NULL,
    key               bytea NOT NULL,
    epoch             integer NOT NULL,
    week              integer NOT NULL CHECK (week BETWEEN epoch * 13 AND epoch * 13 + 12),
    at_ms             bigint NOT NULL,
    pipeline          bytea NOT NULL,
    earlier_pipeline  bytea,
    service           text,
    owner             text,
    attempt           bigint NOT NULL,
    sha               bytea,
    on_default_branch boolean NOT NULL,
    started_ms        bigint,
    result            text NOT NULL,
    lines_covered     bigint,
    lines_total       bigint,
    tests_failed      bigint,
    PRIMARY KEY (key, source_id, epoch)
) PARTITION BY LIST (epoch);

-- `deployment` is what incidents and rollbacks of any source name it by. Lists of keys are one behind the other, 16 bytes each.
CREATE TABLE raw.deployment (
    source_id           integer NOT NULL,
    key                 bytea NOT NULL,
    epoch               integer NOT NULL,
    week                integer NOT NULL CHECK (week BETWEEN epoch * 13 AND epoch * 13 + 12),
    at_ms               bigint NOT NULL,
    deployment          bytea NOT NULL,
    service_key         bytea NOT NULL,
    earlier_service_key bytea,
    service             text,
    owner               text,
    environment         bytea NOT NULL,
    production          boolean NOT NULL,
    started_ms          bigint,
    result              text NOT NULL,
    repository          bytea,
    head_sha            bytea,
    earlier_head_sha    bytea,
    shas                bytea,
    earlier_shas        bytea,
    rollback            boolean NOT NULL,
    rolls_back          bytea,
    earlier_rolls_back  bytea,
    unplanned           boolean NOT NULL,
    PRIMARY KEY (key, source_id, epoch)
) PARTITION BY LIST (epoch);

-- A row for each phase; `opened_ms` and `caused_by` in both, so that recovery can be told when the first is gone.
CREATE TABLE raw.incident (
    source_id           integer NOT NULL,
    key                 bytea NOT NULL,
    epoch               integer NOT NULL,
    week                integer NOT NULL CHECK (week BETWEEN epoch * 13 AND epoch * 13 + 12),
    at_ms               bigint NOT NULL,
    incident            bytea NOT NULL,
    earlier_incident    bytea,
    service_key         bytea NOT NULL,
    earlier_service_key bytea,
    service             text,
    owner               text,
    phase               text NOT NULL,
    opened_ms           bigint NOT NULL,
    caused_by           bytea,
    earlier_caused_by   bytea,
    severity            text,
    PRIMARY KEY (key, source_id, epoch)
) PARTITION BY LIST (epoch);

-- One account's use of one tool on one day.
CREATE TABLE raw.usage (
    source_id integer NOT NULL,
    key       bytea NOT NULL,
    epoch     integer NOT NULL,
    week      integer NOT NULL CHECK (week BETWEEN epoch * 13 AND epoch * 13 + 12),
    at_ms     bigint NOT NULL,
    actor     bytea NOT NULL,
    tool      text NOT NULL,
    count     bigint NOT NULL,
    PRIMARY KEY (key, source_id, epoch)
) PARTITION BY LIST (epoch);

-- What a source had counted itself, of nobody in particular.
CREATE TABLE raw.tally (
    source_id     integer NOT NULL,
    key           bytea NOT NULL,
    epoch         integer NOT NULL,
    week          integer NOT NULL CHECK (week BETWEEN epoch * 13 AND epoch * 13 + 12),
    at_ms         bigint NOT NULL,
    tool          text NOT NULL,
    scope         bytea,
    from_ms       bigint NOT NULL,
    through_ms    bigint NOT NULL,
    count         bigint,
    people        bigint,
    eligible      bigint,
    bots_included boolean NOT NULL,
    PRIMARY KEY (key, source_id, epoch)
) PARTITION BY LIST (epoch);

-- What somebody whom nobody can identify answered; a column for each question that a metric asks for.
CREATE TABLE raw.survey_response (
    source_id             integer NOT NULL,
    key                   bytea NOT NULL,
    epoch                 integer NOT NULL,
    week                  integer NOT NULL CHECK (week BETWEEN epoch * 13 AND epoch * 13 + 12),
    at_ms                 bigint NOT NULL,
    instrument            text NOT NULL,
    campaign              bytea NOT NULL,
    team                  text,
    score                 float8,
    rating                float8,
    burnout               float8,
    flow_days             float8,
    valuable_percent      float8,
    cognitive_load        float8,
    context_switches      float8,
    constructive_feedback float8,
    PRIMARY KEY (key, source_id, epoch)
) PARTITION BY LIST (epoch);

CREATE TABLE raw.friction (
    source_id integer NOT NULL,
    key       bytea NOT NULL,
    epoch     integer NOT NULL,
    week      integer NOT NULL CHECK (week BETWEEN epoch * 13 AND epoch * 13 + 12),
    at_ms     bigint NOT NULL,
    category  text NOT NULL,
    severity  text NOT NULL,
    team      text,
    PRIMARY KEY (key, source_id, epoch)
) PARTITION BY LIST (epoch);

-- From then on; without a key: of no team. `team` is a configured one.
CREATE TABLE raw.membership (
    source_id integer NOT NULL,
    key       bytea NOT NULL,
    epoch     integer NOT NULL,
    week      integer NOT NULL CHECK (week BETWEEN epoch * 13 AND epoch * 13 + 12),
    at_ms     bigint NOT NULL,
    account   bytea NOT NULL,
    team_key  bytea,
    team      text,
    PRIMARY KEY (key, source_id, epoch)
) PARTITION BY LIST (epoch);

-- Of metrics that a plugin declares and the operator has granted.
CREATE TABLE raw.sample (
    source_id integer NOT NULL,
    key       bytea NOT NULL,
    epoch     integer NOT NULL,
    week      integer NOT NULL CHECK (week BETWEEN epoch * 13 AND epoch * 13 + 12),
    at_ms     bigint NOT NULL,
    metric    text NOT NULL,
    value     float8 NOT NULL,
    actor     bytea,
    scope     bytea,
    PRIMARY KEY (key, source_id, epoch)
) PARTITION BY LIST (epoch);

-- A deployment names a commit, and with it what landed before in the same repository, in its epoch and in the one before.
ALTER TABLE raw.commit
    ADD COLUMN repository         bytea,
    ADD COLUMN earlier_repository bytea;
UPDATE app.feed SET cursor = NULL, covered_through_ms = NULL;
DELETE FROM app.backfill;

-- Every kind of fact that lies in partitions.
CREATE FUNCTION app.kinds() RETURNS text[] LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY['change', 'review', 'commit', 'build', 'deployment', 'incident', 'usage', 'tally', 'survey_response', 'friction', 'membership', 'sample']
$$;

-- Makes the salts and partitions of these epochs where they are missing.
CREATE OR REPLACE FUNCTION app.epochs_open(first integer, last integer) RETURNS void
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
        FOREACH kind IN ARRAY app.kinds() LOOP
            EXECUTE format('CREATE TABLE IF NOT EXISTS raw.%I PARTITION OF raw.%I FOR VALUES IN (%s)', kind || '_e' || number, kind, number);
        END LOOP;
        -- 244 bits from the server's own source of randomness.
        INSERT INTO app.epoch VALUES (number, sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')))
        ON CONFLICT DO NOTHING;
    END LOOP;
END
$$;

-- Destroys the salts and partitions of the epochs before this one.
CREATE OR REPLACE FUNCTION app.epochs_close(before integer) RETURNS void
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
        FOREACH kind IN ARRAY app.kinds() LOOP
            EXECUTE format('DROP TABLE IF EXISTS raw.%I', kind || '_e' || past[number]);
        END LOOP;
    END LOOP;
    -- A deleted row would lie in the table's file until something is written over it: the file itself goes.
    TRUNCATE app.epoch;
    INSERT INTO app.epoch SELECT k.epoch, k.salt FROM unnest(kept) AS k;
END
$$;
