//! Builds and deployments of a Jenkins: the real component in the host, against the simulated organisation and against odd answers.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use quintant::store::RunSummary;
use quintant_tests::{Host, HostOptions, SEED, jenkins_settings, jenkins_source, simulation_end};
use quintant_upstreams::jenkins::{Options, Simulation};
use quintant_upstreams::oracle::jenkins::{jenkins_builds, jenkins_deployments};
use quintant_upstreams::organisation::Organisation;
use quintant_upstreams::script::{Answer, Behaviour, Script, Scripted};
use serde_json::{Value, json};

/// A folder with the file that holds the login.
fn login() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jenkins.login");
    std::fs::write(&path, Options::default().login()).unwrap();
    (folder, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn builds_and_deployments_of_an_organisation_are_collected_whole() {
    let organisation = Arc::new(Organisation::generate(SEED, simulation_end()));
    let simulation = Simulation::start(organisation, Options::default()).await.unwrap();
    let (_folder, login) = login();
    let text = jenkins_source(simulation.url(), &login, &jenkins_settings(1));
    let host = Host::for_text(&text, HostOptions::default()).await;
    let mut looks: Vec<Timestamp> = Vec::new();
    for days in [0, 1, 8] {
        let now = simulation_end() + SignedDuration::from_hours(24 * days);
        simulation.set_now(now);
        host.set_now(now);
        let summaries = host.collect().await;
        assert!(summaries.iter().all(|summary| summary.outcome == "ok"), "{summaries:?}");
        looks.push(now);
    }
    let count = |expected: usize| i64::try_from(expected).unwrap();
    let stored = |sql: &'static str| host.database.count(sql);
    let builds = jenkins_builds(simulation.organisation(), &looks);
    let deployments = jenkins_deployments(simulation.organisation(), &looks);
    assert_eq!(stored("SELECT count(*) FROM raw.build").await, count(builds.len()));
    assert_eq!(stored("SELECT count(*) FROM raw.deployment").await, count(deployments.len()));
    let undone = deployments.iter().filter(|deployment| deployment.undone_began_at.is_some()).count();
    assert_eq!(stored("SELECT count(*) FROM raw.deployment WHERE rolls_back IS NOT NULL").await, count(undone));
    assert!(undone > 0 && builds.len() > 1_000);
    host.finish().await;
}

/// One run against a script: what became of it, and how many builds and deployments are kept.
async fn run(script: &Scripted) -> (RunSummary, i64) {
    let (_folder, login) = login();
    let host = Host::for_text(&jenkins_source(script.url(), &login, "coverage = false"), HostOptions::default()).await;
    let summary = host.collect().await.remove(0);
    let kept = host.database.count("SELECT count(*) FROM raw.build").await;
    host.finish().await;
    (summary, kept)
}

fn html(status: u16) -> Answer {
    Answer::new(status, "<html><form action='/login'>").header("content-type", "text/html;charset=utf-8")
}

fn listing(jobs: &Value) -> Answer {
    Answer::json(200, &json!({ "_class": "hudson.model.Hudson", "jobs": jobs }))
}

fn build(number: u32) -> Value {
    let began = simulation_end() - SignedDuration::from_hours(i64::from(number));
    json!({ "number": number, "result": "SUCCESS", "building": false, "timestamp": began.as_millisecond(), "duration": 1000 })
}

#[tokio::test(flavor = "multi_thread")]
async fn scenario_20_a_login_page_or_a_redirect_to_one_is_a_matter_of_authentication() {
    let elsewhere = Script::new().on("/", html(200)).start().await.unwrap();
    let away = html(302).header("location", &format!("{}/login", elsewhere.url()));
    for answer in [html(200), away, html(401), html(403)] {
        let script = Script::new().on("/api/json", answer).start().await.unwrap();
        let (summary, kept) = run(&script).await;
        assert_eq!((summary.outcome.as_str(), summary.code.as_deref(), kept), ("failed", Some("unauthorized"), 0));
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn scenario_20_url_fields_are_never_called_and_a_branch_is_encoded_once_more() {
    let hostile = Script::new().on("/", html(200)).start().await.unwrap();
    let url = format!("{}/job/app/", hostile.url());
    let project = json!({ "_class": "x.WorkflowMultiBranchProject", "name": "app", "url": url, "jobs": [{}] });
    let branch = json!({ "_class": "x.WorkflowJob", "name": "feature%2Fx", "url": url, "lastBuild": build(1) });
    let mut built = build(1);
    built["url"] = json!(url);
    let script = Script::new()
        .on("/api/json", listing(&json!([project])))
        .on("/job/app/job/feature%252Fx/api/json", Answer::json(200, &json!({ "builds": [built], "url": url })))
        .on("/job/app/api/json", listing(&json!([branch])))
        .start()
        .await
        .unwrap();
    let (summary, kept) = run(&script).await;
    assert_eq!((summary.outcome.as_str(), kept), ("ok", 1), "{summary:?}");
    assert_eq!((script.requests().len(), hostile.connections()), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn scenario_20_a_folder_that_contains_itself_ends() {
    let folder = json!({ "_class": "x.Folder", "name": "loop", "jobs": [{}] });
    let script = Script::new().on("/", listing(&json!([folder]))).start().await.unwrap();
    let (summary, _) = run(&script).await;
    assert_eq!(
        (summary.outcome.as_str(), summary.problems, script.requests().len()),
        ("partial", 1, 11),
        "{summary:?}"
    );
}

/// A job of the name `app`, whose last build is this.
fn job(last: &Value) -> Answer {
    listing(&json!([{ "_class": "hudson.model.FreeStyleProject", "name": "app", "lastBuild": last }]))
}

fn builds(builds: &[Value]) -> Answer {
    Answer::json(200, &json!({ "builds": builds }))
}

/// A build that runs from then on, for so many minutes.
fn running(number: u32, began: Timestamp) -> Value {
    json!({ "number": number, "result": null, "building": true, "timestamp": began.as_millisecond(), "duration": 0 })
}

fn finished(number: u32, began: Timestamp, minutes: i64, result: &str) -> Value {
    let duration = minutes * 60_000;
    json!({ "number": number, "result": result, "building": false, "timestamp": began.as_millisecond(), "duration": duration })
}

/// When it is looked: now, after an hour, and after two.
fn looks() -> [Timestamp; 3] {
    [0, 1, 2].map(|hours| simulation_end() + SignedDuration::from_hours(hours))
}

/// After each look, when each build that is stored began and ended, in minutes from the first look on, and how.
async fn seen(script: &Scripted) -> [Vec<String>; 3] {
    let (_folder, login) = login();
    let host = Host::for_text(&jenkins_source(script.url(), &login, "coverage = false"), HostOptions::default()).await;
    let kept = format!(
        "SELECT concat_ws(' ', (started_ms - {0}) / 60000, (at_ms - {0}) / 60000, result) FROM raw.build ORDER BY started_ms",
        simulation_end().as_millisecond()
    );
    let mut seen = Vec::new();
    for look in looks() {
        host.set_now(look);
        let summary = host.collect().await.remove(0);
        assert_eq!((summary.outcome.as_str(), summary.problems, summary.rejected), ("ok", 0, 0), "{summary:?}");
        seen.push(host.database.texts(&kept).await);
    }
    host.finish().await;
    seen.try_into().unwrap()
}

fn minutes_before(minutes: i64) -> Timestamp {
    simulation_end() - SignedDuration::from_mins(minutes)
}

#[tokio::test(flavor = "multi_thread")]
async fn scenario_20_a_build_that_runs_is_counted_once_when_it_has_finished() {
    let (began, next) = (minutes_before(30), minutes_before(-10));
    let first = running(7, began);
    // Newer builds have finished before it does.
    let newer = [finished(8, next, 5, "FAILURE"), first.clone()];
    let all = [newer[0].clone(), finished(7, began, 100, "SUCCESS")];
    let script = Script::new()
        .on_nth("/api/json", 1, job(&first))
        .on("/api/json", job(&newer[0]))
        .on_nth("/job/app/api/json", 1, builds(std::slice::from_ref(&first)))
        .on_nth("/job/app/api/json", 2, builds(&newer))
        .on("/job/app/api/json", builds(&all))
        .on_nth("/job/app/7/api/json", 1, Answer::json(200, &first))
        .on("/job/app/7/api/json", Answer::json(200, &all[1]))
        .start()
        .await
        .unwrap();
    let [nothing, newer, both] = seen(&script).await;
    assert_eq!(nothing, [""; 0]);
    assert_eq!(newer, ["10 15 failure"]);
    assert_eq!(both, ["-30 70 success", "10 15 failure"]);
    let again = script.requests().iter().filter(|request| request.target.starts_with("/job/app/7/")).count();
    assert_eq!(again, 2, "it is asked for until it has finished");
}

#[tokio::test(flavor = "multi_thread")]
async fn scenario_20_a_job_that_was_made_anew_is_read_anew() {
    let old = [finished(2, minutes_before(90), 5, "SUCCESS"), finished(1, minutes_before(120), 5, "FAILURE")];
    let new = [finished(1, minutes_before(-30), 5, "SUCCESS")];
    let script = Script::new()
        .on_nth("/api/json", 1, job(&old[0]))
        .on("/api/json", job(&new[0]))
        .on_nth("/job/app/api/json", 1, builds(&old))
        .on("/job/app/api/json", builds(&new))
        .start()
        .await
        .unwrap();
    let [old, both, again] = seen(&script).await;
    assert_eq!(old, ["-120 -115 failure", "-90 -85 success"]);
    assert_eq!(both, ["-120 -115 failure", "-90 -85 success", "30 35 success"]);
    assert_eq!(again, both);
}

#[tokio::test(flavor = "multi_thread")]
async fn scenario_20_discarded_builds_leave_no_gap() {
    let build = |number: u32| finished(number, minutes_before(120 - 18 * i64::from(number)), 5, "SUCCESS");
    // Of six builds in an hour the newest three are kept; the one that was waited for is not among them.
    let waited = running(4, minutes_before(48));
    let script = Script::new()
        .on_nth("/api/json", 1, job(&waited))
        .on("/api/json", job(&build(9)))
        .on_nth("/job/app/api/json", 1, builds(&[waited.clone(), build(3), build(2)]))
        .on("/job/app/api/json", builds(&[build(9), build(8), build(7)]))
        .on("/job/app/4/api/json", Answer::json(404, &json!({})))
        .start()
        .await
        .unwrap();
    let [before, behind, again] = seen(&script).await;
    assert_eq!(before, ["-84 -79 success", "-66 -61 success"]);
    assert_eq!(behind, ["-84 -79 success", "-66 -61 success", "6 11 success", "24 29 success", "42 47 success"]);
    assert_eq!(again, behind);
}

#[tokio::test(flavor = "multi_thread")]
async fn scenario_21_an_answer_that_ignores_the_tree_is_cut_and_said() {
    let whole = listing(&json!([])).behaving(Behaviour::Long { bytes: 50 << 20 });
    let script = Script::new().on("/api/json", whole).start().await.unwrap();
    let (summary, kept) = run(&script).await;
    assert_eq!((summary.outcome.as_str(), summary.code.as_deref(), kept), ("failed", Some("permanent"), 0));
    assert!(script.sent_bytes() < 40 << 20);
}
