//! What an answer says about the source's limits.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);
/// A reset below this counts seconds from now, above it seconds from 1970.
const FIRST_EPOCH_RESET: i64 = 100_000_000;
const LONGEST_RESOURCE: usize = 100;

/// What an answer tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) verdict: Verdict,
    /// Of what `remaining` is left, where the source counts several things apart; empty where it does not say.
    pub(super) resource: String,
    /// Requests that are left until the reset.
    pub(super) remaining: Option<u64>,
    /// Of a reset that is still to come.
    pub(super) until_reset: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Answered,
    /// For coming too often, or for now; with the wait where one is told.
    ComeLater(Option<Duration>),
}

/// `Retry-After` in seconds or as a date comes first, then a used-up `x-ratelimit` until its reset. Dates count from the server's clock.
pub(super) fn told(status: StatusCode, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Told {
    let remaining = number(headers, "x-ratelimit-remaining").and_then(|left| u64::try_from(left).ok());
    let until_reset = until_reset(headers, now).map(|wait| wait.min(LONGEST_WAIT));
    let is_used_up = remaining == Some(0);
    let too_often = status == StatusCode::TOO_MANY_REQUESTS
        || (status == StatusCode::SERVICE_UNAVAILABLE && headers.contains_key(RETRY_AFTER))
        || (status == StatusCode::FORBIDDEN
            && (headers.contains_key(RETRY_AFTER) || is_used_up || speaks_of_rate_limit(body)));
    let wait = || retry_after(headers, now).or(until_reset.filter(|_| is_used_up)).map(|wait| wait.min(LONGEST_WAIT));
    let verdict = if too_often { Verdict::ComeLater(wait()) } else { Verdict::Answered };
    let resource = headers.get("x-ratelimit-resource").and_then(|name| name.to_str().ok()).unwrap_or_default();
    let resource = resource.chars().take(LONGEST_RESOURCE).collect();
    Told { verdict, resource, remaining, until_reset }
}

fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Duration::try_from(http_date(text)?.duration_since(server_now(headers, now))).ok(),
    }
}

/// None when the reset lies in the past or is no number.
fn until_reset(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let reset = number(headers, "x-ratelimit-reset")?;
    let wait = if (0..FIRST_EPOCH_RESET).contains(&reset) {
        Duration::from_secs(reset.unsigned_abs())
    } else {
        Duration::try_from(Timestamp::from_second(reset).ok()?.duration_since(server_now(headers, now))).ok()?
    };
    (!wait.is_zero()).then_some(wait)
}

/// The server's clock where it tells it.
pub(super) fn server_now(headers: &HeaderMap, now: Timestamp) -> Timestamp {
    headers.get(DATE).and_then(|date| http_date(date.to_str().ok()?)).unwrap_or(now)
}

fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::parse(text).ok().map(|date| date.timestamp())
}

fn number(headers: &HeaderMap, name: &str) -> Option<i64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn speaks_of_rate_limit(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&body[..body.len().min(2000)]).to_lowercase();
    ["rate limit", "abuse detection"].iter().any(|words| text.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-23T12:00:00Z";

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (reqwest::header::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    fn check(status: u16, pairs: &[(&'static str, &str)], body: &str, expected: Verdict) {
        let status = StatusCode::from_u16(status).unwrap();
        let told = told(status, &headers(pairs), body.as_bytes(), NOW.parse().unwrap());
        assert_eq!(told.verdict, expected, "{status} {pairs:?}");
    }

    #[test]
    fn a_refusal_says_how_long_it_lasts() {
        let after = |seconds| Verdict::ComeLater(Some(Duration::from_secs(seconds)));
        let used_up = |reset| [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset)];
        check(429, &[("retry-after", "2")], "", after(2));
        check(403, &[("retry-after", "86401")], "", after(86400));
        check(429, &[("retry-after", "Mon, 23 Nov 2026 12:00:07 GMT")], "", after(7));
        check(403, &used_up("1795435203"), "", after(3));
        check(
            403,
            &[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "1795435203"),
                ("date", "Mon, 23 Nov 2026 11:59:58 GMT"),
            ],
            "",
            after(5),
        );
        check(503, &[("retry-after", "2")], "", after(2));
        check(429, &used_up("7"), "limit exceeded", after(7));
        check(429, &[("retry-after", "1"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "7")], "", after(1));
    }

    #[test]
    fn a_refusal_may_not_say_how_long_it_lasts() {
        let unknown = Verdict::ComeLater(None);
        check(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1395435203")], "", unknown);
        check(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "soon")], "", unknown);
        check(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "-7")], "", unknown);
        check(403, &[], "{\"message\":\"You have exceeded a secondary rate limit\"}", unknown);
        check(429, &[("x-ratelimit-remaining", "12"), ("x-ratelimit-reset", "7")], "", unknown);
        check(429, &[("retry-after", "later")], "limit exceeded", unknown);
    }

    #[test]
    fn a_plain_refusal_is_no_rate_limit() {
        check(403, &[("x-ratelimit-remaining", "12")], "{\"message\":\"Resource not accessible\"}", Verdict::Answered);
        check(500, &[("retry-after", "2")], "", Verdict::Answered);
        check(503, &[], "", Verdict::Answered);
        check(200, &[("x-ratelimit-remaining", "0")], "", Verdict::Answered);
    }

    #[test]
    fn an_answer_tells_what_is_left() {
        let pairs = [("x-ratelimit-remaining", "12"), ("x-ratelimit-reset", "1795435203")];
        let named = [&pairs[..], &[("x-ratelimit-resource", "graphql")]].concat();
        for (pairs, resource) in [(&pairs[..], ""), (&named, "graphql")] {
            let told = told(StatusCode::OK, &headers(pairs), b"", NOW.parse().unwrap());
            assert_eq!((told.remaining, told.until_reset), (Some(12), Some(Duration::from_secs(3))));
            assert_eq!(told.resource, resource);
        }
    }
}
