//! What a metric's value is worth between 0 and 100: straight lines through published points.

use crate::model::{Dimension, Metric};

/// A value and what it is worth.
pub type Anchor = (f64, f64);

/// A metric that the health score looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    pub metric: Metric,
    /// Within its dimension.
    pub weight: f64,
    /// By rising values; what they are worth only rises or only falls.
    pub anchors: &'static [Anchor],
}

const fn scored(metric: Metric, weight: f64, anchors: &'static [Anchor]) -> Scored {
    Scored { metric, weight, anchors }
}

const HALF: f64 = 0.5;

/// Volumes (commits, changes, messages, heads) are worth nothing: they would be driven up.
pub const SCORED: [Scored; 17] = [
    scored(Metric::NpsScore, 1.0, &[(-100.0, 0.0), (0.0, 30.0), (50.0, 60.0), (70.0, 80.0), (100.0, 100.0)]),
    scored(Metric::SatisfactionRating, 1.0, &[(1.0, 0.0), (3.0, 40.0), (4.0, 60.0), (4.5, 80.0), (5.0, 100.0)]),
    scored(Metric::BurnoutPercentage, 1.0, &[(0.0, 100.0), (10.0, 80.0), (20.0, 60.0), (40.0, 20.0), (60.0, 0.0)]),
    // By service and day, so that more teams are not healthier.
    scored(
        Metric::DeploymentFrequency,
        1.0,
        &[(0.0, 0.0), (1.0 / 30.0, 40.0), (1.0 / 7.0, 60.0), (1.0, 80.0), (3.0, 100.0)],
    ),
    scored(Metric::LeadTimeHours, 1.0, &[(1.0, 100.0), (24.0, 80.0), (168.0, 60.0), (720.0, 40.0), (4320.0, 0.0)]),
    scored(Metric::ChangeFailureRate, 1.0, &[(0.0, 100.0), (5.0, 80.0), (10.0, 60.0), (15.0, 40.0), (45.0, 0.0)]),
    scored(Metric::MttrMinutes, 1.0, &[(0.0, 100.0), (60.0, 80.0), (1440.0, 60.0), (10_080.0, 40.0), (43_200.0, 0.0)]),
    scored(Metric::BuildSuccessRate, 1.0, &[(50.0, 0.0), (80.0, 40.0), (90.0, 60.0), (95.0, 80.0), (100.0, 100.0)]),
    scored(Metric::TestCoverage, HALF, &[(0.0, 0.0), (50.0, 40.0), (70.0, 60.0), (80.0, 80.0), (95.0, 100.0)]),
    scored(Metric::ActiveShare, 1.0, &[(0.0, 0.0), (60.0, 60.0), (80.0, 80.0), (95.0, 100.0)]),
    scored(Metric::AiToolAdoptionRate, HALF, &[(0.0, 0.0), (50.0, 60.0), (70.0, 80.0), (100.0, 100.0)]),
    scored(Metric::AvgReviewTimeHours, 1.0, &[(0.0, 100.0), (12.0, 80.0), (24.0, 60.0), (72.0, 30.0), (168.0, 0.0)]),
    scored(
        Metric::ConstructiveFeedbackRate,
        1.0,
        &[(0.0, 0.0), (60.0, 40.0), (80.0, 60.0), (90.0, 80.0), (100.0, 100.0)],
    ),
    scored(Metric::FlowStateDays, 1.0, &[(0.0, 0.0), (3.0, 60.0), (4.0, 80.0), (5.0, 100.0)]),
    scored(Metric::ValuableWorkPercentage, 1.0, &[(0.0, 0.0), (40.0, 40.0), (60.0, 60.0), (75.0, 80.0), (90.0, 100.0)]),
    scored(Metric::CognitiveLoadAvg, 1.0, &[(1.0, 100.0), (2.5, 80.0), (3.5, 60.0), (4.0, 40.0), (5.0, 0.0)]),
    scored(
        Metric::FrictionPer100Devs30d,
        HALF,
        &[(0.0, 100.0), (15.0, 80.0), (30.0, 60.0), (60.0, 30.0), (120.0, 0.0)],
    ),
];

impl Scored {
    pub fn of(metric: Metric) -> Option<&'static Self> {
        SCORED.iter().find(|scored| scored.metric == metric)
    }

    /// Those of a dimension.
    pub fn within(dimension: Dimension) -> impl Iterator<Item = &'static Self> {
        SCORED.iter().filter(move |scored| dimension.metrics().contains(&scored.metric))
    }

    /// 0 to 100; beyond the anchors it is worth what the outermost is.
    pub fn worth(&self, value: f64) -> f64 {
        let [first, .., last] = self.anchors else { return 0.0 };
        if value <= first.0 {
            return first.1;
        }
        let between = self.anchors.windows(2).find(|pair| value <= pair[1].0);
        between.map_or(last.1, |pair| {
            let (low, high) = (pair[0], pair[1]);
            low.1 + (high.1 - low.1) * (value - low.0) / (high.0 - low.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_strictly_ordered_and_weights_are_valid() {
        for Scored { metric, weight, anchors } in SCORED {
            let values_rise = anchors.windows(2).all(|pair| pair[0].0 < pair[1].0);
            let scores_rise = anchors.windows(2).all(|pair| pair[0].1 < pair[1].1);
            let scores_fall = anchors.windows(2).all(|pair| pair[0].1 > pair[1].1);
            let worst_and_best: Vec<f64> = anchors.iter().map(|anchor| anchor.1).collect();
            let is_whole = worst_and_best.contains(&0.0) && worst_and_best.contains(&100.0);
            assert!(values_rise && (scores_rise || scores_fall) && is_whole, "{}", metric.as_str());
            assert!(weight > 0.0 && weight <= 1.0, "{}", metric.as_str());
        }
        for dimension in Dimension::ALL {
            assert!(Scored::within(dimension).count() >= 2, "{}", dimension.as_str());
        }
    }

    #[test]
    fn an_anchor_is_worth_what_it_says() {
        for scored in SCORED {
            for (value, score) in scored.anchors {
                assert_eq!(scored.worth(*value), *score, "{} at {value}", scored.metric.as_str());
            }
        }
        let nps = Scored::of(Metric::NpsScore).unwrap();
        assert_eq!([-200.0, -50.0, 25.0, 60.0, 200.0].map(|value| nps.worth(value)), [0.0, 15.0, 45.0, 70.0, 100.0]);
        assert_eq!(Scored::of(Metric::CommitsCount), None);
    }
}
