//! Facts → atoms, once. What is released never changes; what may not be told is released without numbers.

mod campaigns;
mod cells;
mod closing;
mod counted;
mod coverage;
mod days;
mod delivery;
mod facts;
mod grid;
mod rules;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

pub use campaigns::{Planned, planned};
pub use cells::{Membership, PersonKey};
pub use closing::{Closed, close_campaign};
pub use counted::Counted;
pub use coverage::{FeedCoverage, Readiness, readiness};
pub use days::{ENOUGH_FOR_DAYS, has_enough_people, readiness_of_days};
pub use delivery::{BLAME, Deliveries, Delivery, Failures};
pub use facts::Facts;
pub use grid::plan;
pub use rules::{Evidence, Ground, MetricTerms, Rule, Rules, atoms, survey_measures};

use crate::model::{Assignment, Atom, Calendar, FactKind, Family, Span, TeamName, Week};
use crate::pseudonym::{IdentityKey, Roster};
use crate::store::{Released, Store, StoreError};

/// By what is released.
pub struct Terms<'a> {
    pub calendar: &'a Calendar,
    pub teams: &'a [TeamName],
    pub roster: &'a Roster,
    /// Under which the accounts of the roster are found.
    pub key: &'a IdentityKey,
    pub rules: Rules,
    pub metrics: MetricTerms,
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

/// Spans that begin earlier than so many weeks before what is covered have been told, or never will be.
const WEEKS_OF_HISTORY: i32 = 13;

/// Releases whatever is due. Answers how many atoms are new.
///
/// Pages of facts wait meanwhile, and so does a release of another host.
pub async fn release_due(
    store: &Store,
    terms: &Terms<'_>,
    feeds: &[FeedCoverage],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let Some(stretch) = Stretch::of(terms, feeds) else { return Ok(0) };
    let mut releasing = store.releasing().await?;
    let released = releasing.released_fetch(stretch.history()).await?;
    let existing = releasing.spans_fetch(stretch.history()).await?;
    let due = stretch.due(terms, &released, &existing);
    let Some(weeks) = due.weeks() else {
        if !due.begun.is_empty() {
            releasing.commit(&due.begun, &[], &[], now).await?;
        }
        return Ok(0);
    };
    let families = due.spans.iter().flat_map(|(_, families)| families).copied().collect();
    let facts = Facts::load(&mut releasing, &weeks, &families, terms.calendar).await?;
    let keys = terms.key.epochs(&releasing.salts_fetch().await?);
    let spellings = releasing.spellings_fetch().await?;
    let assignments = releasing.assignments_fetch(&weeks).await?;
    let membership = Membership::new(terms.roster, &keys, &spellings, assignments, &terms.rules);
    let brings = |kind| feeds.iter().any(|feed| feed.emits.contains(&kind));
    let ground = Ground {
        rules: terms.rules,
        calendar: terms.calendar,
        terms: &terms.metrics,
        membership: &membership,
        has_changes: brings(FactKind::Change),
        has_incidents: brings(FactKind::Incident),
    };
    let (atoms, assignments) = decide(&due, released, &facts, &ground);
    releasing.commit(&due.begun, &atoms, &assignments, now).await?;
    Ok(atoms.len() as u64)
}

/// Releases the days of what runs that are due. Answers how many are new.
pub async fn release_days(
    store: &Store,
    terms: &Terms<'_>,
    feeds: &[FeedCoverage],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let Some(oldest) = days::due_days(terms, feeds, &BTreeSet::new()).first().copied() else { return Ok(0) };
    let mut releasing = store.releasing().await?;
    let due = days::due_days(terms, feeds, &releasing.told_days_fetch(oldest).await?);
    let (Some(first), Some(last)) = (due.first(), due.last()) else { return Ok(0) };
    let weeks = Week::of_date(*first)..Week::of_date(*last).plus(1);
    let facts = Facts::load(&mut releasing, &weeks, &Family::OF_SYSTEMS.into(), terms.calendar).await?;
    let days = days::days(&due, &facts, terms, feeds);
    releasing.commit_days(&days, now).await?;
    Ok(days.len() as u64)
}

/// How far each family may be released, and so which weeks a release looks at.
pub struct Stretch {
    ready: Vec<(Family, Timestamp, Timestamp)>,
    start: Week,
    end: Week,
}

impl Stretch {
    /// What coverage and calendar allow; none where no family may be released.
    pub fn of(terms: &Terms<'_>, feeds: &[FeedCoverage]) -> Option<Self> {
        let ready: Vec<(Family, Timestamp, Timestamp)> = Family::ALL
            .into_iter()
            .filter_map(|family| match readiness(family, feeds, terms.settle) {
                Readiness::Through { from, through } => Some((family, from, through)),
                Readiness::NoFeed | Readiness::Waiting(_) => None,
            })
            .collect();
        let from = ready.iter().map(|(_, from, _)| *from).min()?;
        let through = ready.iter().map(|(_, _, through)| *through).max()?;
        Some(Self { start: terms.calendar.first_week_from(from), end: terms.calendar.week_of(through), ready })
    }

    /// From when on it needs to know what was released.
    pub fn history(&self) -> Week {
        self.start.plus(-WEEKS_OF_HISTORY)
    }

    /// What roster and calendar allow to be released, given what is released already.
    pub fn due(&self, terms: &Terms<'_>, released: &Released, existing: &[Span]) -> Due {
        let begun = plan(terms.roster, terms.teams, existing, self.start, self.end, &terms.rules);
        let is_due = |span: &Span, (family, from, through): &(Family, Timestamp, Timestamp)| {
            span.takes(*family)
                && terms.calendar.start_of(span.start) >= *from
                && terms.calendar.start_of(span.end()) <= *through
                && !(terms.rules.holds(Rule::Freeze) && released.is_decided(&span.cell, span.start, *family))
        };
        let spans = existing.iter().chain(&begun).filter_map(|span| {
            let families: Vec<Family> =
                self.ready.iter().filter(|ready| is_due(span, ready)).map(|(family, ..)| *family).collect();
            (!families.is_empty()).then(|| (span.clone(), families))
        });
        Due { spans: spans.collect(), begun }
    }
}

impl Due {
    /// From the first week that is due to the last.
    fn weeks(&self) -> Option<std::ops::Range<Week>> {
        let start = self.spans.iter().map(|(span, _)| span.start).min()?;
        let end = self.spans.iter().map(|(span, _)| span.end()).max()?;
        Some(start..end)
    }
}

/// Decides what is due. A span's changes come before what shares their verdict.
pub fn decide(due: &Due, mut released: Released, facts: &Facts, ground: &Ground<'_>) -> (Vec<Atom>, Vec<Assignment>) {
    let evidence = Evidence::new(facts, ground.membership);
    let mut decided: Vec<Atom> = Vec::new();
    let mut assignments = BTreeSet::new();
    for (span, families) in &due.spans {
        assignments.extend(ground.membership.assigned_by(span, families, facts));
        for family in families {
            let has_told_changes = released.has_told_changes(&span.cell, span.start);
            let new = atoms(*family, span, &evidence, ground, has_told_changes);
            new.iter().for_each(|atom| released.note(atom));
            decided.extend(new);
        }
    }
    (decided, assignments.into_iter().collect())
}
