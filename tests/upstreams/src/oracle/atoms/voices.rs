//! What people tell who are asked here, and the friction that they report.

use std::collections::BTreeMap;

use super::super::Oracle;
use super::super::asked::{Campaign, answers, campaigns};
use super::super::people::team_named;
use super::super::spans::Span;
use super::{Atom, Measure, Measures, whole};
use crate::organisation::voices::Given;

const ENOUGH_ANSWERS: usize = 5;
const BAND: usize = 5;
/// So many answers are another than most.
const LEAST_OTHERS: usize = 2;
const LEAST_REPORTS: i64 = 10;
const LEAST_OF_A_CATEGORY: i64 = 5;
const OTHER: &str = "other";

/// Of every campaign that is over and settled, an atom in weeks of its own.
pub(super) fn surveys(oracle: &Oracle<'_>) -> Vec<Atom> {
    let is_over =
        |campaign: &Campaign| oracle.calendar.midnight(campaign.span.end()) + oracle.settle <= oracle.covered_through();
    let told = campaigns(oracle).into_iter().filter(is_over).map(|campaign| {
        let answers = answers(oracle, &campaign);
        let facet = match campaign.instrument {
            "pulse" => "own-pulse",
            "nps" => "own-nps",
            _ => "own-annual",
        };
        let (truth, measures) = (whole(answers.len()), survey(&campaign, &answers));
        Atom { span: campaign.span, family: "survey", facet, measures, truth }
    });
    told.collect()
}

fn survey(campaign: &Campaign, answers: &[&Given]) -> Measures {
    let mut measures = Measures::new();
    if answers.len() < ENOUGH_ANSWERS {
        return measures;
    }
    let (floored, invited) = (whole(answers.len() / BAND * BAND), whole(campaign.span.roster));
    measures.insert("responses", Measure::of(floored, invited).alone());
    for (question, component) in [
        ("score", "net_promoters"),
        ("satisfaction_rating", "rating"),
        ("burnout", "burned_out"),
        ("flow_state_days", "flow_days"),
        ("valuable_work_percentage", "valuable_work"),
        ("cognitive_load", "cognitive_load"),
        ("context_switches", "context_switches"),
        ("constructive_feedback", "constructive_feedback"),
    ] {
        let given = answers.iter().flat_map(|given| &given.answers).filter(|(name, _)| *name == question);
        let values: Vec<i64> = given.map(|(_, value)| *value).collect();
        let left_out = answers.len() - values.len();
        let can_hide = left_out == 0 || left_out >= ENOUGH_ANSWERS;
        if values.len() >= ENOUGH_ANSWERS && can_hide && may_be_told(question, &values) {
            let total = values.iter().map(|value| adds(question, *value)).sum();
            measures.insert(component, Measure::of(total, whole(values.len())).alone());
        }
    }
    measures
}

/// What an answer adds to the figure: a promoter one and a detractor takes one, who agrees one, and everything else itself, in hundredths.
fn adds(question: &str, value: i64) -> i64 {
    match question {
        "score" => i64::from(value >= 9) - i64::from(value <= 6),
        "burnout" | "constructive_feedback" => i64::from(value >= 4),
        _ => 100 * value,
    }
}

/// Not nearly all are alike in what the figure distinguishes, and nobody stands out of a sum.
fn may_be_told(question: &str, values: &[i64]) -> bool {
    let mut alike: BTreeMap<i64, usize> = BTreeMap::new();
    for value in values {
        *alike.entry(adds(question, *value)).or_default() += 1;
    }
    let commonest = alike.values().max().copied().unwrap_or(0);
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.reverse();
    let is_a_share = ["score", "burnout", "constructive_feedback"].contains(&question);
    let hides_the_largest = is_a_share || sorted[2..].iter().sum::<i64>() * 5 >= sorted[0];
    values.len() - commonest >= LEAST_OTHERS && hides_the_largest
}

/// The whole, and each category that may be shown.
pub(super) fn friction(oracle: &Oracle<'_>, span: &Span) -> (i64, BTreeMap<&'static str, Measures>) {
    let mut sizes: BTreeMap<&'static str, i64> = BTreeMap::new();
    for report in &oracle.organisation.voices.reports {
        let team = team_named(oracle.organisation, &report.person, report.week);
        if oracle.hears(report.week) && span.holds_of_team(report.week, team) {
            *sizes.entry(report.category).or_default() += 1;
        }
    }
    let all: i64 = sizes.values().sum();
    let person_weeks = whole(span.roster) * span.weeks;
    let told = |reports: i64| Measures::from([("friction_reports", Measure::of(reports, person_weeks).alone())]);
    let mut atoms = BTreeMap::from([("", Measures::new())]);
    if all >= LEAST_REPORTS && !span.withheld {
        atoms.extend(shown(sizes).into_iter().map(|(category, reports)| (category, told(reports))));
        atoms.insert("", told(all));
    }
    (all, atoms)
}

/// The largest categories by themselves; the smallest are put together, and as many more as it takes until they are enough.
fn shown(sizes: BTreeMap<&'static str, i64>) -> BTreeMap<&'static str, i64> {
    let mut by_size: Vec<(i64, &'static str)> = sizes.into_iter().map(|(category, size)| (size, category)).collect();
    by_size.sort_unstable();
    let together = |count: usize| by_size[..count].iter().map(|(size, _)| size).sum::<i64>();
    let small = by_size.iter().filter(|(size, _)| *size < LEAST_OF_A_CATEGORY).count();
    let hidden = (small..=by_size.len()).find(|count| together(*count) == 0 || together(*count) >= LEAST_OF_A_CATEGORY);
    let hidden = hidden.unwrap_or(by_size.len());
    let mut shown: BTreeMap<&'static str, i64> =
        by_size[hidden..].iter().map(|(size, category)| (*category, *size)).collect();
    if hidden > 0 {
        shown.insert(OTHER, together(hidden));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_small_is_put_together_until_it_is_enough() {
        for (given, expected) in [
            (vec![("build", 9), ("docs", 6)], vec![("build", 9), ("docs", 6)]),
            (vec![("build", 9), ("docs", 3), ("tests", 2)], vec![("build", 9), ("other", 5)]),
            (vec![("build", 9), ("docs", 6), ("tests", 1)], vec![("build", 9), ("other", 7)]),
            (vec![("build", 4), ("docs", 4), ("tests", 4)], vec![("other", 12)]),
        ] {
            assert_eq!(shown(given.into_iter().collect()), expected.into_iter().collect());
        }
    }

    #[test]
    fn five_of_whom_two_differ_are_told() {
        assert!(may_be_told("burnout", &[5, 4, 4, 1, 2]) && !may_be_told("burnout", &[5, 4, 5, 4, 1]));
        assert!(may_be_told("score", &[10, 9, 9, 7, 7]) && !may_be_told("score", &[10, 9, 9, 9, 0]));
        assert!(
            may_be_told("context_switches", &[10, 10, 1, 1, 1]) && !may_be_told("context_switches", &[20, 1, 1, 1, 1])
        );
    }
}
