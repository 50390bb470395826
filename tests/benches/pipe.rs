//! Facts a second through the pipe, page after page as a run does it, against COPY of the same rows into a table of the same form.

#![allow(clippy::unwrap_used, reason = "a benchmark that unwraps in vain fails at the right line")]

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use quintant::ingest::{Arrival, Ingested};
use quintant::model::{Change, FactBody, FactKind, RawFact, RawIdentity, RawKey, RejectedCounts};
use quintant::plugin::Page;
use quintant::store::Reading;
use quintant_tests::bench::{Bound, tell, undisturbed};
use quintant_tests::{Host, HostOptions, github_source, simulation_end};
use sqlx::postgres::PgConnection;

const PAGES: usize = 40;
const FACTS_A_PAGE: usize = 1000;
const ROUNDS: usize = 20;

#[tokio::main]
async fn main() {
    let text = github_source("http://127.0.0.1:9", "repositories = [\"acme/app\"]");
    let host = Host::for_text(&text, HostOptions::default()).await;
    let store = host.app.store();
    let source = store.source_register(&"github".parse().unwrap()).await.unwrap();
    let feed = "pull_requests".parse().unwrap();
    let now = simulation_end();
    let keep_from = host.app.setup.pipe.keep_from(now);
    let lease = store.lease_claim(source, "bench").await.unwrap().unwrap();
    store.feed_open(lease, &feed, keep_from, None, keep_from).await.unwrap();
    let mut database = host.database.connect().await;

    let (mut stored, mut stored_again, mut copied) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        execute(&mut database, "TRUNCATE raw.change, raw.alias").await;
        for times in [&mut stored, &mut stored_again] {
            let pages: Vec<Page> = (0..PAGES).map(|number| page(number, now)).collect();
            let mut flow = host.app.setup.pipe.flow(store, lease, &feed);
            let began = Instant::now();
            for page in pages {
                let arrival = Arrival {
                    source: &"github".parse().unwrap(),
                    reading: Reading::Onward,
                    emits: &[FactKind::Change],
                    metrics: &[],
                    now,
                    keep_from,
                    released_before: None,
                };
                let before = flow.take(page, &arrival).await.unwrap();
                assert!(before.as_ref().is_none_or(is_whole));
            }
            assert!(flow.settle().await.unwrap().as_ref().is_some_and(is_whole));
            times.push(began.elapsed());
        }
        assert_eq!(host.database.count("SELECT count(*) FROM raw.change").await, (PAGES * FACTS_A_PAGE) as i64);
        copied.push(copy(&mut database).await);
    }
    let rate = |times: Vec<Duration>| (PAGES * FACTS_A_PAGE) as f64 / undisturbed(times).as_secs_f64();
    let (stored, stored_again, copied) = (rate(stored), rate(stored_again), rate(copied));
    tell("pipe_facts_a_second", stored.round(), &Bound::None);
    tell("pipe_facts_a_second_read_again", stored_again.round(), &Bound::None);
    tell("copy_rows_a_second", copied.round(), &Bound::None);
    tell("pipe_against_copy", stored / copied, &Bound::AtLeast(0.35));
    host.finish().await;
}

fn is_whole(ingested: &Ingested) -> bool {
    ingested.facts[&FactKind::Change] as usize == FACTS_A_PAGE
}

/// The rows that the pipe has stored, by COPY BINARY into an empty table of the same form.
async fn copy(database: &mut PgConnection) -> Duration {
    execute(database, "DROP TABLE IF EXISTS copied").await;
    execute(database, "CREATE TABLE copied (LIKE raw.change INCLUDING ALL)").await;
    let mut bytes = Vec::new();
    let mut rows = database.copy_out_raw("COPY (SELECT * FROM raw.change) TO STDOUT (FORMAT binary)").await.unwrap();
    while let Some(chunk) = rows.next().await {
        bytes.extend_from_slice(&chunk.unwrap());
    }
    drop(rows);
    let began = Instant::now();
    let mut rows = database.copy_in_raw("COPY copied FROM STDIN (FORMAT binary)").await.unwrap();
    rows.send(bytes).await.unwrap();
    rows.finish().await.unwrap();
    began.elapsed()
}

async fn execute(database: &mut PgConnection, statement: &'static str) {
    sqlx::query(statement).execute(database).await.unwrap();
}

/// Merged changes of two hundred people over twelve weeks.
fn page(page: usize, now: Timestamp) -> Page {
    let facts = (0..FACTS_A_PAGE).map(|number| fact(page * FACTS_A_PAGE + number, now)).collect();
    Page {
        facts,
        rejected: RejectedCounts::new(),
        retractions: Vec::new(),
        problems: Vec::new(),
        covered_through: None,
        cursor: Some(format!("{{\"page\":{page}}}")),
        more: true,
        progress: None,
    }
}

fn fact(number: usize, now: Timestamp) -> RawFact {
    let person = |number: usize| RawIdentity::new(number.to_string(), vec![format!("dev-{number}")], false);
    let merged_at = now - SignedDuration::from_mins((number % (12 * 7 * 24 * 60)) as i64 + 1);
    let opened_at = merged_at - SignedDuration::from_hours(30);
    let id = format!("4242#{number}");
    RawFact {
        key: RawKey::new(format!("{id}/merged")),
        at: merged_at,
        body: FactBody::Change(Change {
            repository: RawKey::new("acme/app"),
            change: RawKey::new(id),
            owner: None,
            author: Some(person(number % 200)),
            merged: true,
            to_default_branch: true,
            first_commit_at: None,
            opened_at,
            ready_at: None,
            first_review_at: Some(opened_at + SignedDuration::from_hours(3)),
            first_reviewer: Some(person((number + 1) % 200)),
            approved_at: None,
            merge_commit: Some(RawKey::new(format!("{number:040x}"))),
            additions: Some(12),
            deletions: Some(3),
            files: Some(2),
            review_comments: None,
            reverts: None,
        }),
    }
}
