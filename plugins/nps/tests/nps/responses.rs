//! From tallies to responses.

use expect_test::{Expect, expect};
use quintant_sdk::prelude::*;
use quintant_sdk::testing::spoiled;
use serde_json::{Value, json};

use crate::server::{Make, Shared, at_utc, json_body, server, source};
use crate::{show, stored};

fn check(server: &Shared, settings: Value, expect: &Expect) {
    let pages = source(server, settings).drain("responses", None).unwrap();
    expect.assert_eq(&show(&stored(&pages)));
}

#[test]
fn tallies_become_responses_of_which_the_score_is_exact() {
    let server = server(&[
        ("2026-06-30T10:00:00", 10),
        ("2026-06-30T11:00:00", 9),
        ("2026-07-01T10:00:00", 8),
        ("2026-07-02T10:00:00", 0),
        ("2026-07-02T11:00:00", 6),
        ("2026-07-02T12:00:00", 5),
    ]);
    check(
        &server,
        json!({}),
        &expect![[r#"
            week-2026-06-29 at 2026-07-05T23:59:59Z: 3 × score 6, 1 × score 7, 2 × score 9
        "#]],
    );
}

#[test]
fn an_answer_on_the_boundary_counts_once() {
    let server = server(&[("2026-07-06T00:00:00", 9), ("2026-07-05T23:59:59", 3)]);
    check(
        &server,
        json!({}),
        &expect![[r#"
            week-2026-06-29 at 2026-07-05T23:59:59Z: 1 × score 6
            week-2026-07-06 at 2026-07-12T23:59:59Z: 1 × score 9
        "#]],
    );
}

#[test]
fn an_empty_window_is_no_data() {
    let server = server(&[]);
    let pages = source(&server, json!({})).drain("responses", None).unwrap();
    assert!(pages.iter().all(|page| page.facts.is_empty() && page.problems.is_empty()));
    assert_eq!(pages.last().unwrap().covered_through, Some(at_utc("2026-07-15T12:00:00")));
}

#[test]
fn everything_is_covered_but_a_campaign_that_has_ended_and_is_not_read() {
    let server = server(&[("2026-07-01T10:00:00", 9), ("2026-07-07T10:00:00", 3)]);
    for (now, campaigns, covered) in [
        ("2026-07-12T23:00:00", 1, "2026-07-12T23:00:00"),
        ("2026-07-13T00:30:00", 1, "2026-07-12T23:59:59.999"),
        ("2026-07-13T01:00:00", 2, "2026-07-13T01:00:00"),
        ("2026-07-14T12:00:00", 2, "2026-07-14T12:00:00"),
    ] {
        let source = source(&server, json!({})).window(at_utc("2026-06-01T00:00:00"), at_utc(now));
        let pages = source.drain("responses", None).unwrap();
        assert_eq!(stored(&pages).len(), campaigns, "at {now}");
        assert_eq!(pages.last().unwrap().covered_through, Some(at_utc(covered)), "at {now}");
        assert!(pages.is_sorted_by_key(|page| page.covered_through), "at {now}");
    }
}

#[test]
fn an_open_window_is_not_read() {
    let server = server(&[("2026-07-14T10:00:00", 9)]);
    check(&server, json!({}), &expect![""]);
    assert!(server.borrow().seen.iter().all(|url| !url.contains("start_date=2026-07-13")));
}

#[test]
fn a_window_that_is_still_open_on_the_services_own_clock_waits() {
    let server = server(&[("2026-07-01T10:00:00", 9), ("2026-07-12T10:00:00", 9)]);
    server.borrow_mut().fault = Some(Box::new(|url| {
        let body = json!({
            "nps_score": 100.0, "total_responses": 1, "promoters": 1, "passives": 0, "detractors": 0,
            "response_rate": 1.0, "period_start": "2026-07-06T00:00:00", "period_end": "2026-07-12T23:59:59.999999",
        });
        let behind = json_body(200, &body).with("date", "Sun, 12 Jul 2026 22:00:00 GMT");
        url.contains("start_date=2026-07-06").then_some(Ok(behind))
    }));
    let pages = source(&server, json!({})).drain("responses", None).unwrap();
    assert_eq!(show(&stored(&pages)), "week-2026-06-29 at 2026-07-05T23:59:59Z: 1 × score 9\n");
    assert_eq!(pages.last().unwrap().covered_through, Some(at_utc("2026-07-12T23:59:59.999")));
}

#[test]
fn a_later_reading_adds_and_takes_back() {
    let server = server(&[("2026-07-07T10:00:00", 9), ("2026-07-07T11:00:00", 9), ("2026-07-07T12:00:00", 2)]);
    let source = source(&server, json!({}));
    let mut pages = source.drain("responses", None).unwrap();
    server.borrow_mut().answers.remove(0);
    server.borrow_mut().answers.push((at_utc("2026-07-08T10:00:00"), 7));
    let cursor = pages.last().unwrap().cursor.clone();
    let again = source.drain("responses", cursor.as_deref()).unwrap();
    let retracted: Vec<&str> =
        again.iter().flat_map(|page| &page.retractions).map(|retraction| retraction.key.as_str()).collect();
    assert_eq!(retracted, ["week-2026-07-06/promoter/2"]);
    pages.extend(again);
    assert_eq!(
        show(&stored(&pages)),
        "week-2026-07-06 at 2026-07-12T23:59:59Z: 1 × score 6, 1 × score 7, 1 × score 9\n"
    );
}

#[test]
fn many_small_runs_store_what_one_run_does() {
    let days = 1_u8..=28;
    let answers: Vec<(String, u8)> =
        days.map(|day| (format!("2026-06-{day:02}T{:02}:00:00", day % 24), day % 11)).collect();
    let answers: Vec<(&str, u8)> = answers.iter().map(|(at, score)| (at.as_str(), *score)).collect();
    let server = server(&answers);
    let whole = stored(&source(&server, json!({})).drain("responses", None).unwrap());
    let (mut pages, mut cursor, mut through) = (Vec::new(), None::<String>, at_utc("2026-06-01T00:00:00"));
    for hour in (0..45 * 24).step_by(31) {
        let now = at_utc("2026-06-01T00:00:00") + hour * 3_600_000;
        let from = (through - 14 * instant::DAY).max(at_utc("2026-06-01T00:00:00"));
        let run = source(&server, json!({})).window(from, now).drain("responses", cursor.as_deref()).unwrap();
        cursor = run.last().unwrap().cursor.clone().or(cursor);
        through = run.iter().filter_map(|page| page.covered_through).max().unwrap_or(through);
        pages.extend(run);
    }
    assert_eq!(stored(&pages), whole);
    assert_eq!(whole.len(), 28);
}

#[test]
fn a_repaired_service_is_asked_with_a_zone_after_its_first_refusal() {
    let server = server(&[("2026-07-01T10:00:00", 9), ("2026-07-07T10:00:00", 3)]);
    server.borrow_mut().make = Make::Repaired;
    check(
        &server,
        json!({}),
        &expect![[r#"
            week-2026-06-29 at 2026-07-05T23:59:59Z: 1 × score 9
            week-2026-07-06 at 2026-07-12T23:59:59Z: 1 × score 6
        "#]],
    );
    let refused = server.borrow().seen.iter().filter(|url| url.ends_with("999999")).count();
    assert_eq!(refused, 1, "{:?}", server.borrow().seen);
}

#[test]
fn a_response_rate_above_100_is_kept_and_marked() {
    let server = server(&[("2026-07-01T10:00:00", 9)]);
    let extensions = |server: &Shared| {
        let facts = stored(&source(server, json!({})).drain("responses", None).unwrap());
        facts.into_values().map(|fact| fact.extensions).next().unwrap()
    };
    assert_eq!(extensions(&server), [("response-rate".to_owned(), "50.00".to_owned())]);
    server.borrow_mut().response_rate = 250.0;
    let doubt = ("response-rate-doubt".to_owned(), "above-100".to_owned());
    assert_eq!(extensions(&server), [("response-rate".to_owned(), "250.00".to_owned()), doubt]);
    server.borrow_mut().response_rate = 0.0;
    assert_eq!(extensions(&server), []);
}

#[test]
fn responses_name_the_team_that_was_set() {
    let server = server(&[("2026-07-01T10:00:00", 9)]);
    let facts = stored(&source(&server, json!({ "team": "payments" })).drain("responses", None).unwrap());
    let Some(Fact::SurveyResponse(response)) = facts.into_values().map(|fact| fact.fact).next() else { panic!() };
    assert_eq!(response.team.as_deref(), Some("payments"));
}

fn recorded(text: &str) -> Response {
    let exchange: Value = serde_json::from_str(text).unwrap();
    let status = u16::try_from(exchange["status"].as_u64().unwrap()).unwrap();
    Response::new(status).with("content-type", "application/json").body(exchange["body"].as_str().unwrap())
}

fn third_quarter(answer: Response) -> Result<Page> {
    let source = quintant_sdk::testing::Source::<quintant_plugin_nps::Nps>::new(
        json!({ "windows": "quarter" }),
        move |request| Ok(if request.query.is_empty() { Response::new(404) } else { answer.clone() }),
    );
    source.window(at_utc("2026-07-01T00:00:00"), at_utc("2026-10-02T00:00:00")).collect("responses", None)
}

#[test]
fn the_recorded_window_is_read() {
    let page = third_quarter(recorded(include_str!("../fixtures/window.json"))).unwrap();
    assert_eq!(
        show(&stored(&[page])),
        "quarter-2026-07-01 at 2026-09-30T23:59:59Z: 19 × score 6, 5 × score 7, 6 × score 9\n"
    );
}

#[test]
fn recorded_windows_that_are_spoiled_are_read_or_counted() {
    let exchange: Value = serde_json::from_str(include_str!("../fixtures/window.json")).unwrap();
    let body: Value = serde_json::from_str(exchange["body"].as_str().unwrap()).unwrap();
    let (mut read, mut counted) = (0, 0);
    for seed in 0..5_000 {
        let page = third_quarter(json_body(200, &spoiled(&body, seed))).unwrap();
        match (page.facts.len(), page.problems.as_slice()) {
            (30, []) => read += 1,
            (0, [problem]) if problem.kind == ProblemKind::Rejected && problem.count == 1 => counted += 1,
            (facts, problems) => panic!("seed {seed}: {facts} facts, {problems:?}"),
        }
    }
    assert!(read > 500 && counted > 2_500, "{read} read, {counted} counted");
}
