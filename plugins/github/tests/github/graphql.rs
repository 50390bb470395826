//! Pull requests by GraphQL: where it is asked, whom it names, and what its troubles become.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use expect_test::{Expect, expect};
use quintant_plugin_github::GitHub;
use quintant_sdk::http::Target;
use quintant_sdk::prelude::*;
use quintant_sdk::testing::Source;
use serde_json::{Value, json};

use crate::server::{DATE, day};
use crate::{show, stored};

const BELOW: &str = "/graphql";
const BESIDE: &str = "https://ghes.test/api/graphql";

/// A GitHub of two repositories whose GraphQL answers what a closure makes of the variables.
#[derive(Default)]
struct Upstream {
    /// Where each request went.
    seen: RefCell<Vec<String>>,
    /// The day of the newest update.
    newest: Cell<f64>,
}

type Answers = dyn Fn(&Value) -> Result<Response, HttpError>;

impl Upstream {
    fn answer(&self, base: &str, request: &HttpRequest, graphql: &Answers) -> Result<Response, HttpError> {
        let target = match &request.target {
            Target::Path(target) | Target::Url(target) => target.clone(),
        };
        self.seen.borrow_mut().push(target.clone());
        let answer = match request.method {
            Method::Post => {
                let body: Value = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
                assert!(body["query"].as_str().unwrap().contains(body["operationName"].as_str().unwrap()));
                graphql(&body["variables"])?
            }
            _ if target == "/rate_limit" => ok(&json!({})),
            _ if target.ends_with("/pulls") => {
                let newest = day(self.newest.get());
                let pull = json!({ "number": 1, "url": format!("{base}{target}/1"), "updated_at": newest });
                let listed = json!({ "number": 1, "created_at": day(1.0), "updated_at": day(9.0), "state": "open",
                    "base": { "ref": "main", "repo": { "id": 42 } } });
                let is_probe = request.query.contains(&("per_page".to_owned(), "1".to_owned()));
                ok(&json!([if is_probe { pull } else { listed }])).with("etag", "\"1\"")
            }
            _ if target.ends_with("/reviews") => ok(&json!([])),
            _ => ok(&json!({ "id": 42, "url": format!("{base}{target}") })),
        };
        Ok(answer.with("date", DATE))
    }

    fn count(&self, target: &str) -> usize {
        self.seen.borrow().iter().filter(|seen| *seen == target).count()
    }
}

fn source_at(
    base: &'static str,
    graphql: impl Fn(&Value) -> Result<Response, HttpError> + 'static,
) -> (Rc<Upstream>, Source<GitHub>) {
    let upstream = Rc::new(Upstream::default());
    let settings = json!({ "repositories": ["octo/app", "octo/web"], "page_size": 8 });
    let answering = Rc::clone(&upstream);
    let source = Source::new(settings, move |request| answering.answer(base, request, &graphql));
    (upstream, source)
}

fn source(graphql: impl Fn(&Value) -> Result<Response, HttpError> + 'static) -> (Rc<Upstream>, Source<GitHub>) {
    source_at("https://api.test", graphql)
}

fn ok(body: &Value) -> Response {
    Response::new(200).body(body.to_string())
}

/// An edge with a merged pull request of user 1 and these reviews.
fn edge(number: u32, reviews: &[Value]) -> Value {
    json!({ "cursor": format!("c{number}"), "node": {
        "number": number, "state": "MERGED", "author": user(1),
        "createdAt": day(1.0), "updatedAt": day(5.0), "closedAt": day(4.0), "mergedAt": day(4.0),
        "mergeCommit": { "oid": "c0ffee" }, "baseRefName": "main", "additions": 5, "deletions": 3, "changedFiles": 2,
        "commits": { "nodes": [{ "commit": { "authoredDate": day(0.5) } }] },
        "timelineItems": { "nodes": [{ "__typename": "ReadyForReviewEvent", "createdAt": day(1.5) }] },
        "reviews": page("nodes", reviews, None),
    } })
}

fn review(id: u64, author: &Value, at: f64) -> Value {
    json!({ "fullDatabaseId": id.to_string(), "state": "APPROVED", "submittedAt": day(at), "author": author })
}

fn user(id: u64) -> Value {
    json!({ "__typename": "User", "login": format!("user{id}"), "databaseId": id })
}

fn page(of: &str, items: &[Value], next: Option<&str>) -> Value {
    json!({ "pageInfo": { "hasNextPage": next.is_some(), "endCursor": next }, of: items })
}

fn data(edges: &[Value], next: Option<&str>) -> Value {
    json!({ "data": {
        "rateLimit": { "cost": 1, "remaining": 4_000, "resetAt": day(31.0) },
        "repository": { "databaseId": 42, "defaultBranchRef": { "name": "main" }, "pullRequests": page("edges", edges, next) },
    } })
}

/// The reset lies ten minutes ahead, though some points are left.
fn with_errors(data: Value, errors: &Value) -> Response {
    let mut answer = data;
    answer["errors"] = errors.clone();
    ok(&answer).with("x-ratelimit-remaining", "1").with("x-ratelimit-reset", "1767226200")
}

fn check(source: &Source<GitHub>, expect: &Expect) {
    let text = match source.drain("pull_requests", None) {
        Ok(pages) => {
            let covered = pages.last().unwrap().covered_through.is_some();
            format!("{}covered {covered}\n", pages.iter().map(show).collect::<String>())
        }
        Err(error) => format!("{error}\n"),
    };
    expect.assert_eq(&text);
}

#[test]
fn accounts_of_every_kind_are_those_of_rest() {
    let bot = json!({ "__typename": "Bot", "login": "helper", "databaseId": 2 });
    let mannequin = json!({ "__typename": "Mannequin", "login": "moved", "databaseId": 3 });
    let managed = json!({ "__typename": "EnterpriseUserAccount", "login": "elsewhere", "user": { "login": "managed", "databaseId": 4 } });
    let hidden = json!({ "__typename": "EnterpriseUserAccount", "login": "elsewhere", "user": null });
    let reviews = [
        review(3_000_000_001, &bot, 2.0),
        review(3_000_000_002, &mannequin, 2.1),
        review(3_000_000_003, &managed, 2.2),
        review(3_000_000_004, &hidden, 2.3),
        review(3_000_000_005, &Value::Null, 2.4),
        review(3_000_000_006, &json!({ "__typename": "Robot", "login": "new" }), 2.5),
        json!({ "fullDatabaseId": "9", "state": "PENDING", "submittedAt": null, "author": user(5) }),
        json!({ "state": "APPROVED" }),
    ];
    let (_, source) = source(move |variables| {
        let is_app = variables["name"] == "app";
        Ok(ok(&data(&if is_app { vec![edge(7, &reviews)] } else { vec![] }, None)))
    });
    check(
        &source,
        &expect![[r#"
        42#7/merged at 2025-12-05T00:00:00Z: octo/app 42#7 by user1=1, merged true, default true, opened 2025-12-02T00:00:00Z, ready 2025-12-02T12:00:00Z, reviewed 2025-12-03T02:24:00Z by moved=3, approved 2025-12-03T02:24:00Z, sha Some("c0ffee")
        3000000001 at 2025-12-03T00:00:00Z: octo/app 42#7 of user1=1 by helper[bot]=2 (bot): ReviewState::Approved
        3000000002 at 2025-12-03T02:24:00Z: octo/app 42#7 of user1=1 by moved=3: ReviewState::Approved
        3000000003 at 2025-12-03T04:48:00Z: octo/app 42#7 of user1=1 by managed=4: ReviewState::Approved
        3000000004 at 2025-12-03T07:11:59Z: octo/app 42#7 of user1=1 by nobody: ReviewState::Approved
        3000000005 at 2025-12-03T09:36:00Z: octo/app 42#7 of user1=1 by nobody: ReviewState::Approved
        3000000006 at 2025-12-03T12:00:00Z: octo/app 42#7 of user1=1 by nobody: ReviewState::Approved
        retract 42#7/closed
        problem Rejected octo/app x1
        covered true
    "#]],
    );
}

#[test]
fn what_only_graphql_tells_comes_in_addition() {
    let (_, source) = source(|_| {
        let mut rebuilt = edge(8, &[]);
        rebuilt["node"]["commits"]["nodes"][0]["commit"]["authoredDate"] = day(3.0).into();
        Ok(ok(&data(&[edge(7, &[]), rebuilt], None)))
    });
    let facts = stored(&source.drain("pull_requests", None).unwrap());
    let told = |key: &str| match &facts[key].fact {
        Fact::Change(change) => {
            (change.first_commit_at, change.additions, change.deletions, change.files, change.ready_at)
        }
        other => panic!("{other:?}"),
    };
    let at = |days: f64| instant::parse_rfc3339(&day(days));
    assert_eq!(told("42#7/merged"), (at(0.5), Some(5), Some(3), Some(2), at(1.5)));
    assert_eq!(told("42#8/merged").0, None, "a first commit that is younger than the pull request is none");
}

#[test]
fn graphql_is_asked_beside_the_rest_api_that_the_server_names() {
    for (base, door) in [
        ("https://api.github.com", BELOW),
        ("https://ghes.test/api/v3", BESIDE),
        // An owner and a name that look like an enterprise server.
        ("https://api.test/repos/api/v3", BELOW),
        ("api/v3/", BELOW),
    ] {
        let (upstream, source) = source_at(base, |_| Ok(ok(&data(&[], None))));
        source.drain("pull_requests", None).unwrap();
        assert_eq!(upstream.count(door), 2, "{base}: {:?}", upstream.seen.borrow());
    }
}

#[test]
fn reviews_beyond_the_first_page_are_asked_for() {
    let (upstream, source) = source(|variables| {
        let after = variables["after"].as_str().unwrap_or_default();
        Ok(ok(&match after.parse::<u64>() {
            Ok(after) => {
                let next = (after < 12).then(|| (after + 1).to_string());
                let reviews = page("nodes", &[review(after, &user(2), 2.0)], next.as_deref());
                json!({ "data": { "rateLimit": null, "repository": { "pullRequest": { "reviews": reviews } } } })
            }
            Err(_) => {
                let mut edge = edge(7, &[review(9, &user(2), 2.0)]);
                edge["node"]["reviews"]["pageInfo"] = json!({ "hasNextPage": true, "endCursor": "10" });
                data(&[edge], None)
            }
        }))
    });
    let facts = stored(&source.drain("pull_requests", None).unwrap());
    assert_eq!(facts.into_keys().collect::<Vec<_>>(), ["10", "11", "12", "42#7/merged", "9"]);
    assert_eq!(upstream.count(BELOW), 2 * 4);
}

#[test]
fn reviews_without_an_end_are_cut_off_and_told() {
    let (upstream, source) = source(|variables| {
        let after = variables["after"].as_str().map_or(0, |after| after.parse::<u64>().unwrap());
        let next = (after + 1).to_string();
        if after == 0 {
            let mut edge = edge(7, &[]);
            edge["node"]["reviews"]["pageInfo"] = json!({ "hasNextPage": true, "endCursor": next });
            return Ok(ok(&data(&[edge], None)));
        }
        let reviews = page("nodes", &[review(after, &user(2), 2.0)], Some(&next));
        Ok(ok(&json!({ "data": { "repository": { "pullRequest": { "reviews": reviews } } } })))
    });
    let page = source.collect("pull_requests", None).unwrap();
    assert_eq!((page.facts.len(), upstream.count(BELOW)), (1 + 100, 1 + 100));
    assert!(show(&page).contains("problem Truncated octo/app x1"));
}

#[test]
fn a_page_of_any_length_goes_on_after_the_last_that_was_delivered() {
    let pages = |max_facts: u32| {
        let (upstream, source) = source(|variables| {
            let size = u32::try_from(variables["first"].as_u64().unwrap()).unwrap();
            let from = variables["after"].as_str().map_or(0, |after| after[1..].parse().unwrap());
            let to = (from + size).min(20);
            let edges: Vec<Value> = (from + 1..=to).map(|number| edge(number, &[])).collect();
            Ok(ok(&data(&edges, (to < 20).then(|| format!("c{to}")).as_deref())))
        });
        let source = source.max_facts(max_facts);
        let facts = stored(&source.drain("pull_requests", None).unwrap());
        (facts.into_keys().collect::<Vec<_>>(), upstream.count(BELOW))
    };
    let (whole, asked) = pages(1_000);
    assert_eq!((whole.len(), asked), (20, 2 * 3));
    for max_facts in [1, 3, 8, 9] {
        assert_eq!(pages(max_facts).0, whole, "{max_facts}");
    }
}

#[test]
fn too_much_is_halved_and_grows_again_with_the_next_repository() {
    let sizes = Rc::new(RefCell::new(Vec::new()));
    let asked = Rc::clone(&sizes);
    let (_, source) = source(move |variables| {
        let size = variables["first"].as_u64().unwrap();
        asked.borrow_mut().push((variables["name"].as_str().unwrap().to_owned(), size));
        match (variables["name"].as_str().unwrap(), size) {
            ("app", 8) => Ok(Response::new(502)),
            ("app", 4) => Ok(Response::new(504)),
            ("app", 2) => Err(HttpError::TooLarge(16)),
            _ => Ok(ok(&data(&[], None))),
        }
    });
    source.drain("pull_requests", None).unwrap();
    let sizes: Vec<_> = sizes.borrow().iter().map(|(name, size)| format!("{name} {size}")).collect();
    assert_eq!(sizes, ["app 8", "app 4", "app 2", "app 1", "web 2"]);
}

#[test]
fn errors_beside_data_are_judged() {
    let fault = |kind: &str, path: Value| json!([{ "type": kind, "path": path, "message": "dev-1 may not" }]);
    let deep = json!(["repository", "pullRequests", "edges", 0, "node"]);
    let cases = [
        (
            fault("NOT_FOUND", json!(["repository"])),
            expect![[r#"
            42#8/merged at 2025-12-05T00:00:00Z: octo/web 42#8 by user1=1, merged true, default true, opened 2025-12-02T00:00:00Z, ready 2025-12-02T12:00:00Z, reviewed never by nobody, approved never, sha Some("c0ffee")
            retract 42#8/closed
            problem NotFound octo/app x1
            covered true
        "#]],
        ),
        (
            fault("FORBIDDEN", json!(["repository"])),
            expect![[r#"
            42#8/merged at 2025-12-05T00:00:00Z: octo/web 42#8 by user1=1, merged true, default true, opened 2025-12-02T00:00:00Z, ready 2025-12-02T12:00:00Z, reviewed never by nobody, approved never, sha Some("c0ffee")
            retract 42#8/closed
            problem Forbidden octo/app x1
            covered true
        "#]],
        ),
        (
            fault("FORBIDDEN", deep.clone()),
            expect![[r#"
            retract 42#1/closed
            retract 42#1/closed
            covered true
        "#]],
        ),
        (
            fault("INSUFFICIENT_SCOPES", deep.clone()),
            expect![[r#"
            retract 42#1/closed
            retract 42#1/closed
            covered true
        "#]],
        ),
        (
            json!([{ "message": "Field 'x' doesn't exist on type 'y'", "extensions": { "code": "undefinedField" } }]),
            expect![[r#"
                retract 42#1/closed
                retract 42#1/closed
                covered true
            "#]],
        ),
        (
            fault("SERVICE_UNAVAILABLE", deep),
            expect![[r#"
                retract 42#1/closed
                42#8/merged at 2025-12-05T00:00:00Z: octo/web 42#8 by user1=1, merged true, default true, opened 2025-12-02T00:00:00Z, ready 2025-12-02T12:00:00Z, reviewed never by nobody, approved never, sha Some("c0ffee")
                retract 42#8/closed
                covered true
            "#]],
        ),
        (
            json!([{ "message": "Something went wrong while executing your query." }]),
            expect![[r#"
                retract 42#1/closed
                42#8/merged at 2025-12-05T00:00:00Z: octo/web 42#8 by user1=1, merged true, default true, opened 2025-12-02T00:00:00Z, ready 2025-12-02T12:00:00Z, reviewed never by nobody, approved never, sha Some("c0ffee")
                retract 42#8/closed
                covered true
            "#]],
        ),
        (
            fault("RATE_LIMITED", Value::Null),
            expect![[r#"
            rate limited for 600 s
        "#]],
        ),
        (
            json!([{ "message": "You have exceeded a secondary rate limit." }]),
            expect![[r#"
            rate limited for 600 s
        "#]],
        ),
        (
            json!("odd"),
            expect![[r#"
            permanent: status 200 with a body that is not the expected JSON (content-type `none`, 837 bytes, line 1 column 836)
        "#]],
        ),
        (
            json!([]),
            expect![[r#"
            42#7/merged at 2025-12-05T00:00:00Z: octo/app 42#7 by user1=1, merged true, default true, opened 2025-12-02T00:00:00Z, ready 2025-12-02T12:00:00Z, reviewed never by nobody, approved never, sha Some("c0ffee")
            retract 42#7/closed
            42#8/merged at 2025-12-05T00:00:00Z: octo/web 42#8 by user1=1, merged true, default true, opened 2025-12-02T00:00:00Z, ready 2025-12-02T12:00:00Z, reviewed never by nobody, approved never, sha Some("c0ffee")
            retract 42#8/closed
            covered true
        "#]],
        ),
    ];
    for (errors, expect) in cases {
        let (_, source) = source(move |variables| {
            let is_app = variables["name"] == "app";
            Ok(if is_app {
                with_errors(data(&[edge(7, &[])], None), &errors)
            } else {
                ok(&data(&[edge(8, &[])], None))
            })
        });
        check(&source, &expect);
    }
}

#[test]
fn statuses_are_judged() {
    let limited = Response::new(403).with("x-ratelimit-remaining", "0").with("x-ratelimit-reset", "1767225607");
    let cases = [
        (
            Ok(Response::new(401).with("x-ratelimit-remaining", "0")),
            expect![[r#"
            retract 42#1/closed
            retract 42#1/closed
            covered true
        "#]],
        ),
        (
            Ok(Response::new(403)),
            expect![[r#"
            retract 42#1/closed
            retract 42#1/closed
            covered true
        "#]],
        ),
        (
            Ok(Response::new(404)),
            expect![[r#"
            retract 42#1/closed
            retract 42#1/closed
            covered true
        "#]],
        ),
        (
            Err(HttpError::Denied("the method was withdrawn".to_owned())),
            expect![[r#"
            retract 42#1/closed
            retract 42#1/closed
            covered true
        "#]],
        ),
        (
            Ok(limited),
            expect![[r#"
            rate limited for 7 s
        "#]],
        ),
        (
            Ok(Response::new(429)),
            expect![[r#"
            rate limited
        "#]],
        ),
        (
            Ok(Response::new(500)),
            expect![[r#"
            42#8/merged at 2025-12-05T00:00:00Z: octo/web 42#8 by user1=1, merged true, default true, opened 2025-12-02T00:00:00Z, ready 2025-12-02T12:00:00Z, reviewed never by nobody, approved never, sha Some("c0ffee")
            retract 42#8/closed
            problem Unavailable octo/app x1
            covered false
        "#]],
        ),
        (
            Err(HttpError::Unreachable("dns".to_owned())),
            expect![[r#"
                retract 42#1/closed
                42#8/merged at 2025-12-05T00:00:00Z: octo/web 42#8 by user1=1, merged true, default true, opened 2025-12-02T00:00:00Z, ready 2025-12-02T12:00:00Z, reviewed never by nobody, approved never, sha Some("c0ffee")
                retract 42#8/closed
                covered true
            "#]],
        ),
        (
            Err(HttpError::Cancelled),
            expect![[r#"
            cancelled
        "#]],
        ),
        (
            Ok(Response::new(200).body("<html>")),
            expect![[r#"
            permanent: status 200 with a body that is not the expected JSON (content-type `none`, 6 bytes, line 1 column 1)
        "#]],
        ),
        (
            Ok(ok(&json!({ "data": { "repository": null } }))),
            expect![[r#"
            42#8/merged at 2025-12-05T00:00:00Z: octo/web 42#8 by user1=1, merged true, default true, opened 2025-12-02T00:00:00Z, ready 2025-12-02T12:00:00Z, reviewed never by nobody, approved never, sha Some("c0ffee")
            retract 42#8/closed
            problem NotFound octo/app x1
            covered true
        "#]],
        ),
        (
            Ok(ok(&json!({ "data": null }))),
            expect![[r#"
                retract 42#1/closed
                42#8/merged at 2025-12-05T00:00:00Z: octo/web 42#8 by user1=1, merged true, default true, opened 2025-12-02T00:00:00Z, ready 2025-12-02T12:00:00Z, reviewed never by nobody, approved never, sha Some("c0ffee")
                retract 42#8/closed
                covered true
            "#]],
        ),
    ];
    for (answer, expect) in cases {
        let (_, source) = source(move |variables| {
            let is_app = variables["name"] == "app";
            if is_app { answer.clone() } else { Ok(ok(&data(&[edge(8, &[])], None))) }
        });
        check(&source, &expect);
    }
}

#[test]
fn the_last_points_are_not_overdrawn() {
    let (upstream, source) = source(|variables| {
        let mut answer = data(&[edge(7, &[])], Some("c7"));
        assert!(variables["after"].is_null(), "asked without points to pay with");
        answer["data"]["rateLimit"] = json!({ "cost": 3, "remaining": 2, "resetAt": "2026-01-01T00:10:00Z" });
        Ok(ok(&answer))
    });
    let page = source.collect("pull_requests", None).unwrap();
    assert!(page.more && !page.facts.is_empty());
    let error = source.collect("pull_requests", page.cursor.as_deref()).unwrap_err();
    assert_eq!((error, upstream.count(BELOW)), (Error::RateLimited(Some(600)), 1));
}

#[test]
fn cursors_that_loop_end_truncated() {
    let (_, source) = source(|_| Ok(ok(&data(&[edge(7, &[])], Some("c7")))));
    let pages = source.drain("pull_requests", None).unwrap();
    let text: String = pages.iter().map(show).collect();
    assert!(text.contains("problem Truncated octo/app x1"), "{text}");
}

#[test]
fn a_list_whose_top_is_of_this_second_is_not_remembered() {
    for (newest, is_kept) in [(9.0, true), (31.0, false)] {
        let (upstream, source) = source(|_| Ok(ok(&data(&[], None))));
        upstream.newest.set(newest);
        let pages = source.drain("pull_requests", None).unwrap();
        let cursor = pages.last().unwrap().cursor.clone().unwrap();
        assert_eq!(cursor.contains(r#"\"1\""#), is_kept, "{cursor}");
    }
}

#[test]
fn where_only_the_validator_is_new_graphql_is_not_asked() {
    let (upstream, source) = source(|_| Ok(ok(&data(&[], None))));
    let at = |days: f64| instant::parse_rfc3339(&day(days)).unwrap();
    let page = source.window(at(20.0), at(31.0)).collect("pull_requests", None).unwrap();
    assert_eq!((upstream.count(BELOW), page.covered_through), (0, Some(at(31.0))));
}
