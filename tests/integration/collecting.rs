//! What is stored is what happened: nothing twice, nothing missing.

use std::sync::Arc;

use quintant_tests::{Host, HostOptions, SEED, simulation_end};
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::oracle::Oracle;
use quintant_upstreams::organisation::Organisation;

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_is_collected_whole() {
    let organisation = Organisation::generate(SEED, simulation_end());
    let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
    let simulation = Simulation::start(Arc::new(organisation), options).await.unwrap();
    let host = Host::for_organisation(simulation.organisation(), simulation.url(), HostOptions::default()).await;
    host.collect().await;
    let first_dump = host.database.dump("raw").await;
    let truth = Oracle::new(
        simulation.organisation(),
        simulation_end(),
        simulation_end(),
        jiff::SignedDuration::from_hours(36),
    )
    .expected_facts();
    let stored = |sql: &'static str| host.database.count(sql);
    assert_eq!(
        stored("SELECT count(*) FROM raw.change WHERE merged AND author IS NOT NULL").await,
        i64::try_from(truth.merged_changes.human).unwrap()
    );
    assert_eq!(
        stored("SELECT count(*) FROM raw.change WHERE NOT merged AND author IS NOT NULL").await,
        i64::try_from(truth.closed_changes.human).unwrap()
    );
    assert_eq!(
        stored("SELECT count(*) FROM raw.commit WHERE author IS NOT NULL").await,
        i64::try_from(truth.commits.human).unwrap()
    );
    assert_eq!(
        stored("SELECT count(*) FROM raw.review").await,
        i64::try_from(truth.reviews.human - truth.self_reviews).unwrap()
    );
    // The look-back crosses the boundary of two epochs: changes that were merged behind it find their reviews before it.
    let joined = "SELECT count(*) FROM raw.change c JOIN raw.review r ON r.change = c.earlier_change WHERE r.epoch = c.epoch - 1";
    assert!(stored(joined).await > 0);

    let before = simulation.requests().len();
    let summaries = host.collect().await;
    assert!(summaries.iter().all(|summary| summary.outcome == "ok"), "{summaries:?}");
    let again = &simulation.requests()[before..];
    let repositories = simulation.organisation().configured_repositories().len();
    assert!(
        again.iter().all(|request| request.status == 304 || request.status == 409 || request.status == 301),
        "{again:?}"
    );
    assert!(again.len() <= 2 * repositories + 4, "{} requests for {repositories} repositories", again.len());
    assert_eq!(host.database.dump("raw").await, first_dump);
    host.finish().await;
}
