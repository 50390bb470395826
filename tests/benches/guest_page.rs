//! What a guest needs for a page of 100 pull requests, against the same code natively. Each is a whole call less the same
//! call with an empty page, and the guest's is told less what its page takes on the wire.

#![allow(clippy::unwrap_used, reason = "a benchmark that unwraps in vain fails at the right line")]

use std::time::{Duration, Instant};

use quintant::plugin::CollectRequest;
use quintant_plugin_github::GitHub;
use quintant_sdk::http::{HttpRequest, Response};
use quintant_sdk::instant::DAY;
use quintant_sdk::testing::Source;
use quintant_tests::bench::{Bound, median, tell};
use quintant_tests::{Host, HostOptions, github_source, simulation_end};
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::organisation::Organisation;
use quintant_upstreams::script::{Answer, Script};

const ROUNDS: usize = 200;
const EMPTY: &[u8] = b"[]";

#[tokio::main]
async fn main() {
    let page = real_page().await;
    tell("guest_page_bytes", page.len() as f64, &Bound::None);
    // Everything on it was updated before the window: it is read and judged whole, and nothing more is asked for.
    let full = calls(page.clone()).await;
    let empty = calls(EMPTY.to_vec()).await;
    tell("guest_page_call_ms", milliseconds(full), &Bound::None);
    tell("guest_empty_page_call_ms", milliseconds(empty), &Bound::None);
    let guest = full.saturating_sub(empty);
    tell("guest_page_ms", milliseconds(guest), &Bound::None);
    let wire = fetches(page.clone()).await.saturating_sub(fetches(EMPTY.to_vec()).await);
    tell("guest_page_wire_ms", milliseconds(wire), &Bound::None);
    let native = native_calls(page).saturating_sub(native_calls(EMPTY.to_vec()));
    tell("native_page_ms", milliseconds(native), &Bound::None);
    let ratio = guest.saturating_sub(wire).as_secs_f64() / native.as_secs_f64();
    tell("guest_page_against_native", ratio, &Bound::AtMost(1.8));
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
    let text = github_source(upstream.url(), "repositories = [\"acme/app\"]\npull_requests_by = \"rest\"");
    let host = Host::for_text(&text, HostOptions::default()).await;
    let setup = &host.app.setup;
    let feed = &setup.sources[0].feeds[0].name;
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

/// The page from the same server by the host's own HTTP client.
async fn fetches(page: Vec<u8>) -> Duration {
    let upstream = Script::new().on("/", Answer::new(200, page)).start().await.unwrap();
    let client = reqwest::Client::new();
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        client.get(upstream.url()).send().await.unwrap().bytes().await.unwrap();
        times.push(began.elapsed());
    }
    median(times)
}

/// As [`calls`], by the plugin's crate built for this machine. Its page costs a copy, as the guest's does.
fn native_calls(page: Vec<u8>) -> Duration {
    let now = simulation_end().as_millisecond() + DAY;
    let answer = move |_: &HttpRequest| Ok(Response::new(200).body(page.clone()));
    let settings = serde_json::json!({ "repositories": ["acme/app"], "pull_requests_by": "rest" });
    let source = Source::<GitHub>::new(settings, answer).window(now, now);
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let page = source.collect("pull_requests", None).unwrap();
        times.push(began.elapsed());
        assert_eq!((page.facts.len(), page.more), (0, false));
    }
    median(times)
}
