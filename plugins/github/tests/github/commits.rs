//! The feed of commits.

use std::collections::BTreeMap;

use expect_test::expect;
use quintant_sdk::instant::DAY;
use quintant_sdk::prelude::*;
use serde_json::json;

use crate::history::{History, days_ago, numbers};
use crate::server::{GitHubServer, NOW, Shared, shared, source};
use crate::{show, stored};

fn landed(pages: &[Page]) -> BTreeMap<String, Instant> {
    stored(pages).into_iter().map(|(key, fact)| (key.strip_prefix("42@").unwrap().to_owned(), fact.at)).collect()
}

fn expected(server: &Shared, from: Instant) -> BTreeMap<String, Instant> {
    let mut landings = server.borrow().history.landings();
    landings.retain(|_, at| *at >= from);
    landings
}

#[test]
fn every_commit_has_its_landing_in_first_and_later_scans() {
    for seed in 0..25 {
        let mut random = numbers(seed);
        let mut history = History::default();
        let old = 1 + random(30);
        history.grow(&mut random, old, days_ago(300), days_ago(100));
        let recent = random(40);
        history.grow(&mut random, recent, days_ago(100), days_ago(1));
        let server = shared(GitHubServer { history, ..GitHubServer::default() });
        let page_size = u32::try_from(1 + random(9)).unwrap();
        let max_facts = u32::try_from(1 + random(9)).unwrap();
        let source = || source(&server, &["octo/app"], page_size).max_facts(max_facts);

        let first = source().drain("commits", None).unwrap();
        assert_eq!(landed(&first), expected(&server, days_ago(90)), "seed {seed}");
        assert!(first.iter().all(|page| page.facts.len() <= max_facts as usize));
        assert!(first.iter().all(|page| page.problems.is_empty()));
        assert_eq!(first.last().unwrap().covered_through, Some(NOW));
        let covered = first.iter().filter(|page| page.covered_through.is_some());
        assert_eq!(covered.count(), 1);

        let news = 1 + random(10);
        server.borrow_mut().history.grow(&mut random, news, days_ago(1), NOW + DAY);
        let cursor = first.last().unwrap().cursor.clone();
        let later = source().window(NOW - DAY, NOW + DAY).drain("commits", cursor.as_deref());
        let all: Vec<Page> = first.into_iter().chain(later.unwrap()).collect();
        assert_eq!(landed(&all), expected(&server, days_ago(90)), "seed {seed}, later");
    }
}

#[test]
fn a_page_that_is_asked_for_again_is_the_same() {
    let mut random = numbers(7);
    let mut history = History::default();
    history.grow(&mut random, 60, days_ago(200), days_ago(1));
    let server = shared(GitHubServer { history, ..GitHubServer::default() });
    let source = source(&server, &["octo/app"], 5).max_facts(4);
    let pages = source.drain("commits", None).unwrap();
    let mut cursor = None;
    for page in pages {
        assert_eq!(source.collect("commits", cursor.as_deref()).unwrap(), page);
        cursor = page.cursor;
    }
}

#[test]
fn nothing_new_costs_one_conditional_request() {
    let mut history = History::default();
    history.grow(&mut numbers(1), 5, days_ago(20), days_ago(1));
    let server = shared(GitHubServer { history, ..GitHubServer::default() });
    let source = source(&server, &["octo/app"], 100);
    let pages = source.drain("commits", None).unwrap();
    server.borrow_mut().seen.clear();
    let page = source.collect("commits", pages.last().unwrap().cursor.as_deref()).unwrap();
    assert_eq!(server.borrow().seen, ["/repos/octo/app/commits?per_page=1"]);
    assert_eq!((page.facts.len(), page.more, page.covered_through), (0, false, Some(NOW)));
}

#[test]
fn a_wider_window_reads_again() {
    let mut history = History::default();
    history.grow(&mut numbers(3), 40, days_ago(200), days_ago(1));
    let server = shared(GitHubServer { history, ..GitHubServer::default() });
    let source = source(&server, &["octo/app"], 7);
    let pages = source.drain("commits", None).unwrap();
    let cursor = pages.last().unwrap().cursor.clone();
    let wider = source.window(days_ago(150), NOW).drain("commits", cursor.as_deref()).unwrap();
    assert_eq!(landed(&wider), expected(&server, days_ago(150)));
}

#[test]
fn a_rewritten_history_is_listed_from_the_window_on() {
    let mut random = numbers(5);
    let mut history = History::default();
    history.grow(&mut random, 20, days_ago(200), days_ago(10));
    let kept = history.clone();
    let server = shared(GitHubServer { history, ..GitHubServer::default() });
    let source = source(&server, &["octo/app"], 10);
    let pages = source.drain("commits", None).unwrap();
    let head = server.borrow().history.head.clone();
    {
        let mut server = server.borrow_mut();
        server.history = kept;
        server.history.grow(&mut random, 3, days_ago(10), NOW);
        server.history.forget(&head);
    }
    let cursor = pages.last().unwrap().cursor.clone();
    let later = source.window(NOW - DAY, NOW).drain("commits", cursor.as_deref()).unwrap();
    let newest = server.borrow().history.head.clone();
    assert!(landed(&later).contains_key(&newest));
    assert!(!later.last().unwrap().more);
}

#[test]
fn an_empty_repository_is_fine_and_is_read_once_it_has_commits() {
    let server = shared(GitHubServer::default());
    let source = source(&server, &["octo/app"], 100);
    let pages = source.drain("commits", None).unwrap();
    expect![""].assert_eq(&show(pages.last().unwrap()));
    assert_eq!(pages.last().unwrap().covered_through, Some(NOW));
    server.borrow_mut().history.grow(&mut numbers(9), 4, days_ago(80), days_ago(30));
    let cursor = pages.last().unwrap().cursor.clone();
    let later = source.window(NOW - DAY, NOW).drain("commits", cursor.as_deref()).unwrap();
    assert_eq!(landed(&later), expected(&server, days_ago(90)));
}

#[test]
fn recorded_commits_become_facts() {
    let history: serde_json::Value = serde_json::from_str(include_str!("../fixtures/merged_history.json")).unwrap();
    let source = quintant_sdk::testing::Source::<quintant_plugin_github::GitHub>::new(
        json!({ "repositories": ["octocat/hello-world"] }),
        move |request| {
            let quintant_sdk::http::Target::Path(path) = &request.target else { unreachable!() };
            let body = if path.ends_with("/commits") { &history } else { &json!({ "id": 9 }) };
            Ok(Response::new(200).body(body.to_string()))
        },
    );
    let now = instant::parse_rfc3339("2026-11-24T00:00:00Z").unwrap();
    let pages = source.window(now - 30 * DAY, now).drain("commits", None).unwrap();
    let text: String = pages.iter().map(show).collect();
    expect![[r#"
        9@eb489f9c6597b474a82776ce1cb0aafb3eb7b9b1 at 2026-11-23T03:57:21Z: octocat/hello-world eb489f9 by octocat|octocat@localhost=3, authored 2026-11-23T03:57:21Z, 0 parents
        9@0b014b6093942de9f2d558919f074747c93109ee at 2026-11-23T03:57:24Z: octocat/hello-world 0b014b6 by octocat|octocat@github.com=3, authored 2026-11-23T03:57:24Z, 2 parents
        9@bfca0647c669e43e275a1cd703819db2bef8149a at 2026-11-23T03:57:24Z: octocat/hello-world bfca064 by octocat|octocat@github.com=3, authored 2024-03-01T08:00:00Z, 1 parents
        9@b50335572754048b6e05ed55b0d33c21aeb3c5f4 at 2026-11-23T03:57:24Z: octocat/hello-world b503355 by octocat|octocat@github.com=3, authored 2026-11-23T03:57:24Z, 1 parents
        9@6a0e0c9bed98130b12da2ab38b08642fb2d63027 at 2026-11-23T03:57:25Z: octocat/hello-world 6a0e0c9 by octocat|octocat@github.com=3, authored 2026-11-23T03:57:25Z, 2 parents
        9@5aaa8a17bf48e1e47d60fe4ecfe986a1f8e7acfc at 2026-11-23T03:57:25Z: octocat/hello-world 5aaa8a1 by octocat|octocat@github.com=3, authored 2024-03-09T08:00:00Z, 1 parents
    "#]].assert_eq(&text);
}
