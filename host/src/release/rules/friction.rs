//! Reports of friction, from ten on. A category that is too small to be shown goes into `other`, and so does the next one until that is large enough.

use std::collections::BTreeMap;

use super::{Cell, Faceted, Measures, Rule, count};
use crate::model::{Component, Measure, Parts, Word};

const LEAST_REPORTS: usize = 10;
const LEAST_OF_A_CATEGORY: usize = 5;
const OTHER: &str = "other";

impl Cell<'_> {
    pub(super) fn friction(&self) -> Faceted {
        let mut sizes: BTreeMap<Word, usize> = BTreeMap::new();
        for report in &self.evidence.facts.friction {
            if self.holds(report.team.as_ref(), report.week) {
                *sizes.entry(report.category.clone()).or_default() += 1;
            }
        }
        let all: usize = sizes.values().sum();
        let is_strict = self.rules().holds(Rule::Reports);
        if is_strict && all < LEAST_REPORTS || all == 0 {
            return Faceted::new();
        }
        let least = if is_strict { LEAST_OF_A_CATEGORY } else { 1 };
        let person_weeks = count(self.size()) * i64::from(self.span.weeks);
        let told = |reports: usize| {
            let measure = Measure { parts: Parts::Hidden, ..Measure::of(count(reports), person_weeks) };
            Measures::from([(Component::FrictionReports, measure)])
        };
        let shown = shown(sizes, least).into_iter().map(|(category, reports)| (Some(category), told(reports)));
        std::iter::once((None, told(all))).chain(shown).collect()
    }
}

fn shown(sizes: BTreeMap<Word, usize>, least: usize) -> BTreeMap<Word, usize> {
    let other: Word = OTHER.parse().expect("it is a word");
    let (mut shown, small): (BTreeMap<Word, usize>, BTreeMap<Word, usize>) =
        sizes.into_iter().partition(|(category, reports)| *reports >= least && *category != other);
    let mut rest: usize = small.values().sum();
    while rest > 0 && rest < least {
        let smallest = shown.iter().min_by_key(|(category, reports)| (**reports, (*category).clone()));
        let Some(category) = smallest.map(|(category, _)| category.clone()) else { break };
        rest += shown.remove(&category).unwrap_or(0);
    }
    if rest >= least {
        shown.insert(other, rest);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &[(&str, usize)], expected: &[(&str, usize)]) {
        let sizes = |sizes: &[(&str, usize)]| -> BTreeMap<Word, usize> {
            sizes.iter().map(|(category, reports)| (category.parse().unwrap(), *reports)).collect()
        };
        assert_eq!(shown(sizes(given), 5), sizes(expected));
    }

    #[test]
    fn what_is_too_small_goes_into_other_until_that_is_large_enough() {
        check(&[("build", 9), ("docs", 6)], &[("build", 9), ("docs", 6)]);
        check(&[("build", 9), ("docs", 3), ("tests", 2)], &[("build", 9), ("other", 5)]);
        check(&[("build", 9), ("docs", 6), ("tests", 1)], &[("build", 9), ("other", 7)]);
        check(&[("build", 9), ("other", 1)], &[("other", 10)]);
        check(&[("build", 4), ("docs", 4), ("tests", 4)], &[("other", 12)]);
    }
}
