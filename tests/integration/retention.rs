//! What is past its retention is gone, and with an epoch's salt the way from a login to its pseudonym.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use quintant::app::Collector;
use quintant::model::{Epoch, FactBody, Pseudonym};
use quintant::pseudonym::{IdentityKey, pseudonymize};
use quintant_tests::{CommitFeed, Host, HostOptions, SEED, commit, simulation_end};
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::organisation::Organisation;
use tokio_util::sync::CancellationToken;

const EPOCH: Epoch = Epoch::from_index(227);
const IN_EPOCH: &str = "2026-10-12T09:00:00Z";
const IN_THE_NEXT: &str = "2026-10-27T09:00:00Z";
/// Whoever keeps 90 days keeps nothing of the epoch, and the first week of the next one.
const LATER: &str = "2027-01-26T12:00:00Z";

async fn forget(feed: &CommitFeed) {
    Collector::new(&feed.host.app, CancellationToken::new()).forget().await.unwrap();
}

/// Every pseudonym that the key file and what is left in the database make of the known account.
async fn derivable(feed: &CommitFeed) -> BTreeSet<Pseudonym> {
    let config = &feed.host.app.setup.config;
    let key = IdentityKey::load_or_create(&config.privacy.identity_key).unwrap();
    let keys = key.epochs(&feed.host.app.store().salts_fetch().await.unwrap());
    let facts = [IN_EPOCH, IN_THE_NEXT, LATER].map(|at| commit("c", at)).to_vec();
    let known = pseudonymize(&keys, &"github".parse().unwrap(), &config.calendar, facts, &[]);
    let author = |body: &FactBody<Pseudonym, _>| match body {
        FactBody::Commit(commit) => commit.author,
        _ => None,
    };
    known.facts.iter().filter_map(|stamped| author(&stamped.fact.body)).collect()
}

async fn stored(feed: &CommitFeed, sql: &'static str) -> BTreeSet<Pseudonym> {
    let accounts: Vec<Vec<u8>> = feed.host.database.bytes(sql).await;
    accounts.into_iter().map(|bytes| Pseudonym::from_bytes(bytes.try_into().unwrap())).collect()
}

#[tokio::test]
async fn rule_r11_with_an_epoch_goes_the_way_from_a_login_to_its_pseudonym() {
    let feed = CommitFeed::open().await;
    feed.page(vec![commit("c1", IN_EPOCH), commit("c2", IN_THE_NEXT)], Vec::new()).await;
    feed.tell().await;
    forget(&feed).await;
    let copied = stored(&feed, "SELECT author FROM raw.commit").await;
    assert_eq!((copied.len(), derivable(&feed).await), (2, copied.clone()));

    feed.host.set_now(LATER.parse::<Timestamp>().unwrap());
    forget(&feed).await;
    let left = stored(&feed, "SELECT author FROM raw.commit").await;
    assert_eq!(left.len(), 1);
    let derivable = derivable(&feed).await;
    assert_eq!(copied.intersection(&derivable).collect::<Vec<_>>(), left.iter().collect::<Vec<_>>());
    for sql in ["SELECT account FROM raw.alias", "SELECT account FROM raw.assignment"] {
        assert_eq!(stored(&feed, sql).await, left, "{sql}");
    }
    assert!(!feed.host.app.store().salts_fetch().await.unwrap().contains_key(&EPOCH));
    assert_eq!(feed.host.database.count("SELECT count(*) FROM pg_class WHERE relname LIKE '%\\_e227'").await, 0);
    feed.host.finish().await;
}

#[tokio::test]
async fn rule_r11_old_weeks_go_while_their_epoch_stays() {
    let feed = CommitFeed::open().await;
    feed.page(vec![commit("c1", IN_EPOCH), commit("c2", "2026-10-20T09:00:00Z")], Vec::new()).await;
    forget(&feed).await;
    assert_eq!(feed.weeks().await, [2962, 2963], "what is not old stays");
    feed.host.set_now("2027-01-18T12:00:00Z".parse::<Timestamp>().unwrap());
    forget(&feed).await;
    assert_eq!(feed.weeks().await, [2963]);
    assert!(feed.host.app.store().salts_fetch().await.unwrap().contains_key(&EPOCH));
    feed.host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_r11_a_host_that_nobody_asks_and_no_source_feeds_forgets_too() {
    let feed = CommitFeed::open().await;
    feed.page(vec![commit("c1", IN_EPOCH)], Vec::new()).await;
    feed.host.set_now(LATER.parse::<Timestamp>().unwrap());
    let left = "SELECT (SELECT count(*) FROM raw.commit) + (SELECT count(*) FROM raw.alias) + (SELECT count(*) FROM app.epoch WHERE epoch = 227)";
    assert_eq!(feed.host.database.count(left).await, 3, "nothing goes before a host runs");
    let (served, database, _folder) = feed.host.serve().await;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    while database.count(left).await > 0 {
        assert!(tokio::time::Instant::now() < deadline, "nothing is forgotten");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    served.stop().await;
    database.drop_now().await;
}

#[tokio::test]
async fn a_run_that_began_before_brings_no_epoch_back() {
    let feed = CommitFeed::open().await;
    feed.page(vec![commit("c1", IN_EPOCH)], Vec::new()).await;
    let other = feed.host.replica().await;
    feed.host.set_now(LATER.parse::<Timestamp>().unwrap());
    // Another host's, so that this one still has the salt.
    Collector::new(&other, CancellationToken::new()).forget().await.unwrap();
    feed.page(vec![commit("c2", IN_EPOCH), commit("c3", IN_THE_NEXT)], Vec::new()).await;
    assert_eq!(feed.weeks().await, [2964]);
    assert!(!feed.host.app.store().salts_fetch().await.unwrap().contains_key(&EPOCH));
    assert_eq!(feed.host.database.count("SELECT count(*) FROM pg_class WHERE relname LIKE '%\\_e227'").await, 0);
    other.close().await.unwrap();
    feed.host.finish().await;
}

#[tokio::test]
async fn hosts_that_open_an_epoch_at_once_share_its_salt() {
    let feed = CommitFeed::open().await;
    let other = feed.host.replica().await;
    let epochs = EPOCH..=Epoch::from_index(228);
    let (one, two) = tokio::join!(feed.host.app.store().epochs_open(&epochs), other.store().epochs_open(&epochs));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!((one.len(), one == two), (2, true));
    assert!(one[&EPOCH] != one[&Epoch::from_index(228)]);
    other.close().await.unwrap();
    feed.host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_span_that_is_partly_gone_is_never_told() {
    let until = simulation_end();
    let organisation = Arc::new(Organisation::generate(SEED, until));
    let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
    let simulation = Simulation::start(Arc::clone(&organisation), options).await.unwrap();
    let now = until - SignedDuration::from_hours(17 * 24);
    simulation.set_now(now);
    let host =
        Host::for_organisation(&organisation, simulation.url(), HostOptions { now, ..HostOptions::default() }).await;
    host.collect().await;
    // As an operator who looks at it for some weeks before release is started.
    simulation.set_now(until);
    host.set_now(until);
    host.collect().await;
    assert!(host.release().await > 0);
    let kept = host.app.setup.config.calendar.first_week_from(host.app.setup.pipe.keep_from(until));
    let earliest = "SELECT min(start_week)::bigint FROM release.atom";
    assert_eq!(host.database.numbers(earliest).await, [i64::from(kept.index())]);
    host.finish().await;
}
