//! Metrics that plugins declare themselves: of the whole organization alone, and only those that the operator has granted.

use serde::Serialize;
use utoipa::ToSchema;

use super::catalogue::{self, Formula, Recipe, Window as Takes};
use super::figure::{Fraction, Precision};
use super::{Answers, Scope, TimeRange, Window};
use crate::model::{Aggregation, Component, Family, Parts, SampleMetric, Withheld};

const THOUSANDTHS: i128 = 1000;

/// A plugin's own metric over one window.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SampleAnswer {
    pub metric: String,
    /// How samples come together: `sum`, `distribution` and `ratio` (their mean), or `last` (of the window's last span).
    #[schema(value_type = String)]
    pub aggregation: &'static str,
    /// Null where it is withheld.
    #[schema(required)]
    pub value: Option<f64>,
    /// Why it is null.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub withheld: Option<Withheld>,
    /// How many samples there were, where they are of no person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub samples: Option<i64>,
    pub window: Window,
}

impl Answers {
    /// The names of those that can be asked for.
    pub fn sample_names(&self) -> Vec<&str> {
        self.granted().map(|metric| metric.name.as_str()).collect()
    }

    /// None: there is no such metric, or it is not granted.
    pub fn sample(&self, name: &str, range: TimeRange) -> Option<SampleAnswer> {
        let metric = self.granted().find(|metric| metric.name.as_str() == name)?;
        let weeks = self.weeks(range);
        let told = self.sampled(metric, weeks);
        let is_of_machines = metric.subject == crate::model::Subject::System;
        Some(SampleAnswer {
            metric: name.to_owned(),
            aggregation: metric.aggregation.as_str(),
            value: told.as_ref().ok().map(|(value, _)| *value),
            withheld: told.as_ref().err().copied(),
            samples: told.ok().map(|(_, samples)| samples).filter(|_| is_of_machines),
            window: self.window(weeks, &Scope::Organization),
        })
    }

    fn granted(&self) -> impl Iterator<Item = &SampleMetric> {
        self.samples().iter().filter(|metric| metric.is_granted)
    }

    fn sampled(&self, metric: &SampleMetric, weeks: Option<super::sum::Weeks>) -> Result<(f64, i64), Withheld> {
        let weeks = weeks.ok_or(Withheld::NotCovered)?;
        if !self.is_brought(Family::Sample) {
            return Err(Withheld::NoSource);
        }
        let (formula, window) = match metric.aggregation {
            Aggregation::Sum => (Formula::Sum, Takes::Whole),
            Aggregation::Distribution | Aggregation::Ratio => (Formula::Mean, Takes::Whole),
            Aggregation::Last => (Formula::Sum, Takes::Newest),
        };
        let recipe = Recipe { component: Component::SampleValue, formula, window, ..catalogue::ANY };
        let sum = self.sum(&recipe, Some(&metric.name), weeks, &Scope::Organization)?;
        let below = if formula == Formula::Mean { i128::from(sum.count) } else { 1 };
        let value = Fraction::new(sum.total, below * THOUSANDTHS).ok_or(Withheld::Suppressed)?;
        let precision = if sum.parts == Parts::Hidden { Precision::TwoDigits } else { Precision::Decimals(3) };
        Ok((value.rounded(precision), sum.count))
    }
}
