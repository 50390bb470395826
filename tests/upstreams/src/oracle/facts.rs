//! Lists what happened, read from the story event by event: merged changes, reviewed pairs and landed commits.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::civil::Date;

use super::people::{Person, Who, who, who_committed};
use super::spans::monday_at_or_before;
use crate::organisation::{Change, EventKind, Organisation, Repository, ReviewState, date_of};

/// A change that a human, or nobody known, got merged.
pub(super) struct Merged {
    /// The Monday of its week.
    pub(super) week: Date,
    pub(super) repository: String,
    pub(super) author: Option<Person>,
    pub(super) first_review: Option<FirstReview>,
}

pub(super) struct FirstReview {
    pub(super) reviewer: Person,
    pub(super) waited_seconds: i64,
}

/// The first time that somebody reviewed somebody else's change.
pub(super) struct Reviewed {
    /// The Monday of its week.
    pub(super) week: Date,
    pub(super) reviewer: Person,
    /// None: a bot, or nobody known.
    pub(super) author: Option<Person>,
}

/// A commit without merges that reached the default branch.
pub(super) struct Landed {
    /// The Monday of its week.
    pub(super) week: Date,
    pub(super) author: Person,
}

pub(super) fn merged(organisation: &Organisation, from: Timestamp, to: Timestamp) -> Vec<Merged> {
    let mut found = Vec::new();
    for repository in &organisation.repositories {
        for change in &repository.changes {
            let Some((at, _)) = change.merge() else {
                continue;
            };
            if at < from || at >= to {
                continue;
            }
            let author = match who(organisation, change.author) {
                Who::Bot => continue,
                Who::Nobody => None,
                Who::Person(person) => Some(person),
            };
            let first_review = first_review(organisation, change, author.as_ref(), at);
            found.push(Merged { week: week_of(at), repository: repository.name.clone(), author, first_review });
        }
    }
    found
}

/// A review that came only after the merge is none that the change waited for.
fn first_review(
    organisation: &Organisation,
    change: &Change,
    author: Option<&Person>,
    merged_at: Timestamp,
) -> Option<FirstReview> {
    let mut first: Option<(Timestamp, Person)> = None;
    for review in &change.reviews {
        if review.state == ReviewState::Pending || review.at > merged_at {
            continue;
        }
        let Who::Person(reviewer) = who(organisation, review.reviewer) else {
            continue;
        };
        let earlier = first.as_ref().is_none_or(|(at, _)| review.at < *at);
        if Some(&reviewer) != author && earlier {
            first = Some((review.at, reviewer));
        }
    }
    let (reviewed_at, reviewer) = first?;
    let asked_at = match ready_at(change, merged_at) {
        Some(ready_at) if ready_at <= reviewed_at => ready_at,
        _ => change.opened_at,
    };
    Some(FirstReview { reviewer, waited_seconds: reviewed_at.as_second() - asked_at.as_second() })
}

/// The last time it stopped being a draft before it was closed.
fn ready_at(change: &Change, closed_at: Timestamp) -> Option<Timestamp> {
    let ready = change.events.iter().filter(|event| event.kind == EventKind::ReadyForReview && event.at <= closed_at);
    ready.map(|event| event.at).max()
}

pub(super) fn reviewed(organisation: &Organisation, from: Timestamp, to: Timestamp) -> Vec<Reviewed> {
    let mut found = Vec::new();
    for change in organisation.repositories.iter().flat_map(|repository| &repository.changes) {
        let author = who(organisation, change.author).person();
        let mut pairs: Vec<(Timestamp, Person)> = Vec::new();
        for review in &change.reviews {
            if review.state == ReviewState::Pending || review.at < from || review.at >= to {
                continue;
            }
            let Who::Person(reviewer) = who(organisation, review.reviewer) else {
                continue;
            };
            if Some(&reviewer) == author.as_ref() {
                continue;
            }
            match pairs.iter_mut().find(|(_, known)| *known == reviewer) {
                Some((first, _)) => *first = review.at.min(*first),
                None => pairs.push((review.at, reviewer)),
            }
        }
        found.extend(pairs.into_iter().map(|(first, reviewer)| Reviewed {
            week: week_of(first),
            reviewer,
            author: author.clone(),
        }));
    }
    found
}

pub(super) fn landed(organisation: &Organisation, from: Timestamp, to: Timestamp) -> Vec<Landed> {
    let mut found = Vec::new();
    for repository in &organisation.repositories {
        for (at, commit) in landings(repository, to) {
            let commit = &repository.commits[commit];
            if at < from || at >= to || commit.parents.len() > 1 {
                continue;
            }
            if let Who::Person(author) = who_committed(organisation, &commit.author) {
                found.push(Landed { week: week_of(at), author });
            }
        }
    }
    found
}

fn week_of(at: Timestamp) -> Date {
    monday_at_or_before(date_of(at))
}

/// Every commit reachable from the head of that instant, with the committer date of the first-parent commit that brought it.
pub(super) fn landings(repository: &Repository, now: Timestamp) -> Vec<(Timestamp, usize)> {
    let mut chain = Vec::new();
    let mut next = repository.head_at(now);
    while let Some(position) = next {
        chain.push(position);
        next = repository.commits[position].parents.first().copied();
    }
    let mut seen = HashSet::new();
    let mut landings = Vec::new();
    for &brought_by in chain.iter().rev() {
        let at = repository.commits[brought_by].committed_at;
        let mut waiting = vec![brought_by];
        while let Some(position) = waiting.pop() {
            if seen.insert(position) {
                landings.push((at, position));
                waiting.extend(&repository.commits[position].parents);
            }
        }
    }
    landings
}
