//! `quintant serve` as a process: how soon it can answer when its plugin is compiled, and the memory that it needs.

#![allow(clippy::unwrap_used, reason = "a benchmark that unwraps in vain fails at the right line")]

use std::sync::Arc;
use std::time::Instant;

use quintant_tests::bench::{Bound, median, tell};
use quintant_tests::{Database, Site};
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::organisation::Organisation;
use serde_json::Value;

const STARTS: usize = 9;
const SPACE: &str = "/api/v1/metrics/space?time_range=90d";

#[tokio::main]
async fn main() {
    let organisation = Organisation::generate(1, jiff::Timestamp::now());
    let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
    let simulation = Simulation::start(Arc::new(organisation), options).await.unwrap();
    let database = Database::create().await;
    let site = Site::for_organisation(simulation.organisation(), simulation.url());
    site.write("database.url", &database.url());
    site.edit("start = \"manual\"", "start = \"auto\"");
    // So that the first host compiles nothing: what is measured is the host.
    assert_eq!(site.run(&["plugin", "compile"]).code, Some(0));

    let collecting = site.serve();
    let is_released = |_, text: &str| {
        serde_json::from_str::<Value>(text).is_ok_and(|answer| !answer["activity"]["window"]["as_of"].is_null())
    };
    collecting.wait_for(SPACE, is_released).await;
    tell("serve_collected_facts", database.count("SELECT sum(facts)::bigint FROM app.run").await as f64, &Bound::None);
    tell("serve_collecting_peak_mb", megabytes(collecting.memory().highest_bytes), &Bound::AtMost(128.0));
    tell("serve_after_collecting_mb", megabytes(collecting.memory().bytes), &Bound::None);
    assert_eq!(collecting.terminate().code, Some(0));

    let (mut times, mut idle) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let began = Instant::now();
        let serving = site.serve();
        serving.wait_for("/readyz", |status, _| status == 200).await;
        times.push(began.elapsed());
        for path in [SPACE, "/metrics"] {
            assert_eq!(serving.get(path).await.0, 200);
        }
        idle.push(serving.memory().bytes);
        let ran = serving.terminate();
        assert!(!ran.stderr.contains("compiling"), "{}", ran.stderr);
    }
    idle.sort_unstable();
    tell("serve_ready_seconds", median(times).as_secs_f64(), &Bound::AtMost(1.0));
    tell("serve_idle_mb", megabytes(idle[STARTS / 2]), &Bound::AtMost(64.0));
    database.drop_now().await;
}

fn megabytes(bytes: u64) -> f64 {
    (bytes as f64 / 100_000.0).round() / 10.0
}
