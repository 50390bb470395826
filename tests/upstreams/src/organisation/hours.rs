//! When people work: mostly in the day, seldom on weekends, and hardly in the one week in which the company is closed.

use jiff::Timestamp;

use super::random::Random;

pub(super) const HOUR: i64 = 3600;
pub(super) const DAY: i64 = 24 * HOUR;
pub(super) const WEEK: i64 = 7 * DAY;

pub(super) struct Hours {
    /// Second in which the story begins.
    pub(super) start: i64,
    /// For a week from this Monday on, hardly anybody works.
    closed_from: i64,
}

impl Hours {
    pub(super) fn new(start: Timestamp, random: &mut Random) -> Self {
        let start = start.as_second();
        let closed_from = monday_after(start + random.between(15, 19) * WEEK);
        Self { start, closed_from }
    }

    /// Somewhere in the working hours of that week, seldom on a weekend.
    pub(super) fn work_time(&self, week: i64, random: &mut Random) -> i64 {
        let at = self.start + week * WEEK + random.between(0, WEEK - 1);
        self.working(at, random)
    }

    pub(super) fn is_closed(&self, at: i64, random: &mut Random) -> bool {
        (self.closed_from..self.closed_from + WEEK).contains(&at) && !random.permille(70)
    }

    pub(super) fn later(&self, at: i64, short: i64, long: i64, random: &mut Random) -> i64 {
        let at = at + random.between(short, long);
        self.working(at, random)
    }

    /// Moves nights, most weekends and the closed week forward to a working hour.
    fn working(&self, mut at: i64, random: &mut Random) -> i64 {
        if self.is_closed(at, random) {
            at += WEEK;
        }
        loop {
            let weekday = weekday(at);
            let hour = at.rem_euclid(DAY) / HOUR;
            let next_morning = at.div_euclid(DAY) * DAY + DAY + 8 * HOUR;
            if weekday >= 5 && !random.permille(80) {
                at = next_morning + random.between(0, 4 * HOUR);
            } else if hour < 7 {
                at += random.between(3, 9) * HOUR + random.between(0, HOUR);
            } else if hour >= 20 {
                at = next_morning + random.between(0, 3 * HOUR);
            } else {
                return at;
            }
        }
    }
}

/// 0 is Monday; 1970-01-01 was a Thursday.
fn weekday(at: i64) -> i64 {
    (at.div_euclid(DAY) + 3).rem_euclid(7)
}

fn monday_after(at: i64) -> i64 {
    (at.div_euclid(DAY) + 7 - weekday(at)) * DAY
}
