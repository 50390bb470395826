//! What a guest needs for a page of 100 pull requests: the whole call against the same call with an empty page.

#![allow(clippy::unwrap_used, reason = "a benchmark that unwraps in vain fails at the right line")]

use std::time::{Duration, Instant};

use quintant::plugin::CollectRequest;
use quintant_tests::bench::{Bound, median, tell};
use quintant_tests::{Host, HostOptions, github_source, simulation_end};
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::organisation::Organisation;
use quintant_upstreams::script::{Answer, Script};

const ROUNDS: usize = 200;

#[tokio::main]
async fn main() {
    let page = real_page().await;
    tell("guest_page_bytes", page.len() as f64, &Bound::None);
    // Everything on it was updated before the window: it is read and judged whole, and nothing more is asked for.
    let full = calls(page).await;
    let empty = calls(b"[]".to_vec()).await;
    tell("guest_page_call_ms", milliseconds(full), &Bound::None);
    tell("guest_empty_page_call_ms", milliseconds(empty), &Bound::None);
    tell("guest_page_ms", milliseconds(full.saturating_sub(empty)), &Bound::None);
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

/// The first page of the simulated organisation's busiest repository, a hundred items long.
async fn real_page() -> Vec<u8> {
    let organisation = Organisation::generate(1, simulation_end());
    let busiest = organisation.repositories.iter().max_by_key(|repository| repository.changes.len()).unwrap();
    let path = format!("/repos/{}/pulls?state=all&sort=updated&direction=desc&per_page=100", busiest.name);
    let simulation = Simulation::start(organisation.into(), Options::default()).await.unwrap();
    let headers = [("Authorization", "Bearer simulated-github-token"), ("User-Agent", "bench")];
    quintant_upstreams::fetch::get(&format!("{}{path}", simulation.url()), &headers).await.unwrap().body
}

async fn calls(page: Vec<u8>) -> Duration {
    let upstream = Script::new().on("/", Answer::new(200, page)).start().await.unwrap();
    let text = github_source(upstream.url(), "repositories = [\"acme/app\"]");
    let host = Host::for_text(&text, HostOptions::default()).await;
    let setup = &host.app.setup;
    let feed = &setup.sources[0].plugin.descriptor.feeds[0].name;
    let now = simulation_end() + jiff::SignedDuration::from_hours(24);
    let mut session = setup.sources[0].start(&setup.config.calendar).await.unwrap();
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let request = CollectRequest { feed, cursor: None, from: now, until: now, now, most_facts: 1000 };
        let began = Instant::now();
        let page = session.collect(request).await.unwrap();
        times.push(began.elapsed());
        assert_eq!((page.facts.len(), page.more), (0, false));
    }
    drop(session);
    host.finish().await;
    median(times)
}
