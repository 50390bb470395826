//! From payloads to facts, on official examples and on what goes wrong in the field.

use expect_test::{Expect, expect};
use quintant_sdk::prelude::*;
use serde_json::{Value, json};

use crate::server::{GitHubServer, event, pull, review, shared, source};
use crate::show;

fn fixture(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn check(pulls: &[Value], reviews: &[Value], events: &[Value], expect: &Expect) {
    let mut server = GitHubServer::default();
    for (index, pull) in (0..).zip(pulls) {
        let number = pull["number"].as_u64().and_then(|number| u32::try_from(number).ok());
        server.reviews.insert(number.unwrap_or_default(), reviews.to_vec());
        server.events.insert(number.unwrap_or_default(), events.to_vec());
        server.pulls.insert(index, pull.clone());
    }
    let server = shared(server);
    let source = source(&server, &["octo/app"], 100).bots(["*-robot"]).window(0, i64::MAX);
    let pages = source.drain("pull_requests", None).unwrap();
    expect.assert_eq(&pages.iter().map(show).collect::<String>());
}

#[test]
fn official_examples() {
    check(
        fixture(include_str!("../fixtures/pulls.json")).as_array().unwrap(),
        fixture(include_str!("../fixtures/reviews.json")).as_array().unwrap(),
        &[],
        &expect![[r#"
            1296269#1347/merged at 2011-01-26T19:01:12Z: octo/app 1296269#1347 by octocat=1, merged true, default true, opened 2011-01-26T19:01:12Z, ready never, reviewed never by nobody, approved never, sha Some("e5bd3914e2e596debea16f433f57875b5b90bcd6")
            80 at 2019-11-17T17:43:43Z: octo/app 1296269#1347 of octocat=1 by octocat=1: ReviewState::Approved
            retract 1296269#1347/closed
        "#]],
    );
    check(
        &[fixture(include_str!("../fixtures/closed_pull.json")), fixture(include_str!("../fixtures/draft_pull.json"))],
        &[fixture(include_str!("../fixtures/dismissed_review.json"))],
        &[],
        &expect![[r#"
            186853002#2/closed at 2019-05-15T15:21:18Z: octo/app 186853002#2 by Codertocat=21031067, merged false, default true, opened 2019-05-15T15:20:33Z, ready never, reviewed never by nobody, approved never, sha None
            237895671 at 2019-05-15T15:20:38Z: octo/app 186853002#2 of Codertocat=21031067 by Codertocat=21031067: ReviewState::Commented
            237895671 at 2019-05-15T15:20:38Z: octo/app 186853002#2 of Codertocat=21031067 by Codertocat=21031067: ReviewState::Commented
            retract 186853002#2/closed
        "#]],
    );
}

#[test]
fn the_first_review_is_by_a_known_human_who_is_not_the_author() {
    let mut robot = review(11, 9, "APPROVED", 1.1);
    robot["user"]["login"] = "merge-robot".into();
    let mut app = review(12, 8, "APPROVED", 1.2);
    app["user"]["type"] = "Bot".into();
    let mut gone = review(13, 7, "APPROVED", 1.3);
    gone["user"] = Value::Null;
    let mut ghost = review(14, 10137, "APPROVED", 1.4);
    ghost["user"]["login"] = "ghost".into();
    let own = review(15, 1, "COMMENTED", 1.5);
    let mut pending = review(16, 2, "PENDING", 1.6);
    pending["submitted_at"] = Value::Null;
    let dismissed = review(17, 2, "DISMISSED", 1.8);
    let unknown = review(18, 3, "SHRUGGED", 1.7);
    let approved = review(19, 2, "APPROVED", 1.9);
    check(
        &[pull(7, 1, 3.0, Some(2.5))],
        &[robot, app, gone, ghost, own, pending, dismissed, unknown, approved],
        &[
            event("ready_for_review", 1.0),
            event("convert_to_draft", 1.05),
            event("ready_for_review", 1.06),
            event("ready_for_review", 2.9),
        ],
        &expect![[r#"
            42#7/merged at 2025-12-03T12:00:00Z: octo/app 42#7 by user1=1, merged true, default true, opened 2025-12-01T12:00:00Z, ready 2025-12-02T01:26:24Z, reviewed 2025-12-02T16:48:00Z by user3=3, approved 2025-12-02T21:36:00Z, sha Some("c0ffee")
            11 at 2025-12-02T02:24:00Z: octo/app 42#7 of user1=1 by merge-robot=9 (bot): ReviewState::Approved
            12 at 2025-12-02T04:48:00Z: octo/app 42#7 of user1=1 by user8=8 (bot): ReviewState::Approved
            13 at 2025-12-02T07:12:00Z: octo/app 42#7 of user1=1 by nobody: ReviewState::Approved
            14 at 2025-12-02T09:35:59Z: octo/app 42#7 of user1=1 by nobody: ReviewState::Approved
            15 at 2025-12-02T12:00:00Z: octo/app 42#7 of user1=1 by user1=1: ReviewState::Commented
            17 at 2025-12-02T19:12:00Z: octo/app 42#7 of user1=1 by user2=2: ReviewState::Commented
            18 at 2025-12-02T16:48:00Z: octo/app 42#7 of user1=1 by user3=3: ReviewState::Commented
            19 at 2025-12-02T21:36:00Z: octo/app 42#7 of user1=1 by user2=2: ReviewState::Approved
            retract 42#7/closed
        "#]],
    );
}

#[test]
fn odd_items_are_read_or_counted_and_lose_no_page() {
    let good = pull(1, 1, 9.0, Some(2.0));
    let with = |changes: Value| {
        let mut pull = pull(2, 1, 8.0, Some(2.0));
        for (name, value) in changes.as_object().unwrap() {
            pull[name] = value.clone();
        }
        pull
    };
    check(
        &[
            good,
            with(json!({ "number": 3, "user": {} })),
            with(json!({ "number": 4, "user": { "id": 18446744073709551615_u64, "login": "big" } })),
            with(json!({ "number": 5, "user": { "id": "77", "login": "text" } })),
            with(json!({ "number": 4294967295_u32, "state": "limbo", "draft": null })),
            with(json!({ "number": 4294967296_u64 })),
            with(json!({ "number": 6, "merged_at": "yesterday" })),
            with(json!({ "number": 8, "merged_at": "2025-12-03T23:59:60+01:00" })),
            with(json!({ "number": 9, "created_at": "-001-01-01T00:00:00Z" })),
            with(json!({ "number": 10, "merged_at": "9999-12-31T23:59:59Z" })),
            with(json!({ "number": 11, "user": { "id": -1, "login": "minus" } })),
            with(json!({ "number": 12, "base": null })),
            json!("not an object"),
        ],
        &[],
        &[],
        &expect![[r#"
            42#1/merged at 2025-12-03T00:00:00Z: octo/app 42#1 by user1=1, merged true, default true, opened 2025-12-01T12:00:00Z, ready never, reviewed never by nobody, approved never, sha Some("c0ffee")
            42#3/merged at 2025-12-03T00:00:00Z: octo/app 42#3 by nobody, merged true, default true, opened 2025-12-01T12:00:00Z, ready never, reviewed never by nobody, approved never, sha Some("c0ffee")
            42#4/merged at 2025-12-03T00:00:00Z: octo/app 42#4 by big=18446744073709551615, merged true, default true, opened 2025-12-01T12:00:00Z, ready never, reviewed never by nobody, approved never, sha Some("c0ffee")
            42#5/merged at 2025-12-03T00:00:00Z: octo/app 42#5 by text=77, merged true, default true, opened 2025-12-01T12:00:00Z, ready never, reviewed never by nobody, approved never, sha Some("c0ffee")
            42#4294967295/merged at 2025-12-03T00:00:00Z: octo/app 42#4294967295 by user1=1, merged true, default true, opened 2025-12-01T12:00:00Z, ready never, reviewed never by nobody, approved never, sha Some("c0ffee")
            42#8/merged at 2025-12-03T23:00:00Z: octo/app 42#8 by user1=1, merged true, default true, opened 2025-12-01T12:00:00Z, ready never, reviewed never by nobody, approved never, sha Some("c0ffee")
            42#10/merged at 9999-12-31T23:59:59Z: octo/app 42#10 by user1=1, merged true, default true, opened 2025-12-01T12:00:00Z, ready never, reviewed never by nobody, approved never, sha Some("c0ffee")
            retract 42#1/closed
            retract 42#3/closed
            retract 42#4/closed
            retract 42#5/closed
            retract 42#4294967295/closed
            retract 42#8/closed
            retract 42#10/closed
            problem Rejected octo/app x6
        "#]],
    );
}

#[test]
fn commit_authors_without_a_user_are_their_address() {
    use quintant_plugin_github::people::{User, commit_author};
    let context = Context {
        settings: serde_json::from_value(json!({ "repositories": ["octo/app"] })).unwrap(),
        now: 0,
        utc_offsets: vec![],
        bots: vec!["ci@*".to_owned()],
        extensions: vec![],
    };
    let author = |user: Value, email: Option<&str>| {
        let user: Option<User> = serde_json::from_value(user).unwrap();
        commit_author(user.as_ref(), email, &context)
    };
    let octocat = json!({ "id": 1, "login": "octocat", "type": "User" });
    assert_eq!(author(octocat, Some("a@b")), Some(Account::new("1", ["octocat", "a@b"])));
    let by_mail = Some(Account::new("email:a@b", ["A@b"]));
    assert_eq!(author(Value::Null, Some(" A@b ")), by_mail);
    assert_eq!(author(json!({}), Some("A@b")), by_mail);
    assert_eq!(author(Value::Null, Some("")), None);
    assert_eq!(author(Value::Null, None), None);
    let bot = |id: &str, name: &str| Some(Account::new(id, [name]).bot(true));
    assert_eq!(author(Value::Null, Some("ci@host")), bot("email:ci@host", "ci@host"));
    let mail = "49+dependabot[bot]@users.noreply.github.com";
    assert_eq!(author(Value::Null, Some(mail)), bot(&format!("email:{mail}"), mail));
}

#[test]
fn the_recorded_paging_header_is_followed() {
    let headers = fixture(include_str!("../fixtures/paging_headers.json"));
    let response = Response::new(200).with("link", headers["link"].as_str().unwrap());
    assert_eq!(response.next_page(), Some("https://api.github.com/repositories/515435940/issues?per_page=3&page=2"));
}

#[test]
fn a_comparison_is_read() {
    let comparison: quintant_plugin_github::commits::payload::Comparison =
        serde_json::from_str(include_str!("../fixtures/compare.json")).unwrap();
    assert_eq!((comparison.commits.items.len(), comparison.commits.rejected), (1, 0));
    let listed: Items<quintant_plugin_github::commits::payload::ListedCommit> =
        Items::parse(include_bytes!("../fixtures/commits.json")).unwrap();
    assert_eq!((listed.items.len(), listed.rejected), (1, 0));
}
