//! Lists what happened to code, read from the story event by event: merged changes, reviewed pairs and landed commits.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::civil::Date;

use super::Oracle;
use super::calendar::epoch;
use super::people::{Person, Who, who, who_committed};
use crate::github::first_commit_authored_at;
use crate::organisation::{Change, EventKind, Organisation, Repository, ReviewState};

/// A change that a human, or nobody known, got merged.
pub(super) struct Merged {
    /// The Monday of its week.
    pub(super) week: Date,
    /// Positions of the repository and of the commit that the merge made.
    pub(super) repository: usize,
    pub(super) commit: usize,
    pub(super) author: Option<Person>,
    pub(super) first_review: Option<FirstReview>,
    /// When its first commit was written, or it was opened.
    pub(super) began_at: Timestamp,
    /// When others said something about it.
    pub(super) comments: Vec<Timestamp>,
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

pub(super) fn merged(oracle: &Oracle<'_>) -> Vec<Merged> {
    let organisation = oracle.organisation;
    let mut found = Vec::new();
    for (position, repository) in organisation.repositories.iter().enumerate() {
        for change in &repository.changes {
            let Some((at, commit)) = change.merge() else {
                continue;
            };
            if !oracle.knows(at) {
                continue;
            }
            let author = match who(organisation, change.author) {
                Who::Bot | Who::OptedOut => continue,
                Who::Nobody => None,
                Who::Person(person) => Some(person),
            };
            found.push(Merged {
                week: oracle.calendar.week_of(at),
                repository: position,
                commit,
                first_review: first_review(oracle, change, author.as_ref(), at),
                author,
                began_at: first_commit_authored_at(repository, change).min(change.opened_at),
                comments: comments(organisation, change),
            });
        }
    }
    found
}

/// By known humans who are not the author: in the conversation and on lines.
fn comments(organisation: &Organisation, change: &Change) -> Vec<Timestamp> {
    let own = change.events.iter().filter(|event| event.kind == EventKind::Commented);
    let own = own.map(|event| (event.at, event.actor));
    let said = change.comments.iter().map(|comment| (comment.at, comment.author));
    let reviews = change.reviews.iter().filter(|review| review.state != ReviewState::Pending);
    let on_lines = reviews.flat_map(|review| (0..review.comments).map(|_| (review.at, review.reviewer)));
    let by_others = own.chain(said).chain(on_lines).filter(|(_, account)| {
        *account != change.author && matches!(who(organisation, *account), Who::Person(_) | Who::OptedOut)
    });
    by_others.map(|(at, _)| at).collect()
}

/// A review that came only after the merge is none that the change waited for. A source tells of the first one by another account; where
/// that is the author's own second one, the others are known from as far back as was looked.
fn first_review(
    oracle: &Oracle<'_>,
    change: &Change,
    author: Option<&Person>,
    merged_at: Timestamp,
) -> Option<FirstReview> {
    let mut reviews: Vec<(Timestamp, Who)> = Vec::new();
    for review in &change.reviews {
        let counts = review.state != ReviewState::Pending && review.at <= merged_at && review.reviewer != change.author;
        let reviewer = who(oracle.organisation, review.reviewer);
        if counts && matches!(reviewer, Who::Person(_) | Who::OptedOut) {
            reviews.push((review.at, reviewer));
        }
    }
    reviews.sort_by_key(|(at, _)| *at);
    // A first reviewer who opted out is taken away, and nobody else is put into that place.
    if matches!(reviews.first(), Some((_, Who::OptedOut))) {
        return None;
    }
    let mut reviews = reviews.into_iter().filter_map(|(at, reviewer)| Some((at, reviewer.person()?))).peekable();
    let is_told = reviews.peek().is_some_and(|(_, reviewer)| Some(reviewer) != author);
    let (reviewed_at, reviewer) =
        reviews.find(|(at, reviewer)| Some(reviewer) != author && (is_told || *at >= oracle.history_start))?;
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

pub(super) fn reviewed(oracle: &Oracle<'_>) -> Vec<Reviewed> {
    let organisation = oracle.organisation;
    let mut found = Vec::new();
    for change in organisation.repositories.iter().flat_map(|repository| &repository.changes) {
        let author = who(organisation, change.author).person();
        let mut pairs: Vec<(Date, Person)> = Vec::new();
        for review in &change.reviews {
            if review.state == ReviewState::Pending || !oracle.knows(review.at) {
                continue;
            }
            let Who::Person(reviewer) = who(organisation, review.reviewer) else {
                continue;
            };
            if Some(&reviewer) == author.as_ref() {
                continue;
            }
            let week = oracle.calendar.week_of(review.at);
            // Nobody can tell that an outsider is the one of the epoch before.
            let is_known = |(first, known): &&mut (Date, Person)| {
                *known == reviewer && (matches!(known, Person::Rostered(_)) || epoch(*first) == epoch(week))
            };
            match pairs.iter_mut().find(is_known) {
                Some((first, _)) => *first = week.min(*first),
                None => pairs.push((week, reviewer)),
            }
        }
        let author = || author.clone();
        found.extend(pairs.into_iter().map(|(week, reviewer)| Reviewed { week, reviewer, author: author() }));
    }
    found
}

pub(super) fn landed(oracle: &Oracle<'_>) -> Vec<Landed> {
    let mut found = Vec::new();
    for repository in &oracle.organisation.repositories {
        for (at, commit) in landings(repository, oracle.covered_through()) {
            let commit = &repository.commits[commit];
            if !oracle.knows(at) || commit.parents.len() > 1 {
                continue;
            }
            if let Who::Person(author) = who_committed(oracle.organisation, &commit.author) {
                found.push(Landed { week: oracle.calendar.week_of(at), author });
            }
        }
    }
    found
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
