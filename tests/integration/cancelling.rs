//! Work that is dropped in the middle leaves nothing behind: no open transaction, and no write of somebody else that is lost.

use std::future::poll_fn;
use std::task::Poll;

use quintant::model::Week;
use quintant::store::{PageRows, Reading};
use quintant_tests::{Host, HostOptions, github_source, simulation_end};

const WRITES: usize = 200;

#[tokio::test]
async fn a_dropped_page_loses_no_later_write() {
    let text = github_source("http://127.0.0.1:9", "repositories = [\"acme/app\"]");
    let host = Host::for_text(&text, HostOptions::default()).await;
    let store = host.app.store();
    let source = store.source_register(&"github".parse().unwrap()).await.unwrap();
    let feed = "commits".parse().unwrap();
    store.feed_open(source, &feed, simulation_end(), simulation_end()).await.unwrap();
    let lease = store.lease_claim(source, "test").await.unwrap().unwrap();
    let rows = PageRows {
        reading: Reading::Onward,
        more: true,
        facts: Vec::new(),
        retractions: Vec::new(),
        aliases: Vec::new(),
        cursor: None,
        covered_through: None,
        week: Week::from_index(2960),
    };
    let mut dropped = 0;
    for number in 0..WRITES {
        let mut page = Box::pin(store.page_store(lease, &feed, &rows));
        // Dropped after each of its steps in turn.
        let mut is_done = false;
        for _ in 0..number % 8 {
            is_done = is_done || poll_fn(|context| Poll::Ready(page.as_mut().poll(context).is_ready())).await;
            tokio::task::yield_now().await;
        }
        dropped += usize::from(!is_done);
        drop(page);
        store.source_register(&format!("s{number}").parse().unwrap()).await.unwrap();
    }
    assert!(dropped > WRITES / 4, "only {dropped} of {WRITES} pages were dropped");
    assert_eq!(host.database.count("SELECT count(*) FROM app.source WHERE name LIKE 's%'").await, 200);
    host.finish().await;
}
