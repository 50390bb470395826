//! One metric over one window: its value as it may be told, and what stands beside it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::catalogue::{self, FEW_ANSWERS, FewAnswers, Formula, Recipe, Window};
use super::figure::{Fraction, Precision, Value, to_two_digits};
use super::sum::{DAYS_PER_WEEK, Sum, Weeks};
use super::{Answers, Band, Scope};
use crate::model::{Component, Family, Metric, Parts, Withheld};
use crate::release::Rule;

/// A value, and what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    pub value: Value,
    pub detail: Detail,
    /// Whether it was told of every week that was asked for.
    pub(super) is_full: bool,
    /// Whether it is of a survey that ended before the window.
    pub(super) is_carried: bool,
}

/// What a value rests on, as far as it may be told.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Detail {
    /// The day after the last one that it rests on. The score of a survey may be carried on for thirteen weeks.
    #[serde(serialize_with = "day")]
    #[schema(value_type = String, format = Date)]
    pub as_of: Date,
    /// Weeks of the window that it was told of; not there where it is of one moment or day, or of surveys that ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, minimum = 1)]
    pub weeks_covered: Option<i32>,
    /// What was divided, where it may be told and counts no people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = f64, required = false)]
    pub numerator: Option<Value>,
    /// What it was divided by, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = f64, required = false)]
    pub denominator: Option<Value>,
    /// Half of the observations are at most this, give or take a tenth. A mean of durations is moved by a few long ones; this is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, minimum = 0)]
    pub p50: Option<f64>,
    /// Three of four are at most this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, minimum = 0)]
    pub p75: Option<f64>,
    /// Nine of ten are at most this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, minimum = 0)]
    pub p90: Option<f64>,
    /// The same metric over the window of the same length before, where both windows are covered as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = f64, required = false)]
    pub previous: Option<Value>,
    /// The value less the previous one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub change: Option<f64>,
    /// Where the research of DORA would put it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, required = false)]
    pub dora_band: Option<Band>,
    /// Whether machines are counted, too, because a source had counted itself.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub includes_bots: bool,
    /// Reports by category, those that may be told.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    pub categories: BTreeMap<String, i64>,
}

fn day<S: Serializer>(day: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(day)
}

impl Answers {
    /// A metric, and what it was in the window before.
    pub(super) fn compared(&self, metric: Metric, weeks: Option<Weeks>, scope: &Scope) -> Result<Figure, Withheld> {
        let mut figure = self.figure(metric, weeks, scope)?;
        let before = weeks.map(|(first, end)| (first.plus(-first.until(end)), first));
        if figure.is_full
            && let Ok(before) = self.figure(metric, before, scope)
            && before.is_full
        {
            figure.detail.previous = Some(before.value);
            figure.detail.change = Some(difference(figure.value.as_f64(), before.value.as_f64()));
        }
        Ok(figure)
    }

    pub(super) fn figure(&self, metric: Metric, weeks: Option<Weeks>, scope: &Scope) -> Result<Figure, Withheld> {
        let recipe = self.recipe(metric)?;
        let weeks = weeks.ok_or(Withheld::NotCovered)?;
        let sum = self.sum(&recipe, None, weeks, scope)?;
        let is_covered = recipe.window != Window::Whole || sum.days == weeks.0.until(weeks.1) * DAYS_PER_WEEK;
        let is_of_systems = recipe.family().is_of_systems();
        let tells_nought = is_covered && (is_of_systems || !self.holds(Rule::Reasons));
        let value = value(&recipe, &sum, tells_nought)?;
        let mut detail = detail(&recipe, &sum);
        detail.dora_band = match metric {
            Metric::DeploymentFrequency => self.band_of_deployments(weeks, scope),
            _ => Band::of(metric, value.as_f64()),
        };
        if metric == Metric::FrictionIncidents {
            detail.categories = self.categories(weeks, scope);
        }
        Ok(Figure { value, detail, is_full: is_covered && !sum.is_carried, is_carried: sum.is_carried })
    }

    /// How a metric is computed here.
    pub(super) fn recipe(&self, metric: Metric) -> Result<Recipe, Withheld> {
        let recipe = catalogue::recipe(metric);
        let recipe = match catalogue::tallied(metric) {
            Some(tallied) if self.is_tallied(&recipe, &tallied) => tallied,
            _ => recipe,
        };
        let (component, family) = (recipe.component, recipe.family());
        let is_unknown = catalogue::may_be_unknown(component)
            && self.index.has_told_any_of(family)
            && !self.index.has_told(component);
        let has_no_owners = component == Component::CrossTeamChanges && !self.has_owners();
        let has_no_invited =
            metric == Metric::ResponseRate && self.index.has_told(component) && !self.index.knows_invited();
        if !self.is_brought(family) || is_unknown || has_no_owners || has_no_invited {
            return Err(Withheld::NoSource);
        }
        Ok(recipe)
    }

    /// A source's own count stands in only where people were never counted, so that no figure changes its meaning from week to week.
    fn is_tallied(&self, counted: &Recipe, tallied: &Recipe) -> bool {
        !self.index.has_told(counted.component)
            && (self.index.has_told(tallied.component)
                || (!self.is_brought(counted.family()) && self.is_brought(tallied.family())))
    }

    fn band_of_deployments(&self, weeks: Weeks, scope: &Scope) -> Option<Band> {
        let recipe = Recipe { component: Component::DeploymentDays, ..catalogue::recipe(Metric::DeploymentReworkRate) };
        let days = self.sum(&recipe, None, weeks, scope).ok()?;
        Some(Band::of_deployment_days(days.total, days.count.into()))
    }

    /// Deployments by service and day, so that more services do not make them more frequent.
    pub(super) fn deployments_of_a_service(&self, weeks: Weeks, scope: &Scope) -> Option<f64> {
        let recipe = catalogue::recipe(Metric::DeploymentFrequency);
        let deployments = self.sum(&recipe, None, weeks, scope).ok()?;
        let days = self.sum(&Recipe { component: Component::DeploymentDays, ..recipe }, None, weeks, scope).ok()?;
        Some(Fraction::new(deployments.total, i128::from(days.count))?.rounded(Precision::Decimals(3)))
    }

    fn categories(&self, weeks: Weeks, scope: &Scope) -> BTreeMap<String, i64> {
        let mut categories = BTreeMap::new();
        let near = self.index.near(&self.atoms, scope, Family::Friction, weeks);
        for atom in near.filter(|atom| weeks.0 <= atom.span.start && atom.span.end() <= weeks.1) {
            if let (Some(category), Some(reports)) = (&atom.facet, atom.measures.get(&Component::FrictionReports)) {
                *categories.entry(category.as_str().to_owned()).or_default() += reports.total;
            }
        }
        categories
    }
}

/// `tells_nought`: of systems, and of all that was asked for.
pub(super) fn value(recipe: &Recipe, sum: &Sum, tells_nought: bool) -> Result<Value, Withheld> {
    if recipe.needs_count() && sum.count < recipe.least {
        return Err(Withheld::Suppressed);
    }
    if !recipe.needs_count() && sum.total == 0 && !tells_nought {
        let is_of_systems = recipe.family().is_of_systems();
        return Err(if is_of_systems { Withheld::NotCovered } else { Withheld::Suppressed });
    }
    let (above, over) = (sum.total * recipe.times, recipe.over);
    let divided = |below: i128| Fraction::new(above, below * over).ok_or(Withheld::Suppressed);
    let number = match recipe.formula {
        Formula::Sum => return Ok(Value::Count(i64::try_from(above).unwrap_or(i64::MAX))),
        Formula::PerDay => divided(sum.days.into())?.rounded(recipe.precision),
        Formula::PerWeek => divided(i128::from(sum.days / DAYS_PER_WEEK))?.rounded(recipe.precision),
        Formula::Mean => divided(i128::from(sum.count))?.rounded(precision(recipe, sum)),
        Formula::Median => percentile(recipe, sum, 50).ok_or(Withheld::Suppressed)?,
    };
    Ok(Value::Number(number))
}

fn precision(recipe: &Recipe, sum: &Sum) -> Precision {
    match recipe.few_answers {
        Some(FewAnswers(precision)) if sum.count < FEW_ANSWERS => precision,
        None if sum.parts == Parts::Hidden => Precision::TwoDigits,
        _ => recipe.precision,
    }
}

fn percentile(recipe: &Recipe, sum: &Sum, percent: i64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "seconds of an hour")]
    let unit = recipe.over as f64;
    Some(to_two_digits(sum.histogram.as_ref()?.percentile(percent)? / unit))
}

pub(super) fn detail(recipe: &Recipe, sum: &Sum) -> Detail {
    let observed = sum.histogram.as_ref().map_or(0, crate::model::Histogram::count);
    let percentile = |which: usize, percent: i64| {
        let least = recipe.percentiles?[which];
        (observed >= least).then(|| percentile(recipe, sum, percent)).flatten()
    };
    let (numerator, denominator) = parts(recipe, sum).unzip();
    Detail {
        as_of: sum.end,
        weeks_covered: (recipe.window == Window::Whole && sum.days >= DAYS_PER_WEEK)
            .then_some(sum.days / DAYS_PER_WEEK),
        numerator,
        denominator,
        p50: percentile(0, 50),
        p75: percentile(1, 75),
        p90: percentile(2, 90),
        includes_bots: recipe.component == Component::TalliedMessages,
        ..Detail::default()
    }
}

/// What is above and below the line, in the metric's unit.
fn parts(recipe: &Recipe, sum: &Sum) -> Option<(Value, Value)> {
    if !recipe.tells_parts || sum.parts == Parts::Hidden {
        return None;
    }
    let above = match recipe.over {
        1 => Value::Count(i64::try_from(sum.total).ok()?),
        over => Value::Number(Fraction::new(sum.total, over)?.rounded(Precision::Decimals(2))),
    };
    let below = if recipe.formula == Formula::PerDay { sum.days.into() } else { sum.count };
    Some((above, Value::Count(below)))
}

/// Of two numbers that were rounded: what computing adds is taken away again.
fn difference(value: f64, before: f64) -> f64 {
    let difference = ((value - before) * 1000.0).round() / 1000.0;
    if difference == 0.0 { 0.0 } else { difference }
}
