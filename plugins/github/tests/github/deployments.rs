//! The feed of deployments.

use expect_test::expect;
use quintant_sdk::instant::DAY;
use quintant_sdk::prelude::*;
use serde_json::{Value, json};

use crate::server::{GitHubServer, NOW, Shared, configured, day, shared};
use crate::{show, stored};

/// A deployment that began on that day, with its statuses, newest first.
fn deploy(server: &Shared, id: u64, began: f64, statuses: &[(&str, f64)]) {
    let mut server = server.borrow_mut();
    let deployment = json!({ "id": id, "created_at": day(began), "sha": "c0ffee00", "environment": "production" });
    let list = server.lists.entry("deployments".to_owned()).or_default();
    list.retain(|known| known["id"] != id);
    list.push(deployment);
    list.sort_by_key(|deployment| std::cmp::Reverse(deployment["created_at"].to_string()));
    let statuses = statuses.iter().rev().map(|(state, at)| json!({ "state": state, "created_at": day(*at) })).collect();
    server.lists.insert(format!("deployments/{id}/statuses"), statuses);
}

fn settings(page_size: u32) -> Value {
    json!({ "repositories": ["octo/app"], "page_size": page_size })
}

fn drain(server: &Shared, cursor: Option<&str>) -> Vec<Page> {
    configured(server, settings(2)).drain("deployments", cursor).unwrap()
}

/// What a scan tells, and its cursor.
fn scan(server: &Shared, cursor: Option<&str>) -> (String, Option<String>) {
    let pages = drain(server, cursor);
    (pages.iter().map(show).collect(), pages.last().unwrap().cursor.clone())
}

fn requests(server: &Shared) -> Vec<String> {
    std::mem::take(&mut server.borrow_mut().seen)
}

#[test]
fn the_first_success_counts_and_without_one_the_last_word() {
    let server = shared(GitHubServer::default());
    deploy(&server, 1, 1.0, &[("pending", 1.0), ("in_progress", 1.1), ("success", 1.2), ("inactive", 1.5)]);
    deploy(&server, 2, 2.0, &[("failure", 2.1), ("in_progress", 2.2), ("success", 2.3), ("success", 2.9)]);
    deploy(&server, 3, 3.0, &[("success", 3.1), ("failure", 3.2), ("error", 3.3)]);
    deploy(&server, 4, 4.0, &[("failure", 4.1), ("error", 4.2), ("inactive", 4.5)]);
    deploy(&server, 5, 5.0, &[("inactive", 5.1)]);
    deploy(&server, 6, 6.0, &[("failure", 6.1), ("queued", 6.2)]);
    deploy(&server, 7, 7.0, &[("of another age", 7.1)]);
    expect![[r#"
        4 at 2025-12-05T04:48:00Z: octo/app 4 to production failed, began 2025-12-05T00:00:00Z, repo octo/app, head c0ffee0
        3 at 2025-12-04T02:24:00Z: octo/app 3 to production succeeded, began 2025-12-04T00:00:00Z, repo octo/app, head c0ffee0
        2 at 2025-12-03T07:11:59Z: octo/app 2 to production succeeded, began 2025-12-03T00:00:00Z, repo octo/app, head c0ffee0
        1 at 2025-12-02T04:48:00Z: octo/app 1 to production succeeded, began 2025-12-02T00:00:00Z, repo octo/app, head c0ffee0
    "#]]
    .assert_eq(&scan(&server, None).0);
}

#[test]
fn one_that_ends_later_is_asked_about_until_it_does() {
    let server = shared(GitHubServer::default());
    deploy(&server, 1, 29.0, &[("success", 29.1)]);
    deploy(&server, 2, 30.0, &[("in_progress", 30.1)]);
    deploy(&server, 3, 30.5, &[]);
    deploy(&server, 4, 12.0, &[("waiting", 12.1)]);
    let (_, cursor) = scan(&server, None);
    requests(&server);

    deploy(&server, 2, 30.0, &[("in_progress", 30.1), ("success", 30.6)]);
    let (found, cursor) = scan(&server, cursor.as_deref());
    expect!["2 at 2025-12-31T14:24:00Z: octo/app 2 to production succeeded, began 2025-12-31T00:00:00Z, repo octo/app, head c0ffee0\n"]
        .assert_eq(&found);
    let asked = requests(&server);
    let about: Vec<&String> = asked.iter().filter(|url| url.contains("statuses")).collect();
    assert_eq!(about.len(), 2, "neither what ended nor what is too old: {asked:?}");

    deploy(&server, 3, 30.5, &[("error", 30.7)]);
    let (found, cursor) = scan(&server, cursor.as_deref());
    assert!(found.contains("3 at 2025-12-31T16:48:00Z: octo/app 3 to production failed"), "{found}");
    deploy(&server, 3, 30.5, &[("error", 30.7), ("success", 30.9)]);
    let (found, cursor) = scan(&server, cursor.as_deref());
    assert!(found.contains("3 at 2025-12-31T21:36:00Z: octo/app 3 to production succeeded"), "{found}");
    requests(&server);
    let (found, _) = scan(&server, cursor.as_deref());
    assert_eq!((found.as_str(), requests(&server).len()), ("", 1));
}

#[test]
fn only_new_ones_are_asked_about_and_no_new_ones_cost_one_conditional_request() {
    let server = shared(GitHubServer::default());
    for id in 1..=9 {
        let began = 10.0 + f64::from(u32::try_from(id).unwrap());
        deploy(&server, id, began, &[("success", began + 0.1)]);
    }
    let (found, cursor) = scan(&server, None);
    assert_eq!(found.lines().count(), 9);
    requests(&server);
    let (found, cursor) = scan(&server, cursor.as_deref());
    assert_eq!((found.as_str(), requests(&server)), ("", vec!["/repos/octo/app/deployments?per_page=2".to_owned()]));

    deploy(&server, 10, 30.9, &[("success", 30.95)]);
    let (found, _) = scan(&server, cursor.as_deref());
    assert_eq!(found.lines().count(), 2, "the newest of the last scan may have had company: {found}");
    assert_eq!(requests(&server).len(), 4);
}

#[test]
fn a_scan_can_be_cut_anywhere() {
    let build = || {
        let server = shared(GitHubServer::default());
        for id in 1..=7 {
            let began = 24.0 + f64::from(u32::try_from(id).unwrap());
            deploy(&server, id, began, if id % 2 == 0 { &[("success", 31.0)] } else { &[("in_progress", 31.0)] });
        }
        server
    };
    let whole = stored(&drain(&build(), None)).into_keys().collect::<Vec<_>>();
    assert_eq!(whole, ["2", "4", "6"]);
    for most in 1..=4 {
        let server = build();
        let source = configured(&server, settings(3)).max_facts(most);
        let pages = source.drain("deployments", None).unwrap();
        assert_eq!(stored(&pages).into_keys().collect::<Vec<_>>(), whole, "{most} facts a page");
        for id in 1..=7 {
            deploy(&server, id, 24.0 + f64::from(u32::try_from(id).unwrap()), &[("success", 31.0)]);
        }
        let later = source.drain("deployments", pages.last().unwrap().cursor.as_deref()).unwrap();
        let all: Vec<Page> = pages.into_iter().chain(later).collect();
        assert_eq!(stored(&all).len(), 7, "{most} facts a page");
        assert_eq!(all.last().unwrap().covered_through, Some(NOW));
    }
}

#[test]
fn what_ended_before_the_history_that_was_asked_for_is_not_told() {
    let server = shared(GitHubServer::default());
    deploy(&server, 1, 8.0, &[("success", 8.1)]);
    deploy(&server, 2, 9.5, &[("success", 10.1)]);
    deploy(&server, 3, 9.6, &[("success", 9.7)]);
    let start = NOW - 21 * DAY;
    let pages = configured(&server, settings(100)).window(start, NOW).drain("deployments", None).unwrap();
    assert_eq!(stored(&pages).into_keys().collect::<Vec<_>>(), ["2"]);
}

#[test]
fn recorded_deployments_are_mapped_and_a_service_may_have_another_name() {
    let server = shared(GitHubServer::default());
    let parse = |text: &str| serde_json::from_str::<Vec<Value>>(text).unwrap();
    let mut deployments = parse(include_str!("../fixtures/deployments.json"));
    deployments.reverse();
    let mut hinted = deployments[0].clone();
    hinted["payload"] = json!(r#"{"unplanned": true, "password": "x"}"#);
    hinted["task"] = json!("deploy:rollback");
    deployments.insert(0, hinted);
    let statuses = parse(include_str!("../fixtures/deployment_statuses.json"));
    {
        let mut server = server.borrow_mut();
        server.lists.insert("deployments/1/statuses".to_owned(), statuses.clone());
        server.lists.insert("deployments/2/statuses".to_owned(), statuses);
        server.lists.insert("deployments".to_owned(), deployments);
    }
    let settings = json!({ "repositories": ["octo/app"], "services": { "octo/app": "payments" } });
    let now = instant::parse_rfc3339("2012-07-22T00:00:00Z").unwrap();
    let page = configured(&server, settings).window(now - 30 * DAY, now).collect("deployments", None).unwrap();
    expect![[r"
        2 at 2012-07-20T01:19:13Z: payments 2 to staging succeeded, began 2012-07-21T01:19:13Z, repo octo/app, head 6dcb09b, rollback, unplanned
        2 at 2012-07-20T01:19:13Z: payments 2 to staging succeeded, began 2012-07-21T01:19:13Z, repo octo/app, head 6dcb09b
        1 at 2012-07-20T01:19:13Z: payments 1 to production succeeded, began 2012-07-20T01:19:13Z, repo octo/app, head a84d88e
    "]].assert_eq(&show(&page));
}

#[test]
fn switched_off_it_asks_nothing_and_covers_nothing() {
    let server = shared(GitHubServer::default());
    let source = configured(&server, json!({ "repositories": ["octo/app"], "deployments": false }));
    let page = source.collect("deployments", None).unwrap();
    assert_eq!((page, requests(&server).len()), (Page::new(), 0));
}
