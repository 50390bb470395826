//! What each role of the database may not do, whatever the code asks for.

use quintant_tests::{Host, HostOptions, github_source};
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

async fn check_refused(host: &Host, role: &str, statements: &[&'static str]) {
    let mut connection = connect_as(host, role).await;
    for statement in statements {
        let refused = raw_sql(*statement).execute(&mut connection).await;
        let code = refused.as_ref().err().and_then(|error| error.as_database_error()?.code());
        assert_eq!(code.as_deref(), Some("42501"), "{role}: {statement}: {refused:?}");
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn each_role_is_refused_what_is_not_its_business() {
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
        "INSERT INTO release.span VALUES ('amber', 1, 1, '{amber}', true)",
        "UPDATE app.run SET outcome = 'ok'",
        "SELECT app.epochs_open(1, 1)",
        "SELECT app.epochs_close(1)",
    ];
    check_refused(&host, "quintant_api", &raw).await;
    let release = [
        "SELECT 1 FROM release.measure",
        "INSERT INTO release.span VALUES ('amber', 1, 1, '{amber}', true)",
        "INSERT INTO release.atom (cell, start_week, weeks, teams, admitted, family, facet, released_ms) VALUES ('amber', 1, 1, '{amber}', true, 'change', '', 0)",
        "DELETE FROM release.atom",
        "INSERT INTO raw.assignment VALUES (1, 'change', '', 'amber')",
        "DELETE FROM raw.assignment",
        "DELETE FROM app.epoch",
        "SELECT app.epochs_close(1)",
    ];
    check_refused(&host, "quintant_ingest", &release).await;
    let facts = [
        "DELETE FROM raw.change",
        "UPDATE raw.review SET reviewer = NULL",
        "INSERT INTO raw.friction VALUES (1, '', 1, 13, 0, 'ci', 'low')",
        "INSERT INTO raw.alias VALUES (1, '', '', 1, 1)",
        "UPDATE raw.assignment SET cell = 'amber'",
        "DELETE FROM raw.assignment",
        "UPDATE release.measure SET count = 0",
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
async fn nobody_gathers_facts_in_temporary_tables_or_reads_statistics() {
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
        ];
        check_refused(&host, role, &statements).await;
    }
    host.finish().await;
}

#[tokio::test]
async fn databases_of_one_cluster_are_migrated_at_once() {
    let hosts = futures_util::future::join_all((0..4).map(|_| host())).await;
    for host in hosts {
        host.app.prepare_database().await.unwrap();
        host.finish().await;
    }
}
