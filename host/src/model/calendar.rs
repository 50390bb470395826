//! The one grid: weeks from Monday to Monday in the configured zone, and the epochs of 13 weeks that keys live for.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

const FIRST_MONDAY: Date = date(1970, 1, 5);
const WEEKS_PER_EPOCH: i32 = 13;

/// A week of the calendar, counted from the one that began on Monday, 5 January 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Week(i32);

impl Week {
    pub const fn from_index(index: i32) -> Self {
        Self(index)
    }

    pub const fn index(self) -> i32 {
        self.0
    }

    /// The week that a day lies in.
    pub fn of_date(day: Date) -> Self {
        Self(days_since_first_monday(day).div_euclid(7))
    }

    /// The first week that starts on or after a day.
    pub fn starting_from(day: Date) -> Self {
        Self((days_since_first_monday(day) + 6).div_euclid(7))
    }

    /// Its Monday.
    pub fn monday(self) -> Date {
        FIRST_MONDAY.saturating_add((i64::from(self.0) * 7).days())
    }

    pub const fn plus(self, weeks: i32) -> Self {
        Self(self.0 + weeks)
    }

    /// Weeks from this one to `later`, negative when it lies before.
    pub const fn until(self, later: Week) -> i32 {
        later.0 - self.0
    }

    /// Weeks left in its epoch, this one included: 1 to 13.
    pub const fn left_in_epoch(self) -> i32 {
        WEEKS_PER_EPOCH - self.0.rem_euclid(WEEKS_PER_EPOCH)
    }

    pub const fn epoch(self) -> Epoch {
        Epoch(self.0.div_euclid(WEEKS_PER_EPOCH))
    }
}

/// Thirteen weeks, counted from the ones that began with week 0. No span leaves its epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(i32);

impl Epoch {
    pub const fn from_index(index: i32) -> Self {
        Self(index)
    }

    pub const fn index(self) -> i32 {
        self.0
    }

    pub const fn first_week(self) -> Week {
        Week(self.0 * WEEKS_PER_EPOCH)
    }

    pub const fn before(self) -> Self {
        Self(self.0 - 1)
    }
}

fn days_since_first_monday(day: Date) -> i32 {
    (day - FIRST_MONDAY).get_days()
}

/// The zone in which days and weeks begin; fixed once anything is released.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
}

impl Calendar {
    pub fn new(zone: TimeZone) -> Self {
        Self { zone }
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    pub fn week_of(&self, at: Timestamp) -> Week {
        Week::of_date(self.date_of(at))
    }

    pub fn date_of(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }

    /// The instant at which a week begins.
    pub fn start_of(&self, week: Week) -> Timestamp {
        self.start_of_day(week.monday())
    }

    /// The instant at which a day begins.
    pub fn start_of_day(&self, day: Date) -> Timestamp {
        self.zone
            .to_ambiguous_zoned(day.to_datetime(jiff::civil::Time::midnight()))
            .compatible()
            .map_or(Timestamp::MAX, |zoned| zoned.timestamp())
    }

    /// The first day that begins at or after an instant.
    pub fn first_day_from(&self, at: Timestamp) -> Date {
        let day = self.date_of(at);
        if self.start_of_day(day) == at { day } else { day.saturating_add(1.day()) }
    }

    /// The first week that begins at or after an instant.
    pub fn first_week_from(&self, at: Timestamp) -> Week {
        let week = self.week_of(at);
        if self.start_of(week) == at { week } else { week.plus(1) }
    }

    /// Seconds east of UTC over a window: the offset at its start, then each change.
    pub fn offsets(&self, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, i32)> {
        let mut offsets = vec![(from, self.zone.to_offset(from).seconds())];
        offsets.extend(
            self.zone
                .following(from)
                .take_while(|change| change.timestamp() < to)
                .map(|change| (change.timestamp(), change.offset().seconds())),
        );
        offsets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_week_begins_on_monday_at_midnight_of_the_zone() {
        let utc = Calendar::new(TimeZone::UTC);
        let monday = utc.week_of(at("2026-11-23T00:00:00Z"));
        assert_eq!(monday.monday(), date(2026, 11, 23));
        assert_eq!(utc.week_of(at("2026-11-22T23:59:59Z")), monday.plus(-1));
        let berlin = Calendar::new(TimeZone::get("Europe/Berlin").unwrap());
        assert_eq!(berlin.week_of(at("2026-11-22T23:00:00Z")), monday);
        assert_eq!(berlin.start_of(monday), at("2026-11-22T23:00:00Z"));
    }

    #[test]
    fn the_first_whole_week_starts_at_or_after_the_instant() {
        let utc = Calendar::new(TimeZone::UTC);
        assert_eq!(utc.first_week_from(at("2026-11-23T00:00:00Z")).monday(), date(2026, 11, 23));
        assert_eq!(utc.first_week_from(at("2026-11-23T00:00:01Z")).monday(), date(2026, 11, 30));
        assert_eq!(Week::starting_from(date(2026, 11, 24)).monday(), date(2026, 11, 30));
        assert_eq!(Week::starting_from(date(2026, 11, 23)).monday(), date(2026, 11, 23));
    }

    #[test]
    fn epochs_are_thirteen_weeks() {
        assert_eq!(Week::from_index(0).left_in_epoch(), 13);
        assert_eq!(Week::from_index(12).left_in_epoch(), 1);
        assert_eq!(Week::from_index(13).left_in_epoch(), 13);
        assert_eq!(Week::from_index(-1).left_in_epoch(), 1);
        assert_eq!(Week::from_index(12).epoch(), Epoch::from_index(0));
        assert_eq!(Week::from_index(13).epoch().first_week(), Week::from_index(13));
        assert_eq!(Week::from_index(-1).epoch(), Epoch::from_index(-1));
    }

    #[test]
    fn offsets_tell_each_change_of_the_clock() {
        let berlin = Calendar::new(TimeZone::get("Europe/Berlin").unwrap());
        let offsets = berlin.offsets(at("2026-10-01T00:00:00Z"), at("2026-11-01T00:00:00Z"));
        assert_eq!(offsets, [(at("2026-10-01T00:00:00Z"), 7200), (at("2026-10-25T01:00:00Z"), 3600)]);
    }
}
