//! What a back-up holds and what it does not, and that a host goes on from one.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use quintant_tests::{CommitFeed, Database, Host, HostOptions, SEED, simulation_end};
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::organisation::Organisation;

/// `pg_restore` leaves these out.
const ELSEWHERE: [&str; 2] = ["--no-owner", "--no-privileges"];

/// As the README says it.
const ARGUMENTS: [&str; 5] = [
    "--exclude-table-data=raw.*",
    "--exclude-table-data=app.epoch",
    "--exclude-table-data=app.feed",
    "--exclude-table-data=app.backfill",
    "--exclude-table-data=app.survey_*",
];

/// Some weeks before the end of the story, when the back-up is made.
fn then() -> Timestamp {
    simulation_end() - SignedDuration::from_hours(24 * 24)
}

async fn host(simulation: &Simulation) -> Host {
    simulation.set_now(then());
    let options = HostOptions { now: then(), ..HostOptions::default() };
    let host = Host::for_organisation(simulation.organisation(), simulation.url(), options).await;
    host.collect().await;
    assert!(host.release().await > 0);
    host
}

/// Goes on to the end of the story.
async fn go_on(host: &Host, simulation: &Simulation) -> u64 {
    simulation.set_now(simulation_end());
    host.set_now(simulation_end());
    for summary in host.collect().await {
        assert_eq!(summary.outcome, "ok", "{summary:?}");
    }
    host.release().await
}

/// Everything that is told, and nothing of when.
async fn told(database: &Database) -> Vec<String> {
    let rows = "SELECT concat_ws(' ', m.cell, m.start_week, m.family, m.component, m.total, m.count, m.parts_hidden)
                FROM release.measure m ORDER BY 1";
    database.texts(rows).await
}

/// The week after the last one that is told of teams whose spans are single weeks.
fn first_week_behind(told: &[String]) -> i64 {
    let week = |row: &String| row.split(' ').nth(1).unwrap().parse::<i64>().unwrap();
    told.iter().filter(|row| row.starts_with("team-amber ")).map(week).max().unwrap() + 1
}

const ANSWERS: [&str; 3] = [
    "/api/v1/metrics/space/activity?time_range=90d",
    "/api/v1/metrics/space/communication?time_range=30d",
    "/api/v1/metrics/space/activity?team=team-amber",
];

async fn answers(host: &Host) -> Vec<String> {
    let mut answers = Vec::new();
    for path in ANSWERS {
        let (status, mut body) = host.get(path).await;
        assert_eq!(status, 200, "{body}");
        body.as_object_mut().unwrap().remove("timestamp");
        answers.push(body.to_string());
    }
    answers
}

#[test]
fn the_readme_says_how_to_back_up() {
    let readme = include_str!("../../README.md");
    // A shell would look for files that are called so.
    let quoted = |argument: &str| match argument.split_once('=') {
        Some((option, pattern)) if pattern.ends_with('*') => format!("{option}='{pattern}'"),
        _ => argument.to_owned(),
    };
    let command = format!("pg_dump {}", ARGUMENTS.map(quoted).join(" "));
    assert!(readme.contains(&command), "{command}");
}

#[tokio::test]
async fn a_feed_begins_anew_where_its_facts_are_gone_and_goes_on_where_they_are_not() {
    let feed = CommitFeed::open().await;
    feed.lands("2026-11-19T12:00:00Z").await;
    feed.host.database.execute("UPDATE app.feed SET covered_through_ms = 1").await;
    let known = "SELECT count(*) FROM app.feed";
    feed.host.app.prepare_database().await.unwrap();
    assert_eq!(feed.host.database.count(known).await, 1);
    feed.host.database.execute("TRUNCATE app.epoch").await;
    feed.host.app.prepare_database().await.unwrap();
    assert_eq!(feed.host.database.count(known).await, 0);
    feed.host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_r11_a_back_up_without_facts_and_keys_answers_alike_and_goes_on() {
    let organisation = Arc::new(Organisation::generate(SEED, simulation_end()));
    let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
    let simulation = Simulation::start(organisation, options).await.unwrap();
    let undisturbed = host(&simulation).await;
    assert!(go_on(&undisturbed, &simulation).await > 0);
    let expected = told(&undisturbed.database).await;
    undisturbed.finish().await;

    let mut host = host(&simulation).await;
    let (before, known) = (told(&host.database).await, answers(&host).await);
    let opted_out = "SELECT count(*) FROM app.opt_out";
    host.app.opt_out("github:nobody-of-this-story").await.unwrap();
    let back_up = host.database.back_up(&[&ARGUMENTS[..], &ELSEWHERE].concat());
    let salts = host.database.texts("SELECT encode(salt, 'hex') FROM app.epoch").await;
    let facts = host.database.texts("SELECT encode(author, 'hex') FROM raw.change WHERE author IS NOT NULL").await;
    assert!(!salts.is_empty() && !facts.is_empty());
    // What a plugin goes on from may name people.
    let cursors = host.database.texts("SELECT encode(cursor, 'hex') FROM app.feed WHERE cursor IS NOT NULL").await;
    let everything = host.database.back_up(&ELSEWHERE);
    for secret in salts.iter().chain(&facts).chain(&cursors) {
        assert!(everything.contains(secret.as_str()), "a back-up of everything is searched in vain for `{secret}`");
        assert!(!back_up.contains(secret.as_str()), "the back-up holds `{secret}`");
    }

    let restored = Database::create().await;
    restored.restore(&back_up);
    std::fs::write(host.folder().join("database.url"), restored.url()).unwrap();
    host.restart().await;
    host.app.prepare_database().await.unwrap();
    let original = std::mem::replace(&mut host.database, restored);
    original.drop_now().await;
    assert_eq!((told(&host.database).await, answers(&host).await), (before.clone(), known));
    assert_eq!(host.database.count(opted_out).await, 1);
    assert_eq!(host.database.count("SELECT count(*) FROM raw.change").await, 0);

    assert!(go_on(&host, &simulation).await > 0);
    let now = told(&host.database).await;
    // Whether somebody had looked at a change before is not known of the first weeks that are read again.
    let is_reading_again = format!(" {} review ", first_week_behind(&before));
    let certain = |rows: &[String]| -> Vec<String> {
        rows.iter().filter(|row| !row.contains(&is_reading_again)).cloned().collect()
    };
    assert_eq!(certain(&now), certain(&expected));
    assert!(certain(&now).len() + 20 > now.len(), "little is uncertain");
    host.finish().await;
}
