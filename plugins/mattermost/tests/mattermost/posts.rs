//! Posts of people, counted by day.

use expect_test::expect;
use quintant_sdk::instant::{DAY, format_rfc3339};
use quintant_sdk::prelude::*;
use serde_json::{Value, json};

use crate::server::{CANARY, Shared, at, channel, post, server, source};
use crate::{show, stored};

fn settings() -> Value {
    json!({ "mode": "posts" })
}

fn drain(server: &Shared, cursor: Option<&str>) -> Vec<Page> {
    source(server, settings()).drain("posts", cursor).unwrap()
}

fn say(server: &Shared, channel: &str, posts: impl IntoIterator<Item = Value>) {
    server.borrow_mut().posts.entry(channel.to_owned()).or_default().extend(posts);
}

#[test]
fn posts_are_counted_by_person_and_day_over_all_channels() {
    let server = server();
    say(
        &server,
        "c1",
        [
            post("p1", "u1", "2026-07-13T00:00:00Z"),
            post("p2", "u1", "2026-07-13T23:59:59Z"),
            post("p3", "u2", "2026-07-14T09:00:00Z"),
            post("p0", "u2", "2026-07-12T23:59:59Z"),
        ],
    );
    say(&server, "c2", [post("p4", "u1", "2026-07-13T12:00:00Z"), post("p5", "u3", "2026-07-15T11:59:59Z")]);
    let pages = drain(&server, None);
    expect![[r#"
        mattermost/2026-07-13/u1 at 2026-07-13T00:00:00Z: 3 by u1=ada-sample|ada-sample@example.invalid
        mattermost/2026-07-14/u2 at 2026-07-14T00:00:00Z: 1 by u2=bo-sample|bo-sample@example.invalid
        mattermost/2026-07-15/u3 at 2026-07-15T00:00:00Z: 1 by u3=cy-sample|cy-sample@example.invalid
    "#]]
    .assert_eq(&show(&pages));
    assert_eq!(pages.last().unwrap().covered_through, Some(at("2026-07-15T12:00:00Z")));
}

#[test]
fn only_what_people_wrote_counts() {
    let server = server();
    let with = |id: &str, changes: Value| {
        let mut post = post(id, "u1", "2026-07-14T09:00:00Z");
        for (name, value) in changes.as_object().unwrap() {
            post[name] = value.clone();
        }
        post
    };
    say(
        &server,
        "c1",
        [
            with("p1", json!({})),
            with("p2", json!({ "edit_at": 7, "update_at": 7 })),
            with("p3", json!({ "root_id": "p1" })),
            with("p4", json!({ "props": { "from_webhook": "true" } })),
            with("p5", json!({ "props": { "from_bot": "true" } })),
            with("p6", json!({ "type": "system_join_channel" })),
            with("p7", json!({ "original_id": "p2" })),
            with("p8", json!({ "user_id": "u2" })),
            with("p9", json!({ "user_id": "u3" })),
            with("p10", json!({ "user_id": "unknown" })),
        ],
    );
    server.borrow_mut().users[1]["is_bot"] = true.into();
    server.borrow_mut().users[2]["username"] = "release-robot".into();
    let pages = source(&server, settings()).bots(["*-robot"]).drain("posts", None).unwrap();
    expect![[r#"
        mattermost/2026-07-14/u1 at 2026-07-14T00:00:00Z: 3 by u1=ada-sample|ada-sample@example.invalid
        problem Rejected accounts x1
    "#]]
    .assert_eq(&show(&pages));
}

#[test]
fn no_word_of_a_message_and_no_channel_or_time_of_a_post_is_told() {
    let server = server();
    say(&server, "c1", [post("p1", "u1", "2026-07-14T09:17:23Z")]);
    for page in drain(&server, None) {
        let told = format!("{page:?}");
        for secret in [CANARY, "general", "alerts", "p1", &at("2026-07-14T09:17:23Z").to_string()] {
            let only_in_cursor = secret == "p1";
            let told = if only_in_cursor { format!("{:?}", page.facts) } else { told.clone() };
            assert!(!told.contains(secret), "{secret} in {told}");
        }
    }
}

#[test]
fn days_are_those_of_the_calendars_zone() {
    let server = server();
    say(&server, "c1", [post("p1", "u1", "2026-07-13T21:59:59Z"), post("p2", "u1", "2026-07-13T22:00:00Z")]);
    let pages = source(&server, settings()).utc_offsets([(0, 7_200)]).drain("posts", None).unwrap();
    expect![[r#"
        mattermost/2026-07-13/u1 at 2026-07-12T22:00:00Z: 1 by u1=ada-sample|ada-sample@example.invalid
        mattermost/2026-07-14/u1 at 2026-07-13T22:00:00Z: 1 by u1=ada-sample|ada-sample@example.invalid
    "#]]
    .assert_eq(&show(&pages));
}

#[test]
fn a_deleted_post_is_taken_back_while_its_day_is_read_again() {
    let server = server();
    say(&server, "c1", [post("p1", "u1", "2026-07-14T09:00:00Z"), post("p2", "u1", "2026-07-14T10:00:00Z")]);
    say(&server, "c1", [post("p3", "u2", "2026-07-14T09:30:00Z")]);
    let mut pages = drain(&server, None);
    for gone in [0, 2] {
        server.borrow_mut().posts.get_mut("c1").unwrap()[gone]["delete_at"] = 7.into();
    }
    let cursor = pages.last().unwrap().cursor.clone();
    pages.extend(drain(&server, cursor.as_deref()));
    assert_eq!(
        show(&pages),
        "mattermost/2026-07-14/u1 at 2026-07-14T00:00:00Z: 1 by u1=ada-sample|ada-sample@example.invalid\n"
    );
    let retracted: Vec<&str> =
        pages.iter().flat_map(|page| &page.retractions).map(|retraction| retraction.key.as_str()).collect();
    assert_eq!(retracted, ["mattermost/2026-07-14/u2"]);
}

#[test]
fn who_turns_out_to_be_a_bot_is_taken_back() {
    let server = server();
    say(&server, "c1", [post("p1", "u1", "2026-07-14T09:00:00Z")]);
    let mut pages = drain(&server, None);
    server.borrow_mut().users[0]["is_bot"] = true.into();
    let cursor = pages.last().unwrap().cursor.clone();
    pages.extend(drain(&server, cursor.as_deref()));
    assert_eq!(show(&pages), "");
}

#[test]
fn a_channel_that_is_archived_keeps_its_days_and_one_that_becomes_private_does_not() {
    let server = server();
    say(&server, "c1", [post("p1", "u1", "2026-07-14T09:00:00Z")]);
    say(&server, "c2", [post("p2", "u2", "2026-07-14T09:00:00Z")]);
    let mut pages = drain(&server, None);
    for id in ["c1", "c2"] {
        server.borrow_mut().channel(id)["listed"] = false.into();
    }
    server.borrow_mut().channel("c1")["delete_at"] = at("2026-07-15T11:30:00Z").into();
    server.borrow_mut().channel("c2")["type"] = "P".into();
    let cursor = pages.last().unwrap().cursor.clone();
    pages.extend(drain(&server, cursor.as_deref()));
    assert_eq!(
        show(&pages),
        "mattermost/2026-07-14/u1 at 2026-07-14T00:00:00Z: 1 by u1=ada-sample|ada-sample@example.invalid\n"
    );
    assert!(!server.borrow().seen.iter().skip(8).any(|url| url.contains("/channels/c2/posts")));
}

/// Posts of three people every 20 minutes over 30 days, three at a time.
fn busy(server: &Shared) {
    let start = at("2026-06-15T00:00:00Z");
    for number in 0..2_160_i64 {
        let created = start + number / 3 * 60 * 60_000;
        let user = format!("u{}", 1 + (number * 7 / 3) % 3);
        let channel = if number % 5 < 3 { "c1" } else { "c2" };
        say(server, channel, [post(&format!("p{number:05}"), &user, &format_rfc3339(created))]);
    }
}

fn by_brute_force(server: &Shared, from: Instant, to: Instant) -> std::collections::BTreeMap<String, u32> {
    let mut counts = std::collections::BTreeMap::new();
    for post in server.borrow().posts.values().flatten() {
        let created = post["create_at"].as_i64().unwrap();
        if post["delete_at"] == 0 && (from..to).contains(&created) {
            let day = format_rfc3339(created)[..10].to_owned();
            *counts.entry(format!("mattermost/{day}/{}", post["user_id"].as_str().unwrap())).or_default() += 1;
        }
    }
    counts
}

fn counts(pages: &[Page]) -> std::collections::BTreeMap<String, u32> {
    let count = |fact: Envelope| match fact.fact {
        Fact::Usage(usage) => usage.count,
        other => panic!("{other:?}"),
    };
    stored(pages).into_iter().map(|(key, fact)| (key, count(fact))).collect()
}

#[test]
fn every_post_is_counted_once_however_short_pages_are() {
    for (page_size, page_cap) in [(200, None), (200, Some(7)), (10, Some(3))] {
        let server = server();
        busy(&server);
        server.borrow_mut().page_cap = page_cap;
        let settings = json!({ "mode": "posts", "page_size": page_size });
        let (from, to) = (at("2026-06-20T00:00:00Z"), at("2026-07-15T12:00:00Z"));
        let pages = source(&server, settings).window(from, to).drain("posts", None).unwrap();
        assert_eq!(counts(&pages), by_brute_force(&server, from, to), "{page_size} {page_cap:?}");
        let largest = pages.iter().filter_map(|page| page.cursor.as_ref().map(String::len)).max();
        assert!(largest < Some(4_000), "{largest:?}");
    }
}

#[test]
fn many_small_runs_store_what_one_run_does() {
    let server = server();
    busy(&server);
    let (from, end) = (at("2026-07-01T00:00:00Z"), at("2026-07-15T12:00:00Z"));
    let whole = counts(&source(&server, settings()).window(from, end).drain("posts", None).unwrap());
    let all = server.borrow().posts.clone();
    let (mut pages, mut cursor, mut through, mut now) = (Vec::new(), None::<String>, from, from);
    let mut chance = 3_u64;
    while now < end {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        now = (now + 1 + i64::try_from(chance >> 33).unwrap() % (2 * DAY)).min(end);
        for (channel, posts) in &all {
            let yet = posts.iter().filter(|post| post["create_at"].as_i64().unwrap() < now);
            server.borrow_mut().posts.insert(channel.clone(), yet.cloned().collect());
        }
        let window = (through - 2 * DAY).max(from);
        let run = source(&server, settings()).window(window, now).drain("posts", cursor.as_deref()).unwrap();
        cursor = run.last().unwrap().cursor.clone();
        through = run.last().unwrap().covered_through.unwrap();
        pages.extend(run);
    }
    assert_eq!(counts(&pages), whole);
    assert_eq!(whole, by_brute_force(&server, from, end));
}

#[test]
fn an_idle_channel_costs_no_request() {
    let server = server();
    server.borrow_mut().channel("c2")["last_post_at"] = at("2026-07-12T23:59:59Z").into();
    drain(&server, None);
    let seen = server.borrow().seen.join("\n");
    assert!(seen.contains("/channels/c1/posts") && !seen.contains("/channels/c2/posts"), "{seen}");
}

#[test]
fn a_back_fill_counts_whole_days_only() {
    let server = server();
    say(&server, "c1", [post("p1", "u1", "2026-07-14T09:00:00Z"), post("p2", "u1", "2026-07-14T20:00:00Z")]);
    say(&server, "c1", [post("p3", "u1", "2026-07-15T07:00:00Z"), post("p4", "u2", "2026-07-12T07:00:00Z")]);
    let source = source(&server, settings()).window(at("2026-07-13T08:00:00Z"), at("2026-07-14T12:00:00Z"));
    let pages = source.now(at("2026-07-15T12:00:00Z")).drain("posts", None).unwrap();
    assert_eq!(counts(&pages)["mattermost/2026-07-14/u1"], 2);
    assert_eq!(pages.last().unwrap().covered_through, Some(at("2026-07-15T00:00:00Z")));
}

#[test]
fn a_channel_that_does_not_answer_holds_coverage_back_and_is_counted_later() {
    let server = server();
    say(&server, "c1", [post("p1", "u1", "2026-07-14T09:00:00Z")]);
    say(&server, "c2", [post("p2", "u1", "2026-07-14T10:00:00Z")]);
    server.borrow_mut().fault = Some(Box::new(|url| url.contains("/c2/").then(|| Ok(Response::new(502)))));
    let mut pages = drain(&server, None);
    assert_eq!(pages.last().unwrap().covered_through, None);
    assert!(show(&pages).contains("problem Unavailable channel c2 x1"));
    server.borrow_mut().fault = None;
    let cursor = pages.last().unwrap().cursor.clone();
    pages.extend(drain(&server, cursor.as_deref()));
    assert_eq!(counts(&pages)["mattermost/2026-07-14/u1"], 2);
    assert!(pages.last().unwrap().covered_through.is_some());
}

#[test]
fn a_refused_channel_is_reported_and_the_others_are_counted() {
    for (status, kind) in [(403, "Forbidden"), (404, "NotFound"), (501, "Unavailable")] {
        let server = server();
        say(&server, "c1", [post("p1", "u1", "2026-07-14T09:00:00Z")]);
        server.borrow_mut().fault = Some(Box::new(move |url| url.contains("/c2/").then(|| Ok(Response::new(status)))));
        let pages = drain(&server, None);
        assert!(show(&pages).contains(&format!("problem {kind} channel c2 x1")), "{}", show(&pages));
        assert_eq!(counts(&pages).len(), 1);
        assert!(pages.last().unwrap().covered_through.is_some());
    }
}

#[test]
fn a_hidden_history_is_reported() {
    let by_header = Response::new(200).with("Has-Inaccessible-Posts", "true").body(r#"{"order":[],"posts":{}}"#);
    let by_body = Response::new(200).body(r#"{"order":[],"posts":{},"first_inaccessible_post_time":1706400000000}"#);
    for answer in [by_header, by_body] {
        let server = server();
        server.borrow_mut().fault = Some(Box::new(move |url| url.contains("/c1/posts").then(|| Ok(answer.clone()))));
        assert_eq!(show(&drain(&server, None)), "problem Truncated channel c1 x1\n");
    }
}

#[test]
fn a_server_that_repeats_a_page_ends_truncated() {
    let server = server();
    say(&server, "c1", [post("p1", "u1", "2026-07-14T09:00:00Z"), post("p2", "u1", "2026-07-14T08:00:00Z")]);
    server.borrow_mut().fault = Some(Box::new(|url| {
        let body = json!({ "order": ["p1"], "posts": { "p1": post("p1", "u1", "2026-07-14T09:00:00Z") } });
        url.contains("/c1/posts").then(|| Ok(crate::server::ok(&body)))
    }));
    assert!(show(&drain(&server, None)).contains("problem Truncated channel c1 x1"));
    server.borrow_mut().fault = Some(Box::new(|url| {
        url.contains("/t1/channels").then(|| Ok(crate::server::ok(&json!([channel("c1", "x", 1)]))))
    }));
    assert!(show(&drain(&server, None)).contains("problem Truncated team engineering x1"));
}

#[test]
fn an_interrupted_scan_goes_on_where_it_was() {
    let server = server();
    busy(&server);
    let (from, end) = (at("2026-06-20T00:00:00Z"), at("2026-07-15T12:00:00Z"));
    let source = || source(&server, json!({ "mode": "posts", "page_size": 20 })).window(from, end);
    let whole = counts(&source().drain("posts", None).unwrap());
    let (mut pages, mut cursor) = (Vec::new(), None::<String>);
    for run in 0.. {
        assert!(run < 200, "no progress");
        let budget = std::cell::Cell::new(9);
        server.borrow_mut().fault = Some(Box::new(move |_| {
            budget.set(budget.get() - 1);
            (budget.get() < 0).then_some(Err(HttpError::Throttled(Some(60))))
        }));
        let source = source();
        while let Ok(page) = source.collect("posts", cursor.as_deref()) {
            cursor = page.cursor.clone();
            pages.push(page);
            if !pages.last().unwrap().more {
                break;
            }
        }
        if pages.last().is_some_and(|page| !page.more) {
            break;
        }
    }
    assert_eq!(counts(&pages), whole);
}

#[test]
fn the_other_feed_is_switched_off() {
    let server = server();
    let page = source(&server, settings()).collect("message_counts", None).unwrap();
    assert_eq!((page.facts.len(), page.covered_through), (0, None));
    assert!(server.borrow().seen.is_empty());
}
