//! What is a deployment: whole jobs and single stages.

use expect_test::{Expect, expect};
use quintant_sdk::prelude::*;
use serde_json::{Value, json};

use crate::server::{
    FOLDER, FREESTYLE, HOUR, JenkinsServer, MULTIBRANCH, NOW, PIPELINE, Shared, built, cursor, drain, git, html,
    running, with_actions,
};
use crate::show;

const SHA: &str = "7def9ed6e92580f37d00e4980c36c4d36e68f702";

fn check(server: &Shared, settings: Value, expected: &Expect) {
    let mut settings = settings;
    settings["coverage"] = json!(false);
    expected.assert_eq(&show(&drain(server, settings, NOW, None)));
}

fn stage(id: &str, name: &str, status: &str, hours: Instant) -> Value {
    json!({ "id": id, "name": name, "status": status, "startTimeMillis": NOW - hours * HOUR, "durationMillis": 90_000,
        "pauseDurationMillis": 0, "_links": { "self": { "href": "/jenkins/job/x/1/execution/node/8/wfapi/describe" } } })
}

fn described(stages: &[Value]) -> Value {
    json!({ "id": "1", "status": "SUCCESS", "stages": stages })
}

#[test]
fn every_build_of_a_deploy_job_is_a_deployment_and_no_build() {
    let mut server = JenkinsServer::with(&[("d", FOLDER), ("d/app-production", FREESTYLE), ("d/app-test", FREESTYLE)]);
    for (number, result) in [(1, "SUCCESS"), (2, "FAILURE"), (3, "UNSTABLE"), (4, "ABORTED"), (5, "NOT_BUILT")] {
        let hours = 20 - Instant::from(number);
        server.build("d/app-production", with_actions(built(number, hours, result), [git(SHA, "main", "octo/app")]));
    }
    server.build("d/app-production", running(6, 1));
    server.build("d/app-test", built(1, 2, "SUCCESS"));
    let server = server.shared();
    check(
        &server,
        json!({ "deployments": [{ "job": "d/*-production", "service": "svc-$1" }] }),
        &expect![[r#"
            svc-app/production/d/app-production#3@1767164400000 at 2025-12-31T07:01:00Z: svc-app to production success, octo/app@7def9ed6e92580f37d00e4980c36c4d36e68f702
            svc-app/production/d/app-production#2@1767160800000 at 2025-12-31T06:01:00Z: svc-app to production failure, octo/app@7def9ed6e92580f37d00e4980c36c4d36e68f702
            svc-app/production/d/app-production#1@1767157200000 at 2025-12-31T05:01:00Z: svc-app to production success, octo/app@7def9ed6e92580f37d00e4980c36c4d36e68f702
            d/app-test#1@1767218400000 at 2025-12-31T22:01:00Z: d/app-test #1 success
        "#]],
    );
    check(
        &server,
        json!({ "deployments": [
            { "job": "d/app-p*", "unstable": "failure", "rollback": true, "environment": "p$1" },
            { "job": "*", "unstable": "ignored", "environment": "test" },
        ] }),
        &expect![[r#"
            d/app-test/test/d/app-test#1@1767218400000 at 2025-12-31T22:01:00Z: d/app-test to test success
            d/app-production/production/d/app-production#3@1767164400000 at 2025-12-31T07:01:00Z: d/app-production to production failure, rollback, octo/app@7def9ed6e92580f37d00e4980c36c4d36e68f702
            d/app-production/production/d/app-production#2@1767160800000 at 2025-12-31T06:01:00Z: d/app-production to production failure, rollback, octo/app@7def9ed6e92580f37d00e4980c36c4d36e68f702
            d/app-production/production/d/app-production#1@1767157200000 at 2025-12-31T05:01:00Z: d/app-production to production success, rollback, octo/app@7def9ed6e92580f37d00e4980c36c4d36e68f702
        "#]],
    );
}

#[test]
fn what_was_deployed_is_found_upstream_or_told_by_the_change_sets() {
    let mut server =
        JenkinsServer::with(&[("a", FOLDER), ("a/build", FREESTYLE), ("promote", FREESTYLE), ("deploy", FREESTYLE)]);
    let cause =
        |project: &str, number: u32| json!({ "causes": [{}, { "upstreamProject": project, "upstreamBuild": number }] });
    server.build("a/build", with_actions(built(41, 9, "SUCCESS"), [git(SHA, "main", "octo/app")]));
    server.build("promote", with_actions(built(5, 8, "SUCCESS"), [cause("a/build", 41)]));
    server.build("deploy", with_actions(built(1, 7, "SUCCESS"), [cause("promote", 5)]));
    server.build("deploy", with_actions(built(2, 6, "SUCCESS"), [cause("discarded", 5)]));
    let mut changed = built(3, 5, "SUCCESS");
    changed["changeSet"] = json!({ "kind": "svn", "items": [{ "commitId": "3097" }, { "commitId": 3098 }, {}] });
    changed["changeSets"] = json!([{ "items": [{ "commitId": "3098" }, { "commitId": "3099" }] }, {}, null]);
    server.build("deploy", changed);
    check(
        &server.shared(),
        json!({ "deployments": [{ "job": "deploy" }] }),
        &expect![[r#"
            a/build#41@1767193200000 at 2025-12-31T15:01:00Z: a/build #41 success, sha 7def9ed6e92580f37d00e4980c36c4d36e68f702
            deploy/production/deploy#3@1767207600000 at 2025-12-31T19:01:00Z: deploy to production success, commits 3097 3098 3099
            deploy/production/deploy#2@1767204000000 at 2025-12-31T18:01:00Z: deploy to production success
            deploy/production/deploy#1@1767200400000 at 2025-12-31T17:01:00Z: deploy to production success, octo/app@7def9ed6e92580f37d00e4980c36c4d36e68f702
            promote#5@1767196800000 at 2025-12-31T16:01:00Z: promote #5 success
        "#]],
    );
}

fn pipelines() -> JenkinsServer {
    let mut server = JenkinsServer::with(&[("app", MULTIBRANCH), ("app/main", PIPELINE), ("app/x%2Fy", PIPELINE)]);
    server.build("app/main", with_actions(built(1, 5, "SUCCESS"), [git(SHA, "main", "octo/app")]));
    server.build("app/x%2Fy", built(1, 5, "SUCCESS"));
    server
}

fn rules() -> Value {
    json!({ "deployments": [{ "job": "*", "stage": "Roll back *", "environment": "$2", "rollback": true },
        { "job": "*", "stage": "Deploy to *", "environment": "$2" }], "coverage": false })
}

#[test]
fn a_stage_counts_by_its_own_end_whatever_becomes_of_its_build() {
    let mut server = pipelines();
    let stages = [
        stage("6", "Build", "SUCCESS", 5),
        stage("9", "Deploy to staging", "FAILED", 4),
        stage("12", "Deploy to production", "SUCCESS", 3),
        stage("13", "Deploy to moon", "NOT_EXECUTED", 3),
        stage("14", "Deploy to mars", "ABORTED", 3),
        stage("15", "Deploy to venus", "UNSTABLE", 3),
        stage("16", "Deploy to saturn", "PAUSED_PENDING_INPUT", 3),
        stage("17", "Roll back production", "SUCCESS", 2),
        json!({ "name": "Deploy to nowhere" }),
        Value::Null,
    ];
    server.pages.insert("/job/app/job/main/1/wfapi/describe".to_owned(), described(&stages));
    let server = server.shared();
    check(
        &server,
        rules(),
        &expect![[r#"
            app/x%2Fy#1@1767207600000 at 2025-12-31T19:01:00Z: app #1 success, branch
            app/staging/app/main#1@1767207600000/9 at 2025-12-31T20:01:30Z: app to staging failure, octo/app@7def9ed6e92580f37d00e4980c36c4d36e68f702
            app/production/app/main#1@1767207600000/12 at 2025-12-31T21:01:30Z: app to production success, octo/app@7def9ed6e92580f37d00e4980c36c4d36e68f702
            app/venus/app/main#1@1767207600000/15 at 2025-12-31T21:01:30Z: app to venus success, octo/app@7def9ed6e92580f37d00e4980c36c4d36e68f702
            app/main#1@1767207600000 at 2025-12-31T19:01:00Z: app #1 success, sha 7def9ed6e92580f37d00e4980c36c4d36e68f702
            app/production/app/main#1@1767207600000/17 at 2025-12-31T22:01:30Z: app to production success, rollback of app/main#1@1767207600000/12, octo/app@7def9ed6e92580f37d00e4980c36c4d36e68f702
        "#]],
    );
    // Stages of other branches are not even asked for.
    assert_eq!(server.borrow().seen.iter().filter(|url| url.contains("wfapi")).count(), 1);
}

#[test]
fn a_stage_of_a_build_that_goes_on_is_told_when_it_ends() {
    let mut server = JenkinsServer::with(&[("app", PIPELINE)]);
    server.build("app", running(1, 5));
    let path = "/job/app/1/wfapi/describe".to_owned();
    let staged = stage("9", "Deploy to staging", "SUCCESS", 4);
    server.pages.insert(
        path.clone(),
        described(&[staged.clone(), stage("12", "Deploy to production", "PAUSED_PENDING_INPUT", 4)]),
    );
    let server = server.shared();
    let first = drain(&server, rules(), NOW, None);
    assert_eq!(show(&first).lines().count(), 1);
    assert_eq!(first.last().unwrap().covered_through, Some(NOW));
    let live = stage("12", "Deploy to production", "SUCCESS", -30);
    server.borrow_mut().pages.insert(path, described(&[staged, live]));
    let second = drain(&server, rules(), NOW + 31 * HOUR, cursor(&first));
    expect![[r#"
        app/production/app#1@1767207600000/12 at 2026-01-02T06:01:30Z: app to production success
    "#]]
    .assert_eq(&show(&second));
}

#[test]
fn a_jenkins_that_cannot_tell_stages_is_reported_once() {
    let mut server = JenkinsServer::with(&[("a", PIPELINE), ("b", PIPELINE)]);
    for (job, number) in [("a", 1), ("a", 2), ("b", 1)] {
        server.build(job, built(number, 5, "SUCCESS"));
    }
    let server = server.shared();
    let pages = drain(&server, rules(), NOW, None);
    assert_eq!(show(&pages).matches("problem").count(), 1, "{}", show(&pages));
    assert!(show(&pages).contains("problem NotFound stages (plugin `pipeline-rest-api`) x1\n"));
    assert!(pages.last().unwrap().covered_through.is_some());
    assert_eq!(server.borrow().seen.iter().filter(|url| url.contains("wfapi")).count(), 1);
}

#[test]
fn stages_of_the_newest_builds_come_together_in_the_first_run() {
    let mut server = JenkinsServer::with(&[("a", PIPELINE)]);
    for (number, hours) in [(1, 9), (2, 7), (3, 5)] {
        server.build("a", built(number, hours, "SUCCESS"));
    }
    let told = |number: u32| {
        let stages = [stage("6", "Deploy to production", "SUCCESS", 10 - 2 * Instant::from(number))];
        json!({ "id": number.to_string(), "status": "SUCCESS", "stages": stages })
    };
    // Jenkins has forgotten nothing, but lists the newest alone.
    server.pages.insert("/job/a/wfapi/runs".to_owned(), json!([told(3), told(2)]));
    for number in 1..=4 {
        server.pages.insert(format!("/job/a/{number}/wfapi/describe"), told(number));
    }
    let server = server.shared();
    let pages = drain(&server, rules(), NOW, None);
    assert_eq!(show(&pages).matches("a to production success").count(), 3, "{}", show(&pages));
    let asked = |server: &Shared| -> Vec<String> {
        let stages = server.borrow().seen.iter().filter(|url| url.contains("wfapi")).cloned().collect();
        server.borrow_mut().seen.clear();
        stages
    };
    assert_eq!(asked(&server), ["/job/a/wfapi/runs", "/job/a/1/wfapi/describe"]);
    server.borrow_mut().build("a", built(4, 0, "SUCCESS"));
    drain(&server, rules(), NOW + HOUR, cursor(&pages));
    assert_eq!(asked(&server), ["/job/a/4/wfapi/describe"]);
}

#[test]
fn builds_that_started_many_are_asked_for_together() {
    let mut server = JenkinsServer::with(&[("build", FREESTYLE), ("deploy", FREESTYLE)]);
    for number in 1..=20 {
        let hours = 100 - 4 * Instant::from(number);
        let head = git(&format!("{number:040x}"), "main", "octo/app");
        server.build("build", with_actions(built(number, hours, "SUCCESS"), [head]));
        let cause = json!({ "causes": [{ "upstreamProject": "build", "upstreamBuild": number }] });
        server.build("deploy", with_actions(built(number, hours - 1, "SUCCESS"), [cause]));
    }
    let server = server.shared();
    let settings = json!({ "deployments": [{ "job": "deploy" }], "coverage": false });
    let text = show(&drain(&server, settings, NOW, None));
    for number in 1..=20 {
        assert!(text.contains(&format!("octo/app@{number:040x}\n")), "{number}: {text}");
    }
    let seen = &server.borrow().seen;
    let starters = seen.iter().filter(|url| url.contains("/job/build/") && !url.contains("duration")).count();
    assert_eq!(starters, 2, "one alone, and then all: {seen:?}");
}

#[test]
fn a_build_discarded_before_its_stages_were_read_is_no_missing_plugin() {
    let mut server = pipelines();
    server.pages.insert("/job/app/job/main/wfapi/runs".to_owned(), json!([]));
    let pages = drain(&server.shared(), rules(), NOW, None);
    assert!(!show(&pages).contains("problem"), "{}", show(&pages));
}

#[test]
fn stages_that_cannot_be_read_now_hold_coverage_back_and_are_read_later() {
    let mut server = pipelines();
    let stages = [stage("12", "Deploy to production", "SUCCESS", 3)];
    server.pages.insert("/job/app/job/main/1/wfapi/describe".to_owned(), described(&stages));
    server.fault = Some(Box::new(|url| url.contains("wfapi").then(|| html(500))));
    let server = server.shared();
    let first = drain(&server, rules(), NOW, None);
    assert!(show(&first).contains("problem Unavailable app/main x1\n"));
    assert_eq!(first.last().unwrap().covered_through, None);
    server.borrow_mut().fault = None;
    let source = crate::server::source(&server, rules()).window(NOW - 720 * HOUR, NOW + HOUR);
    let second = source.drain("builds", cursor(&first)).unwrap();
    assert!(show(&second).contains("app/production/app/main#1@1767207600000/12"), "{}", show(&second));
    assert!(second.last().unwrap().covered_through.is_some());
}

#[test]
fn any_branch_deploys_where_a_rule_says_so() {
    let mut server = pipelines();
    for job in ["main", "x%252Fy"] {
        let stages = [stage("12", "Deploy to review", "SUCCESS", 3)];
        server.pages.insert(format!("/job/app/job/{job}/1/wfapi/describe"), described(&stages));
    }
    let settings = json!({ "deployments": [{ "job": "app", "stage": "Deploy to review", "environment": "review", "any_branch": true }] });
    let pages = drain(&server.shared(), settings, NOW, None);
    assert_eq!(show(&pages).matches(": app to review success").count(), 2, "{}", show(&pages));
}
