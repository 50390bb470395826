//! A fact exists once: one that moves to another week leaves the old one, and one that was told stays where it was told.

use jiff::Timestamp;
use quintant::ingest::Arrival;
use quintant::model::{Commit, FactBody, FactKind, RawFact, RawIdentity, RawKey, Retraction};
use quintant::plugin::Page;
use quintant::store::{Lease, Reading};
use quintant_tests::{Host, HostOptions, github_source, simulation_end};

/// Weeks of one epoch; the next one begins on 26 October.
const MONDAY: &str = "2026-10-12T09:00:00Z";
const NEXT_WEEK: &str = "2026-10-20T09:00:00Z";
const NEXT_EPOCH: &str = "2026-10-27T09:00:00Z";
const WEEKS: [i64; 3] = [2962, 2963, 2964];

/// A feed of commits, page by page.
struct Feed {
    host: Host,
    lease: Lease,
}

impl Feed {
    async fn open() -> Self {
        let text = github_source("http://127.0.0.1:9", "repositories = [\"acme/app\"]");
        let host = Host::for_text(&text, HostOptions::default()).await;
        let source = host.app.store().source_register(&"github".parse().unwrap()).await.unwrap();
        let keep_from = host.app.setup.pipe.keep_from(simulation_end());
        host.app.store().feed_open(source, &"commits".parse().unwrap(), keep_from, keep_from).await.unwrap();
        let lease = host.app.store().lease_claim(source, "test").await.unwrap().unwrap();
        Self { lease, host }
    }

    /// Answers how many came late.
    async fn page(&self, facts: Vec<RawFact>, retractions: Vec<Retraction<RawKey>>) -> u32 {
        let pipe = &self.host.app.setup.pipe;
        let (name, feed, now) = ("github".parse().unwrap(), "commits".parse().unwrap(), simulation_end());
        let page = Page {
            facts,
            unreadable: 0,
            retractions,
            problems: Vec::new(),
            covered_through: None,
            cursor: None,
            more: false,
            progress: None,
        };
        let (emits, keep_from) = (&[FactKind::Commit], pipe.keep_from(now));
        let arrival = Arrival { source: &name, reading: Reading::Onward, emits, now, keep_from };
        pipe.page(self.host.app.store(), self.lease, &feed, page, &arrival).await.unwrap().late
    }

    async fn lands(&self, at: &str) -> u32 {
        self.page(vec![commit("c1", at)], Vec::new()).await
    }

    async fn weeks(&self) -> Vec<i64> {
        self.host.database.numbers("SELECT week::bigint FROM raw.commit ORDER BY week").await
    }

    /// As a release does with what it tells.
    async fn tell(&self) {
        let told = "INSERT INTO raw.assignment SELECT week, 'commit', author, 'amber' FROM raw.commit";
        self.host.database.execute(told).await;
    }
}

fn commit(sha: &str, at: &str) -> RawFact {
    let author = RawIdentity::new("17".to_owned(), vec!["dev-017".to_owned()], false);
    RawFact {
        key: RawKey::new(sha),
        at: at.parse::<Timestamp>().unwrap(),
        body: FactBody::Commit(Commit { sha: RawKey::new(sha), author: Some(author), parents: 1 }),
    }
}

#[tokio::test]
async fn a_fact_that_moves_to_another_week_leaves_the_old_one() {
    let feed = Feed::open().await;
    for (at, week) in [(MONDAY, WEEKS[0]), (NEXT_WEEK, WEEKS[1]), (NEXT_EPOCH, WEEKS[2]), (MONDAY, WEEKS[0])] {
        feed.lands(at).await;
        assert_eq!(feed.weeks().await, [week]);
    }
    feed.host.finish().await;
}

#[tokio::test]
async fn a_fact_that_was_told_stays_where_it_was_told() {
    let feed = Feed::open().await;
    feed.lands(MONDAY).await;
    feed.tell().await;
    for at in [NEXT_WEEK, NEXT_EPOCH] {
        feed.lands(at).await;
        assert_eq!(feed.weeks().await, [WEEKS[0]]);
    }
    // Others of its page are stored nevertheless.
    feed.page(vec![commit("c1", NEXT_EPOCH), commit("c2", NEXT_EPOCH)], Vec::new()).await;
    assert_eq!(feed.weeks().await, [WEEKS[0], WEEKS[2]]);
    feed.host.finish().await;
}

#[tokio::test]
async fn a_retracted_fact_is_gone_unless_it_was_told() {
    let feed = Feed::open().await;
    let retracted = || vec![Retraction { kind: FactKind::Commit, key: RawKey::new("c1") }];
    for at in [MONDAY, NEXT_EPOCH] {
        feed.lands(at).await;
        feed.page(Vec::new(), retracted()).await;
        assert_eq!(feed.weeks().await, [] as [i64; 0]);
    }
    feed.lands(MONDAY).await;
    feed.tell().await;
    feed.page(Vec::new(), retracted()).await;
    assert_eq!(feed.weeks().await, [WEEKS[0]]);
    feed.host.finish().await;
}

#[tokio::test]
async fn only_what_changes_a_released_week_is_late() {
    let feed = Feed::open().await;
    assert_eq!(feed.lands(MONDAY).await, 0);
    feed.host.database.execute("INSERT INTO release.span VALUES ('amber', 2962, 1, '{amber}', true)").await;
    feed.host.database.execute("INSERT INTO release.atom VALUES ('amber', 2962, 'commit', 0)").await;
    assert_eq!(feed.lands(MONDAY).await, 0);
    let facts = vec![commit("c1", MONDAY), commit("c2", MONDAY), commit("c3", NEXT_WEEK)];
    assert_eq!(feed.page(facts, Vec::new()).await, 1);
    feed.host.finish().await;
}
