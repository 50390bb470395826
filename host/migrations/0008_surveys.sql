-- Surveys that this program asks itself, friction that is reported to it, and who may submit either.

-- A program that may submit, by the SHA-256 of its token; what it submits is of its team, where it has one.
CREATE TABLE app.client (
    hash   bytea PRIMARY KEY CHECK (length(hash) = 32),
    name   text NOT NULL UNIQUE,
    scope  text NOT NULL,
    team   text
);

-- A cell that is asked with one instrument over whole weeks. Answers are sealed to `seal`, a public key; the key that opens them is a file.
CREATE TABLE app.campaign (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instrument text NOT NULL,
    cell       text NOT NULL,
    teams      text[] NOT NULL,
    start_week integer NOT NULL,
    weeks      integer NOT NULL CHECK (weeks BETWEEN 1 AND 13),
    invited    integer,
    seal       bytea NOT NULL CHECK (length(seal) = 32),
    is_closed  boolean NOT NULL DEFAULT false
);
-- Nobody is asked the same twice in a week.
CREATE UNIQUE INDEX campaign_once ON app.campaign (instrument, cell, start_week);

-- Tokens that are not used yet, by their SHA-256. They are good for one answer or one report each, and know nobody. What comes and goes here and below
-- is not to be seen in the planner's figures: they are never gathered.
CREATE TABLE app.survey_token (
    hash     bytea PRIMARY KEY CHECK (length(hash) = 32),
    campaign integer NOT NULL REFERENCES app.campaign
) WITH (autovacuum_enabled = false);

-- Answers of campaigns that are open. All are of one length, and have neither an instant nor a number.
CREATE TABLE app.survey_answer (
    campaign integer NOT NULL REFERENCES app.campaign,
    sealed   bytea NOT NULL
) WITH (autovacuum_enabled = false);

-- Reports that the pipe has not taken in yet, of the week alone.
CREATE TABLE app.friction_inbox (
    week     integer NOT NULL,
    category text NOT NULL,
    severity text NOT NULL,
    team     text
) WITH (autovacuum_enabled = false);

-- Takes an answer, and with it the token that vouches for it. Answers `taken`, `used` or `closed`.
CREATE FUNCTION app.survey_submit(which integer, ticket bytea, answer bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Waits for a close to end, so that the next statement sees it.
    LOCK TABLE app.survey_token, app.survey_answer IN ROW EXCLUSIVE MODE;
    IF NOT EXISTS (SELECT FROM app.campaign c WHERE c.id = which AND NOT c.is_closed) THEN
        RETURN 'closed';
    END IF;
    IF ticket IS NOT NULL THEN
        DELETE FROM app.survey_token t WHERE t.hash = ticket AND t.campaign = which;
        IF NOT FOUND THEN
            RETURN 'used';
        END IF;
    END IF;
    INSERT INTO app.survey_answer VALUES (which, answer);
    RETURN 'taken';
END
$$;

-- As `survey_submit`, for a report of friction; without a token a client vouches for it.
CREATE FUNCTION app.friction_submit(which integer, ticket bytea, report_week integer, category text, severity text, team text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF ticket IS NOT NULL THEN
        LOCK TABLE app.survey_token IN ROW EXCLUSIVE MODE;
        IF NOT EXISTS (SELECT FROM app.campaign c WHERE c.id = which AND NOT c.is_closed) THEN
            RETURN 'closed';
        END IF;
        DELETE FROM app.survey_token t WHERE t.hash = ticket AND t.campaign = which;
        IF NOT FOUND THEN
            RETURN 'used';
        END IF;
    END IF;
    INSERT INTO app.friction_inbox VALUES (report_week, category, severity, team);
    RETURN 'taken';
END
$$;

-- Ends a campaign and answers what was answered, in random order; nothing where it was ended before. Whatever is left of other campaigns is written
-- anew, in random order and in one transaction, and the files that it lay in go: neither a row's place, nor the transaction that wrote it, nor a
-- dead row tells any more in which order people answered, or which token came with which answer.
CREATE FUNCTION app.survey_close(which integer) RETURNS bytea[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    closed  bytea[];
    tokens  app.survey_token[];
    answers app.survey_answer[];
BEGIN
    LOCK TABLE app.survey_token, app.survey_answer IN ACCESS EXCLUSIVE MODE;
    UPDATE app.campaign c SET is_closed = true WHERE c.id = which AND NOT c.is_closed;
    IF NOT FOUND THEN
        RETURN ARRAY[]::bytea[];
    END IF;
    SELECT array_agg(a.sealed ORDER BY gen_random_uuid()) INTO closed FROM app.survey_answer a WHERE a.campaign = which;
    SELECT array_agg(t ORDER BY gen_random_uuid()) INTO tokens FROM app.survey_token t WHERE t.campaign <> which;
    SELECT array_agg(a ORDER BY gen_random_uuid()) INTO answers FROM app.survey_answer a WHERE a.campaign <> which;
    TRUNCATE app.survey_token, app.survey_answer;
    INSERT INTO app.survey_token SELECT t.hash, t.campaign FROM unnest(tokens) AS t;
    INSERT INTO app.survey_answer SELECT a.campaign, a.sealed FROM unnest(answers) AS a;
    RETURN coalesce(closed, ARRAY[]::bytea[]);
END
$$;
