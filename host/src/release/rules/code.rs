//! Work on code: changes, reviews, commits, and who was active.

use std::collections::BTreeMap;

use super::group::{Group, histogram_of_people};
use super::{Cell, Measures, Rule, count};
use crate::model::{Component, GivenReview, LandedCommit, Measure, MergedChange, Parts, Pseudonym, Week};
use crate::release::counted::FirstReview;

impl Cell<'_> {
    pub(super) fn changes(&self) -> Measures {
        let merged = self.merged();
        let mut measures = Measures::new();
        if !self.authors(merged.iter().copied()).may_tell_sum(self.rules()) {
            return measures;
        }
        measures.insert(Component::MergedChanges, Measure::count(count(merged.len())));
        let first_reviews: Vec<Option<FirstReview>> =
            merged.iter().map(|change| self.evidence.counted.first_review(change, self.membership())).collect();
        self.review_times(&merged, &first_reviews, &mut measures);
        self.review_comments(&merged, &mut measures);
        self.cross_team_changes(&merged, &first_reviews, &mut measures);
        measures
    }

    fn review_times(&self, merged: &[&MergedChange], first_reviews: &[Option<FirstReview>], measures: &mut Measures) {
        let (rules, membership) = (self.rules(), self.membership());
        let pairs = || merged.iter().zip(first_reviews);
        let reviewed: Vec<(&MergedChange, FirstReview)> =
            pairs().filter_map(|(change, review)| Some((*change, (*review)?))).collect();
        let waits: Vec<(Option<Pseudonym>, i64)> =
            reviewed.iter().map(|(change, review)| (change.author, waited(change, *review))).collect();
        let reviewers = Group::counting(reviewed.iter().map(|(_, review)| Some(review.reviewer)), membership);
        let unreviewed = self.authors(pairs().filter(|(_, review)| review.is_none()).map(|(change, _)| *change));
        let authors = self.authors(reviewed.iter().map(|(change, _)| *change));
        let has_complement = unreviewed.may_tell_sum(rules) || !rules.holds(Rule::Complement);
        let has_parts = has_complement && authors.may_tell_sum(rules);
        if has_parts {
            let unreviewed = merged.len() - reviewed.len();
            measures.insert(Component::UnreviewedMerges, Measure::of(count(unreviewed), count(merged.len())));
        }
        let has_reviewers = reviewers.may_tell_mean(rules) || !rules.holds(Rule::Roles);
        if has_reviewers && Group::of(waits.iter().copied(), membership).may_tell_mean(rules) {
            let measure = Measure {
                total: waits.iter().map(|(_, seconds)| seconds).sum(),
                count: count(waits.len()),
                parts: if has_parts { Parts::Told } else { Parts::Hidden },
                histogram: Some(histogram_of_people(&waits, membership, rules)),
            };
            measures.insert(Component::ReviewTime, measure);
        }
    }

    /// Of the changes whose comments are known. How many they are is told where they are all.
    fn review_comments(&self, merged: &[&MergedChange], measures: &mut Measures) {
        let known: Vec<(Option<Pseudonym>, i64)> =
            merged.iter().filter_map(|change| Some((change.author, i64::from(change.review_comments?)))).collect();
        if Group::of(known.iter().copied(), self.membership()).may_tell_mean(self.rules()) {
            let parts = if known.len() == merged.len() { Parts::Told } else { Parts::Hidden };
            let sum = known.iter().map(|(_, comments)| comments).sum();
            measures.insert(Component::ReviewComments, Measure { parts, ..Measure::of(sum, count(known.len())) });
        }
    }

    /// Where it is told which changes were reviewed, too, either could be taken from the other.
    fn cross_team_changes(
        &self,
        merged: &[&MergedChange],
        first_reviews: &[Option<FirstReview>],
        measures: &mut Measures,
    ) {
        let is_across = |change: &MergedChange| -> Option<bool> {
            let team = self.membership().team_in(change.author?, change.week)?;
            Some(team != change.owner.as_ref()?)
        };
        let sides: Vec<(&MergedChange, Option<bool>, bool)> = merged
            .iter()
            .zip(first_reviews)
            .map(|(change, review)| (*change, is_across(change), review.is_some()))
            .collect();
        let of = |is_in: &dyn Fn(Option<bool>, bool) -> bool| {
            self.authors(
                sides.iter().filter(|(_, across, reviewed)| is_in(*across, *reviewed)).map(|(change, ..)| *change),
            )
        };
        let rules = self.rules();
        let hides = |is_in: &dyn Fn(Option<bool>, bool) -> bool| of(is_in).may_tell_sum(rules);
        let is_told = |is_in: &dyn Fn(Option<bool>, bool) -> bool| {
            let group = of(is_in);
            group.is_empty() || group.is_enough(rules)
        };
        let has_parts = measures.contains_key(&Component::UnreviewedMerges);
        let is_apart = !has_parts
            || (is_told(&|across, reviewed| (across == Some(true)) != reviewed)
                && is_told(&|across, reviewed| (across == Some(true)) == reviewed));
        let has_complement = hides(&|across, _| across == Some(false)) && is_apart;
        if hides(&|across, _| across == Some(true)) && (has_complement || !rules.holds(Rule::Complement)) {
            let across = sides.iter().filter(|(_, across, _)| *across == Some(true)).count();
            measures.insert(Component::CrossTeamChanges, Measure::count(count(across)));
        }
    }

    pub(super) fn reviews(&self) -> Measures {
        let given = self.given();
        let reviewers = Group::counting(given.iter().map(|review| Some(review.reviewer)), self.membership());
        let authors = Group::counting(given.iter().map(|review| review.change_author), self.membership());
        let has_authors = authors.is_enough(self.rules()) || !self.rules().holds(Rule::Roles);
        if !reviewers.may_tell_sum(self.rules()) || !has_authors {
            return Measures::new();
        }
        Measures::from([(Component::Reviews, Measure::count(count(given.len())))])
    }

    pub(super) fn commits(&self) -> Measures {
        let landed = self.landed();
        let authors = Group::counting(landed.iter().map(|commit| Some(commit.author)), self.membership());
        if !authors.may_tell_sum(self.rules()) {
            return Measures::new();
        }
        Measures::from([(Component::Commits, Measure::count(count(landed.len())))])
    }

    /// Whom the roster does not know is not counted: nobody can tell how many people they are.
    pub(super) fn active(&self) -> Measures {
        let accounts = (self.merged().into_iter().map(|change| change.author))
            .chain(self.given().into_iter().map(|review| Some(review.reviewer)))
            .chain(self.landed().into_iter().map(|commit| Some(commit.author)));
        let active = Group::counting(accounts, self.membership());
        if !active.is_enough(self.rules()) {
            return Measures::new();
        }
        let (people, roster) = (active.people().len(), self.size());
        let floored = if self.rules().holds(Rule::Floor) { people / 5 * 5 } else { people };
        let weeks = i64::from(self.span.weeks);
        let mut measures = Measures::from([(
            Component::ActivePeople,
            Measure { parts: Parts::Hidden, ..Measure::of(count(floored) * weeks, weeks) },
        )]);
        // The share of a roster tells of those who were not active, too.
        if roster.saturating_sub(people) >= LEAST_OFF || !self.rules().holds(Rule::Homogeneity) {
            let share = Measure { parts: Parts::Hidden, ..Measure::of(count(floored) * weeks, count(roster) * weeks) };
            measures.insert(Component::ActiveShare, share);
        }
        measures
    }

    /// Changes are told of by the team that they were made in when they came into production. How many did is not: together with how many
    /// were merged it would tell what is left, which may be one person's.
    pub(super) fn lead_time(&self) -> Measures {
        let delivered: Vec<(Option<Pseudonym>, i64)> = (self.evidence.facts.deliveries.in_weeks(self.weeks()))
            .filter(|delivery| self.has(delivery.author, delivery.week))
            .map(|delivery| (delivery.author, delivery.seconds))
            .collect();
        let authors = Group::of(delivered.iter().copied(), self.membership());
        if !authors.may_tell_mean(self.rules()) {
            return Measures::new();
        }
        let measure = Measure {
            total: delivered.iter().map(|(_, seconds)| seconds).sum(),
            count: count(delivered.len()),
            parts: Parts::Hidden,
            histogram: Some(histogram_of_people(&delivered, self.membership(), self.rules())),
        };
        Measures::from([(Component::LeadTime, measure)])
    }

    fn authors<'f>(&self, changes: impl Iterator<Item = &'f MergedChange>) -> Group {
        Group::counting(changes.map(|change| change.author), self.membership())
    }

    fn merged(&self) -> Vec<&MergedChange> {
        self.in_cell(&self.evidence.counted.changes, |change| (change.author, change.week))
    }

    fn given(&self) -> Vec<&GivenReview> {
        self.in_cell(&self.evidence.counted.reviews, |review| (Some(review.reviewer), review.week))
    }

    fn landed(&self) -> Vec<&LandedCommit> {
        self.in_cell(&self.evidence.counted.commits, |commit| (Some(commit.author), commit.week))
    }

    fn in_cell<'f, F>(
        &self,
        weeks: &'f BTreeMap<Week, Vec<&'f F>>,
        whose: impl Fn(&F) -> (Option<Pseudonym>, Week),
    ) -> Vec<&'f F> {
        let facts = weeks.range(self.weeks()).flat_map(|(_, facts)| facts).copied();
        let is_in = |fact: &&F| {
            let (account, week) = whose(fact);
            self.has(account, week)
        };
        facts.filter(is_in).collect()
    }
}

/// So many people at least are off the commonest answer.
pub(super) const LEAST_OFF: usize = 2;

/// Seconds from ready (or opened) to the first review. A review of a draft has not waited for it to become ready.
fn waited(change: &MergedChange, review: FirstReview) -> i64 {
    let ready_at = change.ready_at.filter(|ready| *ready <= review.at);
    review.at.as_second() - ready_at.unwrap_or(change.opened_at).as_second()
}
