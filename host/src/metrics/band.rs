//! Where the research of DORA puts a team's delivery: four bands by its published thresholds.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::Metric;

/// From the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Band {
    Elite,
    High,
    Medium,
    Low,
}

const DAY_HOURS: f64 = 24.0;
const WEEK_HOURS: f64 = 168.0;
const MONTH_HOURS: f64 = 720.0;
const HOUR_MINUTES: f64 = 60.0;

impl Band {
    /// None where DORA has no bands for it.
    pub fn of(metric: Metric, value: f64) -> Option<Self> {
        let below = |bounds| Self::least(bounds, |bound| value < bound);
        match metric {
            Metric::LeadTimeHours => Some(below([DAY_HOURS, WEEK_HOURS, MONTH_HOURS])),
            Metric::MttrMinutes => Some(below([HOUR_MINUTES, DAY_HOURS * HOUR_MINUTES, WEEK_HOURS * HOUR_MINUTES])),
            Metric::ChangeFailureRate => Some(Self::least([5.0, 10.0, 15.0], |bound| value <= bound)),
            _ => None,
        }
    }

    /// By days with a deployment, out of all days of all services: five or one in a week, one in thirty. They are not shown, and so not rounded.
    pub fn of_deployment_days(deployed: i128, all: i128) -> Self {
        Self::least([(5, 7), (1, 7), (1, 30)], |(times, days)| deployed * days >= all * times)
    }

    fn least<B>(bounds: [B; 3], holds: impl Fn(B) -> bool) -> Self {
        match bounds.map(holds) {
            [true, ..] => Band::Elite,
            [_, true, _] => Band::High,
            [.., true] => Band::Medium,
            _ => Band::Low,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_the_band_that_names_it() {
        let lead = |hours| Band::of(Metric::LeadTimeHours, hours).unwrap();
        assert_eq!([23.9, 24.0, 168.0, 720.0].map(lead), [Band::Elite, Band::High, Band::Medium, Band::Low]);
        let failed = |percent| Band::of(Metric::ChangeFailureRate, percent).unwrap();
        assert_eq!([5.0, 5.1, 15.0, 15.1].map(failed), [Band::Elite, Band::High, Band::Medium, Band::Low]);
        let recovered = |minutes| Band::of(Metric::MttrMinutes, minutes).unwrap();
        assert_eq!([59.0, 60.0, 1440.0, 10_080.0].map(recovered), [Band::Elite, Band::High, Band::Medium, Band::Low]);
        let days = |(deployed, all)| Band::of_deployment_days(deployed, all);
        assert_eq!([(5, 7), (4999, 7000), (1, 7)].map(days), [Band::Elite, Band::High, Band::High]);
        assert_eq!([(999, 7000), (7, 210), (699, 21_000)].map(days), [Band::Medium, Band::Medium, Band::Low]);
        assert_eq!(Band::of(Metric::CommitsCount, 1.0), None);
    }
}
