//! The server's own daily statistics.

use expect_test::expect;
use quintant_sdk::prelude::*;
use serde_json::json;

use crate::server::{Shared, at, server, source};
use crate::show;

fn rows(server: &Shared, posts: serde_json::Value, bots: serde_json::Value) {
    let mut server = server.borrow_mut();
    server.analytics.insert("post_counts_day".to_owned(), posts);
    server.analytics.insert("bot_post_counts_day".to_owned(), bots);
}

#[test]
fn days_are_told_without_the_posts_of_bots() {
    let server = server();
    rows(
        &server,
        json!([{ "name": "2026-07-14", "value": 120.0 }, { "name": "2026-07-13", "value": 80 }, { "name": "2026-07-12", "value": 9 }]),
        json!([{ "name": "2026-07-14", "value": 20.0 }]),
    );
    let pages = source(&server, json!({ "mode": "analytics" })).drain("message_counts", None).unwrap();
    expect![[r#"
        t1 2026-07-13T00:00:00Z to 2026-07-14T00:00:00Z: Some(80) without bots
        t1 2026-07-14T00:00:00Z to 2026-07-15T00:00:00Z: Some(100) without bots
    "#]]
    .assert_eq(&show(&pages));
    assert_eq!(pages.last().unwrap().covered_through, Some(at("2026-07-15T00:00:00Z")));
}

#[test]
fn minus_one_is_no_data() {
    let server = server();
    rows(&server, json!([{ "name": "", "value": -1 }]), json!([]));
    let pages = source(&server, json!({ "mode": "analytics" })).drain("message_counts", None).unwrap();
    assert_eq!(show(&pages), "problem Unavailable team engineering x1\n");
}

#[test]
fn odd_rows_are_counted() {
    let server = server();
    rows(
        &server,
        json!([{ "name": "2026-07-14", "value": 1.5 }, { "name": "yesterday", "value": 1 }, { "value": 1 }, 7]),
        json!([]),
    );
    let pages = source(&server, json!({ "mode": "analytics" })).drain("message_counts", None).unwrap();
    assert_eq!(show(&pages), "problem Rejected team engineering x4\n");
}

#[test]
fn an_account_without_the_right_is_reported() {
    let server = server();
    server.borrow_mut().fault = Some(Box::new(|url| url.contains("/analytics/").then(|| Ok(Response::new(403)))));
    let pages = source(&server, json!({ "mode": "analytics" })).drain("message_counts", None).unwrap();
    assert_eq!(show(&pages), "problem Forbidden team engineering x1\n");
}
