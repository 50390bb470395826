//! How one figure came about: what it means, what it was computed from, over which weeks, and what protects the people behind it.

use serde::Serialize;
use utoipa::ToSchema;

use super::anchors::Scored;
use super::figure::Value;
use super::meaning::{DAYS, Form, Meaning, Protection};
use super::{Answers, Detail, Scope, TimeRange, Window};
use crate::model::{Dimension, Family, Metric, Withheld};

/// One figure, explained. It names no person, and no number of them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Explanation {
    #[schema(value_type = String)]
    pub metric: Metric,
    #[schema(value_type = String)]
    pub dimension: Dimension,
    /// What it tells.
    pub definition: &'static str,
    /// What is added up, and what that is divided by.
    pub formula: &'static str,
    pub unit: &'static str,
    /// Whether it is a whole number.
    pub is_whole: bool,
    /// The least that it can be.
    pub least: i32,
    /// The most that it can be; null where there is no bound.
    #[schema(required)]
    pub most: Option<i32>,
    /// The kinds of fact that it is computed from.
    #[schema(value_type = Vec<String>)]
    pub computed_from: Vec<&'static str>,
    /// What protects the people behind it. Which of these withheld a figure is never told.
    #[schema(value_type = Vec<String>)]
    pub rules: Vec<&'static str>,
    /// What it is worth in the health score, by rising values: null where that does not look at it.
    #[schema(required)]
    pub health: Option<Worth>,
    /// Null where it is withheld.
    #[schema(value_type = Option<f64>, required)]
    pub value: Option<Value>,
    /// Why it is null.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub withheld: Option<Withheld>,
    /// What the value rests on; null where it is withheld.
    #[schema(required)]
    pub detail: Option<Detail>,
    pub window: Window,
}

/// What values are worth.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Worth {
    /// Among the metrics of its dimension.
    pub weight: f64,
    /// Between them it is worth what lies on the straight line.
    pub anchors: Vec<WorthAt>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct WorthAt {
    /// For `deployment_frequency`: of one service.
    pub value: f64,
    #[schema(minimum = 0, maximum = 100)]
    pub score: f64,
}

impl Answers {
    pub fn explain(&self, metric: Metric, range: TimeRange, scope: &Scope) -> Explanation {
        let Meaning { text, formula, unit, form, least, most } = Meaning::of(metric);
        let protection = Protection::of(metric);
        let told = self.metric(metric, range, scope);
        Explanation {
            metric,
            dimension: Dimension::of(metric),
            definition: text,
            formula,
            unit,
            is_whole: form == Form::Whole,
            least,
            most,
            computed_from: self.kinds(metric, &protection),
            rules: self.rules(&protection),
            health: Scored::of(metric).map(|scored| Worth {
                weight: scored.weight,
                anchors: scored.anchors.iter().map(|(value, score)| WorthAt { value: *value, score: *score }).collect(),
            }),
            value: told.as_ref().ok().map(|figure| figure.value),
            withheld: told.as_ref().err().copied(),
            detail: told.ok().map(|figure| figure.detail),
            window: self.window_asked(range, scope),
        }
    }

    fn rules(&self, protection: &Protection) -> Vec<&'static str> {
        let is_told_of_days = self.tells_days() && protection.family.is_of_systems();
        protection.rules.iter().copied().chain(is_told_of_days.then_some(DAYS)).collect()
    }

    fn kinds(&self, metric: Metric, protection: &Protection) -> Vec<&'static str> {
        let mut kinds: Vec<&str> = protection.kinds().map(|kind| kind.as_str()).collect();
        if self.recipe(metric).is_ok_and(|recipe| recipe.family() == Family::Tally) {
            kinds = Family::Tally.rests_on().map(|kind| kind.as_str()).collect();
        }
        kinds
    }
}
