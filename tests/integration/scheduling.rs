//! Which host reads a source, and when it lets go of it.

use std::sync::Arc;
use std::time::Duration;

use quintant::app::{App, Collector};
use quintant::plugin::Limits;
use quintant::store::RunSummary;
use quintant_tests::{Host, HostOptions, SEED, Served, github_source, guest_sources, simulation_end};
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::organisation::Organisation;
use quintant_upstreams::script::{Answer, Behaviour, Script, Scripted};
use serde_json::json;
use tokio_util::sync::CancellationToken;

const EMPTY: &str = "{\"message\":\"Git Repository is empty.\"}";

/// A repository without work; the listing of its pull requests hangs until it is healed.
async fn hanging() -> Scripted {
    Script::new()
        .until_healed("/repos/octo/app/pulls", Answer::new(200, "").behaving(Behaviour::Hang))
        .on("/repos/octo/app/pulls", Answer::json(200, &json!([])))
        .on("/repos/octo/app", Answer::new(409, EMPTY).header("content-type", "application/json"))
        .start()
        .await
        .unwrap()
}

async fn host_of(upstream: &Scripted) -> Host {
    let limits = Limits { request: Duration::from_secs(2), retry_pause: Duration::from_millis(1), ..Limits::default() };
    let text = github_source(upstream.url(), "repositories = [\"octo/app\"]");
    Host::for_text(&text, HostOptions { limits, ..HostOptions::default() }).await
}

async fn until_asked(upstream: &Scripted) {
    while upstream.connections() == 0 {
        tokio::task::yield_now().await;
    }
}

async fn read_by(app: &App) -> Vec<RunSummary> {
    Collector::new(app, CancellationToken::new()).run_source(&app.setup.sources[0]).await.unwrap()
}

async fn leases(host: &Host) -> i64 {
    host.database.count("SELECT count(*) FROM app.source WHERE lease_until IS NOT NULL").await
}

/// Differs when anything of a feed differs: a cursor is sealed anew each time it is stored.
async fn feeds(host: &Host) -> Vec<i64> {
    host.database.numbers("SELECT hashtext(feed::text)::bigint FROM app.feed ORDER BY name").await
}

#[tokio::test(flavor = "multi_thread")]
async fn scenario_24_two_hosts_on_one_database_read_each_feed_once() {
    let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
    let organisation = Arc::new(Organisation::generate(SEED, simulation_end()));
    let alone = Simulation::start(Arc::clone(&organisation), options.clone()).await.unwrap();
    let host = Host::for_organisation(&organisation, alone.url(), HostOptions::default()).await;
    host.collect().await;
    host.finish().await;

    let shared = Simulation::start(Arc::clone(&organisation), options).await.unwrap();
    let host = Host::for_organisation(&organisation, shared.url(), HostOptions::default()).await;
    let replicas = [Served::start(host.replica().await).await, Served::start(host.replica().await).await];
    let runs = "SELECT count(*) FROM app.run WHERE ended_ms IS NOT NULL AND outcome = 'ok'";
    while host.database.count(runs).await < 2 || leases(&host).await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for replica in replicas {
        replica.stop().await;
    }
    assert_eq!(host.database.count("SELECT count(*) FROM app.run").await, 2);
    assert_eq!(shared.requests().len(), alone.requests().len());
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_for_the_one_that_is_going_on() {
    let upstream = hanging().await;
    let host = host_of(&upstream).await;
    let replica = host.replica().await;
    let (first, second) = tokio::join!(host.collect(), async {
        until_asked(&upstream).await;
        let second = read_by(&replica);
        upstream.heal();
        second.await
    });
    assert!(first.iter().chain(&second).all(|run| run.outcome == "ok"), "{first:?} {second:?}");
    let overlapping = "SELECT count(*) FROM app.run a JOIN app.run b ON a.id < b.id AND b.id <= 2 AND a.feed = b.feed";
    assert_eq!(
        host.database.count(overlapping).await,
        0,
        "both feeds of the first run come before those of the second"
    );
    assert_eq!(leases(&host).await, 0);
    replica.close().await.unwrap();
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_lost_its_lease_stores_nothing_more() {
    let upstream = hanging().await;
    let host = host_of(&upstream).await;
    let replica = host.replica().await;
    let (first, second) = tokio::join!(host.collect(), async {
        until_asked(&upstream).await;
        // As when its host stands still for a minute.
        host.database.execute("UPDATE app.source SET lease_until = now() - interval '1 second'").await;
        upstream.heal();
        let second = read_by(&replica).await;
        (second, feeds(&host).await)
    });
    let (second, stored) = second;
    assert!(second.iter().all(|run| run.outcome == "ok"), "{second:?}");
    let codes: Vec<Option<&str>> = first.iter().map(|run| run.code.as_deref()).collect();
    assert_eq!(codes, [Some("overtaken")], "no further feed is run");
    assert_eq!(feeds(&host).await, stored);
    replica.close().await.unwrap();
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_stops_hands_its_source_over_at_once() {
    let upstream = hanging().await;
    let host = host_of(&upstream).await;
    let replica = host.replica().await;
    let served = Served::start(host.replica().await).await;
    until_asked(&upstream).await;
    assert_eq!(leases(&host).await, 1);
    served.stop().await;
    assert_eq!(leases(&host).await, 0);
    assert_eq!(host.database.count("SELECT count(*) FROM app.run WHERE code = 'cancelled'").await, 1);
    upstream.heal();
    assert!(read_by(&replica).await.iter().all(|run| run.outcome == "ok"));
    replica.close().await.unwrap();
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_fails_again_and_again_is_put_in_quarantine() {
    let host = Host::for_text(&guest_sources("http://127.0.0.1:9", &["trap"]), HostOptions::default()).await;
    let source = &host.app.setup.sources[0];
    let feed = &source.feeds[0];
    let id = host.app.store().source_register(&source.name).await.unwrap();
    let mut waits = Vec::new();
    for number in 0..5 {
        host.set_now(simulation_end() + jiff::SignedDuration::from_hours(number));
        host.collect().await;
        let last = host.app.store().last_run_fetch(id, &feed.name).await.unwrap().unwrap();
        assert_eq!(i64::from(last.strikes), number + 1);
        let due = host.app.setup.rhythm(source, feed).due(Some(&last));
        waits.push(due.duration_since(last.started).as_secs_f64() / feed.interval.as_secs_f64());
    }
    assert!(waits[1] <= 1.1, "{waits:?}");
    assert_eq!(waits[2..], [2.0, 4.0, 8.0]);
    host.finish().await;
}
