//! What is answered equals what the oracle knows by brute force, to the rounding.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use quintant_tests::{Host, HostOptions, SEED, simulation_end};
use quintant_upstreams::check::{Report, check};
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::oracle::Oracle;
use quintant_upstreams::organisation::Organisation;

const SETTLE: SignedDuration = SignedDuration::from_hours(36);

async fn simulation(seed: u64) -> Simulation {
    let organisation = Organisation::generate(seed, simulation_end());
    let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
    Simulation::start(Arc::new(organisation), options).await.unwrap()
}

pub(crate) fn assert_equal(report: &Report) {
    let different: Vec<String> = report
        .comparisons
        .iter()
        .filter(|comparison| !comparison.differences.is_empty())
        .map(ToString::to_string)
        .take(20)
        .collect();
    assert!(different.is_empty(), "{} differ:\n{}", report.different(), different.join("\n"));
    assert!(report.figures() > 500, "only {} figures were compared", report.figures());
}

async fn compare(host: Host, organisation: &Organisation, looks: Vec<Timestamp>) {
    let (served, database, _folder) = host.serve().await;
    served.wait_for("/readyz", |status, _| status == 200).await;
    let mut oracle = Oracle::new(organisation, looks[0], looks[looks.len() - 1], SETTLE);
    oracle.looks = looks;
    let report = check(&served.url(""), &oracle).await.unwrap();
    served.stop().await;
    database.drop_now().await;
    assert_equal(&report);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_equals_the_truth() {
    for seed in [SEED, 3] {
        let simulation = simulation(seed).await;
        let organisation = simulation.organisation();
        let host = Host::for_organisation(organisation, simulation.url(), HostOptions::default()).await;
        let summaries = host.collect().await;
        assert!(summaries.iter().all(|summary| summary.outcome == "ok"), "{summaries:?}");
        assert!(host.release().await > 0);
        compare(host, organisation, vec![simulation_end()]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn weeks_collected_one_by_one_give_the_same_answers() {
    let simulation = simulation(SEED).await;
    let organisation = simulation.organisation();
    let mut now = simulation_end() - SignedDuration::from_hours(8 * 7 * 24);
    let mut looks = Vec::new();
    let host =
        Host::for_organisation(organisation, simulation.url(), HostOptions { now, ..HostOptions::default() }).await;
    let mut released = 0;
    while now <= simulation_end() {
        looks.push(now);
        simulation.set_now(now);
        host.set_now(now);
        let summaries = host.collect().await;
        assert!(summaries.iter().all(|summary| summary.outcome == "ok"), "{now}: {summaries:?}");
        released += host.release().await;
        now += SignedDuration::from_hours(7 * 24);
    }
    assert!(released > 0);
    compare(host, organisation, looks).await;
}
