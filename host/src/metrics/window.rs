//! Which released weeks a question is about.

use jiff::civil::Date;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::model::Week;

/// What a client may ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum TimeRange {
    /// `24h`: too short for every week; where days are told, the last one that was released.
    Day,
    /// `7d`: the last released week.
    Week,
    /// `30d`: the last four.
    #[default]
    Month,
    /// `90d`: the last thirteen.
    Quarter,
    /// From a day up to, not including, another; snapped inward to whole weeks.
    Dates { from: Date, to: Date },
}

impl TimeRange {
    pub const NAMES: [&str; 4] = ["24h", "7d", "30d", "90d"];

    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "24h" => Some(TimeRange::Day),
            "7d" => Some(TimeRange::Week),
            "30d" => Some(TimeRange::Month),
            "90d" => Some(TimeRange::Quarter),
            _ => None,
        }
    }

    pub const CUSTOM: &str = "custom";

    /// Its name; `custom` for dates.
    pub const fn as_str(self) -> &'static str {
        match self {
            TimeRange::Day => "24h",
            TimeRange::Week => "7d",
            TimeRange::Month => "30d",
            TimeRange::Quarter => "90d",
            TimeRange::Dates { .. } => Self::CUSTOM,
        }
    }

    /// The first week and the one after the last, given where the newest release ends.
    pub(super) fn weeks(self, newest_end: Week) -> (Week, Week) {
        match self {
            TimeRange::Day => (newest_end, newest_end),
            TimeRange::Week => (newest_end.plus(-1), newest_end),
            TimeRange::Month => (newest_end.plus(-4), newest_end),
            TimeRange::Quarter => (newest_end.plus(-13), newest_end),
            TimeRange::Dates { from, to } => {
                let (first, end) = (Week::starting_from(from), Week::of_date(to));
                if first < end { (first, end) } else { (newest_end, newest_end) }
            }
        }
    }
}

impl TimeRange {
    /// What [`TimeRange::weeks`] would be if dates did not snap inward.
    pub(super) fn weeks_touched(self, newest_end: Week) -> (Week, Week) {
        match self {
            TimeRange::Dates { from, to } if from < to => (Week::of_date(from), Week::starting_from(to)),
            _ => self.weeks(newest_end),
        }
    }
}

/// The weeks that an answer rests on, or the day. Its dates are null before anything is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Window {
    /// The first day.
    #[serde(serialize_with = "day")]
    #[schema(value_type = Option<String>, format = Date, required)]
    pub from: Option<Date>,
    /// The day after the last.
    #[serde(serialize_with = "day")]
    #[schema(value_type = Option<String>, format = Date, required)]
    pub to: Option<Date>,
    /// Weeks that a released span of the scope lies in, with numbers or without.
    #[schema(minimum = 0)]
    pub weeks_covered: i32,
    /// Weeks between `from` and `to`; 0 where they are of a day.
    #[schema(minimum = 0)]
    pub weeks_total: i32,
    /// The day after the last released week of all.
    #[serde(serialize_with = "day")]
    #[schema(value_type = Option<String>, format = Date, required)]
    pub as_of: Option<Date>,
}

fn day<S: Serializer>(day: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
    match day {
        Some(day) => serializer.collect_str(day),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn dates_snap_inward_to_whole_weeks() {
        let newest = Week::of_date(date(2026, 11, 23));
        let weeks = |from, to| {
            let (first, end) = TimeRange::Dates { from, to }.weeks(newest);
            (first.monday(), end.monday())
        };
        assert_eq!(weeks(date(2026, 11, 2), date(2026, 11, 16)), (date(2026, 11, 2), date(2026, 11, 16)));
        assert_eq!(weeks(date(2026, 11, 1), date(2026, 11, 22)), (date(2026, 11, 2), date(2026, 11, 16)));
        assert_eq!(weeks(date(2026, 11, 3), date(2026, 11, 15)), (date(2026, 11, 23), date(2026, 11, 23)));
        assert_eq!(weeks(date(2026, 11, 16), date(2026, 11, 2)), (date(2026, 11, 23), date(2026, 11, 23)));
    }
}
