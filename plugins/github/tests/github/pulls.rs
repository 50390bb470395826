//! The feed of pull requests: paging, conditional requests, resuming.

use std::collections::BTreeSet;

use quintant_sdk::instant::DAY;
use quintant_sdk::prelude::*;

use crate::history::days_ago;
use crate::server::{GitHubServer, NOW, Shared, event, pull, review, shared, source};
use crate::stored;

fn twelve() -> Shared {
    let mut server = GitHubServer::default();
    for number in 1..=12 {
        let updated = 1.0 + f64::from(number);
        let merged = (number % 3 != 0).then_some(updated);
        server.pulls.insert(number, pull(number, 1, updated, merged));
        let id = u64::from(number) * 10;
        let reviews = vec![review(id, 2, "COMMENTED", updated - 0.3), review(id + 1, 3, "APPROVED", updated - 0.2)];
        server.reviews.insert(number, reviews);
        server.events.insert(number, vec![event("ready_for_review", updated - 0.4)]);
    }
    shared(server)
}

fn keys(pages: &[Page]) -> BTreeSet<String> {
    stored(pages).into_keys().collect()
}

#[test]
fn every_page_size_brings_the_same_facts() {
    let whole = stored(&source(&twelve(), &["octo/app"], 100).drain("pull_requests", None).unwrap());
    assert_eq!(whole.len(), 8 + 24);
    for page_size in 1..=13 {
        for max_facts in [1, 2, 5, 1_000] {
            let server = twelve();
            let source = source(&server, &["octo/app"], page_size).max_facts(max_facts);
            let pages = source.drain("pull_requests", None).unwrap();
            assert_eq!(stored(&pages), whole, "page_size {page_size}, max_facts {max_facts}");
            assert_eq!(pages.last().unwrap().covered_through, Some(NOW));
        }
    }
}

#[test]
fn a_scan_that_is_cut_anywhere_goes_on_while_things_move() {
    for cut in 1..6 {
        let server = twelve();
        let source = || source(&server, &["octo/app"], 3).max_facts(4);
        let mut pages = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..cut {
            let page = source().collect("pull_requests", cursor.as_deref()).unwrap();
            cursor = page.cursor.clone();
            pages.push(page);
        }
        // Number 2, maybe not read yet, moves to the top; so does a new one.
        server.borrow_mut().pulls.insert(2, pull(2, 1, 20.0, Some(3.0)));
        server.borrow_mut().pulls.insert(13, pull(13, 1, 21.0, Some(21.0)));
        pages.extend(source().drain("pull_requests", cursor.as_deref()).unwrap());
        let cursor = pages.last().unwrap().cursor.clone();
        let next = source().window(NOW - DAY * 30, NOW + DAY);
        pages.extend(next.drain("pull_requests", cursor.as_deref()).unwrap());
        let mut expected = keys(&source().drain("pull_requests", None).unwrap());
        expected.insert("42#2/merged".to_owned());
        assert_eq!(keys(&pages), expected, "cut after {cut}");
    }
}

#[test]
fn what_was_updated_before_the_window_is_not_read() {
    let server = twelve();
    let start = crate::server::day(9.5);
    let start = instant::parse_rfc3339(&start).unwrap();
    let source = source(&server, &["octo/app"], 2).window(start, NOW);
    let pages = source.drain("pull_requests", None).unwrap();
    let ids: BTreeSet<String> = stored(&pages)
        .values()
        .filter_map(|fact| match &fact.fact {
            Fact::Change(change) => Some(change.id.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(ids, BTreeSet::from(["42#10".to_owned(), "42#11".to_owned()]));
    let listings = server.borrow().seen.iter().filter(|url| url.contains("/pulls?")).count();
    assert_eq!(listings, 3);
}

#[test]
fn nothing_new_costs_one_conditional_request_a_repository() {
    let server = twelve();
    let source = source(&server, &["octo/app", "octo/web"], 5);
    let pages = source.drain("pull_requests", None).unwrap();
    server.borrow_mut().seen.clear();
    let page = source.collect("pull_requests", pages.last().unwrap().cursor.as_deref()).unwrap();
    assert_eq!(server.borrow().seen.len(), 2);
    assert_eq!((page.facts.len(), page.more, page.covered_through), (0, false, Some(NOW)));
}

#[test]
fn a_wider_window_is_not_answered_by_a_validator() {
    let server = twelve();
    let narrow = source(&server, &["octo/app"], 5).window(days_ago(20), NOW);
    let pages = narrow.drain("pull_requests", None).unwrap();
    let cursor = pages.last().unwrap().cursor.clone();
    let wide = source(&server, &["octo/app"], 5);
    let wide = wide.drain("pull_requests", cursor.as_deref()).unwrap();
    assert_eq!(stored(&wide).len(), 32);
}

#[test]
fn a_reopened_pull_request_takes_its_close_back() {
    let server = twelve();
    let mut closed = pull(3, 1, 15.0, None);
    closed["state"] = "closed".into();
    closed["closed_at"] = crate::server::day(15.0).into();
    server.borrow_mut().pulls.insert(3, closed);
    let source = source(&server, &["octo/app"], 100);
    let first = source.drain("pull_requests", None).unwrap();
    assert!(keys(&first).contains("42#3/closed"));
    server.borrow_mut().pulls.insert(3, pull(3, 1, 16.0, None));
    let cursor = first.last().unwrap().cursor.clone();
    let later = source.drain("pull_requests", cursor.as_deref()).unwrap();
    let pages: Vec<Page> = first.into_iter().chain(later).collect();
    assert!(!keys(&pages).contains("42#3/closed"));
}

#[test]
fn events_are_asked_for_only_where_they_matter() {
    let server = twelve();
    server.borrow_mut().reviews.insert(1, vec![review(10, 1, "COMMENTED", 1.5)]);
    source(&server, &["octo/app"], 100).drain("pull_requests", None).unwrap();
    let server = server.borrow();
    let asked = |number: u32| server.seen.iter().any(|url| url.contains(&format!("/issues/{number}/events")));
    assert!(!asked(1), "reviewed by its author only");
    assert!(asked(2));
    assert!(!asked(3), "not merged");
}

#[test]
fn changed_settings_start_the_scan_over() {
    let server = twelve();
    let first = source(&server, &["octo/app"], 3).collect("pull_requests", None).unwrap();
    assert!(first.more);
    let both = source(&server, &["octo/web", "octo/app"], 100);
    let pages = both.drain("pull_requests", first.cursor.as_deref()).unwrap();
    assert_eq!(stored(&pages).len(), 32);
}
