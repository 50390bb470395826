//! The made-up organisation is deterministic, consistent, and odd in every way that GitHub is.

use std::collections::{BTreeMap, HashSet};

use super::*;

fn organisation() -> Organisation {
    Organisation::generate(1, "2026-07-01T12:00:00Z".parse().unwrap())
}

#[test]
fn the_same_seed_and_end_give_the_same_organisation() {
    let end = "2026-07-01T12:00:00Z".parse().unwrap();
    assert_eq!(Organisation::generate(7, end), Organisation::generate(7, end));
    assert_ne!(Organisation::generate(7, end), Organisation::generate(8, end));
}

#[test]
fn nothing_happens_at_or_after_the_end() {
    let organisation = organisation();
    for repository in &organisation.repositories {
        assert!(repository.pushes.iter().all(|push| push.at < organisation.end));
        for change in &repository.changes {
            assert!(change.opened_at < organisation.end);
            assert!(change.events.iter().all(|event| event.at < organisation.end && event.at >= change.opened_at));
            assert!(change.reviews.iter().all(|review| review.at < organisation.end && review.at >= change.opened_at));
        }
    }
}

#[test]
fn first_parents_never_go_back_in_time_and_children_are_never_older_than_parents() {
    for repository in organisation().repositories {
        for commit in &repository.commits {
            for &parent in &commit.parents {
                assert!(
                    repository.commits[parent].committed_at <= commit.committed_at,
                    "{} in {}",
                    commit.sha,
                    repository.name
                );
            }
        }
    }
}

#[test]
fn a_week_sees_sixty_to_ninety_changes() {
    let organisation = organisation();
    let mut opened: BTreeMap<i64, usize> = BTreeMap::new();
    for change in organisation.repositories.iter().flat_map(|repository| &repository.changes) {
        *opened.entry((change.opened_at.as_second() - organisation.start.as_second()) / 604_800).or_default() += 1;
    }
    let mean = opened.values().sum::<usize>() / opened.len();
    assert!((60..=95).contains(&mean), "{mean} a week, {opened:?}");
}

#[test]
fn every_oddity_of_github_occurs() {
    let organisation = organisation();
    let changes: Vec<&Change> = organisation.repositories.iter().flat_map(|repository| &repository.changes).collect();
    let has = |change: &Change, kind: EventKind| change.events.iter().any(|event| event.kind == kind);
    let twice_ready =
        |change: &&&Change| change.events.iter().filter(|event| event.kind == EventKind::ReadyForReview).count() > 1;
    assert!(
        changes.iter().any(|change| has(change, EventKind::Reopened) && change.merge().is_some()),
        "reopened and merged"
    );
    assert!(changes.iter().any(|change| has(change, EventKind::Closed) && change.merge().is_none()), "closed");
    assert!(changes.iter().any(|change| change.opened_as_draft && change.events.is_empty()), "still a draft");
    assert!(changes.iter().filter(twice_ready).count() > 3, "ready twice");
    assert!(changes.iter().any(|change| change.author.is_none()), "author null");
    assert!(
        changes.iter().any(|change| change.reviews.iter().any(|review| review.state == ReviewState::Pending)),
        "pending"
    );
    assert!(
        changes.iter().any(|change| change.reviews.iter().any(|review| review.dismissed_at.is_some())),
        "dismissed"
    );
    assert!(
        changes.iter().any(|change| change.reviews.iter().any(|review| review.reviewer == change.author)),
        "self-review"
    );
    assert!(
        changes.iter().any(|change| change.reviews.iter().any(|review| review.reviewer.is_none())),
        "reviewer null"
    );
    assert!(organisation.repositories.iter().any(|repository| repository.commits.is_empty()), "empty repository");
    assert!(organisation.repositories.iter().any(|repository| repository.former_name.is_some()), "renamed repository");
    let commits: Vec<&Commit> = organisation.repositories.iter().flat_map(|repository| &repository.commits).collect();
    assert!(commits.iter().any(|commit| commit.parents.len() > 1), "merge commit");
    assert!(commits.iter().any(|commit| commit.author.account == CommitAccount::Empty), "author object empty");
    assert!(commits.iter().any(|commit| commit.author.account == CommitAccount::Null), "author null");
    let shas: HashSet<&str> = commits.iter().map(|commit| commit.sha.as_str()).collect();
    assert_eq!(shas.len(), commits.len(), "shas are distinct");
}

#[test]
fn the_default_scale_is_the_story_itself_and_a_larger_one_has_as_much_of_everything_in_each_division() {
    let end = "2026-07-01T12:00:00Z".parse().unwrap();
    let organisation = organisation();
    assert_eq!(Organisation::generate_at(Scale::default(), 1, end), organisation);
    let large = Organisation::generate_at(Scale { divisions: 3, weeks: 52 }, 1, end);
    assert_eq!(large.teams.len(), 3 * organisation.teams.len());
    assert_eq!(large.repositories.len(), 3 * organisation.repositories.len());
    let names: HashSet<&str> = large.repositories.iter().map(|repository| repository.name.as_str()).collect();
    assert_eq!(names.len(), large.repositories.len());
    let six_times = |of: usize| of * 6 * 9 / 10..of * 6 * 11 / 10;
    let changes = |of: &Organisation| of.repositories.iter().map(|repository| repository.changes.len()).sum::<usize>();
    assert!(six_times(changes(&organisation)).contains(&changes(&large)), "{}", changes(&large));
    let attempts = |of: &Organisation| of.delivery.pipelines.iter().map(|of| of.attempts.len()).sum::<usize>();
    assert!(six_times(attempts(&organisation)).contains(&attempts(&large)), "{}", attempts(&large));
    let posts = (organisation.chat.posts.len(), large.chat.posts.len());
    assert!(six_times(posts.0).contains(&posts.1), "{posts:?}");
}
