//! Stretches of creation dates that are listed at once, and how they are halved. Pure.

use quintant_sdk::instant::{DAY, SECOND, format_rfc3339};
use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

const HOUR: Instant = 3_600 * SECOND;

/// Runs created from `from` on, to `to` at the latest; GitHub counts whole seconds, and both ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub from: Instant,
    /// None: without an end.
    pub to: Option<Instant>,
}

impl Span {
    /// What `created` must be to list it.
    #[must_use]
    pub fn filter(self) -> String {
        let from = format_rfc3339(self.from);
        match self.to {
            Some(to) => format!("{from}..{}", format_rfc3339(to)),
            None => format!(">={from}"),
        }
    }

    /// The older and the newer half; none: it is too short. Long ones are cut between days or hours, so that the same
    /// halves are asked for in the next scan.
    #[must_use]
    pub fn halves(self, now: Instant) -> Option<(Self, Self)> {
        let length = self.to.unwrap_or(now).saturating_sub(self.from);
        let step = match length {
            _ if length > 2 * DAY => DAY,
            _ if length > 2 * HOUR => HOUR,
            _ => SECOND,
        };
        let middle = self.from.saturating_add(length / 2);
        let middle = middle - middle.rem_euclid(step);
        let older = Self { from: self.from, to: Some(middle - SECOND) };
        (middle > self.from).then_some((older, Self { from: middle, to: self.to }))
    }
}

/// The start of the day in UTC.
#[must_use]
pub fn day_of(at: Instant) -> Instant {
    at - at.rem_euclid(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_meet_and_end() {
        let now = 1_767_225_600_000;
        let mut spans = vec![Span { from: now - 90 * DAY, to: None }];
        let mut shortest = 0;
        while let Some(span) = spans.pop() {
            let Some((older, newer)) = span.halves(now) else {
                shortest += 1;
                assert!(span.to.unwrap_or(now) - span.from < 2 * SECOND, "{span:?}");
                continue;
            };
            assert_eq!((older.from, newer.to), (span.from, span.to));
            assert_eq!(older.to.map(|to| to + SECOND), Some(newer.from));
            assert!(older.from <= older.to.unwrap() && newer.from <= newer.to.unwrap_or(now), "{span:?}");
            // One way down is enough: the others are alike.
            if shortest < 40 {
                spans.push(if shortest % 2 == 0 { older } else { newer });
                shortest += usize::from(spans.is_empty());
            }
        }
        assert!(shortest > 0);
    }

    #[test]
    fn a_span_without_an_end_is_halved_alike_all_day() {
        let from = day_of(1_767_225_600_000) - 7 * DAY;
        let span = Span { from, to: None };
        let morning = span.halves(from + 7 * DAY + HOUR).unwrap();
        assert_eq!(span.halves(from + 7 * DAY + 23 * HOUR).unwrap(), morning);
        assert_eq!(morning.0.filter(), "2025-12-25T00:00:00Z..2025-12-27T23:59:59Z");
        assert_eq!(morning.1.filter(), ">=2025-12-28T00:00:00Z");
    }
}
