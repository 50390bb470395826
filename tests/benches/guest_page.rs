//! What a guest needs for a page of 100 pull requests, against the same code natively: a listing that it reads and judges, and
//! pages that it maps whole, with what the host then does before anything is hidden or stored: the door and `normalize`.
//!
//! Each is a whole call less the same call with an empty page, and the guest's is told less what its page takes on the wire.

#![allow(clippy::unwrap_used, reason = "a benchmark that unwraps in vain fails at the right line")]

use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use quintant::model::{Calendar, FactKind, RawFact};
use quintant::normalize::{Rules, Services, normalize};
use quintant::plugin::CollectRequest;
use quintant_plugin_github::GitHub;
use quintant_sdk::http::{HttpRequest, Response, Target};
use quintant_sdk::testing::Source;
use quintant_tests::bench::{Bound, LOOK_BACK_DAYS, tell, undisturbed};
use quintant_tests::{Crowd, Host, HostOptions, TOKEN, github_source, simulation_end};
use quintant_upstreams::fetch;
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::organisation::Organisation;
use quintant_upstreams::script::{Answer, Script};
use serde_json::json;

const ROUNDS: usize = 100;
/// More than there are on any page, so that none is cut.
const MOST_FACTS: u32 = 10_000;
/// The page that is large and becomes thousands of facts.
const MAPPED_WHOLE: &str = "busy";
const REPOSITORY: &str = "acme/amber-api";
const FEED: &str = "pull_requests";

/// What is read, and which instants it is about.
struct Reading {
    /// Told before every figure.
    name: &'static str,
    by: &'static str,
    /// What the source answers to the probe, if it is probed first.
    probe: Option<Vec<u8>>,
    page: Vec<u8>,
    empty: Vec<u8>,
    from: Timestamp,
    now: Timestamp,
}

/// What a call took, and what came of it.
struct Call {
    time: Duration,
    facts: Vec<RawFact>,
}

#[tokio::main]
async fn main() {
    compare(&listing().await).await;
    // As many reviews and comments as usual, and as many as fit into the first page of them.
    for (name, reviews, comments) in [("usual", 3, 2), (MAPPED_WHOLE, 30, 100)] {
        compare(&pull_requests(name, Crowd { repositories: 1, pull_requests: 100, reviews, comments }).await).await;
    }
}

async fn compare(reading: &Reading) {
    let name = reading.name;
    tell(&format!("guest_{name}_bytes"), reading.page.len() as f64, &Bound::None);
    let full = calls(reading, &reading.page).await;
    let empty = calls(reading, &reading.empty).await;
    let guest = full.time.saturating_sub(empty.time);
    let wire = fetches(&reading.page).await.saturating_sub(fetches(&reading.empty).await);
    let native =
        native_calls(reading, &reading.page, full.facts.len()).saturating_sub(native_calls(reading, &reading.empty, 0));
    let judging = normalizing(reading, &full.facts);
    tell(&format!("guest_{name}_facts"), full.facts.len() as f64, &Bound::None);
    for (figure, time) in [
        ("call", full.time),
        ("empty_call", empty.time),
        ("wire", wire),
        ("normalize", judging),
        ("guest", guest.saturating_sub(wire)),
        ("native", native),
    ] {
        tell(&format!("guest_{name}_{figure}_ms"), (time.as_secs_f64() * 1_000_000.0).round() / 1000.0, &Bound::None);
    }
    let ratio = (guest.saturating_sub(wire) + judging).as_secs_f64() / (native + judging).as_secs_f64();
    // A listing is mostly read from the network, and what takes a millisecond is lost in the noise of two readings.
    let bound = if name == MAPPED_WHOLE { Bound::AtMost(1.8) } else { Bound::None };
    tell(&format!("guest_{name}_against_native"), ratio, &bound);
}

/// The first page of the simulated organisation's busiest repository by REST. Everything on it was updated before the window:
/// it is read and judged whole, and nothing more is asked for.
async fn listing() -> Reading {
    let organisation = Organisation::generate(1, simulation_end());
    let busiest = organisation.repositories.iter().max_by_key(|repository| repository.changes.len()).unwrap();
    let path = format!("/repos/{}/pulls?state=all&sort=updated&direction=desc&per_page=100", busiest.name);
    let simulation = Simulation::start(organisation.into(), Options::default()).await.unwrap();
    let now = simulation_end() + SignedDuration::from_hours(24);
    let page = get(&format!("{}{path}", simulation.url())).await;
    Reading { name: "listing", by: "rest", probe: None, page, empty: b"[]".to_vec(), from: now, now }
}

/// A page of pull requests by GraphQL that all lie in the window, as the simulated GitHub answers what the plugin asks.
async fn pull_requests(name: &'static str, crowd: Crowd) -> Reading {
    let simulation = Simulation::start(crowd.organisation().into(), Options::default()).await.unwrap();
    let text = github_source(simulation.url(), &format!("repositories = [\"{REPOSITORY}\"]"));
    let host = Host::for_text(&text, HostOptions::default()).await;
    host.collect().await;
    host.finish().await;
    let asked = simulation.requests();
    let [probe, query] =
        ["/pulls?", "/graphql"].map(|part| asked.iter().find(|request| request.target.contains(part)).unwrap());
    let probe = get(&format!("{}{}", simulation.url(), probe.target)).await;
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str()), ("User-Agent", "bench")];
    let page = fetch::post(&format!("{}/graphql", simulation.url()), &headers, &query.body).await.unwrap().body;
    let mut empty: serde_json::Value = serde_json::from_slice(&page).unwrap();
    empty["data"]["repository"]["pullRequests"]["edges"] = json!([]);
    let (empty, now) = (empty.to_string().into_bytes(), simulation_end());
    let from = now - SignedDuration::from_hours(LOOK_BACK_DAYS * 24);
    Reading { name, by: "graphql", probe: Some(probe), page, empty, from, now }
}

async fn get(url: &str) -> Vec<u8> {
    let bearer = format!("Bearer {TOKEN}");
    fetch::get(url, &[("Authorization", bearer.as_str()), ("User-Agent", "bench")]).await.unwrap().body
}

/// By the guest, with the door that its facts come in by.
async fn calls(reading: &Reading, page: &[u8]) -> Call {
    let script = match &reading.probe {
        Some(probe) => Script::new().on("/repos/", Answer::new(200, probe.clone())),
        None => Script::new(),
    };
    let upstream = script.on("/", Answer::new(200, page)).start().await.unwrap();
    let settings = format!("repositories = [\"{REPOSITORY}\"]\npull_requests_by = \"{}\"", reading.by);
    let host = Host::for_text(&github_source(upstream.url(), &settings), HostOptions::default()).await;
    let setup = &host.app.setup;
    let feed = &FEED.parse().unwrap();
    let mut session = setup.sources[0].start(&setup.config.calendar).await.unwrap();
    let request = |cursor: Option<String>| CollectRequest {
        feed,
        cursor,
        from: reading.from,
        until: reading.now,
        now: reading.now,
        most_facts: MOST_FACTS,
    };
    let mut cursor = None;
    if reading.probe.is_some() {
        cursor = session.collect(request(None)).await.unwrap().cursor;
    }
    let (mut times, mut facts) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let request = request(cursor.clone());
        let began = Instant::now();
        let page = session.collect(request).await.unwrap();
        times.push(began.elapsed());
        assert!(!page.more && page.problems.is_empty() && page.rejected.is_empty());
        facts = page.facts;
    }
    drop(session);
    host.finish().await;
    Call { time: undisturbed(times), facts }
}

/// The page from the same kind of server by the host's own HTTP client.
async fn fetches(page: &[u8]) -> Duration {
    let upstream = Script::new().on("/", Answer::new(200, page)).start().await.unwrap();
    let client = reqwest::Client::new();
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        client.get(upstream.url()).send().await.unwrap().bytes().await.unwrap();
        times.push(began.elapsed());
    }
    undisturbed(times)
}

/// As [`calls`], by the plugin's crate built for this machine. Its page costs a copy, as the guest's does.
fn native_calls(reading: &Reading, page: &[u8], facts: usize) -> Duration {
    let (probe, page) = (reading.probe.clone(), page.to_vec());
    let answer = move |request: &HttpRequest| {
        let is_probe = matches!(&request.target, Target::Path(path) if path.starts_with("/repos/"));
        let body = probe.clone().filter(|_| is_probe).unwrap_or_else(|| page.clone());
        Ok(Response::new(200).body(body))
    };
    let settings = json!({ "repositories": [REPOSITORY], "pull_requests_by": reading.by });
    let window = (reading.from.as_millisecond(), reading.now.as_millisecond());
    let source = Source::<GitHub>::new(settings, answer).window(window.0, window.1).max_facts(MOST_FACTS);
    let cursor = reading.probe.as_ref().and_then(|_| source.collect(FEED, None).unwrap().cursor);
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let page = source.collect(FEED, cursor.as_deref()).unwrap();
        times.push(began.elapsed());
        assert_eq!((page.facts.len(), page.more), (facts, false));
    }
    undisturbed(times)
}

/// What the host does with the facts of a page before it hides who is in them.
fn normalizing(reading: &Reading, facts: &[RawFact]) -> Duration {
    let rules = Rules {
        now: reading.now,
        keep_from: reading.from,
        released_before: None,
        emits: &FactKind::ALL,
        bots: &["*-ci".to_owned()],
        calendar: &Calendar::new(TimeZone::UTC),
        teams: &[],
        services: &Services::new(Vec::new()),
        metrics: &[],
    };
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let facts = facts.to_vec();
        let began = Instant::now();
        let (taken, rejected) = normalize(facts, &rules, |_| None);
        times.push(began.elapsed());
        assert!(rejected.is_empty());
        drop(taken);
    }
    undisturbed(times)
}
