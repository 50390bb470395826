//! Stretches of time that an operator has read once more.

use std::sync::Arc;

use expect_test::expect;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use quintant::plugin::Limits;
use quintant::store::Stretch;
use quintant_tests::{Database, Host, HostOptions, SEED, Site, simulation_end};
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::organisation::Organisation;

async fn simulation(end: Timestamp) -> Simulation {
    let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
    Simulation::start(Arc::new(Organisation::generate(SEED, end)), options).await.unwrap()
}

fn days_ago(days: i32) -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date() - days.days()
}

/// A site whose first collection looked back 28 days, and its database.
async fn site_of(simulation: &Simulation) -> (Site, Database) {
    let database = Database::create().await;
    let site = Site::for_organisation(simulation.organisation(), simulation.url());
    site.write("database.url", &database.url());
    site.edit("minimum_group = 5", "minimum_group = 5\nretention_days = 28");
    assert_eq!(site.run(&["run-once", "github"]).code, Some(0));
    site.edit("retention_days = 28", "retention_days = 90");
    (site, database)
}

fn backfill(site: &Site, from: Date, to: Date) -> quintant_tests::Ran {
    site.run(&["backfill", "github", "--from", &from.to_string(), "--to", &to.to_string()])
}

const COVERED: &str = "SELECT covered_from_ms FROM app.feed ORDER BY name";

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_before_the_first_look_back_is_read_and_covered() {
    let simulation = simulation(Timestamp::now()).await;
    let (site, database) = site_of(&simulation).await;
    let changes = "SELECT count(*) FROM raw.change";
    let (before, through) = (database.count(changes).await, "SELECT covered_through_ms FROM app.feed ORDER BY name");
    let covered_through = database.numbers(through).await;
    let ran = backfill(&site, days_ago(70), days_ago(20));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.starts_with("pull_requests: ok: ") && ran.stdout.contains("\ncommits: ok: "), "{}", ran.stdout);
    let start = days_ago(70).to_zoned(TimeZone::UTC).unwrap().timestamp().as_millisecond();
    assert_eq!(database.numbers(COVERED).await, [start, start]);
    assert_eq!(database.numbers(through).await, covered_through);
    assert!(database.count(changes).await > before + before / 2);
    assert_eq!(database.count("SELECT count(*) FROM app.backfill").await, 0);
    let status = site.run(&["status"]).stdout;
    assert!(!status.contains("backfill") && status.contains(&format!("covered    {}", days_ago(70))), "{status}");
    database.drop_now().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn released_weeks_are_refused_with_the_reason() {
    let simulation = simulation(Timestamp::now()).await;
    let (site, database) = site_of(&simulation).await;
    assert_eq!(site.run(&["release", "start"]).code, Some(0));
    let ends = "SELECT unnest(ARRAY[min(start_week), max(start_week + weeks)])::bigint FROM release.atom";
    let weeks = database.numbers(ends).await;
    let monday = |week: i64| quintant::model::Week::from_index(i32::try_from(week).unwrap()).monday();
    let (first, end) = (monday(weeks[0]), monday(weeks[1]));
    let ran = backfill(&site, days_ago(70), end);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    let reason = format!(
        "error: the weeks from `{first}` up to `{end}` are released, and what is released never changes: nothing that is read now would count there; choose days outside of them\n"
    );
    assert!(ran.stderr.ends_with(&reason), "{}", ran.stderr);
    assert_eq!(backfill(&site, days_ago(70), first).code, Some(0));
    database.drop_now().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn days_that_cannot_be_read_are_refused() {
    let simulation = simulation(Timestamp::now()).await;
    let (site, database) = site_of(&simulation).await;
    let refusal = |from: Date, to: Date| {
        let ran = backfill(&site, from, to);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let error = ran.stderr.lines().find(|line| line.starts_with("error: ")).unwrap().to_owned();
        let error = error.replace(&to.to_string(), "TO").replace(&from.to_string(), "FROM");
        error.replace(&days_ago(0).to_string(), "TODAY").replace(&days_ago(89).to_string(), "EARLIEST")
    };
    expect![
        "error: `--from` is `FROM` and `--to` is `TO`; `--from` must lie before `--to`, which is the day after the last"
    ]
    .assert_eq(&refusal(days_ago(20), days_ago(30)));
    expect!["error: `--to` is `TO`, which lies in the future; it is the day after the last, at most today, `TODAY`"]
        .assert_eq(&refusal(days_ago(20), days_ago(-1)));
    expect!["error: `--from` is `FROM`, but facts from before `EARLIEST` are not kept (`privacy.retention_days`); write `--from EARLIEST` or later"]
        .assert_eq(&refusal(days_ago(120), days_ago(30)));
    database.drop_now().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stretch_that_was_left_is_gone_on_with() {
    let stretch = Stretch {
        from: simulation_end() - SignedDuration::from_hours(80 * 24),
        through: simulation_end() - SignedDuration::from_hours(24),
    };
    let whole = simulation(simulation_end()).await;
    let host = Host::for_organisation(whole.organisation(), whole.url(), HostOptions::default()).await;
    assert!(host.backfill(stretch).await.is_done);
    let covered = "SELECT count(*) FROM app.feed WHERE covered_through_ms IS NOT NULL";
    assert_eq!(host.database.count(covered).await, 0, "the first run still reads the whole look-back");
    let dump = host.database.dump("raw").await;
    host.finish().await;

    let pieces = simulation(simulation_end()).await;
    let limits = Limits { pages: 3, ..Limits::default() };
    let options = HostOptions { limits, ..HostOptions::default() };
    let host = Host::for_organisation(pieces.organisation(), pieces.url(), options).await;
    let mut tries = 0;
    while !host.backfill(stretch).await.is_done {
        tries += 1;
        assert!(tries < 100);
    }
    assert!(tries > 3, "{tries}");
    assert_eq!(host.database.dump("raw").await.len(), dump.len());
    let (again, once) = (pieces.requests().len(), whole.requests().len());
    assert!(again < once + 4 * tries, "{again} requests in {tries} tries, {once} in one");
    host.finish().await;
}
