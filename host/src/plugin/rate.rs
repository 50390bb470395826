//! What an answer says about the source's limits.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

const DEFAULT_WAIT: Duration = Duration::from_secs(60);
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// How long no request should be sent, if the answer was a refusal for coming too often or for now.
///
/// `Retry-After` in seconds or as a date comes first; then a used-up `x-ratelimit` until its reset, which counts from the server's clock; then a minute.
pub(super) fn refused_for(status: StatusCode, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Option<Duration> {
    let too_often = status == StatusCode::TOO_MANY_REQUESTS
        || (status == StatusCode::SERVICE_UNAVAILABLE && headers.contains_key(RETRY_AFTER))
        || (status == StatusCode::FORBIDDEN
            && (headers.contains_key(RETRY_AFTER) || is_used_up(headers) || speaks_of_rate_limit(body)));
    if !too_often {
        return None;
    }
    let wait = retry_after(headers, now)
        .or_else(|| is_used_up(headers).then(|| until_reset(headers, now)).flatten())
        .unwrap_or(DEFAULT_WAIT);
    Some(wait.min(LONGEST_WAIT))
}

/// How long the next request should wait after an answer that was not refused: until the reset, when it used up the last of the limit.
pub(super) fn used_up_for(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    is_used_up(headers).then(|| until_reset(headers, now)).flatten().map(|wait| wait.min(LONGEST_WAIT))
}

fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Duration::try_from(http_date(text)?.duration_since(server_now(headers, now))).ok(),
    }
}

fn is_used_up(headers: &HeaderMap) -> bool {
    number(headers, "x-ratelimit-remaining") == Some(0)
}

/// None when the reset lies in the past or is no number.
fn until_reset(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let reset = Timestamp::from_second(number(headers, "x-ratelimit-reset")?).ok()?;
    Duration::try_from(reset.duration_since(server_now(headers, now))).ok().filter(|wait| !wait.is_zero())
}

fn server_now(headers: &HeaderMap, now: Timestamp) -> Timestamp {
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

    fn check(status: u16, headers: &[(&'static str, &str)], body: &str, expected: Option<u64>) {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (reqwest::header::HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        let wait = refused_for(StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes(), NOW.parse().unwrap());
        assert_eq!(wait, expected.map(Duration::from_secs), "{status} {headers:?}");
    }

    #[test]
    fn a_refusal_says_how_long_it_lasts() {
        check(429, &[("retry-after", "2")], "", Some(2));
        check(403, &[("retry-after", "86401")], "", Some(86400));
        check(429, &[("retry-after", "Mon, 23 Nov 2026 12:00:07 GMT")], "", Some(7));
        check(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795435203")], "", Some(3));
        check(
            403,
            &[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "1795435203"),
                ("date", "Mon, 23 Nov 2026 11:59:58 GMT"),
            ],
            "",
            Some(5),
        );
        check(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1000")], "", Some(60));
        check(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "soon")], "", Some(60));
        check(403, &[], "{\"message\":\"You have exceeded a secondary rate limit\"}", Some(60));
        check(429, &[], "limit exceeded", Some(60));
        check(503, &[("retry-after", "2")], "", Some(2));
    }

    #[test]
    fn a_plain_refusal_is_no_rate_limit() {
        check(403, &[("x-ratelimit-remaining", "12")], "{\"message\":\"Resource not accessible\"}", None);
        check(500, &[("retry-after", "2")], "", None);
        check(503, &[], "", None);
        check(200, &[("x-ratelimit-remaining", "0")], "", None);
    }
}
