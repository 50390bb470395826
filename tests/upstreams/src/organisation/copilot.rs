//! Who has a seat of GitHub's assistant from when on, and on which days they used it. GitHub tells how many, and never who.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use super::people::People;
use super::random::Random;
use super::{AccountId, date_of};

/// The whole truth of an organisation's Copilot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Copilot {
    pub seats: Vec<Seat>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Seat {
    pub account: AccountId,
    pub since: Date,
    /// Days of UTC, oldest first.
    pub used: Vec<Date>,
}

/// Of a thousand people, and of a thousand working days of those who like it.
const SEATED: u64 = 640;
const FOND: u64 = 700;

pub(super) fn copilot(seed: u64, start: Timestamp, end: Timestamp, people: &People) -> Copilot {
    let mut random = Random::new(seed, "copilot");
    let (first, last) = (date_of(start), date_of(end));
    let days = i64::from((last - first).get_days());
    let mut seats = Vec::new();
    for person in people.people.iter().filter(|person| person.name.is_some()) {
        // Most had one from the beginning.
        let joined = if random.permille(800) { 0 } else { random.between(1, days) };
        let usual = if random.permille(600) { random.between(300, 900) } else { 8 };
        let has_seat = random.permille(SEATED);
        let mut used = Vec::new();
        for day in joined..=days {
            let date = first + day.days();
            let is_fond = random.permille(FOND) && random.permille(u64::try_from(usual).unwrap_or(0));
            if is_fond && date.weekday().to_monday_zero_offset() < 5 {
                used.push(date);
            }
        }
        if has_seat {
            seats.push(Seat { account: person.accounts[0], since: first + joined.days(), used });
        }
    }
    Copilot { seats }
}

impl Copilot {
    /// Seats on a day, and how many of them were used since the last bill, which comes on the first of each month.
    #[must_use]
    pub fn billed(&self, day: Date) -> (u64, u64) {
        let own: Vec<&Seat> = self.seats.iter().filter(|seat| seat.since <= day).collect();
        let is_used = |seat: &&&Seat| seat.used.iter().any(|used| day.first_of_month() <= *used && *used <= day);
        (own.iter().filter(is_used).count() as u64, own.len() as u64)
    }

    /// How many people used it that day.
    #[must_use]
    pub fn users(&self, day: Date) -> u64 {
        self.seats.iter().filter(|seat| seat.used.contains(&day)).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::super::Organisation;

    #[test]
    fn seats_grow_and_some_are_hardly_used() {
        let organisation = Organisation::generate(1, "2026-07-01T12:00:00Z".parse().unwrap());
        let (early, early_seats) = organisation.copilot.billed("2026-01-20".parse().unwrap());
        let (late, late_seats) = organisation.copilot.billed("2026-06-24".parse().unwrap());
        assert!(10 < early && early + 5 <= early_seats, "{early} of {early_seats}");
        assert!(early_seats < late_seats && late + 5 <= late_seats, "{late} of {late_seats}");
        let [working, sunday] =
            ["2026-06-24", "2026-06-21"].map(|day| organisation.copilot.users(day.parse().unwrap()));
        assert!(working > 5 && sunday == 0, "{working} {sunday}");
    }
}
