//! Which jobs are found, and where.

use expect_test::expect;
use quintant_sdk::prelude::*;
use serde_json::{Value, json};

use crate::server::{
    FOLDER, FREESTYLE, HOUR, JenkinsServer, MULTIBRANCH, NOW, ORGANISATION, PIPELINE, built, cursor, drain, json_body,
    source,
};
use crate::{covered, show};

#[test]
fn folders_organisations_and_branches_are_found_and_branch_names_are_encoded_once_more() {
    let mut server = JenkinsServer::with(&[
        ("amber", FOLDER),
        ("amber/deep", FOLDER),
        ("amber/deep/job with blank", FREESTYLE),
        ("octo", ORGANISATION),
        ("octo/app", MULTIBRANCH),
        ("octo/app/main", PIPELINE),
        ("octo/app/feature%2Fx", PIPELINE),
        ("octo/app/PR-7", PIPELINE),
        ("top", FREESTYLE),
        ("never built", FREESTYLE),
    ]);
    for job in ["amber/deep/job with blank", "octo/app/main", "octo/app/feature%2Fx", "octo/app/PR-7", "top"] {
        server.build(job, built(1, 5, "SUCCESS"));
    }
    let server = server.shared();
    let pages = drain(&server, json!({ "coverage": false }), NOW, None);
    expect![[r#"
        amber/deep/job with blank#1@1767207600000 at 2025-12-31T19:01:00Z: amber/deep/job with blank #1 success
        octo/app/PR-7#1@1767207600000 at 2025-12-31T19:01:00Z: octo/app #1 success, branch
        octo/app/feature%2Fx#1@1767207600000 at 2025-12-31T19:01:00Z: octo/app #1 success, branch
        octo/app/main#1@1767207600000 at 2025-12-31T19:01:00Z: octo/app #1 success
        top#1@1767207600000 at 2025-12-31T19:01:00Z: top #1 success
    "#]]
    .assert_eq(&show(&pages));
    assert_eq!(covered(&pages).as_deref(), Some("2026-01-01T00:00:00Z"));
    let server = server.borrow();
    let paths: Vec<&str> =
        server.seen.iter().filter_map(|url| url.split_once("?builds").map(|(path, _)| path)).collect();
    expect![[r#"
        [
            "/job/amber/job/deep/job/job%20with%20blank/api/json",
            "/job/octo/job/app/job/main/api/json",
            "/job/top/api/json",
        ]
    "#]]
    .assert_debug_eq(&paths);
}

#[test]
fn builds_of_branches_come_with_their_listing_in_the_first_run_alone() {
    let mut server = JenkinsServer::with(&[
        ("app", MULTIBRANCH),
        ("app/PR-1", PIPELINE),
        ("app/PR-2", PIPELINE),
        ("app/main", PIPELINE),
    ]);
    for job in ["app/PR-1", "app/main"] {
        server.build(job, built(1, 50, "SUCCESS"));
    }
    // More than come with the listing.
    for number in 1..=9 {
        server.build("app/PR-2", built(number, 50 - Instant::from(number), "FAILURE"));
    }
    let server = server.shared();
    let asked = |server: &crate::server::Shared| -> Vec<String> {
        let paths = server.borrow().seen.iter().map(|url| url.split('?').next().unwrap().to_owned()).collect();
        server.borrow_mut().seen.clear();
        paths
    };
    let settings = json!({ "folders": ["app"], "coverage": false });
    let first = drain(&server, settings.clone(), NOW, None);
    assert_eq!(first.iter().map(|page| page.facts.len()).sum::<usize>(), 11, "{}", show(&first));
    // A configured folder says what it is with its first listing.
    assert_eq!(
        asked(&server),
        ["/job/app/api/json", "/job/app/job/PR-1/api/json", "/job/app/job/PR-2/api/json", "/job/app/job/main/api/json"]
    );
    let first = drain(&server, json!({ "coverage": false }), NOW, None);
    assert_eq!(first.iter().map(|page| page.facts.len()).sum::<usize>(), 11, "{}", show(&first));
    assert_eq!(
        asked(&server),
        ["/api/json", "/job/app/api/json", "/job/app/job/PR-2/api/json", "/job/app/job/main/api/json"]
    );
    server.borrow_mut().build("app/PR-1", built(2, 0, "SUCCESS"));
    let second = drain(&server, json!({ "coverage": false }), NOW + HOUR, cursor(&first));
    assert!(show(&second).contains("app #2 success, branch\n"), "{}", show(&second));
    assert_eq!(asked(&server), ["/api/json", "/job/app/api/json", "/job/app/job/PR-1/api/json"]);
}

#[test]
fn branches_that_are_too_much_with_their_builds_are_read_one_by_one() {
    for too_much in [HttpError::TooLarge(8), HttpError::Unreachable("timeout".to_owned())] {
        let mut server = JenkinsServer::with(&[("app", MULTIBRANCH), ("app/PR-1", PIPELINE), ("app/PR-2", PIPELINE)]);
        for job in ["app/PR-1", "app/PR-2"] {
            server.build(job, built(1, 5, "SUCCESS"));
        }
        server.fault = Some(Box::new(move |url| url.contains(",builds[").then(|| Err(too_much.clone()))));
        let pages = drain(&server.shared(), json!({ "coverage": false }), NOW, None);
        assert!(!show(&pages).contains("problem"), "{}", show(&pages));
        assert_eq!((show(&pages).lines().count(), covered(&pages).is_some()), (2, true));
    }
}

#[test]
fn only_the_configured_folders_are_read_and_what_is_excluded_is_not() {
    let mut server = JenkinsServer::with(&[
        ("a", FOLDER),
        ("a/b", MULTIBRANCH),
        ("a/b/main", PIPELINE),
        ("a/c", FREESTYLE),
        ("a/sandbox", FOLDER),
        ("a/sandbox/x", FREESTYLE),
        ("other", FREESTYLE),
    ]);
    for job in ["a/b/main", "a/c", "a/sandbox/x", "other"] {
        server.build(job, built(1, 5, "SUCCESS"));
    }
    let server = server.shared();
    let names = |settings: Value| -> Vec<String> {
        let pages = drain(&server, settings, NOW, None);
        pages.iter().flat_map(|page| &page.facts).map(|fact| fact.key.split('#').next().unwrap().to_owned()).collect()
    };
    assert_eq!(names(json!({ "folders": ["a"], "exclude": ["*sandbox"], "coverage": false })), ["a/b/main", "a/c"]);
    assert_eq!(names(json!({ "folders": ["a/b", "a/sandbox"], "coverage": false })), ["a/b/main", "a/sandbox/x"]);
    // The class of a folder that is configured is learned from its own listing: its jobs are branches.
    let pages = drain(&server, json!({ "folders": ["a/b"], "coverage": false }), NOW, None);
    assert!(show(&pages).contains("a/b #1 success\n"), "{}", show(&pages));
    assert!(!server.borrow().seen.iter().any(|url| url.contains("/job/sandbox/api") && url.contains("other")));
}

#[test]
fn a_long_listing_is_read_in_stretches_and_misses_nothing_when_jobs_go_away_meanwhile() {
    let names: Vec<String> = (0..450).map(|number| format!("job-{number:03}")).collect();
    let items: Vec<(&str, &'static str)> = names.iter().map(|name| (name.as_str(), FREESTYLE)).collect();
    let mut server = JenkinsServer::with(&items);
    for name in &names {
        server.build(name, built(1, 5, "SUCCESS"));
    }
    let server = server.shared();
    let source = source(&server, json!({ "coverage": false }));
    let (mut saved, mut keys) = (None::<String>, std::collections::BTreeSet::new());
    let mut gone = 0;
    loop {
        let page = source.collect("builds", saved.as_deref()).unwrap();
        keys.extend(page.facts.iter().map(|fact| fact.key.split('#').next().unwrap().to_owned()));
        // Jobs that were read go away: what comes after them moves up.
        let mut server = server.borrow_mut();
        if gone < 60 {
            for number in gone..gone + 30 {
                server.items.remove(&format!("job-{number:03}"));
            }
            gone += 30;
        }
        saved = page.cursor.clone().or(saved);
        if !page.more {
            break;
        }
    }
    assert_eq!(keys.len(), 450);
}

#[test]
fn a_folder_that_contains_itself_ends_and_so_does_one_that_only_says_so_by_its_depth() {
    for tells in [true, false] {
        let mut server = JenkinsServer::with(&[("top", FREESTYLE)]);
        server.build("top", built(1, 5, "SUCCESS"));
        server.fault = Some(Box::new(move |url| {
            let (path, tree) = url.split_once('?')?;
            let is_listing = tree.starts_with("_class,jobs[");
            let itself = if tells { json!("loop") } else { Value::Null };
            (is_listing && (path == "/api/json" || path.contains("/job/loop"))).then(|| {
                let top = json!({ "_class": FREESTYLE, "name": "top", "lastBuild": { "timestamp": NOW - 5 * HOUR } });
                let jobs = json!([{ "_class": FOLDER, "name": "loop", "fullName": itself, "jobs": [] }, top]);
                Ok(json_body(&json!({ "jobs": jobs })))
            })
        }));
        let server = server.shared();
        let pages = drain(&server, json!({ "exclude": ["loop/*top"], "coverage": false }), NOW, None);
        let text = show(&pages);
        assert!(text.contains("top#1@"), "{text}");
        let scope = if tells { "loop/loop".to_owned() } else { ["loop"; 11].join("/") };
        assert!(text.contains(&format!("problem Truncated {scope} x1\n")), "{text}");
        assert!(server.borrow().seen.len() < 20);
    }
}

#[test]
fn jobs_without_news_cost_nothing() {
    let names: Vec<String> = (0..80).map(|number| format!("job-{number:02}")).collect();
    let items: Vec<(&str, &'static str)> = names.iter().map(|name| (name.as_str(), FREESTYLE)).collect();
    let mut server = JenkinsServer::with(&items);
    for name in &names {
        server.build(name, built(1, 5, "SUCCESS"));
    }
    let server = server.shared();
    let settings = json!({ "coverage": false });
    let first = drain(&server, settings.clone(), NOW, None);
    assert_eq!(server.borrow().seen.len(), 81);
    server.borrow_mut().seen.clear();
    let idle = drain(&server, settings, NOW + HOUR, cursor(&first));
    assert_eq!(show(&idle), "");
    assert_eq!(server.borrow().seen.len(), 1);
    assert_eq!(idle.last().unwrap().covered_through, Some(NOW));
}

#[test]
fn old_answers_without_classes_are_understood() {
    let answer = |url: &str| {
        let (path, _) = url.split_once('?')?;
        let jobs = match path {
            "/api/json" => json!([{ "name": "a", "jobs": [{ "name": "b" }] }]),
            "/job/a/api/json" => json!([{ "name": "b", "lastBuild": { "number": 7 } }, { "name": 7 }, null, {}]),
            "/job/a/job/b/api/json" => return Some(Ok(json_body(&json!({ "builds": [built(7, 1, "FAILURE")] })))),
            _ => return None,
        };
        Some(Ok(json_body(&json!({ "jobs": jobs }))))
    };
    let server = JenkinsServer { fault: Some(Box::new(answer)), ..Default::default() };
    let pages = drain(&server.shared(), json!({}), NOW, None);
    expect![[r#"
        a/b#7@1767222000000 at 2025-12-31T23:01:00Z: a/b #7 failure
        problem Rejected a x3
    "#]]
    .assert_eq(&show(&pages));
}

#[test]
fn a_run_with_few_requests_still_gets_through() {
    let mut server = JenkinsServer::with(&[("a", FOLDER), ("a/x", PIPELINE), ("a/y", FREESTYLE), ("z", FREESTYLE)]);
    for job in ["a/x", "a/y", "z"] {
        for number in 1..=130 {
            server.build(job, built(number, 200 - Instant::from(number), "SUCCESS"));
        }
    }
    let server = server.shared();
    let settings = json!({ "deployments": [{ "job": "a/x", "stage": "Deploy" }] });
    let whole: Vec<String> = keys(&drain(&server, settings.clone(), NOW, None));
    let (mut saved, mut seen) = (None::<String>, Vec::new());
    for run in 0.. {
        assert!(run < 900, "no progress");
        let budget = std::cell::Cell::new(7);
        server.borrow_mut().fault = Some(Box::new(move |_| {
            budget.set(budget.get() - 1);
            (budget.get() < 0).then_some(Err(HttpError::Throttled(Some(60))))
        }));
        let source = source(&server, settings.clone()).window(NOW - 720 * HOUR, NOW);
        let mut is_done = false;
        while let Ok(page) = source.collect("builds", saved.as_deref()) {
            seen.extend(keys(std::slice::from_ref(&page)));
            saved = page.cursor.clone();
            if !page.more {
                is_done = true;
                break;
            }
        }
        if is_done {
            break;
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen, whole);
}

fn keys(pages: &[Page]) -> Vec<String> {
    let mut keys: Vec<String> = pages.iter().flat_map(|page| &page.facts).map(|fact| fact.key.clone()).collect();
    keys.sort();
    keys
}
