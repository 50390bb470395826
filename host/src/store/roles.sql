-- What each part of the host may do. Applied after every migration, so that a database that was restored elsewhere has its roles again.
-- Roles belong to the whole cluster, whose other databases may be migrated at the same time; grants belong to this database.

SELECT pg_advisory_xact_lock(8175556621680864884);

DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['quintant_ingest', 'quintant_release', 'quintant_api', 'quintant_retention', 'quintant_reports'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
        -- A superuser may become anybody; who has created a role may grant it.
        IF NOT pg_has_role(current_user, role, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) THEN
            BEGIN
                EXECUTE format('GRANT %I TO CURRENT_USER', role);
            EXCEPTION WHEN unique_violation THEN
                NULL;
            END;
        END IF;
    END LOOP;
END
$$;

REVOKE ALL ON SCHEMA app, raw, release FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA app FROM PUBLIC;

-- Reads and writes facts and the host's own state; of what is released it sees which weeks are over.
GRANT USAGE ON SCHEMA app, raw, release TO quintant_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA app TO quintant_ingest;
REVOKE INSERT, UPDATE, DELETE ON app.epoch FROM quintant_ingest;
-- What was asked about people is only ever added to.
REVOKE UPDATE, DELETE ON app.privacy_event FROM quintant_ingest;
-- It issues tokens and takes reports in, and sees neither which tokens are left nor answers.
REVOKE ALL ON app.survey_token, app.survey_answer FROM quintant_ingest;
GRANT INSERT ON app.survey_token TO quintant_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON raw.change, raw.review, raw.commit, raw.build, raw.deployment, raw.incident, raw.usage, raw.tally,
    raw.survey_response, raw.friction, raw.membership, raw.sample, raw.alias TO quintant_ingest;
GRANT SELECT ON raw.assignment, release.atom, release.span TO quintant_ingest;
GRANT EXECUTE ON FUNCTION app.epochs_open(integer, integer), app.accounts_erase(bytea[], bigint) TO quintant_ingest;

-- Reads facts and adds what is told. It can change neither a fact nor what was told before.
GRANT USAGE ON SCHEMA app, raw, release TO quintant_release;
GRANT SELECT ON app.epoch, raw.change, raw.review, raw.commit, raw.build, raw.deployment, raw.incident, raw.usage, raw.tally,
    raw.survey_response, raw.friction, raw.membership, raw.sample, raw.alias, raw.assignment TO quintant_release;
GRANT INSERT ON raw.assignment TO quintant_release;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA release TO quintant_release;
-- A campaign is ended with the release of its atom.
GRANT SELECT ON app.campaign TO quintant_release;
GRANT EXECUTE ON FUNCTION app.survey_close(integer) TO quintant_release;

-- Reads what is told, and how runs went by a function: how many facts one brought depends on what is not told. It adds what is submitted, by two
-- functions, and can read none of it back.
GRANT USAGE ON SCHEMA app, release TO quintant_api;
GRANT SELECT ON ALL TABLES IN SCHEMA release TO quintant_api;
GRANT SELECT ON app.campaign TO quintant_api;
GRANT SELECT (hash, scope, team) ON app.client TO quintant_api;
GRANT EXECUTE ON FUNCTION app.survey_submit(integer, bytea, bytea), app.friction_submit(integer, bytea, integer, text, text, text),
    app.feeds_at(text[], text[], bigint) TO quintant_api;

-- Reads figures as they are answered, in SQL: for dashboards, whose login an administrator grants this to.
GRANT USAGE ON SCHEMA release TO quintant_reports;
GRANT SELECT ON release.space_satisfaction, release.space_performance, release.space_activity, release.space_communication,
    release.space_efficiency TO quintant_reports;

-- Removes what is past its retention, by its week alone, and closes epochs.
GRANT USAGE ON SCHEMA app, raw TO quintant_retention;
GRANT SELECT (week, epoch), DELETE ON raw.change, raw.review, raw.commit, raw.build, raw.deployment, raw.incident, raw.usage, raw.tally,
    raw.survey_response, raw.friction, raw.membership, raw.sample TO quintant_retention;
GRANT SELECT (earlier_change), UPDATE (earlier_change) ON raw.change, raw.review TO quintant_retention;
GRANT SELECT (earlier_repository), UPDATE (earlier_repository) ON raw.commit TO quintant_retention;
GRANT SELECT (earlier_pipeline), UPDATE (earlier_pipeline) ON raw.build TO quintant_retention;
GRANT SELECT (earlier_service_key, earlier_head_sha, earlier_shas, earlier_rolls_back),
    UPDATE (earlier_service_key, earlier_head_sha, earlier_shas, earlier_rolls_back) ON raw.deployment TO quintant_retention;
GRANT SELECT (earlier_incident, earlier_service_key, earlier_caused_by), UPDATE (earlier_incident, earlier_service_key, earlier_caused_by)
    ON raw.incident TO quintant_retention;
GRANT SELECT (week), DELETE ON raw.assignment TO quintant_retention;
GRANT SELECT (epoch, last_seen_week), DELETE ON raw.alias TO quintant_retention;
GRANT SELECT (before_ms), DELETE ON app.opt_out TO quintant_retention;
GRANT EXECUTE ON FUNCTION app.epochs_close(integer) TO quintant_retention;

-- Temporary tables and large objects would be places to gather facts in; statistics, sizes, the planner's counts, and the numbers of transactions and
-- of bytes in the log tell how many rows come and go, and so do the hidden columns of what a login may write about itself. Where the login is not the owner
-- of the database, or no superuser, this does nothing.
DO $$
DECLARE
    item record;
    open_columns text;
    closed_columns text[] := ARRAY['xmin', 'xmax', 'cmin', 'cmax', 'ctid', 'reltuples', 'relpages', 'relallvisible', 'relallfrozen', 'relfrozenxid',
        'relminmxid', 'datfrozenxid', 'datminmxid'];
BEGIN
    BEGIN
        EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXCEPTION WHEN insufficient_privilege THEN
        NULL;
    END;
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        RETURN;
    END IF;
    FOR item IN SELECT oid::regclass AS name FROM pg_class
        WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'v' AND relname ~ '^(pg_stat(io)?_|pg_locks$)' AND has_table_privilege('public', oid, 'SELECT')
    LOOP
        EXECUTE format('REVOKE SELECT ON %s FROM PUBLIC', item.name);
        EXECUTE format('GRANT SELECT ON %s TO pg_monitor', item.name);
    END LOOP;
    FOR item IN SELECT oid::regprocedure AS name FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace AND has_function_privilege('public', oid, 'EXECUTE')
            AND (proname ~ '^(pg_stat_(get|have)_|lo_|pg_control_|txid_(current|status)|pg_xact_|pg_current_(xact_id|snapshot|wal_)|pg_(try_)?advisory_)'
                OR proname IN ('pg_last_committed_xact', 'pg_get_multixact_members', 'pg_logical_emit_message', 'pg_blocking_pids', 'pg_safe_snapshot_blocking_pids',
                    'pg_relation_size', 'pg_table_size', 'pg_indexes_size', 'pg_total_relation_size', 'pg_database_size', 'pg_tablespace_size',
                    'pg_export_snapshot', 'pg_lock_status', 'mxid_age')
                OR oid = 'age(xid)'::regprocedure)
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', item.name);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO pg_monitor', item.name);
    END LOOP;
    -- Pages, releases and what is removed wait for each other.
    GRANT EXECUTE ON FUNCTION pg_advisory_xact_lock(bigint), pg_advisory_xact_lock_shared(bigint) TO quintant_ingest, quintant_release, quintant_retention;
    FOR item IN SELECT c.oid::regclass AS name, c.oid FROM pg_class c
        WHERE c.relnamespace = 'pg_catalog'::regnamespace
            AND c.relname IN ('pg_class', 'pg_database', 'pg_db_role_setting', 'pg_default_acl', 'pg_auth_members', 'pg_shdepend', 'pg_depend')
            AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = ANY (closed_columns) AND has_column_privilege('public', c.oid, a.attnum, 'SELECT'))
    LOOP
        SELECT string_agg(quote_ident(attname), ', ') INTO open_columns FROM pg_attribute
            WHERE attrelid = item.oid AND NOT attisdropped AND attname <> ALL (closed_columns);
        EXECUTE format('REVOKE SELECT ON %s FROM PUBLIC', item.name);
        EXECUTE format('GRANT SELECT (%s) ON %s TO PUBLIC', open_columns, item.name);
        EXECUTE format('GRANT SELECT ON %s TO pg_monitor', item.name);
    END LOOP;
END
$$;
