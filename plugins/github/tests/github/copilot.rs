//! The feed of Copilot's adoption.

use expect_test::expect;
use quintant_plugin_github::GitHub;
use quintant_sdk::http::Target;
use quintant_sdk::instant::DAY;
use quintant_sdk::prelude::*;
use quintant_sdk::testing::Source;
use serde_json::{Value, json};

use crate::server::{DATE, NOW};
use crate::show;

const ELSEWHERE: &str = "https://reports.elsewhere.test";

/// A source that asks about `octo`; the closure answers paths of GitHub, and files by their day.
fn source(answer: impl Fn(&str) -> Result<Response, HttpError> + 'static) -> Source<GitHub> {
    let settings = json!({ "organizations": ["octo"], "copilot": true });
    let source = Source::new(settings, move |request| match &request.target {
        Target::Path(path) => Ok(answer(path)?.with("date", DATE)),
        Target::Url(url) => {
            assert_eq!(request.headers, [], "nothing is told to another host");
            answer(url.strip_prefix(ELSEWHERE).unwrap())
        }
    });
    source.window(NOW - 5 * DAY, NOW)
}

fn ok(body: &Value) -> Result<Response, HttpError> {
    Ok(Response::new(200).body(body.to_string()))
}

/// GitHub as it is, with reports up to the last day of which there is one.
fn usual(path: &str, last: &str) -> Result<Response, HttpError> {
    if path.ends_with("/copilot/billing") {
        return Ok(Response::new(200).body(include_str!("../fixtures/copilot_billing.json")));
    }
    if let Some((_, day)) = path.split_once("/organization-1-day?day=") {
        let links = [format!("{ELSEWHERE}/{day}")];
        return if day <= last {
            ok(&json!({ "download_links": links, "report_day": day }))
        } else {
            Ok(Response::new(204))
        };
    }
    let line = json!({ "day": &path[1..], "organization_id": "1", "daily_active_users": 7, "weekly_active_users": 9 });
    Ok(Response::new(200).body(format!("{line}\nnonsense\n\n")))
}

#[test]
fn seats_and_days_are_told_and_a_report_that_is_not_there_is_asked_for_again() {
    let first = source(|path| usual(path, "2025-12-29")).drain("copilot", None).unwrap();
    expect![[r#"
        ai/octo/2026-01-01 at 2026-01-01T00:00:00Z: ai of octo, 2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z, Some(12) of Some(12)
        ai-daily/octo/2025-12-27 at 2025-12-27T00:00:00Z: ai-daily of octo, 2025-12-27T00:00:00Z to 2025-12-28T00:00:00Z, Some(7) of None
        ai-daily/octo/2025-12-28 at 2025-12-28T00:00:00Z: ai-daily of octo, 2025-12-28T00:00:00Z to 2025-12-29T00:00:00Z, Some(7) of None
        ai-daily/octo/2025-12-29 at 2025-12-29T00:00:00Z: ai-daily of octo, 2025-12-29T00:00:00Z to 2025-12-30T00:00:00Z, Some(7) of None
        problem Rejected octo x1
        problem Rejected octo x1
        problem Rejected octo x1
    "#]].assert_eq(&first.iter().map(show).collect::<String>());
    assert_eq!(first.last().unwrap().covered_through, Some(NOW));
    let cursor = first.last().unwrap().cursor.clone();
    let later = source(|path| usual(path, "2025-12-30")).drain("copilot", cursor.as_deref()).unwrap();
    expect![[r#"
        ai/octo/2026-01-01 at 2026-01-01T00:00:00Z: ai of octo, 2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z, Some(12) of Some(12)
        ai-daily/octo/2025-12-30 at 2025-12-30T00:00:00Z: ai-daily of octo, 2025-12-30T00:00:00Z to 2025-12-31T00:00:00Z, Some(7) of None
        problem Rejected octo x1
    "#]].assert_eq(&later.iter().map(show).collect::<String>());
}

#[test]
fn what_is_not_offered_or_not_shown_is_a_problem_and_no_failure() {
    for (status, problem, is_covered) in
        [(403, "Forbidden", true), (404, "NotFound", true), (422, "Forbidden", true), (500, "Unavailable", false)]
    {
        let pages = source(move |_| Ok(Response::new(status))).drain("copilot", None).unwrap();
        let text: String = pages.iter().map(show).collect();
        assert_eq!(text, format!("problem {problem} octo x1\n"), "{status}");
        assert_eq!(pages.last().unwrap().covered_through.is_some(), is_covered, "{status}");
    }
}

#[test]
fn a_file_where_the_host_permits_no_request_is_a_problem() {
    let denied = |path: &str| match path {
        path if path.starts_with("/2025") => Err(HttpError::Denied("elsewhere".to_owned())),
        path => usual(path, "2025-12-31"),
    };
    let pages = source(denied).drain("copilot", None).unwrap();
    let text: String = pages.iter().map(show).collect();
    assert!(text.contains("problem Forbidden octo x1") && text.contains("ai/octo/2026-01-01 at"), "{text}");
}

#[test]
fn a_refusal_of_another_host_says_nothing_about_the_credential() {
    let refused = |path: &str| match path {
        path if path.starts_with("/2025") => Ok(Response::new(401)),
        path => usual(path, "2025-12-31"),
    };
    let pages = source(refused).drain("copilot", None).unwrap();
    assert!(pages.iter().map(show).collect::<String>().contains("problem Forbidden octo x1"));
}

#[test]
fn switched_off_nothing_is_asked() {
    let source = Source::<GitHub>::new(json!({ "organizations": ["octo"] }), |_| unreachable!());
    assert_eq!(source.collect("copilot", None).unwrap(), Page::new());
}
