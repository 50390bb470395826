//! Answers come from memory: fresh after every release, whichever host made it, and told once to those who know them.

use std::sync::Arc;

use quintant_tests::{Host, HostOptions, SEED, Served, simulation_end};
use quintant_upstreams::fetch::get;
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::organisation::Organisation;
use serde_json::Value;

const ACTIVITY: &str = "/api/v1/metrics/space/activity?time_range=90d";

async fn host() -> (Simulation, Host) {
    let organisation = Organisation::generate(SEED, simulation_end());
    let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
    let simulation = Simulation::start(Arc::new(organisation), options).await.unwrap();
    let host = Host::for_organisation(simulation.organisation(), simulation.url(), HostOptions::default()).await;
    (simulation, host)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_of_one_host_is_answered_by_another_at_once() {
    let (_simulation, host) = host().await;
    let replica = host.replica().await;
    let summaries = host.collect().await;
    assert!(summaries.iter().all(|summary| summary.outcome == "ok"), "{summaries:?}");
    // Nothing is due for the replica, and nothing is released before somebody says so.
    let served = Served::start(replica).await;
    served.wait_for("/readyz", |status, _| status == 200).await;
    let before: Value = serde_json::from_str(&served.get(ACTIVITY).await.1).unwrap();
    assert_eq!(before["window"]["as_of"], Value::Null);

    // Whichever of the two is first.
    host.release().await;
    let after = served.wait_for(ACTIVITY, |_, text| !text.contains("\"as_of\":null")).await;
    assert_eq!(serde_json::from_str::<Value>(&after).unwrap(), host.get(ACTIVITY).await.1);
    served.stop().await;
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_knows_an_answer_is_told_that_it_still_holds() {
    let (_simulation, host) = host().await;
    host.collect().await;
    host.release().await;
    let (served, database, _folder) = host.serve().await;
    served.wait_for("/readyz", |status, _| status == 200).await;
    let url = served.url(ACTIVITY);
    let first = get(&url, &[]).await.unwrap();
    let tag = first.header("etag").expect("a good answer has an ETag").to_owned();
    assert_eq!(first.header("cache-control"), Some("no-cache"));

    let known = get(&url, &[("If-None-Match", &tag)]).await.unwrap();
    assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, Some(tag.as_str())));
    let other =
        get(&served.url("/api/v1/metrics/space/activity?time_range=30d"), &[("If-None-Match", &tag)]).await.unwrap();
    assert_eq!(other.status, 200);
    let wrong = get(&served.url("/api/v1/metrics/space/activity?time_range=1y"), &[]).await.unwrap();
    assert_eq!((wrong.status, wrong.header("etag")), (400, None));
    served.stop().await;
    database.drop_now().await;
}
