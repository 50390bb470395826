//! Pull requests by GraphQL: the same facts as by REST, with less asked, and what becomes of its troubles.

use std::path::Path;
use std::sync::Arc;

use expect_test::expect;
use jiff::{SignedDuration, Timestamp};
use quintant::store::RunSummary;
use quintant_tests::{Host, HostOptions, Log, SEED, WORK_ON_CODE, simulation_end};
use quintant_upstreams::github::{Mood, Options, Simulation};
use quintant_upstreams::organisation::{AccountId, Organisation, Review, ReviewState};
use serde_json::Value;

/// What both modes tell. By REST it is only asked of reviewed merges when they became ready.
const CHANGES: &str =
    "SELECT (to_jsonb(c) - '{first_commit_ms,additions,deletions,files,review_comments,ready_ms}'::text[]
    || jsonb_build_object('ready', CASE WHEN merged AND first_review_ms IS NOT NULL THEN ready_ms END))::text
    FROM raw.change c ORDER BY 1";
const REVIEWS: &str = "SELECT (to_jsonb(r) - 'comments')::text FROM raw.review r ORDER BY 1";
const WITH_EXTRAS: &str = "SELECT count(*) FROM raw.change
    WHERE first_commit_ms <= opened_ms AND additions > 0 AND deletions IS NOT NULL AND files > 0 AND review_comments >= 0";

/// Three repositories, and one pull request that everybody had something to say about.
pub(crate) fn organisation() -> Organisation {
    let mut organisation = Organisation::generate(SEED, simulation_end());
    organisation.repositories.truncate(3);
    let from = simulation_end() - SignedDuration::from_hours(30 * 24);
    let changes = organisation.repositories.iter_mut().flat_map(|repository| &mut repository.changes);
    let popular = changes.filter(|change| change.opened_at < from).last().unwrap();
    popular.reviews.extend((0..140).map(|number: u64| Review {
        id: 5_000_000_000 + number,
        reviewer: Some(AccountId(usize::try_from(number % 20).unwrap())),
        at: from + SignedDuration::from_mins(number.cast_signed()),
        state: ReviewState::Commented,
        dismissed_at: None,
        comments: 0,
    }));
    popular.reviews.sort_by_key(|review| (review.at, review.id));
    organisation
}

pub(crate) async fn simulation(options: Options) -> Simulation {
    Simulation::start(Arc::new(organisation()), Options { requests_per_hour: 1_000_000, ..options }).await.unwrap()
}

/// As if one installation had been copied: no two of them have the same salts otherwise.
const SALTS: &str =
    "INSERT INTO app.epoch SELECT epoch, sha256(convert_to(epoch::text, 'UTF8')) FROM generate_series(225, 230) epoch";

/// Hosts with one identity key and the same salts give the same facts the same rows.
pub(crate) async fn host(
    simulation: &Simulation,
    keys: &Path,
    more: &str,
    now: Timestamp,
    feeds: &'static [&'static str],
) -> Host {
    let key = format!("[privacy]\nidentity_key = {{ file = \"{}\" }}\n", keys.join("identity.key").display());
    let settings = format!("[source.settings]\n{more}\n");
    let edits = [("[privacy]\n", key.as_str()), ("[source.settings]\n", settings.as_str())];
    let options = HostOptions { now, feeds, ..HostOptions::default() };
    let host = Host::for_edited_organisation(simulation.organisation(), simulation.url(), &edits, options).await;
    host.database.execute(SALTS).await;
    host
}

async fn rows(host: &Host) -> Vec<Vec<String>> {
    let mut connection = host.database.connect().await;
    let mut rows = Vec::new();
    for sql in [CHANGES, REVIEWS] {
        rows.push(sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap());
    }
    assert!(rows.iter().all(|rows| rows.len() > 100), "{} changes, {} reviews", rows[0].len(), rows[1].len());
    rows
}

fn show(summaries: &[RunSummary]) -> String {
    summaries.iter().map(|run| format!("{} {:?} {} problems\n", run.outcome, run.code, run.problems)).collect()
}

/// `first` of every query for a page of pull requests, in order.
fn page_sizes(simulation: &Simulation, from: usize) -> Vec<u64> {
    let asked = simulation.requests().into_iter().skip(from).filter(|request| request.method == "POST");
    asked
        .map(|request| serde_json::from_str::<Value>(&request.body).unwrap())
        .filter(|body| body["operationName"] == "PullRequests")
        .map(|body| body["variables"]["first"].as_u64().unwrap())
        .collect()
}

async fn asked_of(simulation: &Simulation, host: &Host) -> Vec<String> {
    let before = simulation.requests().len();
    let summaries = host.collect().await;
    assert_eq!(show(&summaries), "ok None 0 problems\nok None 0 problems\n");
    let asked = simulation.requests().into_iter().skip(before);
    asked.map(|request| format!("{} {}", request.method, request.target)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_and_rest_store_the_same_facts() {
    let simulation = simulation(Options::default()).await;
    let keys = tempfile::tempdir().unwrap();
    let first = simulation_end() - SignedDuration::from_hours(14 * 24);
    let by_graphql = host(&simulation, keys.path(), "", first, WORK_ON_CODE).await;
    let by_rest = host(&simulation, keys.path(), "pull_requests_by = \"rest\"", first, WORK_ON_CODE).await;
    for now in [first, simulation_end() - SignedDuration::from_hours(50), simulation_end()] {
        simulation.set_now(now);
        for host in [&by_graphql, &by_rest] {
            host.set_now(now);
        }
        let asked = asked_of(&simulation, &by_graphql).await;
        assert!(asked.iter().any(|asked| asked == "POST /graphql"), "{asked:?}");
        assert!(asked.iter().all(|asked| !asked.contains("/reviews") && !asked.contains("/events")), "{asked:?}");
        let asked = asked_of(&simulation, &by_rest).await;
        assert!(asked.iter().all(|asked| asked.starts_with("GET ")), "{asked:?}");
        assert_eq!(rows(&by_graphql).await, rows(&by_rest).await, "{now}");
    }
    let all = by_graphql.database.count("SELECT count(*) FROM raw.change").await;
    assert_eq!(by_graphql.database.count(WITH_EXTRAS).await, all);
    assert_eq!(by_rest.database.count(WITH_EXTRAS).await, 0);
    let ready = "SELECT count(*) FROM raw.change WHERE ready_ms IS NOT NULL";
    assert!(by_graphql.database.count(ready).await > by_rest.database.count(ready).await);
    by_graphql.finish().await;
    by_rest.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enterprise_server_is_asked_beside_its_rest_api() {
    let simulation = simulation(Options { prefix: "/api/v3".to_owned(), ..Options::default() }).await;
    let keys = tempfile::tempdir().unwrap();
    let host = host(&simulation, keys.path(), "", simulation_end(), WORK_ON_CODE).await;
    let asked = asked_of(&simulation, &host).await;
    assert!(asked.iter().any(|asked| asked == "POST /api/graphql"), "{asked:?}");
    rows(&host).await;
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_graphql_is_refused_the_run_reads_by_rest_and_says_so() {
    let log = Log::capture();
    let simulation = simulation(Options::default()).await;
    let keys = tempfile::tempdir().unwrap();
    let by_graphql = host(&simulation, keys.path(), "", simulation_end(), WORK_ON_CODE).await;
    asked_of(&simulation, &by_graphql).await;
    simulation.set_mood(Mood::Refuses(403));
    let refused = host(&simulation, keys.path(), "", simulation_end(), WORK_ON_CODE).await;
    let asked = asked_of(&simulation, &refused).await;
    assert_eq!(asked.iter().filter(|asked| *asked == "POST /graphql").count(), 1, "asked once a run");
    assert_eq!(rows(&refused).await, rows(&by_graphql).await);
    log.assert_line(&["GraphQL is refused", "status 403", "feed.name=pull_requests"]);
    let idle = asked_of(&simulation, &refused).await;
    assert!(idle.len() <= 2 * 3 + 1, "{idle:?}");

    let mut session = refused.app.setup.sources[0].start(&refused.app.setup.config.calendar).await.unwrap();
    let told = |items: Vec<quintant::plugin::CheckItem>| {
        let item = items.into_iter().find(|item| item.name == "pull requests").unwrap();
        format!("{:?} {} ({})", item.status, item.message, item.hint.unwrap_or_default())
    };
    expect!["Warn are read by REST: GraphQL is refused (status 403) (give the token read access to contents and pull requests, or set `pull_requests_by = \"rest\"`)"]
        .assert_eq(&told(session.check(simulation_end()).await.unwrap()));
    simulation.set_mood(Mood::Honest);
    expect!["Pass are read by GraphQL ()"].assert_eq(&told(session.check(simulation_end()).await.unwrap()));
    drop(session);
    refused.finish().await;
    by_graphql.finish().await;
}

/// Scenario 17: a page that is too much is asked for in halves, and part of one is never stored as the whole.
#[tokio::test(flavor = "multi_thread")]
async fn scenario_17_too_much_is_asked_for_again_in_halves() {
    let simulation = simulation(Options::default()).await;
    let keys = tempfile::tempdir().unwrap();
    let honest = host(&simulation, keys.path(), "", simulation_end(), WORK_ON_CODE).await;
    asked_of(&simulation, &honest).await;
    let expected = rows(&honest).await;
    for mood in [Mood::TimesOutAbove(30), Mood::LosesPartAbove(30)] {
        simulation.set_mood(mood);
        let before = simulation.requests().len();
        let host = host(&simulation, keys.path(), "", simulation_end(), WORK_ON_CODE).await;
        asked_of(&simulation, &host).await;
        let mut sizes = page_sizes(&simulation, before);
        assert_eq!(sizes.last(), Some(&25), "{mood:?}: {sizes:?}");
        // The host tries what times out again.
        sizes.dedup();
        assert!(sizes.starts_with(&[100, 50, 25]), "{mood:?}: {sizes:?}");
        assert_eq!(rows(&host).await, expected, "{mood:?}");
        host.finish().await;
    }
    honest.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scenario_17_what_stays_partial_is_read_by_rest() {
    let simulation = simulation(Options::default()).await;
    let keys = tempfile::tempdir().unwrap();
    let by_rest = host(&simulation, keys.path(), "pull_requests_by = \"rest\"", simulation_end(), WORK_ON_CODE).await;
    asked_of(&simulation, &by_rest).await;
    let host = host(&simulation, keys.path(), "", simulation_end(), WORK_ON_CODE).await;
    simulation.set_mood(Mood::LosesPartAbove(0));
    let before = simulation.requests().len();
    asked_of(&simulation, &host).await;
    let sizes = page_sizes(&simulation, before);
    let once = [100, 50, 25, 12, 6, 3, 1];
    assert_eq!(sizes, [once, once, once].concat(), "each repository is tried anew");
    assert_eq!(rows(&host).await, rows(&by_rest).await);
    assert_eq!(host.database.count(WITH_EXTRAS).await, 0, "no part of an answer is stored");
    host.finish().await;
    by_rest.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scenario_17_spent_points_end_the_run_until_the_reset() {
    let simulation = simulation(Options { points_per_hour: 4, ..Options::default() }).await;
    let keys = tempfile::tempdir().unwrap();
    let host = host(&simulation, keys.path(), "comments = false", simulation_end(), WORK_ON_CODE).await;
    let summaries = host.collect().await;
    assert_eq!(summaries[0].code.as_deref(), Some("rate_limited"), "{summaries:?}");
    assert_eq!(summaries[1].outcome, "ok", "commits cost requests, of which there are enough: {summaries:?}");
    assert_eq!(page_sizes(&simulation, 0).len(), 1, "what cannot be paid is not asked");
    assert!(host.database.count("SELECT count(*) FROM raw.change").await > 0, "the page before stays");
    assert!(simulation.points() <= 4);
    host.finish().await;
}
