//! The feed of incidents.

use std::collections::BTreeSet;

use expect_test::expect;
use quintant_sdk::instant::DAY;
use quintant_sdk::prelude::*;
use serde_json::{Value, json};

use crate::server::{GitHubServer, NOW, Shared, configured, day, shared};
use crate::{show, stored};

fn issue(number: u64, opened: f64, closed: Option<f64>, labels: &[&str], updated: f64) -> Value {
    json!({
        "id": 1_000 + number,
        "number": number,
        "state": if closed.is_some() { "closed" } else { "open" },
        "created_at": day(opened),
        "closed_at": closed.map(day),
        "updated_at": day(updated),
        "labels": labels.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
    })
}

fn put(server: &Shared, issue: Value) {
    let mut server = server.borrow_mut();
    server.issues.retain(|known| known["number"] != issue["number"]);
    server.issues.push(issue);
}

fn settings(page_size: u32) -> Value {
    json!({
        "repositories": ["octo/app"],
        "page_size": page_size,
        "incident_labels": ["incident", "Outage"],
        "incident_severity_prefix": "severity:",
    })
}

/// What a scan tells, and its cursor.
fn scan(server: &Shared, cursor: Option<&str>) -> (String, Option<String>) {
    let pages = configured(server, settings(2)).drain("incidents", cursor).unwrap();
    assert_eq!(pages.last().unwrap().covered_through, Some(NOW));
    (pages.iter().map(show).collect(), pages.last().unwrap().cursor.clone())
}

fn requests(server: &Shared) -> Vec<String> {
    std::mem::take(&mut server.borrow_mut().seen)
}

#[test]
fn issues_with_a_label_are_incidents_in_two_phases_and_pull_requests_are_none() {
    let server = shared(GitHubServer::default());
    put(&server, issue(1, 1.0, Some(2.0), &["incident", "Severity: High"], 2.0));
    put(&server, issue(2, 3.0, None, &["outage", "severity:"], 3.0));
    put(&server, issue(3, 4.0, Some(5.0), &["bug"], 5.0));
    let mut pull = issue(4, 4.0, Some(5.0), &["incident"], 5.0);
    pull["pull_request"] = json!({ "url": "…" });
    put(&server, pull);
    expect![[r#"
        1001/opened at 2025-12-02T00:00:00Z: octo/app 1001 opened, opened 2025-12-02T00:00:00Z, severity high
        1001/resolved at 2025-12-03T00:00:00Z: octo/app 1001 resolved, opened 2025-12-02T00:00:00Z, severity high
        1002/opened at 2025-12-04T00:00:00Z: octo/app 1002 opened, opened 2025-12-04T00:00:00Z, severity none
        retract 1002/resolved
    "#]]
    .assert_eq(&scan(&server, None).0);
}

#[test]
fn one_that_is_opened_again_is_not_resolved() {
    let server = shared(GitHubServer::default());
    put(&server, issue(1, 1.0, Some(2.0), &["incident"], 2.0));
    let (_, cursor) = scan(&server, None);
    put(&server, issue(1, 1.0, None, &["incident"], 30.5));
    let (found, cursor) = scan(&server, cursor.as_deref());
    assert!(found.contains("retract 1001/resolved"), "{found}");
    put(&server, issue(1, 1.0, Some(30.8), &["incident"], 30.8));
    let (found, _) = scan(&server, cursor.as_deref());
    assert!(found.contains("1001/resolved at 2025-12-31T19:12:00Z"), "{found}");
}

#[test]
fn one_whose_label_is_taken_off_is_taken_back_whole() {
    let server = shared(GitHubServer::default());
    put(&server, issue(1, 1.0, Some(2.0), &["incident"], 2.0));
    put(&server, issue(2, 1.0, None, &["bug"], 2.0));
    let (_, cursor) = scan(&server, None);
    put(&server, issue(1, 1.0, Some(2.0), &["bug"], 30.5));
    put(&server, issue(2, 1.0, None, &["question"], 30.5));
    let (found, cursor) = scan(&server, cursor.as_deref());
    assert_eq!(found, "retract 1001/opened\nretract 1001/resolved\n");
    put(&server, issue(1, 1.0, Some(2.0), &["incident"], 30.7));
    let (found, _) = scan(&server, cursor.as_deref());
    assert!(found.starts_with("1001/opened at 2025-12-02T00:00:00Z"), "labelled later: {found}");
}

#[test]
fn nothing_new_costs_one_conditional_request() {
    let server = shared(GitHubServer::default());
    put(&server, issue(1, 1.0, Some(2.0), &["incident"], 2.0));
    let (_, cursor) = scan(&server, None);
    requests(&server);
    let (found, _) = scan(&server, cursor.as_deref());
    assert_eq!(found, "");
    assert_eq!(requests(&server), ["/repos/octo/app/issues?state=all&sort=updated&direction=desc&per_page=1"]);
}

#[test]
fn pages_that_move_up_lose_none() {
    for cut in 0..6 {
        let server = shared(GitHubServer::default());
        for number in 1..=12_u32 {
            put(&server, issue(number.into(), 1.0, None, &["incident"], 10.0 + f64::from(number)));
        }
        let source = configured(&server, settings(3));
        let (mut cursor, mut pages) = (None, Vec::new());
        loop {
            let page = source.collect("incidents", cursor.as_deref()).unwrap();
            cursor = page.cursor.clone();
            pages.push(page);
            if pages.len() == cut {
                // Whatever came first moves to the end of the list.
                put(&server, issue(1, 1.0, None, &["incident"], 29.0));
                put(&server, issue(2, 1.0, None, &["incident"], 29.0));
            }
            if !pages.last().unwrap().more {
                break;
            }
        }
        let ids: BTreeSet<String> = stored(&pages).into_keys().collect();
        assert_eq!(ids.len(), 12, "cut after {cut}");
    }
}

#[test]
fn a_page_begins_at_the_last_update_of_the_one_before() {
    let server = shared(GitHubServer::default());
    for number in 1..=5_u32 {
        put(&server, issue(number.into(), 1.0, None, &["incident"], 10.0 + f64::from(number)));
    }
    configured(&server, settings(3)).drain("incidents", None).unwrap();
    let asked = requests(&server);
    assert!(asked.iter().all(|url| !url.contains("&page=")), "{asked:?}");
    assert!(asked[2].contains("since=2025-12-14T00:00:00Z"), "{asked:?}");
}

#[test]
fn recorded_issues_are_mapped() {
    let server = shared(GitHubServer::default());
    let mut issues: Vec<Value> = serde_json::from_str(include_str!("../fixtures/issues.json")).unwrap();
    issues.push(serde_json::from_str(include_str!("../fixtures/labelled_issue.json")).unwrap());
    server.borrow_mut().issues = issues;
    let settings = json!({ "repositories": ["octo/app"], "incident_labels": ["bug"] });
    let pages = configured(&server, settings).window(0, NOW).drain("incidents", None).unwrap();
    expect![[r#"
        444500041/opened at 2019-05-15T15:20:18Z: octo/app 444500041 opened, opened 2019-05-15T15:20:18Z, severity none
        retract 444500041/resolved
    "#]]
    .assert_eq(&pages.iter().map(show).collect::<String>());
}

#[test]
fn without_a_label_nothing_is_asked_and_nothing_covered() {
    let server = shared(GitHubServer::default());
    let source = configured(&server, json!({ "repositories": ["octo/app"] })).window(NOW - DAY, NOW);
    assert_eq!((source.collect("incidents", None).unwrap(), requests(&server).len()), (Page::new(), 0));
}
