//! A fact exists once: one that moves to another week leaves the old one, and one that was told stays where it was told.

use quintant::model::{FactKind, RawKey, Retraction};
use quintant_tests::{CommitFeed, commit};

/// Weeks of one epoch; the next one begins on 26 October.
const MONDAY: &str = "2026-10-12T09:00:00Z";
const NEXT_WEEK: &str = "2026-10-20T09:00:00Z";
const NEXT_EPOCH: &str = "2026-10-27T09:00:00Z";
const WEEKS: [i64; 3] = [2962, 2963, 2964];

#[tokio::test]
async fn a_fact_that_moves_to_another_week_leaves_the_old_one() {
    let feed = CommitFeed::open().await;
    for (at, week) in [(MONDAY, WEEKS[0]), (NEXT_WEEK, WEEKS[1]), (NEXT_EPOCH, WEEKS[2]), (MONDAY, WEEKS[0])] {
        feed.lands(at).await;
        assert_eq!(feed.weeks().await, [week]);
    }
    feed.host.finish().await;
}

#[tokio::test]
async fn a_fact_that_was_told_stays_where_it_was_told() {
    let feed = CommitFeed::open().await;
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
    let feed = CommitFeed::open().await;
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
    let feed = CommitFeed::open().await;
    assert_eq!(feed.lands(MONDAY).await, 0);
    feed.host.database.execute("INSERT INTO release.span VALUES ('amber', 2962, 1, '{amber}', true)").await;
    feed.host.database.execute("INSERT INTO release.atom (cell, start_week, weeks, teams, admitted, family, facet, released_ms) VALUES ('amber', 2962, 1, '{amber}', true, 'commit', '', 0)").await;
    assert_eq!(feed.lands(MONDAY).await, 0);
    let facts = vec![commit("c1", MONDAY), commit("c2", MONDAY), commit("c3", NEXT_WEEK)];
    assert_eq!(feed.page(facts, Vec::new()).await, 1);
    feed.host.finish().await;
}
