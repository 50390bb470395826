//! Comments on pull requests: counted by GraphQL, never read.

use quintant_plugin_github::GitHub;
use quintant_sdk::prelude::*;
use quintant_sdk::testing::Source;
use serde_json::{Value, json};

use crate::server::{DATE, day};

fn actor(kind: &str, id: u64) -> Value {
    json!({ "__typename": kind, "login": format!("user{id}"), "databaseId": id })
}

fn page(nodes: &[Value], next: Option<&str>) -> Value {
    json!({ "pageInfo": { "hasNextPage": next.is_some(), "endCursor": next }, "nodes": nodes })
}

fn review(id: u64, author: &Value, comments: Option<u32>) -> Value {
    json!({ "fullDatabaseId": id.to_string(), "state": "COMMENTED", "submittedAt": day(2.0), "author": author,
        "comments": comments.map(|count| json!({ "totalCount": count })) })
}

fn said(authors: &[Value], next: Option<&str>) -> Value {
    page(&authors.iter().map(|author| json!({ "author": author })).collect::<Vec<_>>(), next)
}

/// The change that a source reports of one pull request by user 1, and the operations that it asked.
fn change(settings: Value, comments: &Value, reviews: &[Value], more: Value) -> (Change, Vec<Review>) {
    let node = json!({ "number": 1, "state": "MERGED", "author": actor("User", 1), "createdAt": day(1.0),
        "updatedAt": day(5.0), "closedAt": day(4.0), "mergedAt": day(4.0), "baseRefName": "main",
        "comments": comments, "reviews": page(reviews, None) });
    let source = Source::<GitHub>::new(settings, move |request| {
        let answer = match request.method {
            Method::Post => {
                let body: Value = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
                let repository = match body["operationName"].as_str().unwrap() {
                    "PullRequests" => json!({ "databaseId": 42, "defaultBranchRef": null, "pullRequests": {
                        "pageInfo": { "hasNextPage": false }, "edges": [{ "cursor": "c", "node": node }] } }),
                    "MoreComments" if body["variables"]["after"] == "more" => {
                        json!({ "pullRequest": { "comments": more } })
                    }
                    other => panic!("{other}"),
                };
                json!({ "data": { "repository": repository } })
            }
            _ => json!([{ "number": 1, "updated_at": day(5.0) }]),
        };
        Ok(Response::new(200).body(answer.to_string()).with("date", DATE))
    });
    let facts = source.drain("pull_requests", None).unwrap().into_iter().flat_map(|page| page.facts);
    let (mut changes, mut reviews) = (Vec::new(), Vec::new());
    for envelope in facts {
        match envelope.fact {
            Fact::Change(change) => changes.push(change),
            Fact::Review(review) => reviews.push(review),
            other => panic!("{other:?}"),
        }
    }
    (changes.remove(0), reviews)
}

fn settings() -> Value {
    json!({ "repositories": ["octo/app"] })
}

#[test]
fn those_of_known_humans_who_are_not_the_author_count() {
    let conversation =
        said(&[actor("User", 1), actor("User", 2), actor("Bot", 3), Value::Null, actor("User", 2)], None);
    let reviews = [
        review(10, &actor("User", 2), Some(3)),
        review(11, &actor("User", 1), Some(5)),
        review(12, &actor("Bot", 3), Some(7)),
        review(13, &actor("User", 4), Some(0)),
    ];
    let (change, reviews) = change(settings(), &conversation, &reviews, Value::Null);
    assert_eq!(change.review_comments, Some(2 + 3));
    assert_eq!(reviews.iter().map(|review| review.comments).collect::<Vec<_>>(), [Some(3), Some(5), Some(7), Some(0)]);
}

#[test]
fn none_at_all_are_zero_and_what_was_not_read_is_not_known() {
    assert_eq!(change(settings(), &said(&[], None), &[], Value::Null).0.review_comments, Some(0));
    assert_eq!(change(settings(), &Value::Null, &[], Value::Null).0.review_comments, None);
    let uncounted = [review(10, &actor("User", 2), None)];
    assert_eq!(change(settings(), &said(&[], None), &uncounted, Value::Null).0.review_comments, None);
}

#[test]
fn comments_beyond_the_first_page_are_asked_for() {
    let more = said(&[actor("User", 2), actor("User", 3), actor("User", 1)], None);
    let (change, _) = change(settings(), &said(&[actor("User", 2)], Some("more")), &[], more);
    assert_eq!(change.review_comments, Some(3));
}
