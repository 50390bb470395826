//! Days, weeks and their names in the calendar's zone, without a time-zone database in the plugin.

use crate::context::Context;
use crate::instant::{DAY, Instant, SECOND, format_rfc3339};

/// The calendar's zone as the host describes it: offsets from UTC, each from its instant on. Before the
/// first and after the last one the nearest counts; without any it is UTC.
#[derive(Clone, Copy, Debug)]
pub struct Calendar<'a> {
    offsets: &'a [(Instant, i32)],
}

impl<S> Context<S> {
    /// The zone in which days and weeks are counted.
    pub fn calendar(&self) -> Calendar<'_> {
        Calendar::new(&self.utc_offsets)
    }
}

impl<'a> Calendar<'a> {
    /// `offsets` are seconds east of UTC, oldest first.
    ///
    /// ```
    /// use quintant_sdk::calendar::Calendar;
    /// let berlin = Calendar::new(&[(0, 3600)]);
    /// assert_eq!(berlin.day_start(23 * 3_600_000), 23 * 3_600_000);
    /// assert_eq!(berlin.date(23 * 3_600_000), "1970-01-02");
    /// ```
    #[must_use]
    pub fn new(offsets: &'a [(Instant, i32)]) -> Self {
        Self { offsets }
    }

    /// The first instant of the day that `at` lies in.
    #[must_use]
    pub fn day_start(self, at: Instant) -> Instant {
        self.start_of_local_day(self.local_day(at))
    }

    /// The first instant of the day after the one that `at` lies in; days have 23 to 25 hours where clocks change.
    #[must_use]
    pub fn next_day_start(self, at: Instant) -> Instant {
        self.start_of_local_day(self.local_day(at).saturating_add(1))
    }

    /// The first instant of the Monday on or before the day that `at` lies in.
    #[must_use]
    pub fn week_start(self, at: Instant) -> Instant {
        let day = self.local_day(at);
        // 1970-01-01 was a Thursday.
        self.start_of_local_day(day.saturating_sub(day.saturating_add(3).rem_euclid(7)))
    }

    /// The first instant of a date as [`Calendar::date`] writes it; none when it is no date.
    #[must_use]
    pub fn start_of_date(self, date: &str) -> Option<Instant> {
        let midnight = crate::instant::parse_rfc3339(&format!("{date}T00:00:00Z"))?;
        Some(self.start_of_local_day(midnight.div_euclid(DAY)))
    }

    /// The date of the day that `at` lies in, as `2026-07-01`.
    #[must_use]
    pub fn date(self, at: Instant) -> String {
        format_rfc3339(at.saturating_add(self.offset(at))).chars().take(10).collect()
    }

    /// In milliseconds.
    fn offset(self, at: Instant) -> Instant {
        let before = self.offsets.iter().take_while(|(from, _)| *from <= at).last();
        before.or(self.offsets.first()).map_or(0, |(_, seconds)| Instant::from(*seconds) * SECOND)
    }

    fn local_day(self, at: Instant) -> i64 {
        at.saturating_add(self.offset(at)).div_euclid(DAY)
    }

    fn start_of_local_day(self, day: i64) -> Instant {
        let midnight = day.saturating_mul(DAY);
        let late = midnight.saturating_sub(self.offset(midnight));
        let start = midnight.saturating_sub(self.offset(late));
        if self.local_day(start) == day && self.local_day(start.saturating_sub(1)) != day {
            return start;
        }
        // Midnight does not exist, or exists twice: the day begins with the change of clocks, or at the first of both.
        let changes = self.offsets.iter().map(|(from, _)| *from);
        let candidates = changes.chain([late, start]).filter(|at| self.local_day(*at) == day);
        candidates.min().unwrap_or(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instant::parse_rfc3339;

    fn at(text: &str) -> Instant {
        parse_rfc3339(text).unwrap()
    }

    fn check(calendar: Calendar<'_>, instant: &str, start: &str, next: &str, date: &str) {
        let shown = (
            format_rfc3339(calendar.day_start(at(instant))),
            format_rfc3339(calendar.next_day_start(at(instant))),
            calendar.date(at(instant)),
        );
        assert_eq!(shown, (start.to_owned(), next.to_owned(), date.to_owned()), "{instant}");
        assert_eq!(calendar.start_of_date(date), Some(at(start)), "{date}");
    }

    #[test]
    fn days_are_those_of_the_zone() {
        let utc = Calendar::new(&[]);
        check(utc, "2026-07-01T23:59:59Z", "2026-07-01T00:00:00Z", "2026-07-02T00:00:00Z", "2026-07-01");
        let changes = [(at("2026-01-01T00:00:00Z"), 3600), (at("2026-03-29T01:00:00Z"), 7200)];
        let berlin = Calendar::new(&changes);
        check(berlin, "2026-03-28T23:30:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-29");
        check(berlin, "2026-03-29T21:59:59Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-29");
        check(berlin, "2025-12-31T23:30:00Z", "2025-12-31T23:00:00Z", "2026-01-01T23:00:00Z", "2026-01-01");
        check(berlin, "2026-03-29T22:00:00Z", "2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z", "2026-03-30");
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_or_repeated_begins_once() {
        // Clocks go from 00:00 to 01:00.
        let forward = [(at("2026-01-01T00:00:00Z"), -10_800), (at("2026-10-18T03:00:00Z"), -7_200)];
        let calendar = Calendar::new(&forward);
        check(calendar, "2026-10-18T12:00:00Z", "2026-10-18T03:00:00Z", "2026-10-19T02:00:00Z", "2026-10-18");
        // Clocks go from 01:00 back to 00:00 of the same day.
        let back = [(at("2026-01-01T00:00:00Z"), -14_400), (at("2026-11-01T05:00:00Z"), -18_000)];
        let calendar = Calendar::new(&back);
        check(calendar, "2026-11-01T12:00:00Z", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", "2026-11-01");
    }

    #[test]
    fn weeks_begin_on_monday() {
        let calendar = Calendar::new(&[(0, 7200)]);
        for (instant, monday) in [
            ("2026-07-01T12:00:00Z", "2026-06-28T22:00:00Z"),
            ("2026-06-28T22:00:00Z", "2026-06-28T22:00:00Z"),
            ("2026-06-28T21:59:59Z", "2026-06-21T22:00:00Z"),
        ] {
            assert_eq!(format_rfc3339(calendar.week_start(at(instant))), monday, "{instant}");
        }
    }

    #[test]
    fn impossible_instants_are_no_panic() {
        let calendar = Calendar::new(&[(0, i32::MAX)]);
        for at in [Instant::MIN, Instant::MAX] {
            let _nowhere = (calendar.day_start(at), calendar.next_day_start(at), calendar.week_start(at));
        }
        assert_eq!(calendar.start_of_date("yesterday"), None);
    }
}
