//! Facts → atoms, once. What is released never changes; what may not be told is released without numbers.

mod cells;
mod coverage;
mod grid;
mod rules;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

pub use cells::{Assignment, Membership, PersonKey};
pub use coverage::{FeedCoverage, Readiness, readiness};
pub use grid::{Planned, plan};
pub use rules::{Facts, GivenReview, LandedCommit, MergedChange, atom};

use crate::model::{Atom, Calendar, Family, Span, TeamName, Week};
use crate::pseudonym::Roster;
use crate::store::{Store, StoreError};

/// By what is released.
pub struct Terms<'a> {
    pub calendar: &'a Calendar,
    pub teams: &'a [TeamName],
    pub roster: &'a Roster,
    /// k: the fewest people that a figure rests on.
    pub minimum_group: usize,
    pub settle: Duration,
}

/// Releases whatever is due. Answers how many atoms are new.
pub async fn release_due(
    store: &Store,
    terms: &Terms<'_>,
    feeds: &[FeedCoverage],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let stored = store.atoms_fetch().await?;
    let due = due(terms, feeds, &stored);
    let (Some(start), Some(end)) = (
        due.iter().map(|(planned, _)| planned.span.start).min(),
        due.iter().map(|(planned, _)| planned.span.end()).max(),
    ) else {
        return Ok(0);
    };
    let facts = Facts {
        changes: store.merged_changes_fetch(start, end).await?,
        reviews: store.reviews_fetch(start, end).await?,
        commits: store.landed_commits_fetch(start, end).await?,
    };
    let membership =
        Membership::new(terms.roster, &store.aliases_fetch().await?, store.assignments_fetch(start, end).await?);
    let (atoms, assignments) = decide(terms, &due, &stored, &facts, &membership);
    store.atoms_insert(&atoms, &assignments, now).await
}

/// The spans whose turn has come, with the families that are due in each.
pub fn due(terms: &Terms<'_>, feeds: &[FeedCoverage], stored: &[Atom]) -> Vec<(Planned, Vec<Family>)> {
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
        return Vec::new();
    };
    let (start, end) = (terms.calendar.first_week_from(from), terms.calendar.week_of(through));
    let existing: BTreeSet<Span> = stored.iter().map(|atom| atom.span.clone()).collect();
    let existing: Vec<Span> = existing.into_iter().collect();
    let mut spans: Vec<Planned> = existing
        .iter()
        .map(|span| Planned {
            span: span.clone(),
            admitted: grid::is_admitted(terms.roster, span, terms.minimum_group),
        })
        .collect();
    spans.extend(plan(terms.roster, terms.teams, &existing, start, end, terms.minimum_group));
    spans
        .into_iter()
        .filter_map(|planned| {
            let families: Vec<Family> = ready
                .iter()
                .filter(|(_, from, through)| {
                    terms.calendar.start_of(planned.span.start) >= *from
                        && terms.calendar.start_of(planned.span.end()) <= *through
                })
                .map(|(family, _, _)| *family)
                .filter(|family| !stored.iter().any(|atom| atom.family == *family && atom.span == planned.span))
                .collect();
            (!families.is_empty()).then_some((planned, families))
        })
        .collect()
}

fn decide(
    terms: &Terms<'_>,
    due: &[(Planned, Vec<Family>)],
    stored: &[Atom],
    facts: &Facts,
    membership: &Membership<'_>,
) -> (Vec<Atom>, Vec<Assignment>) {
    let counted = facts.counted(membership);
    let mut atoms: Vec<Atom> = Vec::new();
    let mut assignments = BTreeSet::new();
    for (planned, families) in due {
        assignments.extend(membership.assigned_by(&planned.span, facts));
        for family in families {
            let change = stored
                .iter()
                .chain(&atoms)
                .find(|atom| atom.family == Family::Change && atom.span == planned.span)
                .cloned();
            atoms.push(atom(*family, planned, &counted, membership, change.as_ref(), terms.minimum_group));
        }
    }
    (atoms, assignments.into_iter().collect())
}

/// The newest week of which anything was released ends here.
pub fn newest_end(atoms: &[Atom]) -> Option<Week> {
    atoms.iter().map(|atom| atom.span.end()).max()
}
