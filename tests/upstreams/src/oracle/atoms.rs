//! Decides, for one span, what is released: counts the people behind each figure and nothing more clever.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::facts::{Landed, Merged, Reviewed};
use super::people::{Person, owner, team_in_week};
use super::spans::Span;
use crate::organisation::Organisation;

const ENOUGH_PEOPLE: usize = 5;

/// What one span of one cell tells; `None` is withheld.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atom {
    pub span: Span,
    pub pull_requests: Option<i64>,
    pub review_time: Option<ReviewTime>,
    pub cross_team: Option<i64>,
    pub code_reviews: Option<i64>,
    pub commits: Option<i64>,
    pub active: Option<i64>,
    /// What there was, released or not.
    pub truth: Truth,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReviewTime {
    pub seconds: i64,
    pub changes: i64,
    /// The changes it leaves out are too few people's: it must be blurred.
    pub alone: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    pub pull_requests: i64,
    pub code_reviews: i64,
    pub commits: i64,
}

pub(super) struct Facts {
    pub(super) merged: Vec<Merged>,
    pub(super) reviewed: Vec<Reviewed>,
    pub(super) landed: Vec<Landed>,
}

type People<'a> = BTreeSet<&'a Person>;

pub(super) fn atom(organisation: &Organisation, facts: &Facts, span: Span) -> Atom {
    let merged: Vec<&Merged> = facts
        .merged
        .iter()
        .filter(|change| belongs(organisation, &span, change.week, change.author.as_ref()))
        .collect();
    let reviewed: Vec<&Reviewed> =
        facts.reviewed.iter().filter(|pair| belongs(organisation, &span, pair.week, Some(&pair.reviewer))).collect();
    let landed: Vec<&Landed> =
        facts.landed.iter().filter(|commit| belongs(organisation, &span, commit.week, Some(&commit.author))).collect();

    let authors: People<'_> = merged.iter().filter_map(|change| change.author.as_ref()).collect();
    let reviewers: People<'_> = reviewed.iter().map(|pair| &pair.reviewer).collect();
    let reviewed_authors: People<'_> = reviewed.iter().filter_map(|pair| pair.author.as_ref()).collect();
    let committers: People<'_> = landed.iter().map(|commit| &commit.author).collect();
    let active =
        known(&authors.union(&reviewers).copied().collect::<People<'_>>().union(&committers).copied().collect());

    let changes_released = !span.withheld && enough(&authors);
    let reviews_released = !span.withheld && enough(&reviewers) && enough(&reviewed_authors);
    let active_released = !span.withheld && active >= ENOUGH_PEOPLE;
    Atom {
        pull_requests: changes_released.then(|| count(&merged)),
        review_time: if changes_released { review_time(&merged) } else { None },
        cross_team: if changes_released { cross_team(organisation, &merged) } else { None },
        code_reviews: reviews_released.then(|| count(&reviewed)),
        commits: (changes_released && enough(&committers)).then(|| count(&landed)),
        active: active_released.then(|| whole(active / 5 * 5)),
        truth: Truth { pull_requests: count(&merged), code_reviews: count(&reviewed), commits: count(&landed) },
        span,
    }
}

/// Whether something in the week of that Monday, by that person, lies in the span of the cell.
fn belongs(organisation: &Organisation, span: &Span, monday: Date, person: Option<&Person>) -> bool {
    if monday < span.start || monday >= span.end() {
        return false;
    }
    match person.and_then(|person| team_in_week(organisation, person, monday)) {
        None => span.teams.is_empty(),
        Some(team) => span.teams.iter().any(|member| member == team),
    }
}

fn review_time(merged: &[&Merged]) -> Option<ReviewTime> {
    let mut seconds = 0;
    let mut changes = 0;
    let mut authors = People::new();
    let mut first_reviewers = People::new();
    let mut authors_without = People::new();
    for change in merged {
        match &change.first_review {
            Some(review) => {
                seconds += review.waited_seconds;
                changes += 1;
                authors.extend(&change.author);
                first_reviewers.insert(&review.reviewer);
            }
            None => authors_without.extend(&change.author),
        }
    }
    let kept = enough(&authors) && enough(&first_reviewers);
    kept.then_some(ReviewTime { seconds, changes, alone: !enough(&authors_without) })
}

fn cross_team(organisation: &Organisation, merged: &[&Merged]) -> Option<i64> {
    let mut across = 0;
    let mut authors_across = People::new();
    let mut authors_within = People::new();
    for change in merged {
        let Some(author) = &change.author else {
            continue;
        };
        let team = team_in_week(organisation, author, change.week);
        let (Some(team), Some(owner)) = (team, owner(organisation, &change.repository)) else {
            continue;
        };
        if team == owner {
            authors_within.insert(author);
        } else {
            across += 1;
            authors_across.insert(author);
        }
    }
    (enough(&authors_across) && enough(&authors_within)).then_some(across)
}

fn enough(people: &People<'_>) -> bool {
    known(people) >= ENOUGH_PEOPLE
}

/// An outsider's work is counted, but nobody knows whether two of them are two people.
fn known(people: &People<'_>) -> usize {
    people.iter().filter(|person| matches!(person, Person::Rostered(_))).count()
}

fn count<T>(items: &[T]) -> i64 {
    whole(items.len())
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).expect("counts of a story are small")
}
