//! How each metric is computed from components. ORIGINAL field names; formulas in the catalogue of metrics.

use std::collections::BTreeSet;

use super::Value;
use crate::model::{Atom, Component, Measure, Metric, Parts, Week, Withheld};

const SECONDS_PER_HOUR: f64 = 3600.0;

/// The component that a metric rests on; none where no kind of source for it is known yet.
pub(super) const fn rests_on(metric: Metric) -> Option<Component> {
    match metric {
        Metric::CommitsCount => Some(Component::Commits),
        Metric::PullRequestsCount => Some(Component::MergedChanges),
        Metric::CodeReviewsCount => Some(Component::Reviews),
        Metric::ActiveDevelopersCount => Some(Component::ActivePeople),
        Metric::AvgReviewTimeHours => Some(Component::ReviewTime),
        Metric::CrossTeamPrs => Some(Component::CrossTeamChanges),
        _ => None,
    }
}

/// A metric over the atoms of its family that lie in the window.
pub(super) fn value(component: Component, atoms: &[&Atom]) -> Result<Value, Withheld> {
    if atoms.is_empty() {
        return Err(Withheld::NotCovered);
    }
    let told: Vec<(&Atom, Measure)> =
        atoms.iter().filter_map(|atom| Some((*atom, atom.measures.get(&component)?.clone()))).collect();
    if told.is_empty() {
        return Err(Withheld::Suppressed);
    }
    let measures = || told.iter().map(|(_, measure)| measure.clone());
    Ok(match component {
        Component::ReviewTime => mean_hours(measures()),
        Component::ActivePeople => mean_a_week(&told),
        _ => Value::Count(measures().map(|measure| measure.count).sum()),
    })
}

/// Σx/Σn in hours, two decimals; two digits where the parts must not be told.
fn mean_hours(measures: impl Iterator<Item = Measure> + Clone) -> Value {
    let total: i64 = measures.clone().map(|measure| measure.total).sum();
    let count: i64 = measures.clone().map(|measure| measure.count).sum();
    let hours = as_f64(total) / as_f64(count) / SECONDS_PER_HOUR;
    let is_alone = measures.into_iter().any(|measure| measure.parts == Parts::Hidden);
    Value::Number(if is_alone { round_to_digits(hours, 2) } else { round(hours, 2) })
}

/// Mean over the weeks that were told, one decimal: each atom's people count in each of its weeks.
fn mean_a_week(told: &[(&Atom, Measure)]) -> Value {
    let weeks: BTreeSet<Week> =
        told.iter().flat_map(|(atom, _)| (0..atom.span.weeks).map(|offset| atom.span.start.plus(offset))).collect();
    let person_weeks: i64 = told.iter().map(|(_, measure)| measure.total).sum();
    let weeks = i64::try_from(weeks.len()).unwrap_or(i64::MAX);
    Value::Number(round(as_f64(person_weeks) / as_f64(weeks), 1))
}

#[expect(clippy::cast_precision_loss, reason = "sums stay far below 2^53")]
fn as_f64(number: i64) -> f64 {
    number as f64
}

fn round(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
}

#[expect(clippy::cast_possible_truncation, reason = "the logarithm of a double lies between -324 and 309")]
fn round_to_digits(value: f64, digits: i32) -> f64 {
    if value == 0.0 {
        return 0.0;
    }
    let decimals = digits - 1 - value.abs().log10().floor() as i32;
    if decimals >= 0 {
        round(value, decimals)
    } else {
        let scale = 10_f64.powi(-decimals);
        (value / scale).round() * scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_are_two_digits() {
        for (value, expected) in
            [(12.345, 12.0), (0.01234, 0.012), (123.4, 120.0), (9.96, 10.0), (2.449, 2.4), (0.0, 0.0)]
        {
            assert!((round_to_digits(value, 2) - expected).abs() < 1e-9, "{value}");
        }
    }
}
