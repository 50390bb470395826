//! Where the published thresholds of DORA put a team's delivery.

const BANDS: [&str; 4] = ["elite", "high", "medium", "low"];

/// By a value as it is shown.
pub(super) fn of(name: &str, value: f64) -> Option<&'static str> {
    let (hour, day, month) = (60.0, 24.0, 30.0);
    let is_within = match name {
        "lead_time_hours" => [value < day, value < 7.0 * day, value < month * day],
        "mttr_minutes" => [value < hour, value < day * hour, value < 7.0 * day * hour],
        "change_failure_rate" => [value <= 5.0, value <= 10.0, value <= 15.0],
        _ => return None,
    };
    Some(best(is_within))
}

/// By the days on which a service was deployed, of all days: five or one in a week, one in thirty days.
pub(super) fn of_deployment_days((deployed, all): (i64, i64)) -> &'static str {
    best([deployed * 7 >= all * 5, deployed * 7 >= all, deployed * 30 >= all])
}

fn best(is_within: [bool; 3]) -> &'static str {
    BANDS[is_within.iter().position(|is_within| *is_within).unwrap_or(3)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_a_bands_own() {
        let days = [(5, 7), (4, 7), (1, 7), (1, 30), (1, 31), (0, 7)].map(of_deployment_days);
        assert_eq!(days, ["elite", "high", "high", "medium", "low", "low"]);
        assert_eq!(
            [5.0, 10.0, 15.1].map(|value| of("change_failure_rate", value)),
            [Some("elite"), Some("high"), Some("low")]
        );
        assert_eq!(
            [23.9, 24.0, 720.0].map(|value| of("lead_time_hours", value)),
            [Some("elite"), Some("high"), Some("low")]
        );
        assert_eq!(of("commits_count", 1.0), None);
    }
}
