//! Answers of surveys: each campaign for itself needs k of them, and no figure may say the same of everybody.

use std::collections::{BTreeMap, BTreeSet};

use super::code::LEAST_OFF;
use super::{Cell, Faceted, Measures, Rule, Rules, count};
use crate::model::{Component, EntityKey, GivenAnswer, Measure, Parts, Question, Word};

/// What is told of answers of one cell and instrument, whose campaigns have enough of them; `invited` are people, where that is known.
pub fn survey_measures<'a>(
    answers: impl IntoIterator<Item = &'a BTreeMap<Question, f64>>,
    invited: Option<usize>,
    rules: &Rules,
) -> Measures {
    let answers: Vec<&BTreeMap<Question, f64>> = answers.into_iter().collect();
    let mut measures = Measures::new();
    if answers.len() < rules.minimum_group && rules.holds(Rule::Threshold) {
        return measures;
    }
    let floored = if rules.holds(Rule::Floor) { answers.len() / 5 * 5 } else { answers.len() };
    let invited = invited.map_or(0, count);
    measures.insert(Component::Responses, Measure { parts: Parts::Hidden, ..Measure::of(count(floored), invited) });
    for question in Question::ALL {
        let values: Vec<f64> = answers.iter().filter_map(|answers| answers.get(&question).copied()).collect();
        // Those who left a question out must be able to hide, too.
        let left_out = answers.len() - values.len();
        let hides = left_out == 0 || left_out >= rules.minimum_group || !rules.holds(Rule::Complement);
        let is_enough = values.len() >= rules.minimum_group || !rules.holds(Rule::Threshold);
        if is_enough && hides && may_tell(question, &values, rules) {
            let (component, total) = figure(question, &values);
            measures.insert(component, Measure { parts: Parts::Hidden, ..Measure::of(total, count(values.len())) });
        }
    }
    measures
}

/// What a figure adds up of a question's answers.
fn figure(question: Question, values: &[f64]) -> (Component, i64) {
    let kinds = |good: &dyn Fn(f64) -> i64| values.iter().map(|value| good(*value)).sum();
    let agree = |value: f64| i64::from(value >= AGREEMENT);
    match question {
        Question::Score => (Component::NetPromoters, kinds(&promotes)),
        Question::Rating => (Component::Rating, kinds(&hundredths)),
        Question::Burnout => (Component::BurnedOut, kinds(&agree)),
        Question::FlowDays => (Component::FlowDays, kinds(&hundredths)),
        Question::ValuablePercent => (Component::ValuableWork, kinds(&hundredths)),
        Question::CognitiveLoad => (Component::CognitiveLoad, kinds(&hundredths)),
        Question::ContextSwitches => (Component::ContextSwitches, kinds(&hundredths)),
        Question::ConstructiveFeedback => (Component::ConstructiveFeedback, kinds(&agree)),
    }
}

/// From 4 of 5 on somebody agrees.
const AGREEMENT: f64 = 4.0;

fn promotes(score: f64) -> i64 {
    match score {
        9.0.. => 1,
        7.0.. => 0,
        _ => -1,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "answers are bounded by a thousand")]
fn hundredths(value: f64) -> i64 {
    (value * 100.0).round() as i64
}

/// Enough are off the commonest of what the figure distinguishes, and nobody stands out of its sum.
fn may_tell(question: Question, values: &[f64], rules: &Rules) -> bool {
    let (is_share, category): (bool, &dyn Fn(f64) -> i64) = match question {
        Question::Score => (true, &promotes),
        Question::Burnout | Question::ConstructiveFeedback => (true, &|value| i64::from(value >= AGREEMENT)),
        _ => (false, &hundredths),
    };
    let mut sizes: BTreeMap<i64, usize> = BTreeMap::new();
    for value in values {
        *sizes.entry(category(*value)).or_default() += 1;
    }
    let commonest = sizes.values().max().copied().unwrap_or(0);
    let is_mixed = values.len() - commonest >= LEAST_OFF || !rules.holds(Rule::Homogeneity);
    let mut sums: Vec<i64> = values.iter().map(|value| hundredths(*value)).collect();
    sums.sort_unstable_by(|left, right| right.cmp(left));
    let largest = sums.first().copied().unwrap_or(0);
    let hides_largest = is_share || sums.iter().skip(2).sum::<i64>() * 5 >= largest || !rules.holds(Rule::Dominance);
    is_mixed && hides_largest
}

impl Cell<'_> {
    pub(super) fn surveys(&self) -> Faceted {
        let mut campaigns: BTreeMap<(Word, EntityKey), Vec<&GivenAnswer>> = BTreeMap::new();
        for answer in &self.evidence.facts.answers {
            if self.holds(answer.team.as_ref(), answer.week) {
                campaigns.entry((answer.instrument.clone(), answer.campaign)).or_default().push(answer);
            }
        }
        let least = if self.rules().holds(Rule::Threshold) { self.rules().minimum_group } else { 1 };
        campaigns.retain(|_, answers| answers.len() >= least);
        let instruments: BTreeSet<Word> = campaigns.keys().map(|(instrument, _)| instrument.clone()).collect();
        let of = |instrument: &Word| {
            let answers = campaigns.iter().filter(|((of, _), _)| of == instrument).flat_map(|(_, answers)| answers);
            survey_measures(answers.map(|answer| &answer.answers), None, self.rules())
        };
        instruments.iter().map(|instrument| (Some(instrument.clone()), of(instrument))).collect()
    }
}
