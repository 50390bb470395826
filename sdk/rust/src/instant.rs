//! Points in time as the contract has them, and the texts upstreams write instead.

/// Milliseconds since the Unix epoch, UTC.
pub type Instant = i64;

/// One second.
pub const SECOND: Instant = 1_000;
/// One day.
pub const DAY: Instant = 86_400 * SECOND;

const LONGEST: usize = 64;

/// Reads RFC 3339: any offset, any fraction (cut to milliseconds), years 0000 to 9999; a leap
/// second is the second after it. None for anything else.
///
/// ```
/// use quintant_sdk::instant::parse_rfc3339;
/// assert_eq!(parse_rfc3339("1970-01-01T00:00:01.5Z"), Some(1_500));
/// assert_eq!(parse_rfc3339("1970-01-01T01:00:00+01:00"), Some(0));
/// assert_eq!(parse_rfc3339("yesterday"), None);
/// ```
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<Instant> {
    let text = text.as_bytes();
    if text.len() > LONGEST {
        return None;
    }
    let (head, rest) = text.split_at_checked(19)?;
    let fixed = [(4, "-"), (7, "-"), (10, "Tt "), (13, ":"), (16, ":")];
    if fixed.iter().any(|(at, allowed)| !allowed.as_bytes().contains(&head[*at])) {
        return None;
    }
    let day = days(number(&head[0..4])?, number(&head[5..7])?, number(&head[8..10])?)?;
    let time = time(number(&head[11..13])?, number(&head[14..16])?, number(&head[17..19])?)?;
    let (millis, zone) = fraction(rest)?;
    Some((day * 86_400 + time - offset(zone)?) * SECOND + millis)
}

/// Reads the date of an HTTP header, e.g. `Tue, 19 Jul 2022 04:39:16 GMT`.
#[must_use]
pub fn parse_http_date(text: &str) -> Option<Instant> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, date) = text.trim().split_once(", ")?;
    let mut words = date.split(' ');
    let day = number(words.next()?.as_bytes())?;
    let month = words.next()?;
    let month = (1..).zip(MONTHS).find(|(_, name)| *name == month)?.0;
    let year = number(words.next()?.as_bytes())?;
    let mut clock = words.next()?.split(':').map(|part| number(part.as_bytes()));
    let time = time(clock.next()??, clock.next()??, clock.next()??)?;
    let ends = clock.next().is_none() && words.next() == Some("GMT") && words.next().is_none();
    ends.then_some((days(year, month, day)? * 86_400 + time) * SECOND)
}

/// Writes whole seconds, rounded down, as RFC 3339 in UTC; years outside 0000–9999 are clamped.
///
/// ```
/// use quintant_sdk::instant::format_rfc3339;
/// assert_eq!(format_rfc3339(1_500), "1970-01-01T00:00:01Z");
/// ```
#[must_use]
pub fn format_rfc3339(instant: Instant) -> String {
    const FIRST: i64 = -62_167_219_200;
    const LAST: i64 = 253_402_300_799;
    let seconds = instant.div_euclid(SECOND).clamp(FIRST, LAST);
    let (days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn number(digits: &[u8]) -> Option<i64> {
    let fits = (1..=4).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    fits.then(|| digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
}

/// Days from the epoch to a civil date (Gregorian, also before 1582).
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let march_month = if month > 2 { month - 3 } else { month + 9 };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}

fn time(hour: i64, minute: i64, second: i64) -> Option<i64> {
    let valid = hour <= 23 && minute <= 59 && second <= 60;
    valid.then_some(hour * 3_600 + minute * 60 + second)
}

fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.', digits)) = rest.split_first() else {
        return Some((0, rest));
    };
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, zone) = digits.split_at(length);
    let milli = |at: usize, weight: i64| digits.get(at).map_or(0, |digit| i64::from(digit - b'0') * weight);
    (length > 0).then(|| (milli(0, 100) + milli(1, 10) + milli(2, 1), zone))
}

fn offset(zone: &[u8]) -> Option<i64> {
    match zone {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), hours @ .., b':', tens, ones] if hours.len() == 2 => {
            let seconds = time(number(hours)?, number(&[*tens, *ones])?, 0)?;
            Some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_upstreams_write_is_read() {
        for (text, expected) in [
            ("2022-07-19T04:39:16Z", Some(1_658_205_556_000)),
            ("2022-07-19t04:39:16.123456789z", Some(1_658_205_556_123)),
            ("2012-03-06 15:06:50-08:00", Some(1_331_075_210_000)),
            ("2016-12-31T23:59:60Z", Some(1_483_228_800_000)),
            ("1969-12-31T23:59:59.999Z", Some(-1)),
            ("0000-01-01T00:00:00Z", Some(-62_167_219_200_000)),
            ("9999-12-31T23:59:59Z", Some(253_402_300_799_000)),
            ("2024-02-29T00:00:00Z", Some(1_709_164_800_000)),
            ("2023-02-29T00:00:00Z", None),
            ("-001-01-01T00:00:00Z", None),
            ("2022-13-01T00:00:00Z", None),
            ("2022-07-19T24:00:00Z", None),
            ("2022-07-19T04:39:16", None),
            ("2022-07-19T04:39:16.Z", None),
            ("2022-07-19T04:39:16+1:00", None),
            ("2022-07-19T04:39:1é", None),
            ("", None),
        ] {
            assert_eq!(parse_rfc3339(text), expected, "{text}");
        }
        assert_eq!(parse_rfc3339(&format!("2022-07-19T04:39:16.{}Z", "1".repeat(99))), None);
    }

    #[test]
    fn header_dates_are_read() {
        assert_eq!(parse_http_date("Tue, 19 Jul 2022 04:39:16 GMT"), Some(1_658_205_556_000));
        for text in ["", "Tue, 19 Foo 2022 04:39:16 GMT", "Tue, 19 Jul 2022 04:39 GMT", "now"] {
            assert_eq!(parse_http_date(text), None, "{text}");
        }
    }

    #[test]
    fn writing_is_the_inverse_of_reading() {
        for seconds in (-62_167_219_200..253_402_300_799).step_by(86_400 * 97 + 12_345) {
            let text = format_rfc3339(seconds * SECOND);
            assert_eq!(parse_rfc3339(&text), Some(seconds * SECOND), "{text}");
        }
        assert_eq!(format_rfc3339(Instant::MAX), "9999-12-31T23:59:59Z");
        assert_eq!(format_rfc3339(Instant::MIN), "0000-01-01T00:00:00Z");
    }
}
