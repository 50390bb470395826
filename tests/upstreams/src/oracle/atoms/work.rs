//! Work on code: changes and how they were reviewed, reviews, commits, who was active, and how long changes take into production.

use std::collections::BTreeSet;

use super::super::Oracle;
use super::super::durations::Durations;
use super::super::facts::{FirstReview, Landed, Merged, Reviewed};
use super::super::people::{Person, owner, team_in_week};
use super::super::rules::Group;
use super::super::shipped::Shipped;
use super::super::spans::Span;
use super::{Facts, Measure, Measures, whole};

/// Fewer than so many of the roster who did not work could be told from those who did.
const LEAST_IDLE: usize = 2;
const BAND: usize = 5;
const ENOUGH_PEOPLE: usize = 5;

fn merged<'a>(oracle: &Oracle<'_>, facts: &'a Facts<'_>, span: &Span) -> Vec<&'a Merged> {
    facts.merged.iter().filter(|change| span.holds_work(oracle, change.week, change.author.as_ref())).collect()
}

fn reviewed<'a>(oracle: &Oracle<'_>, facts: &'a Facts<'_>, span: &Span) -> Vec<&'a Reviewed> {
    facts.reviewed.iter().filter(|pair| span.holds_work(oracle, pair.week, Some(&pair.reviewer))).collect()
}

fn landed<'a>(oracle: &Oracle<'_>, facts: &'a Facts<'_>, span: &Span) -> Vec<&'a Landed> {
    facts.landed.iter().filter(|commit| span.holds_work(oracle, commit.week, Some(&commit.author))).collect()
}

fn authors<'a>(changes: &[&'a Merged]) -> Group<'a> {
    Group::counting(changes.iter().map(|change| change.author.as_ref()))
}

/// The verdict that everything about a team's software shares.
pub(super) fn changes_are_told(oracle: &Oracle<'_>, facts: &Facts<'_>, span: &Span) -> bool {
    !span.withheld && authors(&merged(oracle, facts, span)).may_be_told()
}

pub(super) fn change(oracle: &Oracle<'_>, facts: &Facts<'_>, span: &Span) -> (i64, Measures) {
    let merged = merged(oracle, facts, span);
    let all = whole(merged.len());
    let mut measures = Measures::new();
    if !authors(&merged).may_be_told() {
        return (all, measures);
    }
    measures.insert("merged_changes", Measure::count(all));
    let (seen, unseen): (Vec<&Merged>, Vec<&Merged>) = merged.iter().partition(|change| change.first_review.is_some());
    let both_may_be_told = authors(&seen).may_be_told() && authors(&unseen).may_be_told();
    if let Some(time) = review_time(&seen) {
        measures.insert("review_time", if both_may_be_told { time } else { time.alone() });
    }
    if both_may_be_told {
        measures.insert("unreviewed_merges", Measure::of(whole(unseen.len()), all));
    }
    let known_by = oracle.released_at(span);
    let comments = |change: &Merged| whole(change.comments.iter().filter(|at| **at <= known_by).count());
    let commented = Group::of(merged.iter().map(|change| (change.author.as_ref(), comments(change))));
    if commented.may_be_averaged() {
        let comments = merged.iter().map(|change| comments(change)).sum();
        measures.insert("review_comments", Measure::of(comments, all));
    }
    if let Some(across) = cross_team(oracle, &merged, both_may_be_told) {
        measures.insert("cross_team_changes", Measure::count(across));
    }
    (all, measures)
}

fn review_time(seen: &[&Merged]) -> Option<Measure> {
    let reviews: Vec<(Option<&Person>, &FirstReview)> =
        seen.iter().filter_map(|change| Some((change.author.as_ref(), change.first_review.as_ref()?))).collect();
    let waits: Vec<(Option<&Person>, i64)> =
        reviews.iter().map(|(author, review)| (*author, review.waited_seconds)).collect();
    let authors = Group::of(waits.iter().copied());
    let reviewers = Group::counting(reviews.iter().map(|(_, review)| Some(&review.reviewer)));
    let seconds = waits.iter().map(|(_, seconds)| seconds).sum();
    (authors.may_be_averaged() && reviewers.may_be_averaged())
        .then(|| Measure::lasting(seconds, whole(waits.len()), Durations::of_people(&waits)))
}

/// Where it is told how many were reviewed, too, what only one of the two holds of, and what both or neither does, must be enough people's.
fn cross_team(oracle: &Oracle<'_>, merged: &[&Merged], reviews_are_told: bool) -> Option<i64> {
    let organisation = oracle.organisation;
    let (mut across, mut within) = (Vec::new(), Vec::new());
    let (mut one_of_two, mut both_or_neither) = (Vec::new(), Vec::new());
    for change in merged {
        let team = change.author.as_ref().and_then(|author| team_in_week(organisation, author, change.week));
        let owner = owner(organisation, &organisation.repositories[change.repository].name);
        let is_across = matches!((&team, &owner), (Some(team), Some(owner)) if team != owner);
        if is_across {
            across.push(*change);
        } else if team.is_some() && owner.is_some() {
            within.push(*change);
        }
        let side = if is_across == change.first_review.is_some() { &mut both_or_neither } else { &mut one_of_two };
        side.push(*change);
    }
    let hides = |changes: &[&Merged]| changes.is_empty() || authors(changes).is_enough();
    let are_apart = !reviews_are_told || hides(&one_of_two) && hides(&both_or_neither);
    (authors(&across).may_be_told() && authors(&within).may_be_told() && are_apart).then(|| whole(across.len()))
}

pub(super) fn review(oracle: &Oracle<'_>, facts: &Facts<'_>, span: &Span) -> (i64, Measures) {
    let reviewed = reviewed(oracle, facts, span);
    let reviewers = Group::counting(reviewed.iter().map(|pair| Some(&pair.reviewer)));
    let authors = Group::counting(reviewed.iter().map(|pair| pair.author.as_ref()));
    let mut measures = Measures::new();
    if reviewers.may_be_told() && authors.is_enough() {
        measures.insert("reviews", Measure::count(whole(reviewed.len())));
    }
    (whole(reviewed.len()), measures)
}

pub(super) fn commit(oracle: &Oracle<'_>, facts: &Facts<'_>, span: &Span) -> (i64, Measures) {
    let landed = landed(oracle, facts, span);
    let committers = Group::counting(landed.iter().map(|commit| Some(&commit.author)));
    let mut measures = Measures::new();
    if changes_are_told(oracle, facts, span) && committers.may_be_told() {
        measures.insert("commits", Measure::count(whole(landed.len())));
    }
    (whole(landed.len()), measures)
}

pub(super) fn active(oracle: &Oracle<'_>, facts: &Facts<'_>, span: &Span) -> (i64, Measures) {
    let mut active: BTreeSet<&Person> = BTreeSet::new();
    active.extend(merged(oracle, facts, span).iter().filter_map(|change| change.author.as_ref()));
    active.extend(reviewed(oracle, facts, span).iter().map(|pair| &pair.reviewer));
    active.extend(landed(oracle, facts, span).iter().map(|commit| &commit.author));
    active.retain(|person| matches!(person, Person::Rostered(_)));
    let mut measures = Measures::new();
    if active.len() >= ENOUGH_PEOPLE {
        let people = whole(active.len() / BAND * BAND) * span.weeks;
        measures.insert("active_people", Measure::of(people, span.weeks).alone());
        // Who joins later and works already takes the place of somebody who is on the roster.
        if span.roster >= active.len() + LEAST_IDLE {
            measures.insert("active_share", Measure::of(people, whole(span.roster) * span.weeks).alone());
        }
    }
    (whole(active.len()), measures)
}

pub(super) fn lead_time(oracle: &Oracle<'_>, facts: &Facts<'_>, span: &Span) -> (i64, Measures) {
    let shipped: Vec<&Shipped> =
        facts.shipped.iter().filter(|change| span.holds_work(oracle, change.week, change.author.as_ref())).collect();
    let times: Vec<(Option<&Person>, i64)> =
        shipped.iter().map(|change| (change.author.as_ref(), change.seconds)).collect();
    let authors = Group::of(times.iter().copied());
    let mut measures = Measures::new();
    if changes_are_told(oracle, facts, span) && authors.may_be_averaged() {
        let seconds = times.iter().map(|(_, seconds)| seconds).sum();
        let lasting = Measure::lasting(seconds, whole(times.len()), Durations::of_people(&times));
        measures.insert("lead_time", lasting.alone());
    }
    (whole(shipped.len()), measures)
}
