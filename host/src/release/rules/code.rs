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
        self.review_times(&merged, &mut measures);
        self.review_comments(&merged, &mut measures);
        let owned = merged.iter().filter_map(|change| {
            let team = self.membership().team_in(change.author?, change.week)?;
            Some((*change, team != change.owner.as_ref()?))
        });
        let (across, inside): (Vec<_>, Vec<_>) = owned.partition(|(_, is_across)| *is_across);
        let told = |changes: &[(&MergedChange, bool)]| {
            self.authors(changes.iter().map(|(change, _)| *change)).may_tell_sum(self.rules())
        };
        if told(&across) && (told(&inside) || !self.rules().holds(Rule::Complement)) {
            measures.insert(Component::CrossTeamChanges, Measure::count(count(across.len())));
        }
        measures
    }

    fn review_times(&self, merged: &[&MergedChange], measures: &mut Measures) {
        let counted = &self.evidence.counted;
        let (mut waits, mut reviewers, mut unreviewed) = (Vec::new(), Vec::new(), Vec::new());
        for change in merged {
            match counted.first_review(change, self.membership()) {
                Some(review) => {
                    waits.push((change.author, waited(change, review)));
                    reviewers.push(Some(review.reviewer));
                }
                None => unreviewed.push(change.author),
            }
        }
        let rules = self.rules();
        let reviewed = Group::of(waits.iter().copied(), self.membership());
        let reviewers = Group::counting(reviewers, self.membership());
        let unreviewed_count = count(unreviewed.len());
        let unreviewed = Group::counting(unreviewed, self.membership());
        let authors = Group::counting(waits.iter().map(|(author, _)| *author), self.membership());
        let has_complement = unreviewed.may_tell_sum(rules) || !rules.holds(Rule::Complement);
        if has_complement && authors.may_tell_sum(rules) {
            measures.insert(Component::UnreviewedMerges, Measure::of(unreviewed_count, count(merged.len())));
        }
        let has_reviewers = reviewers.may_tell_mean(rules) || !rules.holds(Rule::Roles);
        if reviewed.may_tell_mean(rules) && has_reviewers {
            measures.insert(
                Component::ReviewTime,
                Measure {
                    total: waits.iter().map(|(_, seconds)| seconds).sum(),
                    count: count(waits.len()),
                    parts: if has_complement && authors.may_tell_sum(rules) { Parts::Told } else { Parts::Hidden },
                    histogram: Some(histogram_of_people(&waits, self.membership(), rules)),
                },
            );
        }
    }

    /// Of the changes whose comments are known; the others must not be too few to hide in.
    fn review_comments(&self, merged: &[&MergedChange], measures: &mut Measures) {
        let (known, unknown): (Vec<&MergedChange>, Vec<&MergedChange>) =
            merged.iter().copied().partition(|change| change.review_comments.is_some());
        let comments = |change: &&MergedChange| i64::from(change.review_comments.unwrap_or(0));
        let group = Group::of(known.iter().map(|change| (change.author, comments(change))), self.membership());
        let unknown = self.authors(unknown.into_iter());
        let hides = unknown.is_empty() || unknown.may_tell_sum(self.rules()) || !self.rules().holds(Rule::Complement);
        if hides && group.may_tell_mean(self.rules()) {
            let measure = Measure::of(known.iter().map(comments).sum(), count(known.len()));
            measures.insert(Component::ReviewComments, measure);
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
