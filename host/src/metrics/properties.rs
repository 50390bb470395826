//! What holds of every answer, whatever was released: it is bounded, it is the same of two teams that are alike, and windows add up.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::date;

use super::*;
use crate::model::{Atom, Component as C, Dimension, Family, Histogram, Measure, Metric, Parts, Span, Week};

const WEEKS: i32 = 13;
const RANGES: [TimeRange; 3] = [TimeRange::Week, TimeRange::Month, TimeRange::Quarter];

fn first() -> Week {
    Week::of_date(date(2026, 1, 5))
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn whole(&mut self, least: i64, most: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let width = u64::try_from(most - least).unwrap() + 1;
        least + i64::try_from((self.0 >> 33) % width).unwrap()
    }
}

/// Components whose total is at most their count.
const SHARES: [C; 11] = [
    C::UnreviewedMerges,
    C::ActiveShare,
    C::Builds,
    C::CoveredLines,
    C::DeploymentDays,
    C::FailedDeployments,
    C::Rework,
    C::AiUsers,
    C::BurnedOut,
    C::ConstructiveFeedback,
    C::NetPromoters,
];
/// Whole answers between these.
const ANSWERS: [(C, i64, i64); 5] = [
    (C::Rating, 1, 5),
    (C::FlowDays, 0, 7),
    (C::ValuableWork, 0, 100),
    (C::CognitiveLoad, 1, 5),
    (C::ContextSwitches, 0, 30),
];

fn measure(component: C, dice: &mut Dice) -> Measure {
    // So many that the other half of a pair of twins does not change how exactly it is told.
    let count = dice.whole(20, 60);
    let (total, count) = match component {
        C::NetPromoters => (dice.whole(-count, count), count),
        _ if SHARES.contains(&component) => (dice.whole(1, count), count),
        C::ReviewTime | C::LeadTime | C::Recovery => (count * dice.whole(60, 900_000), count),
        C::FrictionReports => (dice.whole(10, 30), count),
        C::Responses => (count / 5 * 5, 60),
        C::ReviewComments => (dice.whole(1, 5 * count), count),
        _ => match ANSWERS.iter().find(|(answered, ..)| *answered == component) {
            Some((_, least, most)) => (100 * (0..count).map(|_| dice.whole(*least, *most)).sum::<i64>(), count),
            None => (count, count),
        },
    };
    let is_hidden = matches!(component.family(), Family::Survey | Family::Friction | Family::Active | Family::LeadTime);
    let parts = if is_hidden || dice.whole(0, 3) == 0 { Parts::Hidden } else { Parts::Told };
    let lasts = matches!(component, C::ReviewTime | C::LeadTime | C::Recovery);
    let histogram = lasts.then(|| {
        let buckets: BTreeMap<i16, i64> = [(Histogram::bucket(total / count), count)].into();
        Histogram::new(buckets, Some((i16::MIN, i16::MAX)))
    });
    Measure { total, count, parts, histogram }
}

/// Thirteen weeks of a team, in which now and then something was withheld.
fn world(cell: &str, seed: u64) -> Vec<Atom> {
    let mut dice = Dice(seed);
    let mut atoms = Vec::new();
    let families = Family::ALL.into_iter().filter(|family| !matches!(family, Family::Tally | Family::Sample));
    for family in families {
        for week in 0..WEEKS {
            let components = C::ALL.into_iter().filter(|component| component.family() == family);
            let told: Vec<C> = components.filter(|_| dice.whole(0, 5) > 0).collect();
            let measures = told.into_iter().map(|component| (component, measure(component, &mut dice))).collect();
            let span = Span {
                cell: cell.to_owned(),
                teams: vec![cell.parse().unwrap()],
                start: first().plus(week),
                weeks: 1,
                admitted: true,
            };
            atoms.push(Atom { span, family, facet: None, measures });
        }
    }
    atoms
}

fn answers(atoms: Vec<Atom>) -> Answers {
    Answers::new(atoms, ["amber", "cobalt"].map(|team| team.parse().unwrap()).to_vec(), BTreeSet::new(), true)
}

fn metrics() -> impl Iterator<Item = Metric> {
    Dimension::ALL.into_iter().flat_map(Dimension::metrics).copied()
}

/// What is counted grows with each team; everything else is a mean, a rate or a median.
fn is_a_sum(metric: Metric) -> bool {
    Meaning::of(metric).form == Form::Whole
        || matches!(metric, Metric::DeploymentFrequency | Metric::ActiveDevelopersCount)
}

#[test]
fn every_figure_lies_between_its_bounds() {
    for seed in 0..40 {
        let answers = answers(world("amber", seed));
        for (metric, range) in metrics().flat_map(|metric| RANGES.map(|range| (metric, range))) {
            let Ok(figure) = answers.metric(metric, range, &Scope::Organization) else { continue };
            let (value, Meaning { least, most, .. }) = (figure.value.as_f64(), Meaning::of(metric));
            assert!(value >= f64::from(least), "{seed} {} is {value}", metric.as_str());
            assert!(most.is_none_or(|most| value <= f64::from(most)), "{seed} {} is {value}", metric.as_str());
        }
    }
}

#[test]
fn two_teams_that_are_alike_are_told_as_one_of_them() {
    for seed in 0..40 {
        let one = answers(world("amber", seed));
        let two = answers([world("amber", seed), world("cobalt", seed)].concat());
        for range in RANGES {
            for metric in metrics() {
                let [one, two] = [&one, &two].map(|answers| answers.value(metric, range, &Scope::Organization));
                let times = if is_a_sum(metric) { 2.0 } else { 1.0 };
                let expected = one.map(|value| value.as_f64() * times);
                let is_near = match (expected, two) {
                    // What is counted a day is rounded once, not twice.
                    (Some(expected), Some(two)) => (expected - two.as_f64()).abs() <= 0.101 * (times - 1.0),
                    (expected, two) => expected.is_none() && two.is_none(),
                };
                assert!(is_near, "{seed} {}: {one:?} and {two:?}", metric.as_str());
            }
            let [one, two] = [&one, &two].map(|answers| answers.health(range, &Scope::Organization).0);
            assert_eq!(one, two, "{seed}");
        }
    }
}

#[test]
fn what_is_counted_in_two_windows_is_counted_in_both_together() {
    for seed in 0..40 {
        let answers = answers(world("amber", seed));
        for metric in
            metrics().filter(|metric| Meaning::of(*metric).form == Form::Whole && *metric != Metric::OpenIncidents)
        {
            let count = |from: i32, to: i32| {
                let (from, to) = (first().plus(from).monday(), first().plus(to).monday());
                let value = answers.value(metric, TimeRange::Dates { from, to }, &Scope::Organization);
                value.map_or(0.0, Value::as_f64)
            };
            assert_eq!(count(0, 13).to_bits(), (count(0, 5) + count(5, 13)).to_bits(), "{seed} {}", metric.as_str());
        }
    }
}

/// A better answer of a single survey never makes the score worse, and a worse one never better.
#[test]
fn the_score_follows_what_people_answer() {
    let is_better = |component, more: bool| more != matches!(component, C::BurnedOut | C::CognitiveLoad);
    for seed in 0..40 {
        let atoms = world("amber", seed);
        let before = answers(atoms.clone()).health(TimeRange::Quarter, &Scope::Organization).0;
        for component in
            [C::NetPromoters, C::BurnedOut, C::ConstructiveFeedback, C::Rating, C::FlowDays, C::CognitiveLoad]
        {
            for by in [-100, 100] {
                let mut changed = atoms.clone();
                let measure = changed.iter_mut().find_map(|atom| atom.measures.get_mut(&component)).unwrap();
                measure.total += by;
                let after = answers(changed).health(TimeRange::Quarter, &Scope::Organization).0;
                let (low, high) = if is_better(component, by > 0) { (&before, &after) } else { (&after, &before) };
                assert!(low.score <= high.score && low.low <= high.low, "{seed} {} {by}", component.as_str());
            }
        }
    }
}
