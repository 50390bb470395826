//! What becomes of builds: running ones, old ones, those of jobs that were made anew.

use expect_test::expect;
use quintant_sdk::prelude::*;
use serde_json::{Value, json};

use crate::server::{
    DATE, FREESTYLE, HOUR, JenkinsServer, NOW, PIPELINE, Shared, built, cursor, drain, git, json_body, running, source,
    with_actions,
};
use crate::{covered, show};

fn settings() -> Value {
    json!({ "coverage": false })
}

fn one_job(builds: impl IntoIterator<Item = Value>) -> Shared {
    let mut server = JenkinsServer::with(&[("x", FREESTYLE)]);
    for build in builds {
        server.build("x", build);
    }
    server.shared()
}

#[test]
fn every_result_is_told_with_what_was_built_and_how_the_tests_went() {
    let tests =
        json!({ "_class": "hudson.tasks.junit.TestResultAction", "failCount": 2, "skipCount": 1, "totalCount": 90 });
    let sha = "7def9ed6e92580f37d00e4980c36c4d36e68f702";
    let server = one_job([
        built(1, 9, "SUCCESS"),
        with_actions(built(2, 8, "UNSTABLE"), [tests, git(sha, "refs/remotes/origin/main", "octo/app")]),
        with_actions(built(3, 7, "FAILURE"), [git(sha, "origin/feature/x", "octo/app")]),
        with_actions(built(4, 6, "ABORTED"), [git(sha, "detached", "octo/app")]),
        built(5, 5, "NOT_BUILT"),
    ]);
    let pages = drain(&server, settings(), NOW, None);
    expect![[r#"
        x#5@1767207600000 at 2025-12-31T19:01:00Z: x #5 aborted
        x#4@1767204000000 at 2025-12-31T18:01:00Z: x #4 aborted, sha 7def9ed6e92580f37d00e4980c36c4d36e68f702
        x#3@1767200400000 at 2025-12-31T17:01:00Z: x #3 failure, branch, sha 7def9ed6e92580f37d00e4980c36c4d36e68f702
        x#2@1767196800000 at 2025-12-31T16:01:00Z: x #2 unstable, sha 7def9ed6e92580f37d00e4980c36c4d36e68f702, 2 tests failed
        x#1@1767193200000 at 2025-12-31T15:01:00Z: x #1 success
    "#]]
    .assert_eq(&show(&pages));
}

#[test]
fn what_a_shared_library_checked_out_is_not_what_was_built() {
    let library = git("1111111111111111111111111111111111111111", "main", "octo/jenkins-library");
    let app = git("2222222222222222222222222222222222222222", "main", "octo/app");
    for actions in [[library.clone(), app.clone()], [app, library]] {
        let server = one_job([with_actions(built(1, 5, "SUCCESS"), actions)]);
        let pages = drain(&server, json!({ "libraries": ["octo/jenkins-*"], "coverage": false }), NOW, None);
        assert!(show(&pages).contains("sha 2222222"), "{}", show(&pages));
    }
}

#[test]
fn a_running_build_is_told_once_when_it_has_finished() {
    let server = one_job([built(6, 6, "SUCCESS"), running(7, 5)]);
    let first = drain(&server, settings(), NOW, None);
    assert_eq!(first.iter().map(|page| page.facts.len()).sum::<usize>(), 1);
    // It has no fact yet, and when it has one that lies later: coverage does not wait for it.
    assert_eq!(covered(&first).as_deref(), Some("2026-01-01T00:00:00Z"));
    let second = drain(&server, settings(), NOW + HOUR, cursor(&first));
    assert_eq!(show(&second), "");
    let mut finished = built(7, 5, "FAILURE");
    finished["duration"] = json!(6 * HOUR);
    server.borrow_mut().builds.get_mut("x").unwrap()[0] = finished;
    let third = drain(&server, settings(), NOW + 2 * HOUR, cursor(&second));
    expect![[r#"
        x#7@1767207600000 at 2026-01-01T01:00:00Z: x #7 failure
    "#]]
    .assert_eq(&show(&third));
    let later = drain(&server, settings(), NOW + 9 * HOUR, cursor(&third));
    assert_eq!(show(&later), "");
}

#[test]
fn a_build_that_was_paused_for_days_is_told_though_the_newest_hundred_have_passed_it() {
    let server = one_job([running(1, 200)]);
    let mut pages = drain(&server, settings(), NOW, None);
    for number in 2..=300 {
        server.borrow_mut().build("x", built(number, 100 - Instant::from(number) / 3, "SUCCESS"));
    }
    pages = drain(&server, settings(), NOW + HOUR, cursor(&pages));
    let mut finished = built(1, 200, "SUCCESS");
    finished["duration"] = json!(201 * HOUR);
    *server.borrow_mut().builds.get_mut("x").unwrap().last_mut().unwrap() = finished;
    pages = drain(&server, settings(), NOW + 2 * HOUR, cursor(&pages));
    assert!(show(&pages).contains("x#1@1766505600000 at 2026-01-01T01:00:00Z: x #1 success\n"), "{}", show(&pages));
}

#[test]
fn a_build_that_finished_in_the_window_is_told_though_it_began_before() {
    let mut long = built(1, 24 * 30 + 50, "SUCCESS");
    long["duration"] = json!(60 * HOUR);
    let mut numbers: Vec<Value> = vec![long];
    numbers.extend((2..=150).map(|number| built(number, 700 - Instant::from(number), "SUCCESS")));
    let pages = drain(&one_job(numbers), settings(), NOW, None);
    assert!(show(&pages).contains("x#1@"));
    assert_eq!(pages.iter().map(|page| page.facts.len()).sum::<usize>(), 150);
}

#[test]
fn builds_beyond_the_newest_hundred_are_read_only_as_far_as_the_window_goes() {
    let server = one_job((1..=350).map(|number| built(number, 3_750 - Instant::from(number) * 10, "SUCCESS")));
    let pages = drain(&server, settings(), NOW, None);
    let count = pages.iter().map(|page| page.facts.len()).sum::<usize>();
    // 720 hours in the window; the last of the 350 began 250 hours ago.
    assert_eq!(count, (720 - 250) / 10 + 1);
    let server = server.borrow();
    assert!(server.seen.iter().all(|url| !url.contains("allBuilds")));
    drop(server);
    let server = one_job((1..=350).map(|number| built(number, 360 - Instant::from(number), "SUCCESS")));
    let pages = drain(&server, settings(), NOW, None);
    assert_eq!(pages.iter().map(|page| page.facts.len()).sum::<usize>(), 350);
    let lists: Vec<String> = (server.borrow().seen.iter())
        .filter_map(|url| url.split_once("/job/x/api/json?").map(|(_, tree)| tree))
        .map(|tree| format!("{}{}", tree.split('[').next().unwrap(), &tree[tree.rfind('{').unwrap()..]))
        .collect();
    expect![[r#"
        [
            "builds{0,100}",
            "allBuilds{90,190}",
            "allBuilds{180,280}",
            "allBuilds{270,370}",
        ]
    "#]]
    .assert_debug_eq(&lists);
}

#[test]
fn builds_that_come_and_go_while_they_are_paged_are_all_told() {
    let server = one_job((1..=350).map(|number| built(number, 360 - Instant::from(number), "SUCCESS")));
    let source = source(&server, settings()).max_facts(60);
    let (mut saved, mut numbers) = (None::<String>, std::collections::BTreeSet::new());
    for call in 0.. {
        let page = source.collect("builds", saved.as_deref()).unwrap();
        for fact in &page.facts {
            numbers.insert(fact.key.clone());
        }
        saved = page.cursor.clone().or(saved);
        if !page.more {
            break;
        }
        let mut server = server.borrow_mut();
        let builds = server.builds.get_mut("x").unwrap();
        match call {
            // Somebody deletes thirty that were read.
            1 => drop(builds.drain(..30)),
            2 => builds.insert(0, built(351, 1, "SUCCESS")),
            // The oldest are discarded.
            3 => builds.truncate(builds.len() - 20),
            _ => {}
        }
    }
    let expected: Vec<String> =
        (21..=350).map(|number| format!("x#{number}@{}", NOW - (360 - Instant::from(number)) * HOUR)).collect();
    for key in expected {
        assert!(numbers.contains(&key), "{key}");
    }
}

#[test]
fn a_job_that_was_made_anew_is_read_from_its_first_build_on() {
    let server = one_job([built(41, 9, "SUCCESS"), running(42, 8)]);
    let pages = drain(&server, settings(), NOW, None);
    // The same numbers come again, for other builds.
    server.borrow_mut().builds.insert("x".to_owned(), vec![running(42, -2), built(1, -1, "FAILURE")]);
    let pages = drain(&server, settings(), NOW + 3 * HOUR, cursor(&pages));
    expect![[r#"
        x#1@1767229200000 at 2026-01-01T01:01:00Z: x #1 failure
    "#]]
    .assert_eq(&show(&pages));
    server.borrow_mut().builds.get_mut("x").unwrap()[0] = built(42, -2, "SUCCESS");
    let pages = drain(&server, settings(), NOW + 4 * HOUR, cursor(&pages));
    assert!(show(&pages).contains("x#42@1767232800000"), "{}", show(&pages));
}

#[test]
fn discarded_builds_and_deleted_jobs_are_forgotten() {
    let server = one_job([running(3, 8), built(9, 3, "SUCCESS")]);
    let pages = drain(&server, settings(), NOW, None);
    server.borrow_mut().builds.get_mut("x").unwrap().pop();
    let pages = drain(&server, settings(), NOW + HOUR, cursor(&pages));
    assert_eq!(show(&pages), "");
    server.borrow_mut().seen.clear();
    let pages = drain(&server, settings(), NOW + 2 * HOUR, cursor(&pages));
    assert_eq!((show(&pages).as_str(), server.borrow().seen.len()), ("", 1));
}

#[test]
fn a_server_whose_clock_is_ahead_is_read_by_its_own_clock_and_nothing_is_told_of_the_future() {
    // The server's clock is two hours ahead: what ended in its last two hours lies in our future.
    let server = one_job([built(1, 5, "SUCCESS"), built(2, -1, "SUCCESS")]);
    let pages = drain(&server, settings(), NOW, None);
    assert_eq!(show(&pages).lines().count(), 1);
    assert_eq!(pages.last().unwrap().covered_through, Some(NOW));
    let pages = drain(&server, settings(), NOW + 2 * HOUR, cursor(&pages));
    assert!(show(&pages).contains("x#2@"), "{}", show(&pages));
    // And behind: coverage goes no further than that clock.
    assert_eq!(pages.last().unwrap().covered_through, Some(NOW));
}

#[test]
fn a_stretch_of_the_past_is_read_without_waiting_for_anything() {
    let server = one_job([built(1, 500, "SUCCESS"), running(2, 400), built(3, 300, "SUCCESS"), built(4, 2, "SUCCESS")]);
    let source = source(&server, settings()).window(NOW - 600 * HOUR, NOW - 350 * HOUR).now(NOW);
    let page = source.collect("builds", None).unwrap();
    assert_eq!(show(std::slice::from_ref(&page)).lines().count(), 1);
}

#[test]
fn what_is_of_no_form_that_jenkins_has_is_counted() {
    let broken = |field: &str, value: Value| {
        let mut build = built(1, 5, "SUCCESS");
        build[field] = value;
        build
    };
    for build in [
        broken("number", Value::Null),
        broken("number", json!(-1)),
        broken("number", json!(5_000_000_000_u64)),
        broken("timestamp", json!("2026-01-01")),
        broken("timestamp", json!(-5)),
        broken("timestamp", json!(9_007_199_254_740_993_u64)),
        broken("duration", json!(-1)),
        broken("duration", json!(i64::MAX)),
        broken("result", json!("SPLENDID")),
        broken("result", Value::Null),
        json!(null),
        json!([]),
    ] {
        let mut server = JenkinsServer::default();
        let listed = build.clone();
        server.fault = Some(Box::new(move |url| {
            let item = json!({ "_class": PIPELINE, "name": "x", "lastBuild": { "number": 1, "timestamp": NOW } });
            let body = if url.starts_with("/api") { json!({ "jobs": [item] }) } else { json!({ "builds": [listed] }) };
            Some(Ok(json_body(&body).with("date", DATE)))
        }));
        let pages = drain(&server.shared(), settings(), NOW, None);
        assert_eq!(show(&pages), "problem Rejected x x1\n", "{build}");
    }
}
