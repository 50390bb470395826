//! Which headers pass between a guest and its source.

use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH};

/// What a guest may not say itself.
const DROPPED_REQUEST_HEADERS: [&str; 22] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "accept-encoding",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];
const DROPPED_RESPONSE_HEADERS: [&str; 3] = ["set-cookie", "set-cookie2", "proxy-authenticate"];

/// More than any API asks for.
const MOST_REQUEST_HEADERS: usize = 64;
const LARGEST_REQUEST_HEADERS_BYTES: usize = 32 * 1024;

/// Whether the guest says so much that it is not sent.
pub(super) fn is_too_much(sent: &[(String, String)]) -> bool {
    let bytes: usize = sent.iter().map(|(name, value)| name.len() + value.len()).sum();
    sent.len() > MOST_REQUEST_HEADERS || bytes > LARGEST_REQUEST_HEADERS_BYTES
}

/// What the guest asks with, without what only the host may say.
pub(super) fn of_request(sent: &[(String, String)]) -> HeaderMap {
    let is_allowed = |name: &HeaderName| {
        !DROPPED_REQUEST_HEADERS.contains(&name.as_str()) && !name.as_str().starts_with("x-forwarded-")
    };
    sent.iter()
        .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?)))
        .filter(|(name, _)| is_allowed(name))
        .collect()
}

/// What goes along to another origin than the guest's own.
pub(super) fn for_strangers(headers: &HeaderMap) -> HeaderMap {
    [ACCEPT, IF_MODIFIED_SINCE, IF_NONE_MATCH]
        .into_iter()
        .filter_map(|name| headers.get(&name).cloned().map(|value| (name, value)))
        .collect()
}

/// What a guest may know of an answer.
pub(super) fn of_response(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .filter(|(name, _)| !DROPPED_RESPONSE_HEADERS.contains(&name.as_str()))
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_says_who_asks() {
        let sent = ["Accept", "Authorization", "COOKIE", "host", "x-forwarded-for", "x-api-key", "not a header"];
        let sent: Vec<(String, String)> = sent.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect();
        let kept = of_request(&sent);
        assert_eq!(kept.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["accept", "x-api-key"]);
        assert_eq!(for_strangers(&kept).keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["accept"]);
    }

    #[test]
    fn a_guest_may_say_so_much() {
        let sent = |count: usize, bytes: usize| vec![("x-a".to_owned(), "x".repeat(bytes)); count];
        assert!(!is_too_much(&sent(64, 100)));
        assert!(is_too_much(&sent(65, 1)) && is_too_much(&sent(1, 32 * 1024)));
    }

    #[test]
    fn cookies_do_not_reach_the_guest() {
        let headers = [("set-cookie", "session=1"), ("etag", "x")]
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        assert_eq!(of_response(&headers.into_iter().collect()), [("etag".to_owned(), "x".to_owned())]);
    }
}
