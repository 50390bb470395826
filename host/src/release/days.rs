//! Days of what runs in the whole organization: each released once, where the roster is large enough, and never of a team or of people's work.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::rules::Machines;
use super::{Facts, Failures, FeedCoverage, Readiness, Terms, readiness};
use crate::model::{Day, FactKind, Family, Week};

/// From so many rostered people on days are released.
pub const ENOUGH_FOR_DAYS: usize = 50;
/// A day that is older than so many is never told any more.
const MOST_DAYS_BACK: i64 = 7;

/// The newest days that are covered and settled, and not `told` yet, of weeks in which enough people are on the roster; oldest first.
pub(super) fn due_days(terms: &Terms<'_>, feeds: &[FeedCoverage], told: &BTreeSet<Date>) -> Vec<Date> {
    let Readiness::Through { from, through } = readiness_of_days(terms, feeds) else { return Vec::new() };
    let end = terms.calendar.date_of(through);
    let newest = (1..=MOST_DAYS_BACK).rev().map(|back| end.saturating_sub(back.days()));
    newest
        .filter(|day| terms.calendar.start_of_day(*day) >= from && !told.contains(day))
        .filter(|day| has_enough_people(terms, Week::of_date(*day)))
        .collect()
}

/// What days tell of the families that any source brings.
pub(super) fn days(due: &[Date], facts: &Facts, terms: &Terms<'_>, feeds: &[FeedCoverage]) -> Vec<Day> {
    let failures = Failures::of(&facts.deployments, &facts.incidents);
    let families = daily_families(terms, feeds);
    let day = |date: &Date| {
        let machines = Machines {
            facts,
            failures: &failures,
            calendar: terms.calendar,
            services: &terms.metrics.services,
            has_incidents: feeds.iter().any(|feed| feed.emits.contains(&FactKind::Incident)),
            span: None,
            days: *date..date.saturating_add(1.day()),
        };
        Day { date: *date, measures: families.iter().flat_map(|family| machines.measures(*family)).collect() }
    };
    due.iter().map(day).collect()
}

/// Whether days of a week may be told at all.
pub fn has_enough_people(terms: &Terms<'_>, week: Week) -> bool {
    terms.roster.sizes_in(week).values().sum::<usize>() >= ENOUGH_FOR_DAYS
}

/// A day is released as a whole, so it is as far as the last feed of everything that runs.
pub fn readiness_of_days(terms: &Terms<'_>, feeds: &[FeedCoverage]) -> Readiness {
    let families = daily_families(terms, feeds).into_iter().map(|family| readiness(family, feeds, terms.settle));
    families.reduce(Readiness::and).unwrap_or(Readiness::NoFeed)
}

/// Families of what runs that any source brings.
fn daily_families(terms: &Terms<'_>, feeds: &[FeedCoverage]) -> Vec<Family> {
    let is_brought = |family: &Family| readiness(*family, feeds, terms.settle) != Readiness::NoFeed;
    Family::OF_SYSTEMS.into_iter().filter(is_brought).collect()
}
