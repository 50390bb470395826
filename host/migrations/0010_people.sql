-- Who has opted out of being measured, and whose facts were erased: keyed hashes under a key that no epoch's salt goes into, so that they outlive
-- epochs. `before_ms`: facts from before it are kept out (erased); none: all are (opted out). `number` grows with each entry that is new, so that
-- whoever has read the list can tell whether it is the same. `learned_by`: the entry that an account's id was learned by, and goes with.
CREATE TABLE app.opt_out (
    digest     bytea PRIMARY KEY CHECK (length(digest) = 16),
    number     bigint GENERATED ALWAYS AS IDENTITY,
    before_ms  bigint,
    learned_by bytea
);

-- Answers when somebody was shown, erased or opted out: whom only those can tell who have the key file and the name.
CREATE TABLE app.privacy_event (
    number  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_ms   bigint NOT NULL,
    command text NOT NULL CHECK (command IN ('opt_out', 'undo', 'erase', 'export')),
    subject bytea NOT NULL
);

-- Removes what accounts did before an instant, or ever: the facts that are theirs, and they themselves from the facts of others.
CREATE FUNCTION app.accounts_erase(accounts bytea[], before_ms bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bound bigint := coalesce(before_ms, 9223372036854775807);
BEGIN
    DELETE FROM raw.change WHERE author = ANY (accounts) AND at_ms < bound;
    UPDATE raw.change SET first_reviewer = NULL, first_review_ms = NULL WHERE first_reviewer = ANY (accounts) AND coalesce(first_review_ms, at_ms) < bound;
    DELETE FROM raw.review WHERE reviewer = ANY (accounts) AND at_ms < bound;
    UPDATE raw.review SET change_author = NULL WHERE change_author = ANY (accounts) AND at_ms < bound;
    DELETE FROM raw.commit WHERE author = ANY (accounts) AND at_ms < bound;
    DELETE FROM raw.usage WHERE actor = ANY (accounts) AND at_ms < bound;
    DELETE FROM raw.membership WHERE account = ANY (accounts) AND at_ms < bound;
    DELETE FROM raw.sample WHERE actor = ANY (accounts) AND at_ms < bound;
    DELETE FROM raw.assignment WHERE account = ANY (accounts);
    DELETE FROM raw.alias WHERE account = ANY (accounts);
END
$$;

-- Destroys the salts and partitions of the epochs before this one, those without a salt too: a restored database has such.
CREATE OR REPLACE FUNCTION app.epochs_close(before integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    past text;
    kept app.epoch[];
BEGIN
    PERFORM pg_advisory_xact_lock(8175556621680864884);
    FOR past IN SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = 'raw'::regnamespace AND c.relispartition AND c.relkind = 'r' AND substring(c.relname FROM '_e(-?[0-9]+)$')::integer < before
    LOOP
        EXECUTE format('DROP TABLE raw.%I', past);
    END LOOP;
    IF NOT EXISTS (SELECT FROM app.epoch e WHERE e.epoch < before) THEN
        RETURN;
    END IF;
    SELECT array_agg(e) INTO kept FROM app.epoch e WHERE e.epoch >= before;
    -- A deleted row would lie in the table's file until something is written over it: the file itself goes.
    TRUNCATE app.epoch;
    INSERT INTO app.epoch SELECT k.epoch, k.salt FROM unnest(kept) AS k;
END
$$;
