//! Lists the work on code that must have been collected, event by event; of who did it only whether it was a known human, or nobody known.

use jiff::Timestamp;

use super::facts::landings;
use super::people::{Who, who, who_committed};
use crate::organisation::{Event, EventKind, Organisation, ReviewState};

/// When each change was merged, or closed and not opened again; whether it was merged; whether a known human had opened it. Bots' are none.
#[must_use]
pub fn changes(organisation: &Organisation, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, bool, bool)> {
    let changes = organisation.repositories.iter().flat_map(|repository| &repository.changes);
    let ended = changes.filter_map(|change| {
        let is_human = match who(organisation, change.author) {
            Who::Bot | Who::OptedOut => return None,
            Who::Nobody => false,
            Who::Person(_) => true,
        };
        if let Some((at, _)) = change.merge().filter(|(at, _)| *at < to) {
            return Some((at, true, is_human));
        }
        let is_turn = |event: &&Event| matches!(event.kind, EventKind::Closed | EventKind::Reopened);
        let last = change.events.iter().filter(is_turn).rfind(|event| event.at < to)?;
        (last.kind == EventKind::Closed).then_some((last.at, false, is_human))
    });
    ended.filter(|(at, ..)| (from..to).contains(at)).collect()
}

/// When each review was submitted that a known human gave to somebody else's change.
#[must_use]
pub fn reviews(organisation: &Organisation, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    let mut found = Vec::new();
    for change in organisation.repositories.iter().flat_map(|repository| &repository.changes) {
        let author = who(organisation, change.author);
        let counts = |reviewer| matches!(reviewer, Who::Person(_)) && reviewer != author;
        let submitted = change.reviews.iter().filter(|review| review.state != ReviewState::Pending);
        let counted = submitted.filter(|review| counts(who(organisation, review.reviewer)));
        found.extend(counted.map(|review| review.at).filter(|at| (from..to).contains(at)));
    }
    found
}

/// When each commit landed; how many parents it has; whether a known human wrote it.
#[must_use]
pub fn commits(organisation: &Organisation, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, usize, bool)> {
    let mut found = Vec::new();
    for repository in &organisation.repositories {
        for (at, commit) in landings(repository, to).into_iter().filter(|(at, _)| (from..to).contains(at)) {
            let commit = &repository.commits[commit];
            let is_human = matches!(who_committed(organisation, &commit.author), Who::Person(_));
            found.push((at, commit.parents.len(), is_human));
        }
    }
    found
}
