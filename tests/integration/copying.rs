//! What is new goes into the database by another way than what is known; nobody could tell by what lies there afterwards.

use jiff::{SignedDuration, Timestamp};
use quintant::model::{
    Alias, Change, Commit, EntityKey, Fact, FactBody, Linked, Pseudonym, Review, ReviewState, Spelling, StampedFact,
    Week,
};
use quintant::store::{Expected, ListVersion, PageRows, Reading, Stored};
use quintant_tests::CommitFeed;

const WEEK: Week = Week::from_index(2962);

#[tokio::test]
async fn what_was_new_is_unchanged_when_it_is_read_again() {
    let feed = CommitFeed::open().await;
    feed.host.app.store().epochs_open(&(WEEK.epoch()..=WEEK.epoch())).await.unwrap();
    let at = "2026-10-12T09:00:00Z".parse().unwrap();
    let bodies = || [full_change(at), bare_change(at), review(Some(7)), review(None), commit(Some(3)), commit(None)];
    let versions = "SELECT xmin::text::bigint FROM raw.change UNION ALL SELECT xmin::text::bigint FROM raw.review
                    UNION ALL SELECT xmin::text::bigint FROM raw.commit";
    store(&feed, page(bodies(), at)).await;
    let written = feed.host.database.numbers(versions).await;
    assert_eq!(written.len(), 6);
    store(&feed, page(bodies(), at)).await;
    assert_eq!(feed.host.database.numbers(versions).await, written);
    // It is seen when something did change.
    store(&feed, page(bodies(), at + SignedDuration::from_mins(1))).await;
    let rewritten = feed.host.database.numbers(versions).await;
    assert!(rewritten.iter().all(|version| !written.contains(version)), "{written:?} {rewritten:?}");
    feed.host.finish().await;
}

#[tokio::test]
async fn what_was_expected_to_be_new_and_was_not_is_looked_up_after_all() {
    let feed = CommitFeed::open().await;
    feed.host.app.store().epochs_open(&(WEEK.epoch()..=WEEK.epoch())).await.unwrap();
    let at = "2026-10-12T09:00:00Z".parse().unwrap();
    let bodies = || [full_change(at), bare_change(at), review(Some(7)), review(None), commit(Some(3)), commit(None)];
    let rows = "SELECT (SELECT count(*) FROM raw.change) + (SELECT count(*) FROM raw.review) + (SELECT count(*) FROM raw.commit)";
    for known in [0, 6] {
        let stored = store_expecting(&feed, page(bodies(), at), Expected::New).await;
        assert_eq!(stored, Stored { late: 0, known });
        assert_eq!(feed.host.database.count(rows).await, 6);
    }
    feed.host.finish().await;
}

#[tokio::test]
async fn a_spelling_is_kept_from_the_last_week_it_was_seen_in() {
    let feed = CommitFeed::open().await;
    for (week, expected) in [(2962, 2962), (2962, 2962), (2963, 2963), (2962, 2963)] {
        let (alias, account) = (Alias::from_bytes([1; 16]), Pseudonym::from_bytes([2; 16]));
        let spellings = vec![Spelling { epoch: WEEK.epoch(), alias, account }];
        store(&feed, PageRows { week: Week::from_index(week), spellings, ..empty() }).await;
        let seen = feed.host.database.numbers("SELECT last_seen_week::bigint FROM raw.alias").await;
        assert_eq!(seen, [expected]);
    }
    feed.host.finish().await;
}

async fn store(feed: &CommitFeed, rows: PageRows) -> Stored {
    store_expecting(feed, rows, Expected::Anything).await
}

async fn store_expecting(feed: &CommitFeed, rows: PageRows, expected: Expected) -> Stored {
    feed.host.app.store().page_store(feed.lease, &"commits".parse().unwrap(), &rows, expected).await.unwrap()
}

fn page(bodies: [FactBody<Pseudonym, EntityKey>; 6], at: Timestamp) -> PageRows {
    let stamp = |(number, body)| StampedFact {
        week: WEEK,
        fact: Fact { key: entity(number), at, body },
        keys_elsewhere: vec![(WEEK.epoch().before(), entity(number + 100))],
        earlier_change: Some(entity(number + 50)),
    };
    PageRows { facts: (0..).zip(bodies).map(stamp).collect(), ..empty() }
}

fn empty() -> PageRows {
    PageRows {
        reading: Reading::Onward,
        more: true,
        facts: Vec::new(),
        retractions: Vec::new(),
        spellings: Vec::new(),
        opt_outs: ListVersion::default(),
        learned: Vec::new(),
        cursor: None,
        covered_through: None,
        week: WEEK,
    }
}

/// No two columns alike, so that none can stand in the place of another.
fn full_change(at: Timestamp) -> FactBody<Pseudonym, EntityKey> {
    let after = |minutes| at + SignedDuration::from_mins(minutes);
    FactBody::Change(Change {
        repository: entity(20),
        change: entity(21),
        owner: Some("amber".parse().unwrap()),
        author: person(22),
        merged: true,
        to_default_branch: false,
        first_commit_at: Some(after(-5)),
        opened_at: at,
        ready_at: Some(after(1)),
        first_review_at: Some(after(2)),
        first_reviewer: person(23),
        approved_at: Some(after(3)),
        merge_commit: Some(entity(24)),
        additions: Some(1),
        deletions: Some(2),
        files: Some(u32::MAX),
        review_comments: Some(4),
        reverts: Some(entity(25)),
    })
}

fn bare_change(at: Timestamp) -> FactBody<Pseudonym, EntityKey> {
    FactBody::Change(Change {
        repository: entity(20),
        change: entity(26),
        owner: None,
        author: None,
        merged: false,
        to_default_branch: true,
        first_commit_at: None,
        opened_at: at,
        ready_at: None,
        first_review_at: None,
        first_reviewer: None,
        approved_at: None,
        merge_commit: None,
        additions: None,
        deletions: None,
        files: None,
        review_comments: None,
        reverts: None,
    })
}

fn review(comments: Option<u32>) -> FactBody<Pseudonym, EntityKey> {
    let (change_author, reviewer) = (person(22), comments.and_then(|_| person(23)));
    FactBody::Review(Review {
        change: entity(21),
        change_author,
        reviewer,
        state: ReviewState::ChangesRequested,
        comments,
    })
}

fn commit(author: Option<u8>) -> FactBody<Pseudonym, EntityKey> {
    let repository = Linked { key: entity(28), earlier: author.map(|_| entity(29)) };
    FactBody::Commit(Commit { repository, sha: entity(27), author: author.and_then(person), parents: 2 })
}

fn entity(number: u8) -> EntityKey {
    EntityKey::from_bytes([number; 16])
}

fn person(number: u8) -> Option<Pseudonym> {
    Some(Pseudonym::from_bytes([number; 16]))
}
