//! Work that is dropped in the middle leaves nothing behind: no open transaction, and no write of somebody else that is lost.

use std::future::poll_fn;
use std::task::Poll;

use axum::body::Body;
use axum::http::Request;
use quintant::model::{Commit, EntityKey, Fact, FactBody, StampedFact, Week};
use quintant::store::{Expected, ListVersion, PageRows, Reading};
use quintant_tests::{Host, HostOptions, github_source, simulation_end};
use tower::ServiceExt;

const WRITES: usize = 200;
const WEEK: Week = Week::from_index(2960);

/// Whether it ends within so many steps; it is dropped if it does not.
async fn is_done_after(steps: usize, work: impl Future) -> bool {
    let mut work = Box::pin(work);
    let mut is_done = false;
    for _ in 0..steps {
        is_done = is_done || poll_fn(|context| Poll::Ready(work.as_mut().poll(context).is_ready())).await;
        tokio::task::yield_now().await;
    }
    is_done
}

/// Each page brings one commit; dropped after few steps or many, up to enough to be stored.
#[tokio::test]
async fn a_dropped_page_loses_no_later_write_and_leaves_the_connection_its_role() {
    let text = github_source("http://127.0.0.1:9", "repositories = [\"acme/app\"]");
    let host = Host::for_text(&text, HostOptions::default()).await;
    let store = host.app.store();
    let source = store.source_register(&"github".parse().unwrap()).await.unwrap();
    let feed = "commits".parse().unwrap();
    let lease = store.lease_claim(source, "test").await.unwrap().unwrap();
    store.feed_open(lease, &feed, simulation_end(), None, simulation_end()).await.unwrap();
    store.epochs_open(&(WEEK.epoch()..=WEEK.epoch())).await.unwrap();
    host.database.execute("ALTER TABLE app.source ADD COLUMN written_by text DEFAULT current_user").await;
    let (mut steps, mut stored, mut dropped) = (0, 0, 0);
    for number in 0..WRITES {
        let rows = rows(u8::try_from(number).unwrap());
        if is_done_after(steps, store.page_store(lease, &feed, &rows, Expected::Anything)).await {
            (steps, stored) = (0, stored + 1);
        } else {
            (steps, dropped) = (steps + steps / 8 + 1, dropped + 1);
        }
        store.source_register(&format!("s{number}").parse().unwrap()).await.unwrap();
    }
    assert!(stored > 0 && dropped > WRITES / 4, "{dropped} of {WRITES} pages were dropped, {stored} were stored");
    let written = "SELECT count(*) FROM app.source WHERE name LIKE 's%' AND written_by = 'quintant_ingest'";
    assert_eq!(host.database.count(written).await, 200);
    // One that was dropped while it was committed may be there too.
    let there = host.database.count("SELECT count(*) FROM raw.commit").await;
    assert!(there >= stored, "{there} commits of {stored} stored pages");
    host.finish().await;
}

fn rows(number: u8) -> PageRows {
    let (key, at) = (EntityKey::from_bytes([number; 16]), simulation_end());
    let body = FactBody::Commit(Commit { repository: key.into(), sha: key, author: None, parents: 1 });
    let fact = Fact { key, at, body };
    PageRows {
        reading: Reading::Onward,
        more: true,
        facts: vec![StampedFact { week: WEEK, fact, keys_elsewhere: Vec::new(), earlier_change: None }],
        retractions: Vec::new(),
        spellings: Vec::new(),
        opt_outs: ListVersion::default(),
        learned: Vec::new(),
        cursor: None,
        covered_through: None,
        week: WEEK,
    }
}

/// The server drops a request when its client leaves.
#[tokio::test]
async fn a_dropped_request_loses_no_later_write() {
    let text = github_source("http://127.0.0.1:9", "repositories = [\"acme/app\"]");
    let host = Host::for_text(&text, HostOptions::default()).await;
    let (router, store) = (host.app.router().await.unwrap(), host.app.store());
    let paths = [
        "/health",
        "/readyz",
        "/livez",
        "/metrics",
        "/openapi.json",
        "/api/v1/metrics/space",
        "/api/v1/metrics/space/activity",
    ];
    let mut dropped = 0;
    for number in 0..WRITES {
        for path in paths {
            let request = Request::get(path).body(Body::empty()).unwrap();
            dropped += usize::from(!is_done_after(number % 5, router.clone().oneshot(request)).await);
        }
        store.source_register(&format!("s{number}").parse().unwrap()).await.unwrap();
    }
    assert!(dropped > WRITES, "only {dropped} requests were dropped");
    assert_eq!(host.database.count("SELECT count(*) FROM app.source WHERE name LIKE 's%'").await, 200);
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in %'";
    assert_eq!(host.database.count(open).await, 0);
    host.finish().await;
}
