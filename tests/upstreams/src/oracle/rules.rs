//! Says whether a figure rests on enough people: it counts them, adds up what each of them gave, and knows nothing else.

use std::collections::BTreeMap;

use super::people::Person;

const ENOUGH_PEOPLE: usize = 5;

/// Who stands behind each observation of a figure, and how much it adds. All that nobody known did is one contributor's.
pub(super) struct Group<'a> {
    observations: Vec<(Option<&'a Person>, i64)>,
}

impl<'a> Group<'a> {
    pub(super) fn of(observations: impl Iterator<Item = (Option<&'a Person>, i64)>) -> Self {
        Self { observations: observations.collect() }
    }

    /// Each observation adds one.
    pub(super) fn counting(people: impl Iterator<Item = Option<&'a Person>>) -> Self {
        Self::of(people.map(|person| (person, 1)))
    }

    /// An outsider's work is counted, but nobody knows whether two of them are two people.
    pub(super) fn is_enough(&self) -> bool {
        let rostered = |person: &Option<&Person>| matches!(person, Some(Person::Rostered(_)));
        self.amounts().keys().filter(|person| rostered(person)).count() >= ENOUGH_PEOPLE
    }

    /// What is left without the two who gave most is at least a fifth of the most.
    pub(super) fn nobody_dominates(&self) -> bool {
        let mut amounts: Vec<i64> = self.amounts().into_values().collect();
        amounts.sort_unstable();
        let all: i64 = amounts.iter().sum();
        let [first, second] = [amounts.pop().unwrap_or(0), amounts.pop().unwrap_or(0)];
        all > 0 && (all - first - second) * 5 >= first
    }

    pub(super) fn nobody_has_more_than_half(&self) -> bool {
        let mut counts: BTreeMap<Option<&Person>, usize> = BTreeMap::new();
        for (person, _) in &self.observations {
            *counts.entry(*person).or_default() += 1;
        }
        counts.values().all(|count| count * 2 <= self.observations.len())
    }

    /// Of a count or a sum.
    pub(super) fn may_be_told(&self) -> bool {
        self.is_enough() && self.nobody_dominates()
    }

    /// Of a mean.
    pub(super) fn may_be_averaged(&self) -> bool {
        self.may_be_told() && self.nobody_has_more_than_half()
    }

    fn amounts(&self) -> BTreeMap<Option<&'a Person>, i64> {
        let mut amounts = BTreeMap::new();
        for (person, amount) in &self.observations {
            *amounts.entry(*person).or_default() += amount;
        }
        amounts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(amounts: &[i64], expected: (bool, bool, bool)) {
        let people: Vec<Person> = (0..amounts.len()).map(|number| Person::Rostered(format!("p{number}"))).collect();
        let group = Group::of(people.iter().map(Some).zip(amounts.iter().copied()));
        let found = (group.is_enough(), group.nobody_dominates(), group.may_be_told());
        assert_eq!(found, expected, "{amounts:?}");
    }

    #[test]
    fn five_people_of_whom_none_dominates() {
        check(&[1, 1, 1, 1], (false, true, false));
        check(&[1, 1, 1, 1, 1], (true, true, true));
        check(&[15, 9, 1, 1, 1], (true, true, true));
        check(&[16, 9, 1, 1, 1], (true, false, false));
        check(&[0, 0, 0, 0, 0], (true, false, false));
        check(&[], (false, false, false));
    }

    #[test]
    fn half_of_the_observations_may_be_one_persons() {
        let [one, other] = ["p1", "p2"].map(|name| Person::Rostered(name.to_owned()));
        let group = |people: &[&'static str]| {
            let found = people.iter().map(|name| Some(if *name == "p1" { &one } else { &other }));
            Group::counting(found).nobody_has_more_than_half()
        };
        assert!(group(&["p1", "p2"]) && group(&["p1", "p2", "p2", "p1"]));
        assert!(!group(&["p1", "p2", "p1"]));
    }

    #[test]
    fn outsiders_and_nobody_add_but_are_no_people() {
        let mut people: Vec<Option<Person>> =
            (0..4).map(|number| Some(Person::Rostered(format!("p{number}")))).collect();
        people.extend([Some(Person::Outsider("o".to_owned())), None]);
        let group = Group::counting(people.iter().map(Option::as_ref));
        assert!(!group.is_enough() && group.nobody_dominates());
    }
}
