//! The four coverage plugins, each as it answers.

use expect_test::{Expect, expect};
use quintant_sdk::prelude::*;
use serde_json::{Value, json};

use crate::server::{FREESTYLE, HOUR, JenkinsServer, NOW, Shared, built, cursor, drain, html, with_actions};
use crate::show;

fn measured(page: &str, answer: &Value) -> Shared {
    let mut server = JenkinsServer::with(&[("x", FREESTYLE)]);
    server.build("x", built(1, 5, "SUCCESS"));
    server.build("x", built(2, 4, "UNSTABLE"));
    server.build("x", built(3, 3, "FAILURE"));
    for number in 1..=3 {
        server.pages.insert(format!("/job/x/{number}/{page}/api/json"), answer.clone());
    }
    server.shared()
}

fn check(page: &str, answer: &Value, expected: &Expect) {
    let server = measured(page, answer);
    let text = show(&drain(&server, json!({}), NOW, None));
    let lines: Vec<&str> = text.lines().filter_map(|line| line.split_once(": ").map(|(_, fact)| fact)).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn shares_are_texts() {
    let statistics = json!({ "line": "88.44%", "loc": "1263", "branch": "+50.19%", "mutation": "n/a" });
    check(
        "coverage",
        &json!({ "projectStatistics": statistics }),
        &expect![[r#"
            x #3 failure
            x #2 unstable, 1117/1263 lines
            x #1 success, 1117/1263 lines"#]],
    );
}

#[test]
fn elements_are_counted() {
    let element = |name: &str| json!({ "name": name, "ratio": 50.0, "numerator": 21.0, "denominator": 42.0 });
    let elements = json!({ "results": { "elements": [{ "name": "Class" }, element("Line"), null] } });
    check(
        "coverage/result",
        &elements,
        &expect![[r#"
            x #3 failure
            x #2 unstable, 21/42 lines
            x #1 success, 21/42 lines"#]],
    );
    check(
        "cobertura",
        &json!({ "results": { "elements": [element("Lines")] } }),
        &expect![[r#"
            x #3 failure
            x #2 unstable, 21/42 lines
            x #1 success, 21/42 lines"#]],
    );
}

#[test]
fn jacoco_has_totals() {
    check(
        "jacoco",
        &json!({ "lineCoverage": { "covered": 8, "missed": 2, "percentage": 80, "percentageFloat": 80.0, "total": 10 } }),
        &expect![[r#"
            x #3 failure
            x #2 unstable, 8/10 lines
            x #1 success, 8/10 lines"#]],
    );
}

#[test]
fn what_jacoco_tells_in_the_build_is_asked_for_nowhere_else() {
    let mut server = JenkinsServer::with(&[("x", FREESTYLE)]);
    let measured =
        |covered: u32| json!({ "_class": "JacocoBuildAction", "lineCoverage": { "covered": covered, "total": 10 } });
    server.build("x", with_actions(built(1, 5, "SUCCESS"), [measured(8)]));
    server.build("x", with_actions(built(2, 4, "SUCCESS"), [measured(9)]));
    server.build("x", with_actions(built(3, 3, "FAILURE"), [measured(1)]));
    let server = server.shared();
    let text = show(&drain(&server, json!({}), NOW, None));
    assert!(text.contains("x #1 success, 8/10 lines\n") && text.contains("x #2 success, 9/10 lines\n"), "{text}");
    assert!(text.contains("x #3 failure\n"), "{text}");
    assert_eq!(server.borrow().seen.len(), 2, "the listing and the builds: {:?}", server.borrow().seen);
}

#[test]
fn what_cannot_be_is_not_known() {
    for (page, answer) in [
        ("coverage", json!({ "projectStatistics": { "line": "n/a", "loc": "12" } })),
        ("coverage", json!({ "projectStatistics": { "line": "101%", "loc": "12" } })),
        ("coverage", json!({ "projectStatistics": { "line": "50%" } })),
        ("coverage", json!({ "projectStatistics": [] })),
        ("jacoco", json!({ "lineCoverage": { "covered": 11, "total": 10 } })),
        ("jacoco", json!({ "lineCoverage": null })),
        (
            "cobertura",
            json!({ "results": { "elements": [{ "name": "Lines", "numerator": -1.0, "denominator": 1e300 }] } }),
        ),
    ] {
        let text = show(&drain(&measured(page, &answer), json!({}), NOW, None));
        assert!(!text.contains("lines") && !text.contains("problem"), "{answer} {text}");
    }
}

#[test]
fn each_plugin_is_tried_once_and_the_right_one_remembered() {
    let server = measured("jacoco", &json!({ "lineCoverage": { "covered": 8, "total": 10 } }));
    let asked = |server: &Shared| -> Vec<String> {
        let coverage = |url: &&String| url.contains("coverage") || url.contains("jacoco") || url.contains("cobertura");
        let seen: Vec<String> = server.borrow().seen.iter().filter(coverage).cloned().collect();
        server.borrow_mut().seen.clear();
        seen.iter().map(|url| url.split('?').next().unwrap().to_owned()).collect()
    };
    let pages = drain(&server, json!({}), NOW, None);
    expect![[r#"
        [
            "/job/x/2/coverage/api/json",
            "/job/x/2/coverage/result/api/json",
            "/job/x/2/jacoco/api/json",
            "/job/x/1/jacoco/api/json",
        ]
    "#]]
    .assert_debug_eq(&asked(&server));
    server.borrow_mut().build("x", built(4, 0, "SUCCESS"));
    drain(&server, json!({}), NOW + HOUR, cursor(&pages));
    assert_eq!(asked(&server), ["/job/x/4/jacoco/api/json"]);
}

#[test]
fn a_build_that_measured_nothing_hides_no_other() {
    let server = measured("other", &json!({}));
    let covered = json!({ "lineCoverage": { "covered": 8, "total": 10 } });
    server.borrow_mut().pages.insert("/job/x/1/jacoco/api/json".to_owned(), covered);
    let pages = drain(&server, json!({}), NOW, None);
    let text = show(&pages);
    assert!(text.contains("x #2 unstable\n") && text.contains("x #1 success, 8/10 lines"), "{text}");
    // Nor does another plugin from now on.
    let element = json!({ "name": "Line", "numerator": 3.0, "denominator": 4.0 });
    for number in 4..=5 {
        server.borrow_mut().build("x", built(number, -i64::from(number - 4), "SUCCESS"));
        let page = format!("/job/x/{number}/coverage/result/api/json");
        server.borrow_mut().pages.insert(page, json!({ "results": { "elements": [element] } }));
    }
    let text = show(&source_window(&server, 2, &pages));
    assert!(text.contains("x #4 success, 3/4 lines"), "{text}");
}

#[test]
fn where_there_is_none_it_is_looked_for_again_after_a_week() {
    let server = measured("other", &json!({}));
    let mut pages = drain(&server, json!({}), NOW, None);
    for (days, tries) in [(1, 4), (6, 0), (8, 4), (9, 4), (10, 4), (11, 0)] {
        server.borrow_mut().seen.clear();
        let hours = days * 24;
        server.borrow_mut().build("x", built(100 + u32::try_from(days).unwrap(), 1 - hours, "SUCCESS"));
        let since = source_window(&server, hours, &pages);
        let count = server
            .borrow()
            .seen
            .iter()
            .filter(|url| url.contains("coverage") || url.contains("jacoco") || url.contains("cobertura"))
            .count();
        assert_eq!(count, tries, "day {days}");
        pages = since;
    }
}

fn source_window(server: &Shared, hours: Instant, pages: &[Page]) -> Vec<Page> {
    let source = crate::server::source(server, json!({}));
    source.window(NOW + (hours - 3) * HOUR, NOW + hours * HOUR).drain("builds", cursor(pages)).unwrap()
}

#[test]
fn coverage_that_cannot_be_read_does_not_hold_the_build() {
    let server = measured("jacoco", &json!({}));
    server.borrow_mut().fault = Some(Box::new(|url| url.contains("/2/coverage/api").then(|| html(500))));
    let pages = drain(&server, json!({}), NOW, None);
    let text = show(&pages);
    assert!(text.contains("x #2 unstable\n") && text.contains("problem Unavailable /job/x/2 x1\n"), "{text}");
    assert!(pages.last().unwrap().covered_through.is_some());
}
