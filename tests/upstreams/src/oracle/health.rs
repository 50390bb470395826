//! What metrics are worth, and the score that they make together, in fractions of whole numbers.

use std::collections::BTreeMap;
use std::ops::{Add, Mul, Sub};

use serde_json::{Map, Value, json};

use super::answers::DIMENSIONS;
use super::definitions::DEFINITIONS;
use super::rounding::to_decimals;

/// Twice its weight, and what values are worth.
struct Scored {
    name: &'static str,
    halves: i128,
    points: &'static [(Fraction, i128)],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fraction {
    above: i128,
    below: i128,
}

const fn over(above: i128, below: i128) -> Fraction {
    Fraction { above, below }
}

const fn whole(value: i128) -> Fraction {
    over(value, 1)
}

macro_rules! scored {
    ($name:literal, $halves:literal, $($value:expr => $worth:literal),+) => {
        Scored { name: $name, halves: $halves, points: &[$(($value, $worth)),+] }
    };
}

const SCORED: [Scored; 17] = [
    scored!("nps_score", 2, whole(-100) => 0, whole(0) => 30, whole(50) => 60, whole(70) => 80, whole(100) => 100),
    scored!("satisfaction_rating", 2, whole(1) => 0, whole(3) => 40, whole(4) => 60, over(9, 2) => 80, whole(5) => 100),
    scored!("burnout_percentage", 2, whole(0) => 100, whole(10) => 80, whole(20) => 60, whole(40) => 20, whole(60) => 0),
    scored!("deployment_frequency", 2, whole(0) => 0, over(1, 30) => 40, over(1, 7) => 60, whole(1) => 80, whole(3) => 100),
    scored!("lead_time_hours", 2, whole(1) => 100, whole(24) => 80, whole(168) => 60, whole(720) => 40, whole(4320) => 0),
    scored!("change_failure_rate", 2, whole(0) => 100, whole(5) => 80, whole(10) => 60, whole(15) => 40, whole(45) => 0),
    scored!("mttr_minutes", 2, whole(0) => 100, whole(60) => 80, whole(1440) => 60, whole(10_080) => 40, whole(43_200) => 0),
    scored!("build_success_rate", 2, whole(50) => 0, whole(80) => 40, whole(90) => 60, whole(95) => 80, whole(100) => 100),
    scored!("test_coverage", 1, whole(0) => 0, whole(50) => 40, whole(70) => 60, whole(80) => 80, whole(95) => 100),
    scored!("ai_tool_adoption_rate", 1, whole(0) => 0, whole(50) => 60, whole(70) => 80, whole(100) => 100),
    scored!("active_share", 2, whole(0) => 0, whole(60) => 60, whole(80) => 80, whole(95) => 100),
    scored!("avg_review_time_hours", 2, whole(0) => 100, whole(12) => 80, whole(24) => 60, whole(72) => 30, whole(168) => 0),
    scored!("constructive_feedback_rate", 2, whole(0) => 0, whole(60) => 40, whole(80) => 60, whole(90) => 80, whole(100) => 100),
    scored!("flow_state_days", 2, whole(0) => 0, whole(3) => 60, whole(4) => 80, whole(5) => 100),
    scored!("valuable_work_percentage", 2, whole(0) => 0, whole(40) => 40, whole(60) => 60, whole(75) => 80, whole(90) => 100),
    scored!("cognitive_load_avg", 2, whole(1) => 100, over(5, 2) => 80, over(7, 2) => 60, whole(4) => 40, whole(5) => 0),
    scored!("friction_per_100_devs_30d", 1, whole(0) => 100, whole(15) => 80, whole(30) => 60, whole(60) => 30, whole(120) => 0),
];

const LEAST_KNOWN: Fraction = over(1, 2);
const LEAST_DIMENSIONS: usize = 3;
/// What people tell of themselves.
const BY_SURVEY: [&str; 2] = ["satisfaction", "efficiency"];
/// Shown values have fewer decimals.
const MILLIONTHS: i128 = 1_000_000;

/// A dimension, with the weight of what is known in it.
struct Part {
    worths: BTreeMap<&'static str, Fraction>,
    total: Fraction,
    known: Fraction,
    all: Fraction,
}

pub(super) struct Health {
    parts: Vec<(&'static str, Part)>,
}

impl Health {
    /// Of values as they are shown.
    pub(super) fn of(shown: &BTreeMap<&'static str, Value>) -> Self {
        Self { parts: DIMENSIONS.iter().map(|dimension| (*dimension, Part::of(dimension, shown))).collect() }
    }

    pub(super) fn told(&self) -> Map<String, Value> {
        let known: Vec<(&str, Fraction)> =
            self.parts.iter().filter_map(|(dimension, part)| Some((*dimension, part.score()?))).collect();
        let is_enough =
            known.len() >= LEAST_DIMENSIONS && known.iter().any(|(dimension, _)| BY_SURVEY.contains(dimension));
        let score = is_enough.then(|| mean(known.iter().map(|(_, score)| *score)).to_a_tenth());
        let status = match score.as_ref().and_then(Value::as_f64) {
            None => "insufficient_data",
            Some(80.0..) => "excellent",
            Some(60.0..) => "good",
            Some(_) => "needs_improvement",
        };
        let bound = |missing: i128| mean(self.parts.iter().map(|(_, part)| part.bound(whole(missing)))).to_a_tenth();
        let dimensions: Map<String, Value> =
            self.parts.iter().map(|(dimension, part)| ((*dimension).to_owned(), part.told())).collect();
        let weakest =
            known.iter().min_by(|(_, one), (_, other)| (one.above * other.below).cmp(&(other.above * one.below)));
        let told = json!({
            "health_score": score,
            "status": status,
            "weakest": weakest.map(|(dimension, _)| dimension),
            "dimensions_known": known.len(),
            "coverage": mean(self.parts.iter().map(|(_, part)| part.coverage())).to_a_tenth(),
            "low": bound(0),
            "high": bound(100),
            "dimensions": dimensions,
        });
        told.as_object().cloned().unwrap_or_default()
    }
}

impl Part {
    fn of(dimension: &str, shown: &BTreeMap<&'static str, Value>) -> Self {
        let mut part = Self { worths: BTreeMap::new(), total: whole(0), known: whole(0), all: whole(0) };
        let is_its = |scored: &&Scored| {
            DEFINITIONS.iter().any(|definition| definition.name == scored.name && definition.dimension == dimension)
        };
        for scored in SCORED.iter().filter(is_its) {
            part.all = part.all + whole(scored.halves);
            if let Some(value) = shown.get(scored.name) {
                let worth = scored.worth(Fraction::of(value));
                part.total = part.total + worth * whole(scored.halves);
                part.known = part.known + whole(scored.halves);
                part.worths.insert(scored.name, worth);
            }
        }
        part
    }

    fn score(&self) -> Option<Fraction> {
        let share = self.known * self.all.inverted();
        (share.above * LEAST_KNOWN.below >= LEAST_KNOWN.above * share.below).then(|| self.total * self.known.inverted())
    }

    /// A dimension that is not known is missing as a whole, so that the score, which leaves it out, lies between the bounds.
    fn bound(&self, missing: Fraction) -> Fraction {
        match self.score() {
            Some(_) => (self.total + missing * (self.all - self.known)) * self.all.inverted(),
            None => missing,
        }
    }

    fn coverage(&self) -> Fraction {
        whole(100) * self.known * self.all.inverted()
    }

    fn told(&self) -> Value {
        let metrics: Map<String, Value> =
            self.worths.iter().map(|(name, worth)| ((*name).to_owned(), worth.to_a_tenth())).collect();
        json!({
            "score": self.score().map(Fraction::to_a_tenth),
            "coverage": self.coverage().to_a_tenth(),
            "metrics": metrics,
        })
    }
}

impl Scored {
    /// On the straight line between two points; beyond the outermost as much as that.
    fn worth(&self, value: Fraction) -> Fraction {
        let (first, last) = (self.points[0], self.points[self.points.len() - 1]);
        if value.is_at_most(first.0) {
            return whole(first.1);
        }
        let between = self.points.windows(2).find(|pair| value.is_at_most(pair[1].0));
        between.map_or(whole(last.1), |pair| {
            let ((low, low_worth), (high, high_worth)) = (pair[0], pair[1]);
            whole(low_worth) + whole(high_worth - low_worth) * (value - low) * (high - low).inverted()
        })
    }
}

pub(super) fn is_scored(name: &str) -> bool {
    SCORED.iter().any(|scored| scored.name == name)
}

/// Its weight and its points, as they are explained.
pub(super) fn worth_of(name: &str) -> Value {
    let Some(scored) = SCORED.iter().find(|scored| scored.name == name) else {
        return Value::Null;
    };
    #[expect(clippy::cast_precision_loss, reason = "small whole numbers")]
    let number = |value: Fraction| value.above as f64 / value.below as f64;
    let points =
        scored.points.iter().map(|(value, worth)| json!({ "value": number(*value), "score": number(whole(*worth)) }));
    json!({ "weight": number(over(scored.halves, 2)), "anchors": points.collect::<Vec<_>>() })
}

fn mean(numbers: impl ExactSizeIterator<Item = Fraction>) -> Fraction {
    let count = i128::try_from(numbers.len()).expect("there are five dimensions");
    numbers.fold(whole(0), Add::add) * over(1, count)
}

impl Fraction {
    fn of(shown: &Value) -> Self {
        let value = shown.as_f64().expect("a figure is a number");
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "figures are far below 2^53")]
        over((value * MILLIONTHS as f64).round() as i128, MILLIONTHS).reduced()
    }

    fn reduced(self) -> Self {
        let (mut one, mut other) = (self.above.abs(), self.below.abs());
        while other != 0 {
            (one, other) = (other, one % other);
        }
        let by = one.max(1) * self.below.signum();
        over(self.above / by, self.below / by)
    }

    fn inverted(self) -> Self {
        over(self.below, self.above).reduced()
    }

    fn is_at_most(self, other: Self) -> bool {
        self.above * other.below <= other.above * self.below
    }

    fn to_a_tenth(self) -> Value {
        to_decimals(self.above, self.below, 1)
    }
}

impl Add for Fraction {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        over(self.above * other.below + other.above * self.below, self.below * other.below).reduced()
    }
}

impl Sub for Fraction {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + over(-other.above, other.below)
    }
}

impl Mul for Fraction {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        over(self.above * other.above, self.below * other.below).reduced()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(shown: &[(&'static str, f64)]) -> Map<String, Value> {
        Health::of(&shown.iter().map(|(name, value)| (*name, json!(value))).collect()).told()
    }

    #[test]
    fn what_is_missing_lowers_the_least_and_raises_the_most() {
        let all = [
            ("nps_score", 25.0),
            ("satisfaction_rating", 4.25),
            ("avg_review_time_hours", 6.0),
            ("constructive_feedback_rate", 85.0),
            ("flow_state_days", 3.5),
            ("valuable_work_percentage", 50.0),
        ];
        let told = told(&all);
        assert_eq!((&told["health_score"], &told["status"]), (&json!(65.8), &json!("good")));
        assert_eq!((&told["low"], &told["high"], &told["coverage"]), (&json!(30.5), &json!(85.8), &json!(44.8)));
        assert_eq!((&told["weakest"], &told["dimensions_known"]), (&json!("satisfaction"), &json!(3)));
        assert_eq!(
            told["dimensions"]["satisfaction"]["metrics"],
            json!({ "nps_score": 45.0, "satisfaction_rating": 70.0 })
        );
        assert_eq!(told["dimensions"]["performance"], json!({ "score": null, "coverage": 0.0, "metrics": {} }));
    }

    #[test]
    fn too_little_is_no_score() {
        let told =
            told(&[("active_share", 70.0), ("avg_review_time_hours", 6.0), ("constructive_feedback_rate", 85.0)]);
        assert_eq!((&told["health_score"], &told["status"]), (&Value::Null, &json!("insufficient_data")));
    }

    #[test]
    fn thirds_are_not_rounded_before_the_end() {
        let frequency = SCORED.iter().find(|scored| scored.name == "deployment_frequency").unwrap();
        assert_eq!(frequency.worth(over(1, 30)), whole(40));
        assert_eq!(frequency.worth(over(2, 1)).to_a_tenth(), 90.0);
        assert_eq!(frequency.worth(over(1, 10)).to_a_tenth(), 52.2);
    }
}
