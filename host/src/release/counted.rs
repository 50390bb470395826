//! Work on code by week, each pair of a reviewer and a change once.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::{Facts, Membership, PersonKey};
use crate::model::{EntityKey, GivenReview, LandedCommit, MergedChange, Pseudonym, Week};

/// The facts by week, reviews reduced to the first of each pair of reviewer and change.
pub struct Counted<'a> {
    pub(super) changes: BTreeMap<Week, Vec<&'a MergedChange>>,
    pub(super) reviews: BTreeMap<Week, Vec<&'a GivenReview>>,
    pub(super) commits: BTreeMap<Week, Vec<&'a LandedCommit>>,
    /// In the order in which they were given.
    reviews_of: HashMap<EntityKey, Vec<&'a GivenReview>>,
    joined: Joined,
}

/// More epochs than facts are ever kept of.
const MOST_EPOCHS: usize = 4;

/// A change that was worked on in two epochs has a key in each: here they are one again.
struct Joined(HashMap<EntityKey, EntityKey>);

impl Joined {
    fn of(facts: &Facts) -> Self {
        let changes = facts.changes.iter().map(|change| (change.change, change.earlier_change));
        let reviews = facts.reviews.iter().map(|review| (review.change, review.earlier_change));
        Self(changes.chain(reviews).filter_map(|(change, earlier)| Some((change, earlier?))).collect())
    }

    /// Its oldest key: a review may itself name the key of an epoch before its own.
    fn change(&self, key: EntityKey) -> EntityKey {
        let older = |key: &EntityKey| self.0.get(key).copied();
        std::iter::successors(Some(key), older).take(MOST_EPOCHS).last().unwrap_or(key)
    }
}

/// When a change was first reviewed, and by which account.
#[derive(Clone, Copy)]
pub(super) struct FirstReview {
    pub(super) at: Timestamp,
    pub(super) reviewer: Pseudonym,
}

impl<'a> Counted<'a> {
    pub fn new(facts: &'a Facts, membership: &Membership<'_>) -> Self {
        let joined = Joined::of(facts);
        let mut in_order: Vec<&GivenReview> = facts.reviews.iter().collect();
        in_order.sort_by_key(|review| (review.at, review.reviewer));
        let mut first: HashMap<(PersonKey, EntityKey), &GivenReview> = HashMap::new();
        let mut reviews_of: HashMap<EntityKey, Vec<&GivenReview>> = HashMap::new();
        for review in in_order {
            let change = joined.change(review.change);
            reviews_of.entry(change).or_default().push(review);
            let reviewer = membership.person(review.reviewer);
            if review.change_author.is_some_and(|author| membership.person(author) == reviewer) {
                continue;
            }
            first.entry((reviewer, change)).or_insert(review);
        }
        Counted {
            changes: by_week(facts.changes.iter(), |change| change.week),
            reviews: by_week(first.into_values(), |review| review.week),
            commits: by_week(facts.commits.iter(), |commit| commit.week),
            reviews_of,
            joined,
        }
    }

    /// The first review by another person. A source cannot know that two of its accounts are one person: then the next one counts.
    pub(super) fn first_review(&self, change: &MergedChange, membership: &Membership<'_>) -> Option<FirstReview> {
        let author = change.author.map(|author| membership.person(author));
        let is_other = |reviewer: Pseudonym| author != Some(membership.person(reviewer));
        let told = FirstReview { at: change.first_review_at?, reviewer: change.first_reviewer? };
        if is_other(told.reviewer) {
            return Some(told);
        }
        let given = self.reviews_of.get(&self.joined.change(change.change))?;
        given
            .iter()
            .find(|review| is_other(review.reviewer) && review.at <= change.merged_at)
            .map(|review| FirstReview { at: review.at, reviewer: review.reviewer })
    }
}

fn by_week<'a, F>(facts: impl Iterator<Item = &'a F>, week: impl Fn(&F) -> Week) -> BTreeMap<Week, Vec<&'a F>> {
    let mut weeks: BTreeMap<Week, Vec<&F>> = BTreeMap::new();
    for fact in facts {
        weeks.entry(week(fact)).or_default().push(fact);
    }
    weeks
}
