//! Ten thousand pull requests with their reviews from the simulated GitHub: what is asked, how fast, and at what cost of
//! processor time; then a run in which nothing is new. With comments counted, as they are by default, and without.
//!
//! Processor time is that of the thread that everything of Quintant runs on: the simulation has its own, and PostgreSQL is
//! another process. The guest's share is what a collection needs that stores nothing, less what the same requests need
//! when nobody reads the answers.

#![allow(clippy::unwrap_used, reason = "a benchmark that unwraps in vain fails at the right line")]

use std::collections::BTreeMap;
use std::sync::Arc;

use quintant_tests::bench::{Bound, ask_again, client, collect_without_storing, measured, tell};
use quintant_tests::{Crowd, Host, HostOptions, github_source};
use quintant_upstreams::github::{Options, Simulation};
use tokio::runtime::{Builder, Runtime};

const CROWD: Crowd = Crowd { repositories: 5, pull_requests: 10_000, reviews: 3, comments: 1 };
/// Items: pull requests and reviews.
const ITEMS: u32 = CROWD.pull_requests * (1 + CROWD.reviews);

fn main() {
    let upstream = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let organisation = Arc::new(CROWD.organisation());
    for (prefix, comments) in [("github", true), ("github_without_comments", false)] {
        let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
        let simulation = upstream.block_on(Simulation::start(Arc::clone(&organisation), options)).unwrap();
        let host = runtime.block_on(host(&simulation, comments));
        first_run(prefix, &runtime, &simulation, &host);
        if comments {
            idle_run(&runtime, &simulation, &host);
        }
        runtime.block_on(host.finish());
    }
}

fn first_run(prefix: &str, runtime: &Runtime, simulation: &Simulation, host: &Host) {
    let first = measured(runtime, collect(host));
    let asked = simulation.requests();
    let points = simulation.points();
    let stored = |sql: &'static str| runtime.block_on(host.database.count(sql));
    assert_eq!(stored("SELECT count(*) FROM raw.change"), i64::from(CROWD.pull_requests));
    assert_eq!(stored("SELECT count(*) FROM raw.review"), i64::from(ITEMS - CROWD.pull_requests));
    tell(&format!("{prefix}_first_run_requests"), asked.len() as f64, &Bound::AtMost(300.0));
    tell(&format!("{prefix}_first_run_points"), points as f64, &Bound::None);
    tell(&format!("{prefix}_items_a_second"), f64::from(ITEMS) / first.wall.as_secs_f64(), &Bound::None);
    tell(&format!("{prefix}_first_run_cpu_s"), first.cpu.as_secs_f64(), &Bound::None);

    let unstored = measured(runtime, collect_without_storing(host));
    let before = simulation.requests().len();
    let client = client();
    let unread = measured(runtime, ask_again(&client, simulation.url(), &asked));
    assert_eq!(simulation.requests().len() - before, asked.len());
    let guest = unstored.cpu.saturating_sub(unread.cpu);
    tell(&format!("{prefix}_guest_cpu_s"), guest.as_secs_f64(), &Bound::None);
    tell(&format!("{prefix}_http_cpu_s"), unread.cpu.as_secs_f64(), &Bound::None);
    tell(&format!("{prefix}_store_cpu_s"), first.cpu.saturating_sub(unstored.cpu).as_secs_f64(), &Bound::None);
}

fn idle_run(runtime: &Runtime, simulation: &Simulation, host: &Host) {
    let before = simulation.requests().len();
    let idle = measured(runtime, collect(host));
    let asked = simulation.requests().split_off(before);
    let unchanged = asked.iter().filter(|request| request.status == 304).count();
    let mut of_feed: BTreeMap<&str, usize> = BTreeMap::new();
    for request in &asked {
        let feed = if request.target.contains("/commits") { "commits" } else { "pull_requests" };
        *of_feed.entry(feed).or_default() += 1;
    }
    let most = of_feed.values().copied().max().unwrap_or_default();
    let a_repository = most as f64 / f64::from(CROWD.repositories);
    tell("github_idle_requests_a_repository_and_feed", a_repository, &Bound::AtMost(1.0));
    tell("github_idle_share_of_304", unchanged as f64 / asked.len() as f64, &Bound::AtLeast(1.0));
    tell("github_idle_run_ms", (idle.wall.as_secs_f64() * 1000.0).round(), &Bound::None);
}

/// With the two feeds that have to do with pull requests.
async fn host(simulation: &Simulation, comments: bool) -> Host {
    let names: Vec<String> =
        simulation.organisation().repositories.iter().map(|repository| format!("\"{}\"", repository.name)).collect();
    let settings = format!("repositories = [{}]\ncomments = {comments}", names.join(", "));
    Host::for_text(&github_source(simulation.url(), &settings), HostOptions::default()).await
}

async fn collect(host: &Host) {
    let summaries = host.collect().await;
    assert!(summaries.iter().all(|summary| summary.outcome == "ok" && summary.rejected == 0), "{summaries:?}");
}
