//! Work that is dropped in the middle leaves nothing behind: no open transaction, and no write of somebody else that is lost.

use std::future::poll_fn;
use std::task::Poll;

use axum::body::Body;
use axum::http::Request;
use quintant::model::Week;
use quintant::store::{PageRows, Reading};
use quintant_tests::{Host, HostOptions, github_source, simulation_end};
use tower::ServiceExt;

const WRITES: usize = 200;

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

#[tokio::test]
async fn a_dropped_page_loses_no_later_write() {
    let text = github_source("http://127.0.0.1:9", "repositories = [\"acme/app\"]");
    let host = Host::for_text(&text, HostOptions::default()).await;
    let store = host.app.store();
    let source = store.source_register(&"github".parse().unwrap()).await.unwrap();
    let feed = "commits".parse().unwrap();
    let lease = store.lease_claim(source, "test").await.unwrap().unwrap();
    store.feed_open(lease, &feed, simulation_end(), simulation_end()).await.unwrap();
    let rows = PageRows {
        reading: Reading::Onward,
        more: true,
        facts: Vec::new(),
        retractions: Vec::new(),
        spellings: Vec::new(),
        cursor: None,
        covered_through: None,
        week: Week::from_index(2960),
    };
    let mut dropped = 0;
    for number in 0..WRITES {
        dropped += usize::from(!is_done_after(number % 8, store.page_store(lease, &feed, &rows)).await);
        store.source_register(&format!("s{number}").parse().unwrap()).await.unwrap();
    }
    assert!(dropped > WRITES / 4, "only {dropped} of {WRITES} pages were dropped");
    assert_eq!(host.database.count("SELECT count(*) FROM app.source WHERE name LIKE 's%'").await, 200);
    host.finish().await;
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
