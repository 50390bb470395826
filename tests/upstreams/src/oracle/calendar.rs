//! Days and weeks in the zone in which a host counts them.

use jiff::Timestamp;
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

const EPOCH_WEEKS: i64 = 13;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar(pub TimeZone);

impl Calendar {
    pub const UTC: Self = Self(TimeZone::UTC);

    pub(super) fn date_of(&self, at: Timestamp) -> Date {
        self.0.to_datetime(at).date()
    }

    pub(super) fn midnight(&self, date: Date) -> Timestamp {
        date.to_zoned(self.0.clone()).expect("dates of this era have a beginning").timestamp()
    }

    /// The Monday of the week in which that instant lies.
    #[must_use]
    pub fn week_of(&self, at: Timestamp) -> Date {
        monday_at_or_before(self.date_of(at))
    }

    /// The first Monday that had not begun before that instant.
    pub(super) fn first_monday(&self, at: Timestamp) -> Date {
        let date = self.date_of(at);
        monday_at_or_after(if self.midnight(date) < at { date + 1.day() } else { date })
    }
}

pub(super) fn monday_at_or_after(mut date: Date) -> Date {
    while date.weekday() != Weekday::Monday {
        date += 1.day();
    }
    date
}

pub(super) fn monday_at_or_before(mut date: Date) -> Date {
    while date.weekday() != Weekday::Monday {
        date -= 1.day();
    }
    date
}

/// Whole weeks since the first Monday of 1970.
pub(super) fn week_index(monday: Date) -> i64 {
    i64::from((monday - Date::constant(1970, 1, 5)).get_days()).div_euclid(7)
}

/// Of which 13 weeks a week is one.
pub(super) fn epoch(monday: Date) -> i64 {
    week_index(monday).div_euclid(EPOCH_WEEKS)
}

/// So many weeks are left of them, that one counted.
pub(super) fn weeks_left(monday: Date) -> i64 {
    EPOCH_WEEKS - week_index(monday).rem_euclid(EPOCH_WEEKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_begins_where_its_zone_says() {
        let berlin = Calendar(TimeZone::get("Europe/Berlin").unwrap());
        let at = "2026-10-25T23:30:00Z".parse().unwrap();
        assert_eq!(berlin.week_of(at), Date::constant(2026, 10, 26));
        assert_eq!(Calendar::UTC.week_of(at), Date::constant(2026, 10, 19));
        assert_eq!(berlin.midnight(Date::constant(2026, 10, 25)).to_string(), "2026-10-24T22:00:00Z");
        assert_eq!(berlin.midnight(Date::constant(2026, 10, 26)).to_string(), "2026-10-25T23:00:00Z");
        assert_eq!(berlin.first_monday("2026-10-25T23:00:00Z".parse().unwrap()), Date::constant(2026, 10, 26));
        assert_eq!(berlin.first_monday("2026-10-25T23:00:01Z".parse().unwrap()), Date::constant(2026, 11, 2));
    }

    #[test]
    fn thirteen_weeks_are_an_epoch_whatever_the_year() {
        let (last, first) = (Date::constant(2026, 10, 19), Date::constant(2026, 10, 26));
        assert_eq!((weeks_left(last), weeks_left(first)), (1, 13));
        assert_eq!(epoch(last) + 1, epoch(first));
        assert_eq!(weeks_left(Date::constant(2026, 12, 28)), 4);
    }
}
