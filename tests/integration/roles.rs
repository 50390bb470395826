//! What each role of the database may not do, whatever the code asks for.

use quintant_tests::{Database, Host, HostOptions, Site, github_source};
use sqlx::{AssertSqlSafe, Connection, PgConnection, raw_sql};

const EVERYBODY: [&str; 5] =
    ["quintant_ingest", "quintant_release", "quintant_api", "quintant_retention", "quintant_reports"];

async fn host() -> Host {
    Host::for_text(&github_source("http://127.0.0.1:9", "repositories = [\"acme/app\"]"), HostOptions::default()).await
}

async fn connect_as(host: &Host, role: &str) -> PgConnection {
    let mut connection = host.database.connect().await;
    raw_sql(AssertSqlSafe(format!("SET ROLE {role}"))).execute(&mut connection).await.unwrap();
    connection
}

/// Whoever may do everything can say every one of them: none is refused for how it is spelt.
async fn check_refused(host: &Host, role: &str, statements: &[&'static str]) {
    let (mut connection, mut almighty) = (connect_as(host, role).await, host.database.connect().await);
    for statement in statements {
        let mut tried = almighty.begin().await.unwrap();
        let done = raw_sql(*statement).execute(&mut *tried).await;
        let code = done.as_ref().err().and_then(|error| error.as_database_error()?.code()).unwrap_or_default();
        assert!(!code.starts_with("42"), "nobody can say: {statement}: {done:?}");
        tried.rollback().await.unwrap();
        let refused = raw_sql(*statement).execute(&mut connection).await;
        let code = refused.as_ref().err().and_then(|error| error.as_database_error()?.code());
        assert_eq!(code.as_deref(), Some("42501"), "{role}: {statement}: {refused:?}");
    }
    connection.close().await.unwrap();
    almighty.close().await.unwrap();
}

#[tokio::test]
async fn rule_r14_each_role_is_refused_what_is_not_its_business() {
    let host = host().await;
    let raw = [
        "SELECT 1 FROM raw.change",
        "SELECT 1 FROM raw.review",
        "SELECT 1 FROM raw.commit",
        "SELECT 1 FROM raw.deployment",
        "SELECT 1 FROM raw.usage",
        "SELECT 1 FROM raw.survey_response",
        "SELECT 1 FROM raw.alias",
        "SELECT 1 FROM raw.assignment",
        "SELECT salt FROM app.epoch",
        "SELECT cursor FROM app.feed",
        "SELECT value FROM app.setting",
        "SELECT 1 FROM app.survey_answer",
        "SELECT 1 FROM app.survey_token",
        "SELECT 1 FROM app.friction_inbox",
        "SELECT name FROM app.client",
        "INSERT INTO app.survey_answer VALUES (1, '')",
        "DELETE FROM app.survey_token",
        "UPDATE app.campaign SET is_closed = true",
        "SELECT app.survey_close(1)",
        "INSERT INTO release.span VALUES ('amber', 1, 1, '{amber}', true)",
        "INSERT INTO release.day VALUES ('2026-11-23', 'builds', 1, 1, NULL, NULL, 0)",
        "UPDATE app.run SET outcome = 'ok'",
        "SELECT facts FROM app.run",
        "SELECT ended_ms FROM app.run",
        "SELECT app.epochs_open(1, 1)",
        "SELECT app.epochs_close(1)",
    ];
    check_refused(&host, "quintant_api", &raw).await;
    let release = [
        "SELECT 1 FROM release.measure",
        "SELECT 1 FROM release.day",
        "INSERT INTO release.span VALUES ('amber', 1, 1, '{amber}', true)",
        "INSERT INTO release.atom (cell, start_week, weeks, teams, admitted, family, facet, released_ms) VALUES ('amber', 1, 1, '{amber}', true, 'change', '', 0)",
        "DELETE FROM release.atom",
        "INSERT INTO raw.assignment VALUES (1, 'change', '', 'amber')",
        "DELETE FROM raw.assignment",
        "DELETE FROM app.epoch",
        "SELECT app.epochs_close(1)",
        "SELECT 1 FROM app.survey_answer",
        "SELECT 1 FROM app.survey_token",
        "DELETE FROM app.survey_token",
        "SELECT app.survey_submit(1, '', '')",
        "SELECT app.survey_close(1)",
    ];
    check_refused(&host, "quintant_ingest", &release).await;
    let facts = [
        "DELETE FROM raw.change",
        "UPDATE raw.review SET reviewer = NULL",
        "INSERT INTO raw.friction VALUES (1, '', 1, 13, 0, 'ci', 'low')",
        "INSERT INTO raw.alias VALUES (1, '', '', 1, 1)",
        "UPDATE raw.assignment SET cell = 'amber'",
        "DELETE FROM raw.assignment",
        "SELECT 1 FROM app.survey_answer",
        "DELETE FROM app.survey_token",
        "SELECT app.survey_submit(1, '', '')",
        "UPDATE release.measure SET count = 0",
        "UPDATE release.day SET count = 0",
        "DELETE FROM release.day",
        "DELETE FROM release.atom",
        "SELECT app.epochs_close(1)",
    ];
    check_refused(&host, "quintant_release", &facts).await;
    let told = [
        "SELECT author FROM raw.change",
        "SELECT actor FROM raw.usage",
        "UPDATE raw.deployment SET service = NULL",
        "SELECT account FROM raw.alias",
        "UPDATE raw.change SET author = NULL",
        "SELECT salt FROM app.epoch",
        "SELECT 1 FROM release.atom",
        "DELETE FROM release.atom",
        "SELECT app.epochs_open(1, 1)",
    ];
    check_refused(&host, "quintant_retention", &told).await;
    host.finish().await;
}

#[tokio::test]
async fn rule_r14_nobody_gathers_facts_in_temporary_tables_or_reads_statistics() {
    let host = host().await;
    for role in EVERYBODY {
        let statements = [
            "CREATE TEMPORARY TABLE gathered (id integer)",
            "CREATE FUNCTION pg_temp.gather() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
            "CREATE TABLE public.gathered (id integer)",
            "CREATE TABLE raw.gathered (id integer)",
            "SELECT * FROM pg_stat_user_tables",
            "SELECT * FROM pg_stat_activity",
            "SELECT * FROM pg_statio_user_tables",
            "SELECT pg_stat_get_live_tuples('pg_class'::regclass)",
            "SELECT pg_stat_get_tuples_inserted('pg_class'::regclass)",
            "SELECT pg_relation_size('raw.change'::regclass)",
            "SELECT pg_total_relation_size('release.atom'::regclass)",
            "SELECT pg_database_size(current_database())",
            "SELECT pg_tablespace_size('pg_default')",
            "SELECT reltuples, relpages FROM pg_class",
            "SELECT pg_current_xact_id()",
            "SELECT pg_export_snapshot()",
            "SELECT age(datfrozenxid) FROM pg_database",
            "SELECT next_xid FROM pg_control_checkpoint()",
            "SELECT pg_current_wal_lsn()",
            "SELECT * FROM pg_locks",
            "SELECT lo_from_bytea(0, 'gathered')",
            "SELECT lo_create(0)",
            "SELECT pg_read_file('postgresql.conf')",
            "COPY (SELECT 1) TO '/dev/null'",
            "COPY (SELECT 1) TO PROGRAM 'cat >/dev/null'",
            "CREATE SCHEMA gathered",
            "ALTER ROLE quintant_api SUPERUSER",
        ];
        check_refused(&host, role, &statements).await;
    }
    host.finish().await;
}

/// Every view and function of the server's statistics, whatever this version calls them.
#[tokio::test]
async fn rule_r14_no_statistics_view_or_function_is_left_to_anybody() {
    let host = host().await;
    let open = |role: &str| {
        format!(
            "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relname ~ '^(pg_stat(io)?_|pg_locks$)'
                 AND relkind = 'v' AND has_table_privilege('{role}', oid, 'SELECT')
             UNION ALL SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace
                 AND proname ~ '^(pg_stat_(get|have)_|lo_|pg_control_|txid_(current|status)|pg_xact_|pg_current_(xact_id|snapshot|wal_))' AND has_function_privilege('{role}', oid, 'EXECUTE')"
        )
    };
    for role in EVERYBODY {
        assert_eq!(host.database.texts(&open(role)).await, [""; 0], "{role}");
    }
    host.database.execute("GRANT SELECT ON pg_stat_activity TO quintant_api").await;
    assert_eq!(host.database.texts(&open("quintant_api")).await, ["pg_stat_activity"]);
    host.finish().await;
}

/// A table, view or function that is new belongs to nobody before it is written down whose it is.
#[tokio::test]
async fn rule_r14_nobody_is_granted_more_than_is_written_down() {
    let host = host().await;
    let granted = |role: &str, schema: &str, right: &str| {
        format!(
            "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = '{schema}'::regnamespace AND c.relkind IN ('r', 'p', 'v')
                 AND NOT c.relispartition AND has_table_privilege('{role}', c.oid, '{right}') ORDER BY 1"
        )
    };
    for (role, schema, right) in [
        ("quintant_api", "raw", "SELECT"),
        ("quintant_retention", "raw", "SELECT"),
        ("quintant_retention", "raw", "INSERT"),
        ("quintant_retention", "release", "SELECT"),
        ("quintant_release", "raw", "DELETE"),
        ("quintant_release", "raw", "UPDATE"),
        ("quintant_release", "release", "UPDATE"),
        ("quintant_release", "release", "DELETE"),
        ("quintant_ingest", "release", "INSERT"),
        ("quintant_ingest", "release", "UPDATE"),
        ("quintant_ingest", "release", "DELETE"),
        ("quintant_api", "release", "INSERT"),
        ("quintant_api", "release", "UPDATE"),
        ("quintant_api", "release", "DELETE"),
    ] {
        assert_eq!(host.database.texts(&granted(role, schema, right)).await, [""; 0], "{role} may {right} in {schema}");
    }
    host.database.execute("GRANT SELECT ON raw.usage TO quintant_api").await;
    assert_eq!(host.database.texts(&granted("quintant_api", "raw", "SELECT")).await, ["usage"]);
    let noted =
        ["UPDATE app.privacy_event SET at_ms = 0", "DELETE FROM app.privacy_event", "TRUNCATE app.privacy_event"];
    for role in EVERYBODY {
        check_refused(&host, role, &noted).await;
    }
    for role in ["quintant_release", "quintant_api"] {
        check_refused(&host, role, &["SELECT digest FROM app.opt_out", "SELECT app.accounts_erase('{}', NULL)"]).await;
    }
    check_refused(
        &host,
        "quintant_retention",
        &["SELECT digest FROM app.opt_out", "SELECT app.accounts_erase('{}', NULL)"],
    )
    .await;
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_may_make_no_roles_is_told_what_an_administrator_runs() {
    // Whoever came first has made the roles, which are the whole cluster's.
    host().await.finish().await;
    let database = Database::create().await;
    let mut url = url::Url::parse(&database.url()).unwrap();
    let login = format!("login_of_{}", url.path().trim_start_matches('/'));
    let administer = async |statement: &str| database.execute_by(&statement.replace("LOGIN_NAME", &login)).await;
    administer("CREATE ROLE LOGIN_NAME").await;
    administer(&format!("ALTER DATABASE {} OWNER TO LOGIN_NAME", url.path().trim_start_matches('/'))).await;
    // As who connects by it would be.
    url.query_pairs_mut().append_pair("options[role]", &login);
    let site = Site::new("[database]\nurl = { file = \"database.url\" }\n");
    site.write("database.url", url.as_str());
    let ran = site.run(&["migrate"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let said = "error: the database's login may neither make nor grant roles; let an administrator run `";
    let told = ran.stderr.lines().find_map(|line| line.strip_prefix(said)).unwrap_or_else(|| panic!("{ran:?}"));
    let (statements, rest) = told.split_once('`').unwrap();
    assert_eq!(rest, " and the login");
    let grant = statements.split("; ").find(|statement| statement.starts_with("GRANT ")).unwrap();
    administer(&format!("{grant} LOGIN_NAME")).await;
    let ran = site.run(&["migrate"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");

    administer("REASSIGN OWNED BY LOGIN_NAME TO CURRENT_USER").await;
    administer("DROP OWNED BY LOGIN_NAME").await;
    administer("DROP ROLE LOGIN_NAME").await;
    database.drop_now().await;
}

#[tokio::test]
async fn databases_of_one_cluster_are_migrated_at_once() {
    let hosts = futures_util::future::join_all((0..4).map(|_| host())).await;
    for host in hosts {
        host.app.prepare_database().await.unwrap();
        host.finish().await;
    }
}

/// What answers sees what was released, and not one column of a fact.
#[tokio::test]
async fn rule_r03_what_answers_cannot_read_facts() {
    let host = host().await;
    let tables =
        "SELECT 'raw.' || relname FROM pg_class WHERE relnamespace = 'raw'::regnamespace AND relkind IN ('r', 'p')";
    let tables = host.database.texts(tables).await;
    assert!(tables.len() > 12, "{tables:?}");
    let mut connection = connect_as(&host, "quintant_api").await;
    raw_sql("SELECT 1 FROM release.atom").execute(&mut connection).await.unwrap();
    for table in &tables {
        let refused = sqlx::query(AssertSqlSafe(format!("SELECT 1 FROM {table}"))).execute(&mut connection).await;
        let code =
            refused.unwrap_err().as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
        assert_eq!(code.as_deref(), Some("42501"), "{table}");
    }
    // The same reads everything as soon as somebody grants it.
    raw_sql("RESET ROLE; GRANT USAGE ON SCHEMA raw TO quintant_api; GRANT SELECT ON ALL TABLES IN SCHEMA raw TO quintant_api; SET ROLE quintant_api")
        .execute(&mut connection)
        .await
        .unwrap();
    for table in &tables {
        sqlx::query(AssertSqlSafe(format!("SELECT 1 FROM {table}"))).execute(&mut connection).await.unwrap();
    }
    host.finish().await;
}
