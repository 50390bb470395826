//! How long things took in one span, and where a percentile of them hides people; told as near as a quarter of an octave tells.

use std::collections::BTreeSet;

use super::people::Person;

/// Beyond a percentile of people's work lie so many observations, of so many people of the roster.
const OBSERVATIONS_BEYOND: usize = 5;
const PEOPLE_BEYOND: usize = 3;

/// Of one component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    seconds: Vec<i64>,
    /// The first and the last quarter of an octave that a percentile may lie in; none: nowhere.
    told: Option<(u32, u32)>,
}

impl Durations {
    pub(super) fn of_people(observed: &[(Option<&Person>, i64)]) -> Self {
        let are_enough = |beyond: &dyn Fn(u32) -> bool| {
            let beyond: Vec<_> = observed.iter().filter(|(_, seconds)| beyond(quarter(*seconds))).collect();
            let people: BTreeSet<&Person> =
                beyond.iter().filter_map(|(person, _)| *person).filter(|person| person.is_rostered()).collect();
            beyond.len() >= OBSERVATIONS_BEYOND && people.len() >= PEOPLE_BEYOND
        };
        let hides = |own: &u32| are_enough(&|other| other < *own) && are_enough(&|other| other > *own);
        let hiding: Vec<u32> = observed.iter().map(|(_, seconds)| quarter(*seconds)).filter(hides).collect();
        let seconds = observed.iter().map(|(_, seconds)| *seconds).collect();
        Self { seconds, told: hiding.iter().min().copied().zip(hiding.iter().max().copied()) }
    }

    /// Nobody is in them.
    pub(super) fn of_machines(seconds: Vec<i64>) -> Self {
        Self { seconds, told: Some((0, u32::MAX)) }
    }
}

/// Which quarter of an octave: the fourth power tells it in whole numbers.
fn quarter(seconds: i64) -> u32 {
    let seconds = u128::try_from(seconds.max(1)).expect("it is at least one");
    seconds.pow(4).ilog2()
}

pub(super) fn number_of(all: &[&Durations]) -> usize {
    all.iter().map(|durations| durations.seconds.len()).sum()
}

/// So many percent of all are at most this; milliseconds of the middle of the quarter, if some span hides what lies there.
pub(super) fn percentile(all: &[&Durations], percent: usize) -> Option<i128> {
    let mut quarters: Vec<u32> =
        all.iter().flat_map(|durations| &durations.seconds).map(|seconds| quarter(*seconds)).collect();
    quarters.sort_unstable();
    let own = *quarters.get((quarters.len() * percent).div_ceil(100).checked_sub(1)?)?;
    let hidden_from = all.iter().filter_map(|durations| durations.told).map(|(first, _)| first).min()?;
    let hidden_to = all.iter().filter_map(|durations| durations.told).map(|(_, last)| last).max()?;
    let middle = ((f64::from(own) + 0.5) / 4.0).exp2() * 1000.0;
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of years")]
    (hidden_from..=hidden_to).contains(&own).then(|| middle.round() as i128)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(count: usize) -> Vec<Person> {
        (0..count).map(|number| Person::Rostered(format!("p{number}"))).collect()
    }

    #[test]
    fn a_quarter_of_an_octave_doubles_after_four() {
        assert_eq!([0, 1, 2, 3, 4, 1024].map(quarter), [0, 0, 4, 6, 8, 40]);
        assert_eq!((quarter(1217), quarter(1218)), (40, 41));
    }

    #[test]
    fn five_observations_of_three_people_of_the_roster_lie_beyond() {
        let people = people(3);
        let outsider = Person::Outsider("o".to_owned());
        let spread = |third: &'static str| -> Vec<(Option<Person>, i64)> {
            let whose = |number: usize| match number % 3 {
                2 if third == "outsider" => Some(outsider.clone()),
                2 if third == "nobody" => None,
                own => Some(people[own].clone()),
            };
            [1, 1, 1, 1, 1, 60, 3600, 3600, 3600, 3600, 3600]
                .into_iter()
                .enumerate()
                .map(|(n, s)| (whose(n), s))
                .collect()
        };
        let told = |observed: &[(Option<Person>, i64)], percent| {
            let borrowed: Vec<_> = observed.iter().map(|(person, seconds)| (person.as_ref(), *seconds)).collect();
            percentile(&[&Durations::of_people(&borrowed)], percent)
        };
        assert_eq!(told(&spread("person"), 50), Some(58_688));
        assert_eq!((told(&spread("person"), 40), told(&spread("person"), 75)), (None, None));
        assert_eq!((told(&spread("outsider"), 50), told(&spread("nobody"), 50)), (None, None));
    }

    #[test]
    fn machines_hide_nobody() {
        let one = Durations::of_machines(vec![10, 20, 40]);
        let other = Durations::of_machines(vec![80, 160]);
        assert_eq!((number_of(&[&one, &other]), percentile(&[&one, &other], 50)), (5, Some(41_499)));
        assert_eq!(percentile(&[], 50), None);
    }
}
