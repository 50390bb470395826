//! The feed of workflow runs.

use expect_test::expect;
use quintant_plugin_github::GitHub;
use quintant_sdk::http::Target;
use quintant_sdk::instant::{DAY, SECOND, format_rfc3339};
use quintant_sdk::prelude::*;
use quintant_sdk::testing::Source;
use serde_json::{Value, json};

use crate::server::{GitHubServer, NOW, Shared, configured, day, shared};
use crate::{show, stored};

fn run(id: u64, created: f64, attempt: u32, conclusion: Option<&str>, updated: f64) -> Value {
    json!({
        "id": id,
        "run_number": id,
        "run_attempt": attempt,
        "created_at": day(created),
        "run_started_at": day(updated - 0.01),
        "updated_at": day(updated),
        "status": if conclusion.is_some() { "completed" } else { "in_progress" },
        "conclusion": conclusion,
        "event": "push",
        "head_branch": "main",
        "head_sha": "c0ffee00",
        "name": "CI",
        "path": ".github/workflows/ci.yml",
        "workflow_id": 5,
    })
}

/// Puts a run in, or in the place of what it was before.
fn put(server: &Shared, run: Value) {
    let mut server = server.borrow_mut();
    server.runs.retain(|known| known["id"] != run["id"]);
    server.runs.push(run);
    server.runs.sort_by_key(|run| std::cmp::Reverse((run["created_at"].to_string(), run["id"].as_u64())));
}

fn source(server: &Shared, page_size: u32, now: Instant) -> Source<GitHub> {
    let source = configured(server, json!({ "repositories": ["octo/app"], "page_size": page_size }));
    source.window(now.min(NOW) - 90 * DAY, now)
}

/// What a scan tells, and its cursor.
fn scan(server: &Shared, now: Instant, cursor: Option<&str>) -> (String, Option<String>) {
    let source = source(server, 2, now);
    let source = if cursor.is_some() { source.window(now - DAY, now) } else { source };
    let pages = source.drain("workflow_runs", cursor).unwrap();
    assert_eq!(pages.last().unwrap().covered_through.is_some(), !pages.last().unwrap().more);
    (pages.iter().map(show).collect(), pages.last().unwrap().cursor.clone())
}

fn requests(server: &Shared) -> Vec<String> {
    std::mem::take(&mut server.borrow_mut().seen)
}

#[test]
fn conclusions_are_builds_or_none() {
    let server = shared(GitHubServer::default());
    let conclusions = [
        "success",
        "failure",
        "timed_out",
        "startup_failure",
        "cancelled",
        "skipped",
        "neutral",
        "action_required",
        "stale",
        "of another age",
    ];
    for (id, conclusion) in (1..).zip(conclusions) {
        put(&server, run(id, 30.0, 1, Some(conclusion), 30.1));
    }
    put(&server, run(90, 30.0, 1, None, 30.1));
    let mut of_a_fork = run(91, 30.0, 1, Some("success"), 30.1);
    of_a_fork["event"] = "pull_request".into();
    put(&server, of_a_fork);
    let mut bare =
        json!({ "id": 92, "run_number": 7, "created_at": day(30.0), "updated_at": day(30.1), "status": "completed" });
    bare["conclusion"] = "success".into();
    put(&server, bare);
    expect![[r#"
        92.1 at 2025-12-31T02:24:00Z: octo/app#7.1 success, began 2025-12-31T00:00:00Z, default false, sha none
        91.1 at 2025-12-31T02:24:00Z: octo/app/ci.yml#91.1 success, began 2025-12-31T02:09:36Z, default false, sha c0ffee0
        5.1 at 2025-12-31T02:24:00Z: octo/app/ci.yml#5.1 aborted, began 2025-12-31T02:09:36Z, default true, sha c0ffee0
        4.1 at 2025-12-31T02:24:00Z: octo/app/ci.yml#4.1 failure, began 2025-12-31T02:09:36Z, default true, sha c0ffee0
        3.1 at 2025-12-31T02:24:00Z: octo/app/ci.yml#3.1 failure, began 2025-12-31T02:09:36Z, default true, sha c0ffee0
        2.1 at 2025-12-31T02:24:00Z: octo/app/ci.yml#2.1 failure, began 2025-12-31T02:09:36Z, default true, sha c0ffee0
        1.1 at 2025-12-31T02:24:00Z: octo/app/ci.yml#1.1 success, began 2025-12-31T02:09:36Z, default true, sha c0ffee0
    "#]]
    .assert_eq(&scan(&server, NOW, None).0);
}

#[test]
fn a_run_that_ends_later_is_collected_and_a_week_without_news_is_free() {
    let server = shared(GitHubServer::default());
    for id in 1..=5 {
        put(&server, run(id, 26.0, 1, Some("success"), 26.1));
    }
    put(&server, run(6, 30.0, 1, None, 30.1));
    let (found, cursor) = scan(&server, NOW, None);
    assert_eq!(found.lines().count(), 5, "{found}");
    // The dates of the first scan are others than those of all later ones.
    let (found, cursor) = scan(&server, NOW + SECOND, cursor.as_deref());
    assert_eq!(found, "");
    requests(&server);
    let (found, cursor) = scan(&server, NOW + 2 * SECOND, cursor.as_deref());
    let free = requests(&server);
    assert_eq!((found.as_str(), free.len()), ("", 3), "the pages of the week: {free:?}");
    assert!(free.iter().all(|url| url.starts_with("/repos/octo/app/actions/runs?created=>=")), "{free:?}");

    put(&server, run(6, 30.0, 1, Some("failure"), 31.1));
    let (found, _) = scan(&server, NOW + DAY / 2, cursor.as_deref());
    expect!["6.1 at 2026-01-01T02:24:00Z: octo/app/ci.yml#6.1 failure, began 2026-01-01T02:09:36Z, default true, sha c0ffee0\n"]
        .assert_eq(&found);
}

#[test]
fn a_run_that_takes_more_than_a_week_is_not_lost() {
    let server = shared(GitHubServer::default());
    put(&server, run(1, 30.0, 1, None, 30.1));
    let mut cursor = scan(&server, NOW, None).1;
    for days in [3, 6, 9, 12, 15] {
        let (found, next) = scan(&server, NOW + days * DAY, cursor.as_deref());
        assert_eq!(found, "");
        cursor = next;
    }
    put(&server, run(1, 30.0, 1, Some("success"), 46.5));
    let (found, _) = scan(&server, NOW + 16 * DAY, cursor.as_deref());
    assert!(found.starts_with("1.1 at 2026-01-16T12:00:00Z"), "{found}");
}

#[test]
fn every_attempt_is_a_build_of_its_own() {
    let server = shared(GitHubServer::default());
    put(&server, run(1, 29.0, 3, Some("success"), 29.3));
    {
        let mut server = server.borrow_mut();
        server.objects.insert("actions/runs/1/attempts/1".to_owned(), run(1, 29.0, 1, Some("failure"), 29.1));
        server.objects.insert("actions/runs/1/attempts/2".to_owned(), run(1, 29.0, 2, Some("cancelled"), 29.2));
    }
    let (found, cursor) = scan(&server, NOW, None);
    expect![[r#"
        1.1 at 2025-12-30T02:24:00Z: octo/app/ci.yml#1.1 failure, began 2025-12-30T02:09:36Z, default true, sha c0ffee0
        1.2 at 2025-12-30T04:48:00Z: octo/app/ci.yml#1.2 aborted, began 2025-12-30T04:33:36Z, default true, sha c0ffee0
        1.3 at 2025-12-30T07:12:00Z: octo/app/ci.yml#1.3 success, began 2025-12-30T06:57:36Z, default true, sha c0ffee0
    "#]]
    .assert_eq(&found);

    // While the fourth runs, the third is told already; nothing is asked for twice.
    put(&server, run(1, 29.0, 4, None, 31.1));
    server.borrow_mut().objects.insert("actions/runs/1/attempts/3".to_owned(), run(1, 29.0, 3, Some("success"), 29.3));
    requests(&server);
    let (found, cursor) = scan(&server, NOW + DAY / 2, cursor.as_deref());
    assert!(found.starts_with("1.3 at"), "{found}");
    let asked = requests(&server);
    let about: Vec<&String> = asked.iter().filter(|url| url.contains("attempts")).collect();
    assert_eq!(about, ["/repos/octo/app/actions/runs/1/attempts/3?exclude_pull_requests=true"]);

    put(&server, run(1, 29.0, 4, Some("failure"), 31.6));
    let (found, _) = scan(&server, NOW + DAY, cursor.as_deref());
    assert!(found.starts_with("1.4 at 2026-01-01T14:24:00Z: octo/app/ci.yml#1.4 failure"), "{found}");
    assert!(!requests(&server).iter().any(|url| url.contains("attempts")));
}

#[test]
fn an_attempt_that_is_gone_is_passed_over_and_told() {
    let server = shared(GitHubServer::default());
    put(&server, run(1, 29.0, 2, Some("success"), 29.3));
    let (found, _) = scan(&server, NOW, None);
    assert!(found.contains("problem NotFound octo/app x1") && found.contains("1.2 at"), "{found}");
}

#[test]
fn more_than_a_thousand_are_listed_in_halves() {
    let server = shared(GitHubServer::default());
    // Most of them in a few hours.
    let created = |id: u32| if id.is_multiple_of(5) { f64::from(id % 30) } else { 20.0 + f64::from(id) / 25_000.0 };
    let mut runs: Vec<Value> =
        (1..=2_500).map(|id| run(id.into(), created(id), 1, Some("success"), created(id) + 0.01)).collect();
    runs.sort_by_key(|run| std::cmp::Reverse(run["created_at"].to_string()));
    server.borrow_mut().runs = runs;
    let pages = source(&server, 100, NOW).drain("workflow_runs", None).unwrap();
    assert_eq!(stored(&pages).len(), 2_500);
    assert!(pages.iter().all(|page| page.problems.is_empty()));
    let asked = requests(&server).len();
    assert!(asked < 60, "{asked} requests");
}

#[test]
fn more_than_a_thousand_of_one_second_are_told_to_be_cut_off() {
    let server = shared(GitHubServer::default());
    server.borrow_mut().runs = (1..=1_001).map(|id| run(id, 20.0, 1, Some("success"), 20.1)).collect();
    let pages = source(&server, 100, NOW).drain("workflow_runs", None).unwrap();
    assert_eq!(stored(&pages).len(), 1_000);
    let text: String = pages.iter().map(show).collect();
    assert!(text.contains("problem Truncated octo/app x1"));
}

#[test]
fn a_server_that_counts_too_many_for_ever_is_left() {
    let source = Source::<GitHub>::new(json!({ "repositories": ["octo/app"] }), |request| {
        let is_listing = matches!(&request.target, Target::Path(path) if path.ends_with("/runs"));
        let body = if is_listing { json!({ "total_count": u64::MAX, "workflow_runs": [] }) } else { json!({}) };
        Ok(Response::new(200).body(body.to_string()))
    });
    let pages = source.window(0, NOW).drain("workflow_runs", None).unwrap();
    assert!(pages.iter().map(show).any(|text| text == "problem Truncated octo/app x1\n"));
    assert!(pages.len() < 2_000, "{} pages", pages.len());
}

#[test]
fn a_scan_can_be_cut_anywhere() {
    let build = || {
        let server = shared(GitHubServer::default());
        for id in 1..=9 {
            put(&server, run(id, 24.0 + f64::from(u32::try_from(id).unwrap()) / 2.0, 2, Some("success"), 29.0));
            let first = run(id, 24.0, 1, Some("failure"), 28.0);
            server.borrow_mut().objects.insert(format!("actions/runs/{id}/attempts/1"), first);
        }
        server
    };
    let whole = stored(&source(&build(), 100, NOW).drain("workflow_runs", None).unwrap());
    assert_eq!(whole.len(), 18);
    for most in 1..=7 {
        let server = build();
        let pages = source(&server, 4, NOW).max_facts(most).drain("workflow_runs", None).unwrap();
        assert_eq!(stored(&pages), whole, "{most} facts a page");
    }
}

#[test]
fn recorded_runs_are_mapped() {
    let server = shared(GitHubServer::default());
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let example = parse(include_str!("../fixtures/workflow_runs.json"))["workflow_runs"][0].clone();
    let mut done = example.clone();
    (done["status"], done["conclusion"]) = ("completed".into(), "success".into());
    done["id"] = json!(u64::MAX);
    put(&server, example);
    put(&server, done);
    put(&server, parse(include_str!("../fixtures/completed_run.json")));
    let mut requested = parse(include_str!("../fixtures/requested_run.json"));
    requested["id"] = 4.into();
    put(&server, requested);
    put(&server, json!({ "id": 3, "created_at": format_rfc3339(NOW) }));
    let source = source(&server, 100, NOW).window(0, NOW);
    let text: String = source.drain("workflow_runs", None).unwrap().iter().map(show).collect();
    expect![[r#"
        289782451.1 at 2020-10-05T16:33:49Z: octo/app/test.yml#163.1 success, began 2020-10-05T16:33:49Z, default false, sha 3484a3f
        18446744073709551615.1 at 2020-01-22T19:33:08Z: octo/app/build.yml#562.1 success, began 2020-01-22T19:33:08Z, default false, sha acb5820
        problem Rejected octo/app x1
    "#]]
    .assert_eq(&text);
}
