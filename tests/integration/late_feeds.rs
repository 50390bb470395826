//! A source that is added when weeks are released, and what operators are told of parts that could not be read.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use quintant::model::{Calendar, Week};
use quintant_tests::{Database, SEED, Site, guests};
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::organisation::Organisation;
use quintant_upstreams::script::{Answer, Script, Scripted};
use serde_json::{Value, json};

async fn listing(work: &Value) -> Scripted {
    Script::new().on("/work", Answer::json(200, work)).on("/rest", Answer::json(200, &json!({}))).start().await.unwrap()
}

/// A site that released what there was, and its database.
async fn released() -> (Site, Database) {
    let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
    let organisation = Arc::new(Organisation::generate(SEED, Timestamp::now()));
    let simulation = Simulation::start(organisation, options).await.unwrap();
    let database = Database::create().await;
    let site = Site::for_organisation(simulation.organisation(), simulation.url());
    site.write("database.url", &database.url());
    assert_eq!(site.run(&["run-once", "github"]).code, Some(0));
    assert_eq!(site.run(&["release", "start"]).code, Some(0));
    (site, database)
}

fn add_source(site: &Site, scripted: &Scripted) {
    let source = format!(
        "[[source]]\nname = \"late\"\nplugin = \"{}\"\n[source.endpoints.api]\nurl = \"{}\"\nnetworks = [\"127.0.0.0/8\"]\n",
        guests().join("emitting.wasm").display(),
        scripted.url()
    );
    site.write("quintant.toml", &(site.text() + &source));
}

fn commit(key: &str, at: Timestamp) -> Value {
    json!({ "kind": "commit", "key": key, "at": at.as_millisecond(), "repo": "octo/late", "sha": key, "author": "dev-900" })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_added_late_counts_from_the_first_week_that_is_not_told() {
    let (site, database) = released().await;
    let told = database.count("SELECT max(start_week + weeks)::bigint FROM release.atom").await;
    let long_ago = Calendar::new(TimeZone::UTC).start_of(Week::from_index(i32::try_from(told).unwrap() - 8));
    let facts = vec![commit("a", long_ago), commit("b", Timestamp::now() - SignedDuration::from_hours(1))];
    let scripted = listing(&json!({ "facts": facts })).await;
    add_source(&site, &scripted);
    let before = database.dump("release").await;
    let ran = site.run(&["run-once", "late"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("\n  brought    1 commit\n  rejected   1 released\n"), "{}", ran.stdout);

    let counts =
        database.numbers("SELECT counts_from_week::bigint FROM app.feed WHERE counts_from_week IS NOT NULL").await;
    let [week] = counts[..] else { panic!("{counts:?}: the feed of what is not released yet is not held back") };
    let monday = Week::from_index(i32::try_from(week).unwrap()).monday();
    let reason = format!("weeks before `{monday}` were released before this feed was added");
    assert!(ran.stderr.contains(&reason), "{}", ran.stderr);
    let reason = format!("  counts     from {monday} on: weeks before were released before this feed was added");
    assert_eq!(site.run(&["status"]).stdout.matches(&reason).count(), 1);

    // It is asked from there, no span that has begun is cut, and what was told stays.
    let asked: Vec<String> = scripted.requests().into_iter().map(|request| request.target).collect();
    let start = Calendar::new(TimeZone::UTC).start_of(Week::from_index(i32::try_from(week).unwrap()));
    assert_eq!(asked[0], format!("/work?from={}", start.as_millisecond()));
    assert!(asked[1] < format!("/rest?from={}", start.as_millisecond()), "{asked:?}");
    let cut = "SELECT count(*) FROM release.span, app.feed WHERE start_week < counts_from_week AND start_week + weeks > counts_from_week
        AND start_week + weeks > (SELECT max(start_week + weeks) FROM release.atom)";
    assert_eq!(database.count(cut).await, 0);
    let after: BTreeSet<String> = database.dump("release").await.lines().map(str::to_owned).collect();
    let changed: Vec<&str> = before.lines().filter(|line| !after.contains(*line)).collect();
    assert!(changed.is_empty(), "{changed:?}");
    database.drop_now().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_are_told_which_parts_could_not_be_read() {
    let scripted = listing(&json!({ "not_found": ["octo/gone", "octo/closed", "octo/gone"] })).await;
    let database = Database::create().await;
    let site = Site::new(&quintant_tests::emitting_sources(&[("emitting", scripted.url(), "")]));
    site.write("database.url", &database.url());
    let told = "\n  problem    2 not_found `octo/gone`\n  problem    1 not_found `octo/closed`\n";
    for command in [&["run-once", "emitting"][..], &["status"]] {
        let ran = site.run(command);
        assert!(ran.code == Some(0) && ran.stdout.contains(told), "{ran:?}");
    }
    let status: Value = serde_json::from_str(&site.run(&["status", "--format", "json"]).stdout).unwrap();
    let problem = &status["feeds"][0]["last_run"]["details"]["problems"][0];
    assert_eq!(*problem, json!({ "kind": "not_found", "scope": "octo/gone", "count": 2 }));
    // For them alone, and of the last run alone.
    assert!(
        !database.dump("app").await.contains(&"octo".bytes().map(|byte| format!("{byte:02x}")).collect::<String>())
    );
    site.run(&["run-once", "emitting"]);
    assert_eq!(database.count("SELECT count(*) FROM app.run WHERE report IS NOT NULL").await, 2);
    database.drop_now().await;
}
