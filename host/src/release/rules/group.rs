//! Who contributed how much to a figure, and whether they are enough to hide each other.

use std::collections::{BTreeMap, BTreeSet};

use super::{Rule, Rules};
use crate::model::{Histogram, Pseudonym};
use crate::release::{Membership, PersonKey};

/// Somebody who contributed. Only people of the roster fill a group: nobody can tell how many people outsiders are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Contributor {
    Person(PersonKey),
    Nobody,
}

/// Amounts by contributor: of observations, of seconds, of whatever is summed.
#[derive(Debug, Default)]
pub(super) struct Group {
    amounts: BTreeMap<Contributor, Amount>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Amount {
    observations: i64,
    sum: i64,
}

impl Group {
    /// Of accounts, each with what it adds to the sum.
    pub(super) fn of(
        contributions: impl IntoIterator<Item = (Option<Pseudonym>, i64)>,
        membership: &Membership<'_>,
    ) -> Self {
        let mut group = Self::default();
        for (account, amount) in contributions {
            let contributor =
                account.map_or(Contributor::Nobody, |account| Contributor::Person(membership.person(account)));
            let entry = group.amounts.entry(contributor).or_default();
            entry.observations += 1;
            entry.sum += amount;
        }
        group
    }

    /// Of accounts, each of which counts one.
    pub(super) fn counting(accounts: impl IntoIterator<Item = Option<Pseudonym>>, membership: &Membership<'_>) -> Self {
        Self::of(accounts.into_iter().map(|account| (account, 1)), membership)
    }

    /// People of the roster.
    pub(super) fn people(&self) -> BTreeSet<usize> {
        let person = |contributor: &Contributor| match contributor {
            Contributor::Person(PersonKey::Rostered(person)) => Some(*person),
            _ => None,
        };
        self.amounts.keys().filter_map(person).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.amounts.is_empty()
    }

    /// Whether a sum over them may be told.
    pub(super) fn may_tell_sum(&self, rules: &Rules) -> bool {
        if self.is_empty() && !rules.holds(Rule::Reasons) {
            return true;
        }
        self.is_enough(rules) && !(rules.holds(Rule::Dominance) && self.is_dominated())
    }

    /// Whether a mean or a rate over their observations may be told.
    pub(super) fn may_tell_mean(&self, rules: &Rules) -> bool {
        self.may_tell_sum(rules) && !(rules.holds(Rule::Dominance) && self.has_majority())
    }

    pub(super) fn is_enough(&self, rules: &Rules) -> bool {
        !rules.holds(Rule::Threshold) || self.people().len() >= rules.minimum_group
    }

    /// What the two largest leave does not hide the largest: less than a fifth of it. A sum of nothing tells that of everybody.
    fn is_dominated(&self) -> bool {
        let mut sums: Vec<i64> = self.amounts.values().map(|amount| amount.sum).collect();
        sums.sort_unstable_by(|left, right| right.cmp(left));
        let (largest, rest) = (sums.first().copied().unwrap_or(0), sums.iter().skip(2).sum::<i64>());
        largest == 0 || rest * 5 < largest
    }

    /// Whether one of them has more than half of the observations.
    fn has_majority(&self) -> bool {
        let all: i64 = self.amounts.values().map(|amount| amount.observations).sum();
        self.amounts.values().any(|amount| amount.observations * 2 > all)
    }
}

/// Beyond a percentile that is told lie so many observations, of so many people of the roster.
const OBSERVATIONS_BEYOND: usize = 5;
const PEOPLE_BEYOND: usize = 3;

/// How people's durations lie, and where a percentile hides them.
pub(super) fn histogram_of_people(
    durations: &[(Option<Pseudonym>, i64)],
    membership: &Membership<'_>,
    rules: &Rules,
) -> Histogram {
    let whose = |account: &Option<Pseudonym>| match membership.person((*account)?) {
        PersonKey::Rostered(person) => Some(person),
        PersonKey::Outsider(_) => None,
    };
    let placed: Vec<(i16, Option<usize>)> =
        durations.iter().map(|(account, seconds)| (Histogram::bucket(*seconds), whose(account))).collect();
    let mut buckets: BTreeMap<i16, i64> = BTreeMap::new();
    for (bucket, _) in &placed {
        *buckets.entry(*bucket).or_default() += 1;
    }
    let hides = |is_beyond: &dyn Fn(i16) -> bool| {
        let beyond = placed.iter().filter(|(bucket, _)| is_beyond(*bucket));
        let people: BTreeSet<usize> = beyond.clone().filter_map(|(_, person)| *person).collect();
        !rules.holds(Rule::Homogeneity) || (beyond.count() >= OBSERVATIONS_BEYOND && people.len() >= PEOPLE_BEYOND)
    };
    let told: Vec<i16> = buckets
        .keys()
        .copied()
        .filter(|bucket| hides(&|other| other > *bucket) && hides(&|other| other < *bucket))
        .collect();
    Histogram::new(buckets, told.first().copied().zip(told.last().copied()))
}

/// How durations of machines lie: every percentile may be told.
pub(super) fn histogram_of_machines(durations: impl IntoIterator<Item = i64>) -> Histogram {
    let mut buckets: BTreeMap<i16, i64> = BTreeMap::new();
    for seconds in durations {
        *buckets.entry(Histogram::bucket(seconds)).or_default() += 1;
    }
    Histogram::of_machines(buckets)
}
