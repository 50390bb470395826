//! The feed of releases.

use expect_test::expect;
use quintant_sdk::prelude::*;
use serde_json::{Value, json};

use crate::server::{GitHubServer, NOW, Shared, configured, day, shared};
use crate::{show, stored};

fn settings() -> Value {
    json!({ "repositories": ["octo/app"], "page_size": 2, "releases_as_deployments": "production" })
}

fn server(releases: Vec<Value>) -> Shared {
    let server = shared(GitHubServer::default());
    server.borrow_mut().lists.insert("releases".to_owned(), releases);
    server
}

fn release(id: u64, created: f64, published: Option<f64>) -> Value {
    json!({ "id": id, "created_at": day(created), "published_at": published.map(day), "draft": published.is_none(),
        "prerelease": false, "target_commitish": "main" })
}

#[test]
fn published_ones_are_deployments_that_succeeded() {
    let mut of_a_sha = release(1, 1.0, Some(2.0));
    of_a_sha["target_commitish"] = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00".into();
    let mut early = release(3, 4.0, Some(4.0));
    early["prerelease"] = true.into();
    let server = server(vec![release(4, 5.0, None), early, release(2, 3.0, Some(3.5)), of_a_sha]);
    let pages = configured(&server, settings()).drain("releases", None).unwrap();
    expect![[r#"
        release-2 at 2025-12-04T12:00:00Z: octo/app release-2 to production succeeded, began 2025-12-04T12:00:00Z, repo octo/app, head none
        release-1 at 2025-12-03T00:00:00Z: octo/app release-1 to production succeeded, began 2025-12-03T00:00:00Z, repo octo/app, head c0ffee0
    "#]].assert_eq(&pages.iter().map(show).collect::<String>());
}

#[test]
fn a_draft_that_is_published_late_is_found_and_no_news_cost_one_request() {
    let releases = vec![release(4, 30.0, Some(30.1)), release(3, 29.0, Some(29.1)), release(2, 1.0, None)];
    let server = server(releases.clone());
    let source = configured(&server, settings());
    let first = source.drain("releases", None).unwrap();
    assert_eq!(stored(&first).into_keys().collect::<Vec<_>>(), ["release-3", "release-4"]);
    let cursor = first.last().unwrap().cursor.clone();
    server.borrow_mut().seen.clear();
    assert_eq!(source.drain("releases", cursor.as_deref()).unwrap().len(), 1);
    assert_eq!(server.borrow().seen.len(), 1);

    let mut later = releases;
    later[2] = release(2, 1.0, Some(30.9));
    later.insert(0, release(5, 30.8, Some(30.8)));
    server.borrow_mut().lists.insert("releases".to_owned(), later);
    let later = source.drain("releases", cursor.as_deref()).unwrap();
    assert!(stored(&later).contains_key("release-2"));
    assert_eq!(later.last().unwrap().covered_through, Some(NOW));
}

#[test]
fn recorded_releases_are_mapped() {
    let server = server(serde_json::from_str(include_str!("../fixtures/releases.json")).unwrap());
    let page = configured(&server, settings()).window(0, NOW).collect("releases", None).unwrap();
    expect![[r#"
        release-150372594 at 2024-04-09T10:50:08Z: octo/app release-150372594 to production succeeded, began 2024-04-09T10:50:08Z, repo octo/app, head none
        release-148681297 at 2024-03-27T13:57:59Z: octo/app release-148681297 to production succeeded, began 2024-03-27T13:57:59Z, repo octo/app, head none
    "#]].assert_eq(&show(&page));
}

#[test]
fn without_an_environment_nothing_is_asked() {
    let server = server(Vec::new());
    let page = configured(&server, json!({ "repositories": ["octo/app"] })).collect("releases", None).unwrap();
    assert_eq!((page, server.borrow().seen.len()), (Page::new(), 0));
}
