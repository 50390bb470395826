//! What goes wrong, and what the host is told.

use quintant_sdk::prelude::*;
use serde_json::json;

use crate::server::{json_body, server, source};

fn failed(path: &str) -> Option<Result<Response, HttpError>> {
    path.starts_with("/api").then(|| Ok(json_body(500, &json!({ "detail": "Failed to calculate NPS metrics" }))))
}

fn check(fault: impl Fn(&str) -> Option<Result<Response, HttpError>> + 'static, expected: &str) -> Vec<String> {
    let server = server(&[("2026-07-01T10:00:00", 9)]);
    server.borrow_mut().fault = Some(Box::new(fault));
    let error = source(&server, json!({})).collect("responses", None).unwrap_err();
    assert_eq!(error.to_string(), expected);
    server.borrow().seen.clone()
}

#[test]
fn a_500_of_a_service_without_its_database_is_transient() {
    for health in [
        include_str!("../fixtures/degraded.json"),
        r#"{"body":"{\"status\":\"healthy\",\"database_connected\":false}"}"#,
    ] {
        let health: serde_json::Value = serde_json::from_str(health).unwrap();
        let body = health["body"].as_str().unwrap().to_owned();
        check(
            move |url| failed(url).or_else(|| Some(Ok(Response::new(200).body(body.clone())))),
            "transient: the NPS service reports that its database is not connected",
        );
    }
    check(
        |url| failed(url).or_else(|| Some(Ok(Response::new(200).body(r#"{"status":"starting"}"#)))),
        "transient: the NPS service reports that it is not healthy",
    );
    check(
        |url| failed(url).or_else(|| Some(Err(HttpError::Unreachable("dns".to_owned())))),
        "transient: the NPS service answers 500, and `/health` nothing of use",
    );
}

#[test]
fn a_500_of_a_healthy_service_is_a_defect_and_not_asked_for_ever() {
    let seen = check(
        failed,
        "permanent: a defect of the NPS service: it answers 500 to both forms of dates, but calls itself healthy; its \
         log tells the cause",
    );
    assert_eq!(
        seen,
        [
            "/api/v1/nps/metrics?start_date=2026-06-01T00:00:00&end_date=2026-06-07T23:59:59.999999",
            "/health",
            "/api/v1/nps/metrics?start_date=2026-06-01T00:00:00Z&end_date=2026-06-07T23:59:59.999999Z",
        ]
    );
}

#[test]
fn every_refusal_has_its_failure() {
    let answers = |status: u16| move |url: &str| url.starts_with("/api").then(|| Ok(Response::new(status)));
    check(answers(401), "unauthorized: the NPS service answers 401");
    check(answers(403), "unauthorized: the NPS service answers 403");
    check(answers(404), "misconfigured: there is no `/api/v1/nps/metrics` at the endpoint's `url`");
    check(answers(422), "permanent: the NPS service refuses dates that are none of its own making");
    check(answers(429), "rate limited");
    check(answers(300), "permanent: the NPS service answers with the unexpected status 300");
    check(answers(503), "transient: the NPS service answers 503, but calls itself healthy");
    check(|_| Some(Err(HttpError::Throttled(Some(7)))), "rate limited for 7 s");
    check(|_| Some(Err(HttpError::Cancelled)), "cancelled");
    check(|_| Some(Err(HttpError::Unreachable("dns".to_owned()))), "transient: unreachable: dns");
}

#[test]
fn no_part_of_a_body_is_told() {
    check(
        |_| Some(Ok(Response::new(200).with("content-type", "text/html").body("<p>secret</p>"))),
        "permanent: status 200 with a body that is not the expected JSON (content-type `text/html`, 13 bytes, line 1 \
         column 1)",
    );
}

#[test]
fn an_answer_about_another_period_is_counted_and_not_taken() {
    let server = server(&[("2026-07-01T10:00:00", 9)]);
    server.borrow_mut().fault = Some(Box::new(|_| {
        let body = json!({
            "nps_score": 100.0, "total_responses": 1, "promoters": 1, "passives": 0, "detractors": 0,
            "response_rate": 1.0, "period_start": "2026-01-01T00:00:00", "period_end": "2026-03-31T23:59:59.999999",
        });
        Some(Ok(json_body(200, &body)))
    }));
    let page = source(&server, json!({})).collect("responses", None).unwrap();
    assert!(page.facts.is_empty());
    assert_eq!(
        (page.problems[0].kind, page.problems[0].scope.as_deref()),
        (ProblemKind::Rejected, Some("week-2026-06-01"))
    );
}

#[test]
fn a_reversed_window_is_refused_before_anything_is_sent() {
    let server = server(&[]);
    let source = source(&server, json!({}));
    let source =
        source.window(crate::server::at_utc("2026-07-15T00:00:00"), crate::server::at_utc("2026-07-01T00:00:00"));
    let error = source.collect("responses", None).unwrap_err();
    assert_eq!(error.to_string(), "permanent: the window ends before it starts: nothing is asked");
    assert!(server.borrow().seen.is_empty());
}

#[test]
fn a_cursor_of_another_version_starts_over() {
    let source = source(&server(&[]), json!({}));
    for cursor in ["", "{}", "7"] {
        let error = source.collect("responses", Some(cursor)).unwrap_err();
        assert!(matches!(error, Error::CursorExpired(_)), "{error}");
    }
}

#[test]
fn an_unknown_feed_is_refused() {
    let error = source(&server(&[]), json!({})).collect("stars", None).unwrap_err();
    assert_eq!(error, Error::Permanent("there is no feed `stars`".to_owned()));
}
