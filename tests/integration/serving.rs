//! `quintant serve` from start to end: its port, its database, and what it answers while that is away.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use quintant_tests::{Database, Host, HostOptions, Passage, SEED, Serving, Site, github_source, simulation_end};
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::organisation::Organisation;
use serde_json::Value;

const SPACE: &str = "/api/v1/metrics/space";

/// A host without sources.
fn site(database: &str) -> Site {
    Site::new(&format!("[server]\nlisten = \"127.0.0.1:0\"\n[database]\n{database}\n"))
}

fn site_at(database_url: &str) -> Site {
    let site = site("url = { file = \"database.url\" }");
    site.write("database.url", database_url);
    site
}

/// It lives, but says that it cannot answer, in the form that clients can read.
async fn check_unavailable(serving: &Serving) {
    let one = format!("{SPACE}/activity?time_range=7d");
    let (metrics, all, one) = tokio::join!(serving.get("/metrics"), serving.get(SPACE), serving.get(&one));
    check_refused([metrics, all, one]);
    check_not_ready(serving).await;
}

fn check_refused(answers: impl IntoIterator<Item = (u16, String, String)>) {
    for (status, content_type, body) in answers {
        assert_eq!((status, content_type.as_str()), (503, "application/problem+json"), "{body}");
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&problem["code"], &problem["status"]), (&"database_unavailable".into(), &503.into()), "{body}");
    }
}

async fn check_not_ready(serving: &Serving) {
    assert_eq!(serving.get("/livez").await.0, 200);
    check_refused([serving.get("/readyz").await]);
    let (status, _, body) = serving.get("/health").await;
    let health: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &health["status"], &health["service"]), (503, &"unhealthy".into(), &"space-metrics".into()));
}

async fn check_available(serving: &Serving) {
    serving.wait_for("/readyz", |status, _| status == 200).await;
    for path in ["/livez", "/health", "/metrics", SPACE] {
        assert_eq!(serving.get(path).await.0, 200, "{path}");
    }
}

/// Processes of this machine whose command line names that folder.
fn processes_of(folder: &Path) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path().join("cmdline"));
    let lines = processes.filter_map(|file| std::fs::read(file).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(folder.to_str().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_until_it_is_told_to_stop() {
    let database = Database::create().await;
    let serving = site_at(&database.url()).serve();
    check_available(&serving).await;
    let health: Value = serde_json::from_str(&serving.get("/health").await.2).unwrap();
    assert_eq!((&health["status"], &health["service"]), (&"healthy".into(), &"space-metrics".into()));
    let ran = serving.terminate();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("stopping") && !ran.stderr.contains("ERROR"), "{}", ran.stderr);
    database.drop_now().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_collects_and_releases_by_itself() {
    let simulation = Simulation::start(
        Arc::new(Organisation::generate(SEED, jiff::Timestamp::now())),
        Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() },
    );
    let simulation = simulation.await.unwrap();
    let database = Database::create().await;
    let site = Site::for_organisation(simulation.organisation(), simulation.url());
    site.write("database.url", &database.url());
    site.edit("start = \"manual\"", "start = \"auto\"");
    let serving = site.serve();
    let metrics = serving.wait_for("/metrics", |_, text| text.contains("space_commits_total{")).await;
    assert!(metrics.contains("space_commits_total{team=\"team-amber\"} "), "{metrics}");
    assert_eq!(serving.terminate().code, Some(0));
    database.drop_now().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_named() {
    let database = Database::create().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let site = site_at(&database.url());
    site.edit("127.0.0.1:0", &address);
    let ran = site.run(&["serve"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let expected = format!(
        "error: cannot listen on `{address}`: Address already in use (os error 98); is another program using the port?\n"
    );
    assert!(ran.stderr.ends_with(&expected), "{}", ran.stderr);
    database.drop_now().await;
}

#[test]
fn an_embedded_database_leaves_with_the_program() {
    let mut site = site("data_dir = \"data\"");
    std::fs::set_permissions(site.folder(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let programs = std::env::var("QUINTANT_TEST_POSTGRES_BIN").expect("run the tests with `cargo xtask test`");
    site.set("QUINTANT_POSTGRES_BIN", programs);

    let ran = site.run(&["migrate"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "the database is at this version's schema\n"), "{ran:?}");
    assert!(site.folder().join("data/postgres/PG_VERSION").exists());
    assert_eq!(processes_of(site.folder()), [""; 0]);
    let ran = site.run(&["status", "--format", "json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "{\"feeds\":[]}\n"), "{ran:?}");
    assert_eq!(processes_of(site.folder()), [""; 0]);

    let serving = site.serve();
    assert!(processes_of(&site.folder().join("data/postgres")).iter().any(|line| line.contains("postgres")));
    assert_eq!(serving.terminate().code, Some(0));
    assert_eq!(processes_of(site.folder()), [""; 0]);

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    site.edit("127.0.0.1:0", &taken.local_addr().unwrap().to_string());
    let ran = site.run(&["serve"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("cannot listen on"), "{ran:?}");
    assert_eq!(processes_of(site.folder()), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_may_come_later_go_and_come_back() {
    let database = Database::create().await;
    let mut passage = Passage::to(&database.url());
    let site = site_at(passage.url());
    let serving = site.serve();
    check_unavailable(&serving).await;
    passage.open();
    check_available(&serving).await;

    passage.close().await;
    check_not_ready(&serving).await;
    for path in ["/metrics", SPACE] {
        assert_eq!(serving.get(path).await.0, 200, "{path}: what was released is still answered");
    }
    let ran = site.run(&["status"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.stderr.contains("error: the database cannot be reached"), "{ran:?}");
    passage.open();
    check_available(&serving).await;
    assert_eq!(site.run(&["status"]).code, Some(0));
    assert_eq!(serving.terminate().code, Some(0));
    passage.close().await;
    database.drop_now().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_cannot_store_fails_and_the_next_one_makes_up_for_it() {
    let organisation = Organisation::generate(SEED, simulation_end());
    let repository = organisation.configured_repositories()[0].to_owned();
    let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
    let simulation = Simulation::start(Arc::new(organisation), options).await.unwrap();
    let text = github_source(simulation.url(), &format!("repositories = [\"{repository}\"]"));
    let host = Host::for_text(&text, HostOptions::default()).await;
    host.database.execute("ALTER TABLE raw.change RENAME TO change_away").await;
    let failed = &host.collect().await[0];
    assert_eq!((failed.outcome.as_str(), failed.code.as_deref()), ("failed", Some("database")), "{failed:?}");
    assert_eq!((host.database.count("SELECT count(*) FROM raw.change_away").await, failed.facts), (0, 0));
    host.database.execute("ALTER TABLE raw.change_away RENAME TO change").await;
    let made_up = &host.collect().await[0];
    assert_eq!((made_up.outcome.as_str(), made_up.code.as_deref()), ("ok", None), "{made_up:?}");
    assert!(host.database.count("SELECT count(*) FROM raw.change").await > 0);
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_a_log_in_json_is_an_object() {
    let organisation = Organisation::generate(SEED, jiff::Timestamp::now());
    let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
    let simulation = Simulation::start(Arc::new(organisation), options).await.unwrap();
    let database = Database::create().await;
    let mut site = Site::for_organisation(simulation.organisation(), simulation.url());
    site.write("database.url", &database.url());
    let ran = site.run(&["run-once", "github", "--log-format", "json"]);
    let lines: Vec<Value> = ran.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_a_run = lines.iter().find(|line| line["message"].as_str().unwrap().starts_with("collected ")).unwrap();
    assert!(of_a_run["facts"].as_u64().unwrap() > 0, "{of_a_run}");
    assert_eq!(
        (&of_a_run["spans"][0]["name"], &of_a_run["spans"][0]["source.name"]),
        (&"run".into(), &"github".into())
    );
    for (format, arguments) in [("json", &[][..]), ("text", &["--log-format", "json"])] {
        site.set("QUINTANT_LOG_FORMAT", format);
        let serving = site.serve_with(arguments);
        serving.wait_for("/readyz", |status, _| status == 200).await;
        let ran = serving.terminate();
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let lines: Vec<Value> =
            ran.stderr.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
        for line in &lines {
            for key in ["timestamp", "level", "message"] {
                assert!(line[key].is_string(), "`{key}` of {line}");
            }
        }
        let is_there = |message: &str, key: &str| {
            lines.iter().any(|line| line["message"].as_str().unwrap().starts_with(message) && !line[key].is_null())
        };
        assert!(is_there("loaded plugin `github`", "plugin.digest"), "{}", ran.stderr);
        assert!(is_there("listening on http://", "level") && is_there("stopping", "level"), "{}", ran.stderr);
    }
    database.drop_now().await;
}
