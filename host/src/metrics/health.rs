//! One score for a team or an organization: what its metrics are worth, how much of it is known, and how far off it may be.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::anchors::Scored;
use super::{Answers, Scope, TimeRange, Window};
use crate::model::{Dimension, Metric};

/// Of its weight a dimension must be known.
const LEAST_KNOWN: f64 = 0.5;
const FEWEST_DIMENSIONS: usize = 3;
/// What people say of themselves.
const BY_SURVEY: [Dimension; 2] = [Dimension::Satisfaction, Dimension::Efficiency];

/// What the score says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// 80 and more.
    Excellent,
    /// 60 and more.
    Good,
    NeedsImprovement,
    /// Fewer than three dimensions are known, or none of those that surveys tell of.
    InsufficientData,
}

impl Status {
    /// Of a score that was rounded to a tenth.
    fn of(score: Option<f64>) -> Self {
        match score {
            None => Status::InsufficientData,
            Some(score) if score >= 80.0 => Status::Excellent,
            Some(score) if score >= 60.0 => Status::Good,
            Some(_) => Status::NeedsImprovement,
        }
    }
}

/// What each dimension weighs in the score; 1 where nothing is said.
pub type Weights = BTreeMap<Dimension, f64>;

/// A dimension's part in the score.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DimensionHealth {
    /// 0 to 100; null where less than half of its metrics, by weight, are known.
    #[schema(required, minimum = 0, maximum = 100)]
    pub score: Option<f64>,
    /// How much of its weight is known, in percent.
    #[schema(minimum = 0, maximum = 100)]
    pub coverage: f64,
    /// What it weighs in the score, where the operator has said so; else 1.
    #[serde(skip_serializing_if = "is_one")]
    #[schema(required = false, minimum = 0)]
    pub weight: f64,
    /// What each metric that is known is worth, from 0 to 100.
    #[schema(value_type = BTreeMap<String, f64>)]
    pub metrics: BTreeMap<Metric, f64>,
}

/// What can be said of the health as a whole. What is in percent is rounded to a tenth.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// 0 to 100, the higher the better.
    pub score: Option<f64>,
    pub status: Status,
    pub dimensions: BTreeMap<Dimension, DimensionHealth>,
    /// The dimension with the lowest score.
    pub weakest: Option<Dimension>,
    pub dimensions_known: usize,
    /// How much of all weight is known, in percent.
    pub coverage: f64,
    /// The score if everything that is missing were worth 0: what is left out cannot quietly raise it.
    pub low: f64,
    /// The score if everything that is missing were worth 100.
    pub high: f64,
}

impl Answers {
    /// The health over one window, from the values that are shown.
    pub fn health(&self, range: TimeRange, scope: &Scope) -> (Health, Window) {
        let weeks = self.weeks(range);
        let values = super::anchors::SCORED.iter().filter_map(|Scored { metric, .. }| {
            let shown = self.figure(*metric, weeks, scope).ok()?.value.as_f64();
            let value = match metric {
                Metric::DeploymentFrequency => self.deployments_of_a_service(weeks?, scope)?,
                _ => shown,
            };
            Some((*metric, value))
        });
        (Health::of(&values.collect(), &self.weights), self.window(weeks, scope))
    }
}

impl Health {
    /// Of what is known: a metric that is missing is not 0.
    pub fn of(values: &BTreeMap<Metric, f64>, weights: &Weights) -> Self {
        let parts = Dimension::ALL.map(|dimension| (dimension, Part::of(dimension, values)));
        let known: Vec<(Dimension, f64)> =
            parts.iter().filter_map(|(dimension, part)| Some((*dimension, part.score()?))).collect();
        let weight = |dimension: Dimension| weights.get(&dimension).copied().unwrap_or(1.0);
        let whole =
            |part: &dyn Fn(&Part) -> f64| mean(parts.iter().map(|(dimension, of)| (part(of), weight(*dimension))));
        let is_enough =
            known.len() >= FEWEST_DIMENSIONS && known.iter().any(|(dimension, _)| BY_SURVEY.contains(dimension));
        let score =
            is_enough.then(|| to_a_tenth(mean(known.iter().map(|(dimension, score)| (*score, weight(*dimension))))));
        let weakest = known.iter().min_by(|one, other| one.1.total_cmp(&other.1));
        Self {
            score,
            status: Status::of(score),
            weakest: weakest.map(|(dimension, _)| *dimension),
            dimensions_known: known.len(),
            coverage: to_a_tenth(100.0 * whole(&Part::known)),
            low: to_a_tenth(whole(&|part| part.bound(0.0))),
            high: to_a_tenth(whole(&|part| part.bound(100.0))),
            dimensions: parts.into_iter().map(|(dimension, part)| (dimension, part.told(weight(dimension)))).collect(),
        }
    }
}

/// A dimension's metrics.
struct Part {
    worths: BTreeMap<Metric, f64>,
    /// Of the worths times their weights, and of these weights.
    total: f64,
    weight: f64,
    whole_weight: f64,
}

impl Part {
    fn of(dimension: Dimension, values: &BTreeMap<Metric, f64>) -> Self {
        let mut part = Self { worths: BTreeMap::new(), total: 0.0, weight: 0.0, whole_weight: 0.0 };
        for scored in Scored::within(dimension) {
            part.whole_weight += scored.weight;
            if let Some(value) = values.get(&scored.metric) {
                let worth = scored.worth(*value);
                part.total += worth * scored.weight;
                part.weight += scored.weight;
                part.worths.insert(scored.metric, to_a_tenth(worth));
            }
        }
        part
    }

    fn known(&self) -> f64 {
        self.weight / self.whole_weight
    }

    fn score(&self) -> Option<f64> {
        (self.known() >= LEAST_KNOWN).then(|| self.total / self.weight)
    }

    /// What it would be if what is missing were worth so much; a dimension that is not known is missing as a whole.
    fn bound(&self, missing: f64) -> f64 {
        match self.score() {
            Some(_) => (self.total + missing * (self.whole_weight - self.weight)) / self.whole_weight,
            None => missing,
        }
    }

    fn told(self, weight: f64) -> DimensionHealth {
        DimensionHealth {
            score: self.score().map(to_a_tenth),
            coverage: to_a_tenth(100.0 * self.known()),
            weight,
            metrics: self.worths,
        }
    }
}

/// Of at least one number, each with its weight.
fn mean(numbers: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (total, weights) =
        numbers.fold((0.0, 0.0), |(total, weights), (number, weight)| (total + number * weight, weights + weight));
    total / weights
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_one(weight: &f64) -> bool {
    *weight == 1.0
}

/// Halves away from zero, though doubles may add up to a trifle less than a half.
fn to_a_tenth(score: f64) -> f64 {
    const TRIFLE: f64 = 1e-9;
    (score * 10.0 + TRIFLE).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::super::anchors::SCORED;
    use super::*;

    fn health_of(values: &BTreeMap<Metric, f64>) -> Health {
        Health::of(values, &Weights::new())
    }

    /// Numbers that look random and are the same each time.
    struct Dice(u64);

    impl Dice {
        #[expect(clippy::cast_precision_loss, reason = "a random number need not be exact")]
        fn between(&mut self, least: f64, most: f64) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            least + (most - least) * ((self.0 >> 33) as f64 / (1_u64 << 31) as f64)
        }

        fn value(&mut self, scored: &Scored) -> f64 {
            let (first, last) = (scored.anchors[0].0, scored.anchors[scored.anchors.len() - 1].0);
            let margin = (last - first) / 10.0;
            self.between(first - margin, last + margin)
        }

        /// Each metric is there two times out of three.
        fn values(&mut self) -> BTreeMap<Metric, f64> {
            let mut values = BTreeMap::new();
            for scored in SCORED {
                if self.between(0.0, 3.0) < 2.0 {
                    values.insert(scored.metric, self.value(&scored));
                }
            }
            values
        }
    }

    /// Every metric at the value that is worth so much.
    fn all_worth(worth: f64) -> BTreeMap<Metric, f64> {
        let value = |scored: &Scored| {
            let pair = scored
                .anchors
                .windows(2)
                .find(|pair| (pair[0].1 - worth) * (pair[1].1 - worth) <= 0.0)
                .expect("anchors reach from 0 to 100");
            pair[0].0 + (pair[1].0 - pair[0].0) * (worth - pair[0].1) / (pair[1].1 - pair[0].1)
        };
        SCORED.iter().map(|scored| (scored.metric, value(scored))).collect()
    }

    #[test]
    fn a_dimension_weighs_what_the_operator_says_and_shows_it() {
        let mut values = all_worth(80.0);
        values.extend(all_worth(20.0).into_iter().filter(|(metric, _)| Dimension::of(*metric) == Dimension::Activity));
        assert_eq!(health_of(&values).score, Some(68.0));
        let weights = Weights::from([(Dimension::Activity, 0.5), (Dimension::Satisfaction, 1.0)]);
        let health = Health::of(&values, &weights);
        assert_eq!((health.score, health.low, health.high, health.coverage), (Some(73.3), 73.3, 73.3, 100.0));
        let shown =
            |dimension: Dimension| serde_json::to_value(&health.dimensions[&dimension]).unwrap()["weight"].clone();
        assert_eq!((shown(Dimension::Activity), shown(Dimension::Satisfaction)), (0.5.into(), serde_json::Value::Null));

        // What is not known weighs as much in the bounds.
        values.retain(|metric, _| Dimension::of(*metric) != Dimension::Activity);
        let health = Health::of(&values, &weights);
        assert_eq!((health.score, health.low, health.high, health.coverage), (Some(80.0), 71.1, 82.2, 88.9));
    }

    #[test]
    fn no_better_metric_makes_it_worse() {
        let mut dice = Dice(1);
        for _ in 0..2000 {
            let values = dice.values();
            let before = health_of(&values);
            for (metric, value) in &values {
                let scored = Scored::of(*metric).unwrap();
                let other = dice.value(scored);
                let is_better = scored.worth(other) >= scored.worth(*value);
                let mut changed = values.clone();
                changed.insert(*metric, other);
                let after = health_of(&changed);
                let pairs = [
                    (before.score, after.score),
                    (Some(before.low), Some(after.low)),
                    (Some(before.high), Some(after.high)),
                ];
                for (before, after) in pairs {
                    assert!(if is_better { after >= before } else { after <= before }, "{}", metric.as_str());
                }
            }
        }
    }

    #[test]
    fn it_is_bounded_and_lies_between_its_bounds() {
        let mut dice = Dice(2);
        for _ in 0..5000 {
            let health = health_of(&dice.values());
            assert!(0.0 <= health.low && health.low <= health.high && health.high <= 100.0, "{health:?}");
            if let Some(score) = health.score {
                assert!(health.low - 0.11 <= score && score <= health.high + 0.11, "{health:?}");
            }
        }
        assert_eq!(health_of(&all_worth(100.0)).score, Some(100.0));
        assert_eq!(health_of(&all_worth(0.0)).score, Some(0.0));
    }

    #[test]
    fn leaving_a_bad_metric_out_lowers_what_it_is_at_least() {
        let mut dice = Dice(3);
        for _ in 0..500 {
            let values = dice.values();
            let whole = health_of(&values);
            for metric in values.keys() {
                let mut fewer = values.clone();
                fewer.remove(metric);
                let left = health_of(&fewer);
                assert!(left.low <= whole.low && left.high >= whole.high && left.coverage <= whole.coverage);
            }
        }
    }

    #[test]
    fn what_is_missing_is_not_nought() {
        let mut values = all_worth(70.0);
        values.remove(&Metric::BurnoutPercentage);
        assert_eq!(health_of(&values).dimensions[&Dimension::Satisfaction].score, Some(70.0));
        values.insert(Metric::BurnoutPercentage, 60.0);
        assert_eq!(health_of(&values).dimensions[&Dimension::Satisfaction].score, Some(46.7));
    }

    #[test]
    fn a_half_that_doubles_fall_short_of_is_rounded_up() {
        let values = [(Metric::NpsScore, -73.5), (Metric::SatisfactionRating, 2.05), (Metric::BurnoutPercentage, 98.9)];
        let score = Health::of(&values.into(), &Weights::new()).dimensions[&Dimension::Satisfaction].score;
        assert_eq!(score, Some(9.7), "of 7.95, 21 and 0 the mean is 9.65");
    }

    #[test]
    fn too_little_is_no_score() {
        let only = |dimensions: &[Dimension]| {
            let mut values = all_worth(70.0);
            values.retain(|metric, _| dimensions.contains(&Dimension::of(*metric)));
            health_of(&values)
        };
        let nothing = health_of(&BTreeMap::new());
        assert_eq!((nothing.status, nothing.low, nothing.high), (Status::InsufficientData, 0.0, 100.0));
        let without_people = only(&[Dimension::Performance, Dimension::Activity, Dimension::Communication]);
        assert_eq!((without_people.score, without_people.dimensions_known), (None, 3));
        let two = only(&[Dimension::Satisfaction, Dimension::Efficiency]);
        assert_eq!((two.status, two.coverage), (Status::InsufficientData, 40.0));
        let three = only(&[Dimension::Performance, Dimension::Activity, Dimension::Efficiency]);
        assert_eq!((three.score, three.status), (Some(70.0), Status::Good));
        // Of the weight of activity AI alone is a third.
        let mut little = all_worth(70.0);
        little.remove(&Metric::ActiveShare);
        assert_eq!(health_of(&little).dimensions[&Dimension::Activity].score, None);
    }

    #[test]
    fn a_status_is_of_the_score_that_is_shown() {
        for (worth, score, status) in [
            (59.94, 59.9, Status::NeedsImprovement),
            (59.95, 60.0, Status::Good),
            (60.0, 60.0, Status::Good),
            (79.94, 79.9, Status::Good),
            (79.95, 80.0, Status::Excellent),
            (80.0, 80.0, Status::Excellent),
        ] {
            let health = health_of(&all_worth(worth));
            assert_eq!((health.score, health.status), (Some(score), status), "{worth}");
        }
    }

    #[test]
    fn the_weakest_dimension_is_named() {
        let mut values = all_worth(70.0);
        values.insert(Metric::AvgReviewTimeHours, 100.0);
        assert_eq!(health_of(&values).weakest, Some(Dimension::Communication));
    }
}
