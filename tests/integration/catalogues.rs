//! What a dashboards' login, no superuser and outside pg_monitor, gets out of PostgreSQL itself: nothing that moves when people vote and report.

use std::collections::{BTreeMap, BTreeSet};

use quintant_tests::{Asking, Database, Site, pulse};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, raw_sql};

/// Clocks, dice and this session's own, which differ each time; names of time zones, which take a second.
const PASSING: [&str; 10] = [
    "clock_timestamp()",
    "gen_random_uuid()",
    "now()",
    "pg_backend_pid()",
    "pg_timezone_abbrevs()",
    "pg_timezone_names()",
    "random()",
    "statement_timestamp()",
    "timeofday()",
    "transaction_timestamp()",
];
/// What belongs to the whole cluster, in which other tests make databases and logins meanwhile; and the time zones again.
const OF_OTHERS: [&str; 10] = [
    "pg_auth_members",
    "pg_db_role_setting",
    "pg_group",
    "pg_roles",
    "pg_shdepend",
    "pg_shdescription",
    "pg_timezone_abbrevs",
    "pg_timezone_names",
    "pg_user",
    "information_schema.enabled_roles",
];

/// A login of its own, as an administrator makes one for dashboards.
struct Login {
    name: String,
    url: String,
}

impl Login {
    async fn make(database: &Database) -> Self {
        let name = format!("dashboards_of_{}", database.name());
        database.execute_by(&format!("CREATE ROLE {name} LOGIN")).await;
        database.execute_by(&format!("GRANT quintant_reports TO {name}")).await;
        let url = Self::url_of(database, &name);
        Self { name, url }
    }

    fn url_of(database: &Database, name: &str) -> String {
        let mut url = url::Url::parse(&database.url()).unwrap();
        url.set_username(name).unwrap();
        url.into()
    }

    async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }

    async fn drop_now(&self, database: &Database) {
        database.execute_by(&format!("DROP OWNED BY {}", self.name)).await;
        database.execute_by(&format!("DROP ROLE {}", self.name)).await;
    }
}

/// One column as text, or the code of the refusal.
async fn ask(connection: &mut PgConnection, statement: &str) -> Result<Vec<String>, String> {
    match raw_sql(AssertSqlSafe(statement.to_owned())).fetch_all(connection).await {
        Ok(rows) => Ok(rows.iter().map(|row| row.get::<Option<String>, _>(0).unwrap_or_default()).collect()),
        Err(error) => Err(error.as_database_error().and_then(|error| error.code()).unwrap_or_default().into_owned()),
    }
}

/// Every column of every table and view that the login may read, hidden ones too, and what every function without an argument answers.
async fn all_that_is_told(login: &Login) -> BTreeMap<String, Result<Vec<String>, String>> {
    let mut connection = login.connect().await;
    let places = ask(
        &mut connection,
        "SELECT format('SELECT concat_ws(''|'', %s) FROM %s ORDER BY 1', string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), c.oid::regclass)
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND NOT a.attisdropped AND has_column_privilege(c.oid, a.attnum, 'SELECT')
         GROUP BY c.oid",
    );
    let places = places.await.unwrap();
    let calls = ask(
        &mut connection,
        "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronargs = 0 AND p.prokind = 'f' AND has_function_privilege(p.oid, 'EXECUTE')
         AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)",
    );
    let calls = calls.await.unwrap();
    let mut told = BTreeMap::new();
    for place in places {
        let name = place.split(" FROM ").nth(1).unwrap().split(' ').next().unwrap();
        if OF_OTHERS.contains(&name) {
            continue;
        }
        let ours = match name {
            "pg_database" => " WHERE datname = current_database() ORDER BY",
            "pg_stats" => " WHERE tablename NOT IN (SELECT relname FROM pg_class WHERE relisshared) ORDER BY",
            _ => " ORDER BY",
        };
        told.insert(place.clone(), ask(&mut connection, &place.replace(" ORDER BY", ours)).await);
    }
    for call in calls.iter().filter(|call| !PASSING.contains(&call.as_str())) {
        let statement = format!("SELECT to_jsonb(f)::text FROM {call} f");
        told.insert(statement.clone(), ask(&mut connection, &statement).await);
    }
    connection.close().await.unwrap();
    told
}

/// What is told in one of both alone, behind its question.
fn moved(
    before: &BTreeMap<String, Result<Vec<String>, String>>,
    after: &BTreeMap<String, Result<Vec<String>, String>>,
) -> Vec<String> {
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    let differing = before.iter().filter(|(question, told)| after[*question] != **told);
    let lines = |told: &Result<Vec<String>, String>| -> BTreeSet<String> {
        told.as_ref().map_or_else(|code| BTreeSet::from([code.clone()]), |rows| rows.iter().cloned().collect())
    };
    differing
        .map(|(question, told)| {
            let (old, new) = (lines(told), lines(&after[question]));
            let alone: Vec<&String> = old.symmetric_difference(&new).take(5).collect();
            format!("{question}: {alone:?}")
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_r14_nothing_that_a_dashboards_login_may_read_moves_with_what_is_withheld() {
    let asking = Asking::start("").await;
    let database = &asking.host.database;
    let campaign = asking.open("pulse")("amber");
    let (tokens, portal) = (asking.tokens(campaign, 8), asking.client("portal", "amber"));
    let served = asking.serve().await;
    let report = async |title: &str| {
        let report = json!({ "title": title, "description": "", "category": "ci", "severity": "low" });
        let (status, answer) = served.post("/api/v1/friction/log", &report, Some(&portal)).await;
        assert_eq!(status, 200, "{answer}");
        asking.listen().await;
    };
    // The first fact of an epoch makes its partitions, whatever it is.
    report("slow").await;
    let login = Login::make(database).await;
    let count = "VACUUM (FREEZE, ANALYZE)";
    // The first time, it tidies up behind the migrations.
    database.execute(count).await;
    database.execute(count).await;
    let before = all_that_is_told(&login).await;
    let told = before.values().flatten().map(Vec::len).sum::<usize>();
    assert!(before.len() > 150 && told > 5000, "{} questions, {told} rows", before.len());

    for (days, token) in (0..).zip(&tokens) {
        assert_eq!(served.vote(token, pulse(50, days % 8, 3)).await.0, 200);
    }
    report("slower").await;
    report("slowest").await;
    assert_eq!(database.count("SELECT count(*) FROM raw.friction").await, 3);
    database.execute(count).await;
    let after = all_that_is_told(&login).await;
    assert_eq!(moved(&before, &after), [""; 0]);

    // The same attack finds it where an administrator gives more.
    database.execute_by(&format!("GRANT pg_monitor TO {}", login.name)).await;
    let monitored = all_that_is_told(&login).await;
    report("as slow").await;
    database.execute(count).await;
    let after = all_that_is_told(&login).await;
    assert!(moved(&monitored, &after).iter().any(|question| question.contains(" pg_class ")), "nothing moves");

    served.stop().await;
    login.drop_now(database).await;
    asking.host.finish().await;
}

/// Ways around: a number of a transaction is guessed, or is that of a row that the login itself may write; a lock or the log is tried.
#[tokio::test(flavor = "multi_thread")]
async fn rule_r14_a_dashboards_login_cannot_count_transactions_by_ruse() {
    let asking = Asking::start("").await;
    let database = &asking.host.database;
    let login = Login::make(database).await;
    let mut connection = login.connect().await;
    let mut almighty = database.connect().await;
    raw_sql("ALTER ROLE CURRENT_USER SET work_mem = '4MB'").execute(&mut connection).await.unwrap();
    raw_sql("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC").execute(&mut connection).await.unwrap();
    for ruse in [
        "SELECT pg_xact_status('3'::xid8)::text",
        "SELECT txid_status(3)::text",
        "SELECT pg_get_multixact_members('1')::text",
        "SELECT xmin::text FROM pg_db_role_setting",
        "SELECT xmin::text FROM pg_default_acl",
        "SELECT xmin::text FROM pg_auth_members",
        "SELECT xmin::text FROM pg_shdepend",
        "SELECT xmin::text FROM pg_depend",
        "SELECT relfrozenxid::text FROM pg_class",
        "SELECT relminmxid::text FROM pg_class",
        "SELECT datfrozenxid::text FROM pg_database",
        "SELECT datminmxid::text FROM pg_database",
        "SELECT pg_logical_emit_message(false, '', '')::text",
        "SELECT pg_try_advisory_lock(8175556621680864885)::text",
        "SELECT pg_try_advisory_xact_lock_shared(8175556621680864885)::text",
        "SELECT pg_blocking_pids(1)::text",
    ] {
        assert_eq!(ask(&mut connection, ruse).await, Err("42501".to_owned()), "{ruse}");
        // Whoever may do everything is not refused for how it is said.
        let done = ask(&mut almighty, ruse).await;
        assert!(done.as_ref().err().is_none_or(|code| !code.starts_with("42")), "{ruse}: {done:?}");
    }
    // What tools and dashboards look for is there.
    for look in [
        "SELECT datname::text FROM pg_database WHERE datname = current_database()",
        "SELECT relname::text FROM pg_class WHERE relname = 'space_activity'",
        "SELECT count(*)::text FROM pg_depend",
        "SELECT table_name::text FROM information_schema.tables WHERE table_name = 'space_activity'",
    ] {
        assert_eq!(ask(&mut connection, look).await.unwrap().len(), 1, "{look}");
    }
    connection.close().await.unwrap();
    almighty.close().await.unwrap();
    login.drop_now(database).await;
    asking.host.finish().await;
}

/// The server counts for all its databases, and a login may enter each of them unless an administrator says otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn rule_r14_another_database_of_the_server_tells_until_logins_are_kept_out_of_it() {
    let asking = Asking::start("").await;
    let (database, other) = (&asking.host.database, Database::create().await);
    let login = Login::make(database).await;
    let elsewhere = Login::url_of(&other, &login.name);
    let mut connection = PgConnection::connect(&elsewhere).await.unwrap();
    let look = format!("SELECT tup_inserted::text FROM pg_stat_database WHERE datname = '{}'", database.name());
    assert_eq!(ask(&mut connection, &look).await.map(|rows| rows.len()), Ok(1));
    connection.close().await.unwrap();
    other.execute_by(&format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", other.name())).await;
    let refused = PgConnection::connect(&elsewhere).await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().code().as_deref(), Some("42501"));
    login.drop_now(database).await;
    other.drop_now().await;
    asking.host.finish().await;
}

const DUMPS: [&[&str]; 5] = [
    &[],
    &["--data-only"],
    &["--schema=release"],
    &["--schema=raw", "--inserts"],
    &["--table=release.space_*", "--table=raw.*"],
];

fn has_rows(dump: &str) -> bool {
    dump.lines().any(|line| line.starts_with("COPY ") || line.starts_with("INSERT "))
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_r14_a_dashboards_login_dumps_nothing() {
    let asking = Asking::start("").await;
    let database = &asking.host.database;
    asking.open("pulse")("amber");
    let login = Login::make(database).await;
    for arguments in DUMPS {
        let (succeeded, dump) = database.try_to_back_up(arguments, &login.url);
        assert!(!succeeded && !has_rows(&dump), "{arguments:?}: {dump}");
    }
    // A login that backs up is given both.
    database.execute_by(&format!("GRANT pg_read_all_data, pg_monitor TO {}", login.name)).await;
    let (succeeded, dump) = database.try_to_back_up(&["--data-only"], &login.url);
    assert!(succeeded && has_rows(&dump));
    login.drop_now(database).await;
    asking.host.finish().await;
}

/// Where the login that migrates is no superuser, the planner's counts are left to everybody, as PRIVACY.md says; rows are not.
#[tokio::test(flavor = "multi_thread")]
async fn rule_r14_where_no_superuser_migrates_counts_are_open_and_rows_are_not() {
    // Whoever came first has made the roles, which are the whole cluster's.
    Asking::start("").await.host.finish().await;
    let database = Database::create().await;
    let owner = format!("owner_of_{}", database.name());
    database.execute_by(&format!("CREATE ROLE {owner} LOGIN")).await;
    database.execute_by(&format!("ALTER DATABASE {} OWNER TO {owner}", database.name())).await;
    let roles = "quintant_ingest, quintant_release, quintant_api, quintant_retention, quintant_reports";
    database.execute_by(&format!("GRANT {roles} TO {owner}")).await;
    let site = Site::new("[database]\nurl = { file = \"database.url\" }\n");
    site.write("database.url", &Login::url_of(&database, &owner));
    let ran = site.run(&["migrate"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");

    let login = Login::make(&database).await;
    let mut connection = login.connect().await;
    let counts = "SELECT reltuples::text FROM pg_class WHERE relname = 'survey_answer'";
    assert_eq!(ask(&mut connection, counts).await.unwrap().len(), 1);
    for rows in ["SELECT 1 FROM raw.change", "SELECT 1 FROM app.survey_answer", "SELECT 1 FROM release.atom"] {
        assert_eq!(ask(&mut connection, rows).await, Err("42501".to_owned()), "{rows}");
    }
    connection.close().await.unwrap();
    for arguments in DUMPS {
        let (succeeded, dump) = database.try_to_back_up(arguments, &login.url);
        assert!(!succeeded && !has_rows(&dump), "{arguments:?}: {dump}");
    }
    // Of what it may read, it gets the definition.
    let (succeeded, dump) = database.try_to_back_up(&["--table=release.space_*"], &login.url);
    assert!(succeeded && dump.contains("CREATE VIEW release.space_activity") && !has_rows(&dump), "{dump}");

    login.drop_now(&database).await;
    database.execute_by(&format!("REASSIGN OWNED BY {owner} TO CURRENT_USER")).await;
    database.execute_by(&format!("DROP OWNED BY {owner}")).await;
    database.execute_by(&format!("DROP ROLE {owner}")).await;
    database.drop_now().await;
}
