//! Answers what Quintant must answer, by brute force over the truth; shares no code and no idea with the host.

mod answers;
mod atoms;
pub mod conversation;
mod facts;
pub mod github;
pub mod jenkins;
mod people;
mod rounding;
mod spans;
#[cfg(test)]
mod tests;
mod window;
pub mod work;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

pub use self::answers::Answers;
pub use self::atoms::{Atom, ReviewTime, Truth};
use self::facts::{landed, landings, merged, reviewed};
use self::people::{Who, who, who_committed};
pub use self::spans::Span;
pub use self::window::{Range, Scope};
use crate::organisation::{EventKind, Organisation, ReviewState};

pub const LOOK_BACK: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What a host knows that first collected 90 days after `history_start` and has read everything up to `covered_through`.
pub struct Oracle<'a> {
    pub organisation: &'a Organisation,
    pub history_start: Timestamp,
    pub covered_through: Timestamp,
    pub settle: SignedDuration,
}

/// How many facts of a kind there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub total: usize,
    /// Those by known humans.
    pub human: usize,
}

/// What should have been collected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExpectedFacts {
    pub merged_changes: Count,
    /// Closed without a merge, and not opened again.
    pub closed_changes: Count,
    /// Every submitted review, self-reviews among them.
    pub reviews: Count,
    pub self_reviews: usize,
    /// Every landed commit, merge commits among them.
    pub commits: Count,
    pub merge_commits: usize,
}

/// Released work and all work of the spans, per family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    pub pull_requests: (i64, i64),
    pub code_reviews: (i64, i64),
    pub commits: (i64, i64),
}

impl Share {
    /// Released work of all three families in percent of all their work.
    #[must_use]
    pub fn percent(&self) -> i64 {
        let families = [self.pull_requests, self.code_reviews, self.commits];
        let all: i64 = families.iter().map(|family| family.1).sum();
        100 * families.iter().map(|family| family.0).sum::<i64>() / all.max(1)
    }
}

impl<'a> Oracle<'a> {
    /// For a host whose first collection ran at `first` and whose last one covered everything up to `covered_through`.
    #[must_use]
    pub fn new(
        organisation: &'a Organisation,
        first: Timestamp,
        covered_through: Timestamp,
        settle: SignedDuration,
    ) -> Self {
        Self { organisation, history_start: first - LOOK_BACK, covered_through, settle }
    }

    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        spans::spans(self.organisation, self.history_start, self.covered_through, self.settle)
    }

    #[must_use]
    pub fn atoms(&self) -> Vec<Atom> {
        let (from, to) = (self.history_start, self.covered_through);
        let facts = atoms::Facts {
            merged: merged(self.organisation, from, to),
            reviewed: reviewed(self.organisation, from, to),
            landed: landed(self.organisation, from, to),
        };
        self.spans().into_iter().map(|span| atoms::atom(self.organisation, &facts, span)).collect()
    }

    #[must_use]
    pub fn activity(&self, range: Range, scope: &Scope) -> Value {
        Answers { oracle: self, atoms: &self.atoms() }.activity(range, scope)
    }

    #[must_use]
    pub fn communication(&self, range: Range, scope: &Scope) -> Value {
        Answers { oracle: self, atoms: &self.atoms() }.communication(range, scope)
    }

    #[must_use]
    pub fn expected_facts(&self) -> ExpectedFacts {
        let mut expected = ExpectedFacts::default();
        let inside = |at: Timestamp| at >= self.history_start && at < self.covered_through;
        let add = |count: &mut Count, who: &Who| {
            count.total += 1;
            count.human += usize::from(matches!(who, Who::Person(_)));
        };
        for repository in &self.organisation.repositories {
            for change in &repository.changes {
                let author = who(self.organisation, change.author);
                let last = change.events.iter().rev().find(|event| {
                    event.at < self.covered_through && matches!(event.kind, EventKind::Closed | EventKind::Reopened)
                });
                let merge = change.merge().filter(|(at, _)| *at < self.covered_through);
                if merge.is_some_and(|(at, _)| inside(at)) {
                    add(&mut expected.merged_changes, &author);
                } else if merge.is_none()
                    && last.is_some_and(|event| event.kind == EventKind::Closed && inside(event.at))
                {
                    add(&mut expected.closed_changes, &author);
                }
                for review in
                    change.reviews.iter().filter(|review| review.state != ReviewState::Pending && inside(review.at))
                {
                    let reviewer = who(self.organisation, review.reviewer);
                    add(&mut expected.reviews, &reviewer);
                    expected.self_reviews += usize::from(matches!(reviewer, Who::Person(_)) && reviewer == author);
                }
            }
            for (at, commit) in landings(repository, self.covered_through) {
                let commit = &repository.commits[commit];
                if inside(at) {
                    add(&mut expected.commits, &who_committed(self.organisation, &commit.author));
                    expected.merge_commits += usize::from(commit.parents.len() > 1);
                }
            }
        }
        expected
    }

    #[must_use]
    pub fn share_released(&self) -> Share {
        let mut share = Share { pull_requests: (0, 0), code_reviews: (0, 0), commits: (0, 0) };
        let add = |family: &mut (i64, i64), released: Option<i64>, all: i64| {
            family.0 += released.unwrap_or(0);
            family.1 += all;
        };
        for atom in self.atoms() {
            add(&mut share.pull_requests, atom.pull_requests, atom.truth.pull_requests);
            add(&mut share.code_reviews, atom.code_reviews, atom.truth.code_reviews);
            add(&mut share.commits, atom.commits, atom.truth.commits);
        }
        share
    }
}
