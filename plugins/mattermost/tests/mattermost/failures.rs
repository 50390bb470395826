//! What goes wrong, and what the host is told.

use quintant_sdk::prelude::*;
use serde_json::json;

use crate::server::{post, server, source};

type Answer = Result<Response, HttpError>;

fn feeds() -> [(&'static str, &'static str); 2] {
    [("counts", "message_counts"), ("posts", "posts")]
}

fn check(answer: &Answer, expected: &str) {
    for (mode, feed) in feeds() {
        let server = server();
        let answer = answer.clone();
        server.borrow_mut().fault = Some(Box::new(move |_| Some(answer.clone())));
        let error = source(&server, json!({ "mode": mode })).collect(feed, None).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn every_refusal_has_its_failure() {
    let limited = |headers: &[(&str, &str)]| {
        let answer = Response::new(429).body("limit exceeded");
        Ok(headers.iter().fold(answer, |answer, (name, value)| answer.with(name, *value)))
    };
    check(&Ok(Response::new(401)), "unauthorized: Mattermost refused the token: wrong, expired or revoked");
    check(&limited(&[("X-Ratelimit-Reset", "7"), ("Retry-After", "1")]), "rate limited for 1 s");
    check(&limited(&[("X-Ratelimit-Reset", "7")]), "rate limited for 7 s");
    check(
        &limited(&[("X-Ratelimit-Reset", "1784116803"), ("Date", "Wed, 15 Jul 2026 12:00:00 GMT")]),
        "rate limited for 3 s",
    );
    check(&limited(&[("Retry-After", "Wed, 15 Jul 2026 12:00:07 GMT")]), "rate limited");
    check(&Err(HttpError::Throttled(Some(9))), "rate limited for 9 s");
    check(&Err(HttpError::Cancelled), "cancelled");
    check(&Err(HttpError::Denied("another host".to_owned())), "permanent: request denied: another host");
    check(&Err(HttpError::Unreachable("dns".to_owned())), "transient: Mattermost gives no usable answer");
    check(&Ok(Response::new(503)), "transient: Mattermost gives no usable answer");
    check(
        &Ok(Response::new(403)),
        "misconfigured: the account may not list teams: name them in `teams`, or give it the permission \
         `list_public_teams`",
    );
    check(
        &Ok(Response::new(404)),
        "misconfigured: there is no Mattermost at the endpoint's `url`: `/api/v4/teams` is not found",
    );
    check(&Ok(Response::new(300)), "permanent: Mattermost answered with the unexpected status 300");
    check(
        &Ok(Response::new(200).with("content-type", "text/html").body("<html>secret</html>")),
        "permanent: status 200 with a body that is not the expected JSON (content-type `text/html`, 19 bytes, line 1 \
         column 1)",
    );
}

#[test]
fn a_post_that_is_not_granted_is_explained() {
    let server = server();
    server.borrow_mut().posts.insert("c1".to_owned(), vec![post("p1", "u1", "2026-07-14T09:00:00Z")]);
    server.borrow_mut().fault = Some(Box::new(|url| {
        url.contains("/users/ids").then(|| Err(HttpError::Denied("POST is not granted".to_owned())))
    }));
    let error = source(&server, json!({ "mode": "posts" })).drain("posts", None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "misconfigured: `mode = \"posts\"` asks who posted by `POST /api/v4/users/ids`, which changes nothing: POST is \
         not granted"
    );
}

#[test]
fn garbage_is_never_a_panic() {
    let deep = "[".repeat(10_000);
    for body in ["", "{}", "[", "[1]", "null", "\u{feff}[]", "[{}]", "[\0]", r#"{"order":[1],"posts":[]}"#, &deep] {
        for (mode, feed) in feeds() {
            for place in ["/teams?", "/channels?", "/posts?", "/users/ids"] {
                let server = server();
                server.borrow_mut().posts.insert("c1".to_owned(), vec![post("p1", "u1", "2026-07-14T09:00:00Z")]);
                let body = body.to_owned();
                server.borrow_mut().fault =
                    Some(Box::new(move |url| url.contains(place).then(|| Ok(Response::new(200).body(body.clone())))));
                if let Err(error) = source(&server, json!({ "mode": mode })).drain(feed, None) {
                    assert!(matches!(error, Error::Permanent(_)), "{error}");
                }
            }
        }
    }
}

#[test]
fn a_cursor_of_another_version_starts_over() {
    let source = source(&server(), json!({}));
    for cursor in ["", "{}", "7"] {
        let error = source.collect("message_counts", Some(cursor)).unwrap_err();
        assert!(matches!(error, Error::CursorExpired(_)), "{error}");
    }
}

#[test]
fn an_unknown_feed_is_refused() {
    let error = source(&server(), json!({})).collect("stars", None).unwrap_err();
    assert_eq!(error, Error::Permanent("there is no feed `stars`".to_owned()));
}
