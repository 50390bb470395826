//! Facts → atoms, once. What is released never changes; what may not be told is released without numbers.

mod cells;
mod coverage;
mod grid;
mod rules;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

pub use cells::{Membership, PersonKey};
pub use coverage::{FeedCoverage, Readiness, readiness};
pub use grid::plan;
pub use rules::{Facts, atom};

use crate::model::{Assignment, Atom, Calendar, Family, Span, TeamName};
use crate::pseudonym::{IdentityKey, Roster};
use crate::store::{Store, StoreError};

/// By what is released.
pub struct Terms<'a> {
    pub calendar: &'a Calendar,
    pub teams: &'a [TeamName],
    pub roster: &'a Roster,
    /// Under which the accounts of the roster are found.
    pub key: &'a IdentityKey,
    /// k: the fewest people that a figure rests on.
    pub minimum_group: usize,
    pub settle: Duration,
}

/// What is to be done now.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Spans that have begun since the last time; from now on nothing changes them.
    pub begun: Vec<Span>,
    /// Spans whose turn has come, with the families that are due in each.
    pub spans: Vec<(Span, Vec<Family>)>,
}

/// Releases whatever is due. Answers how many atoms are new.
///
/// Pages of facts wait meanwhile, and so does a release of another host.
pub async fn release_due(
    store: &Store,
    terms: &Terms<'_>,
    feeds: &[FeedCoverage],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut releasing = store.releasing().await?;
    let (stored, existing) = (releasing.atoms_fetch().await?, releasing.spans_fetch().await?);
    let due = due(terms, feeds, &stored, &existing);
    let weeks = due.spans.iter().map(|(span, _)| (span.start, span.end()));
    let (Some(start), Some(end)) = (weeks.clone().map(|(start, _)| start).min(), weeks.map(|(_, end)| end).max())
    else {
        if !due.begun.is_empty() {
            releasing.commit(&due.begun, &[], &[], now).await?;
        }
        return Ok(0);
    };
    let facts = Facts {
        changes: releasing.merged_changes_fetch(start, end).await?,
        reviews: releasing.reviews_fetch(start, end).await?,
        commits: releasing.landed_commits_fetch(start, end).await?,
    };
    let keys = terms.key.epochs(&releasing.salts_fetch().await?);
    let spellings = releasing.spellings_fetch().await?;
    let assignments = releasing.assignments_fetch(start, end).await?;
    let membership = Membership::new(terms.roster, &keys, &spellings, assignments);
    let (atoms, assignments) = decide(terms, &due, &stored, &facts, &membership);
    releasing.commit(&due.begun, &atoms, &assignments, now).await?;
    Ok(atoms.len() as u64)
}

/// What coverage, roster and calendar allow to be released, given what is released already.
pub fn due(terms: &Terms<'_>, feeds: &[FeedCoverage], stored: &[Atom], existing: &[Span]) -> Due {
    let ready: Vec<(Family, Timestamp, Timestamp)> = Family::ALL
        .into_iter()
        .filter_map(|family| match readiness(family, feeds, terms.settle) {
            Readiness::Through { from, through } => Some((family, from, through)),
            Readiness::NoFeed | Readiness::Waiting(_) => None,
        })
        .collect();
    let (Some(from), Some(through)) =
        (ready.iter().map(|(_, from, _)| *from).min(), ready.iter().map(|(_, _, through)| *through).max())
    else {
        return Due::default();
    };
    let (start, end) = (terms.calendar.first_week_from(from), terms.calendar.week_of(through));
    let begun = plan(terms.roster, terms.teams, existing, start, end, terms.minimum_group);
    let is_due = |span: &Span, (family, from, through): &(Family, Timestamp, Timestamp)| {
        terms.calendar.start_of(span.start) >= *from
            && terms.calendar.start_of(span.end()) <= *through
            && !stored.iter().any(|atom| atom.family == *family && atom.span == *span)
    };
    let spans = existing.iter().chain(&begun).filter_map(|span| {
        let families: Vec<Family> =
            ready.iter().filter(|ready| is_due(span, ready)).map(|(family, ..)| *family).collect();
        (!families.is_empty()).then(|| (span.clone(), families))
    });
    Due { spans: spans.collect(), begun }
}

fn decide(
    terms: &Terms<'_>,
    due: &Due,
    stored: &[Atom],
    facts: &Facts,
    membership: &Membership<'_>,
) -> (Vec<Atom>, Vec<Assignment>) {
    let counted = facts.counted(membership);
    let mut atoms: Vec<Atom> = Vec::new();
    let mut assignments = BTreeSet::new();
    for (span, families) in &due.spans {
        assignments.extend(membership.assigned_by(span, families, facts));
        for family in families {
            let of_changes = |atom: &&Atom| atom.family == Family::Change && atom.span == *span;
            let change = stored.iter().chain(&atoms).find(of_changes).cloned();
            atoms.push(atom(*family, span, &counted, membership, change.as_ref(), terms.minimum_group));
        }
    }
    (atoms, assignments.into_iter().collect())
}
