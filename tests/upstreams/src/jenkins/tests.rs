//! The simulated service over real HTTP: its quirks are Jenkins's, and it shows what happened.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::fetch::{self, get};
use crate::organisation::delivery::{Purpose, Runner};

const END: &str = "2026-07-01T12:00:00Z";
/// `quintant:11simulatedjenkinstoken`
const BASIC: &str = "Basic cXVpbnRhbnQ6MTFzaW11bGF0ZWRqZW5raW5zdG9rZW4=";

async fn simulation() -> Simulation {
    let organisation = Arc::new(Organisation::generate(1, END.parse().unwrap()));
    Simulation::start(organisation, Options::default()).await.unwrap()
}

async fn ask(simulation: &Simulation, target: &str) -> fetch::Answer {
    get(&format!("{}{target}", simulation.url()), &[("Authorization", BASIC)]).await.unwrap()
}

async fn json(simulation: &Simulation, target: &str) -> Value {
    let answer = ask(simulation, target).await;
    assert_eq!(answer.status, 200, "{target}: {}", String::from_utf8_lossy(&answer.body));
    answer.json().unwrap()
}

fn names(listing: &Value) -> Vec<&str> {
    listing["jobs"].as_array().unwrap().iter().map(|job| job["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_tree_picks_fields_and_stretches_and_classes_are_always_there() {
    let simulation = simulation().await;
    let all = json(&simulation, "/api/json?tree=jobs%5Bname%5D").await;
    assert_eq!(names(&all), ["amber", "birch", "cobalt", "dune", "ember", "proto"]);
    let some = json(&simulation, "/api/json?tree=jobs%5Bname,nonsense,jobs%5Bname%5D%7B0,1%7D%5D%7B1,3%7D").await;
    assert_eq!(
        some,
        json!({ "_class": "hudson.model.Hudson", "jobs": [
            { "_class": "com.cloudbees.hudson.plugins.folder.Folder", "name": "birch",
                "jobs": [{ "_class": "hudson.model.FreeStyleProject", "name": "api" }] },
            { "_class": "jenkins.branch.OrganizationFolder", "name": "cobalt",
                "jobs": [{ "_class": "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject", "name": "cobalt-api" }] },
        ] })
    );
    let last = json(&simulation, "/api/json?tree=jobs%5Bname%5D%7B5,9%7D").await;
    assert_eq!(names(&last), ["proto"]);
}

#[tokio::test]
async fn branches_are_encoded_in_their_names_and_once_more_in_paths() {
    let simulation = simulation().await;
    let mut encoded = Vec::new();
    for project in ["amber/job/api", "amber/job/web", "amber/job/worker", "amber/job/gateway", "cobalt/job/cobalt-api"]
    {
        let listing = json(&simulation, &format!("/job/{project}/api/json?tree=jobs%5Bname%5D")).await;
        let branches = names(&listing);
        assert!(branches.contains(&"main"));
        encoded.extend(branches.iter().filter(|name| name.contains('%')).map(|name| (project, (*name).to_owned())));
    }
    let (project, name) = encoded.iter().find(|(_, name)| name.contains("%2F")).unwrap();
    let twice = name.replace('%', "%25");
    let branch =
        json(&simulation, &format!("/job/{project}/job/{twice}/api/json?tree=name,url,builds%5Bnumber%5D")).await;
    assert_eq!(branch["name"].as_str().unwrap(), name);
    assert!(branch["url"].as_str().unwrap().starts_with("http://0.0.0.0:8080/job/"));
    assert_eq!(ask(&simulation, &format!("/job/{project}/job/{name}/api/json?tree=name")).await.status, 404);
}

#[tokio::test]
async fn builds_are_the_newest_hundred_and_all_builds_are_all() {
    let simulation = simulation().await;
    let job = "/job/dune/job/platform/job/api/api/json?tree=";
    let listed = |answer: &Value, list: &str| -> Vec<u64> {
        answer[list].as_array().unwrap().iter().map(|build| build["number"].as_u64().unwrap()).collect()
    };
    let newest = listed(&json(&simulation, &format!("{job}builds%5Bnumber%5D%7B0,500%7D")).await, "builds");
    let all = listed(&json(&simulation, &format!("{job}allBuilds%5Bnumber%5D")).await, "allBuilds");
    assert_eq!(newest.len(), 100);
    assert!(all.len() > 200 && all[..100] == newest && all.is_sorted_by(|one, next| one > next));
    let stretch = listed(&json(&simulation, &format!("{job}allBuilds%5Bnumber%5D%7B150,160%7D")).await, "allBuilds");
    assert_eq!(stretch, all[150..160]);
}

#[tokio::test]
async fn a_running_build_has_no_result_and_no_duration_until_it_ends() {
    let simulation = simulation().await;
    let organisation = simulation.organisation().clone();
    let pipeline = organisation.delivery.pipelines.iter().find(|pipeline| pipeline.name == "birch/api").unwrap();
    let attempt = &pipeline.attempts[10];
    let target =
        format!("/job/birch/job/api/{}/api/json?tree=result,building,duration,number,timestamp", attempt.number);
    simulation.set_now(attempt.started_at - jiff::SignedDuration::from_secs(1));
    assert_eq!(ask(&simulation, &target).await.status, 404);
    simulation.set_now(attempt.started_at);
    let running = json(&simulation, &target).await;
    assert_eq!(
        (&running["result"], &running["building"], &running["duration"]),
        (&Value::Null, &json!(true), &json!(0))
    );
    simulation.set_now(attempt.finished_at);
    let finished = json(&simulation, &target).await;
    let took = attempt.finished_at.as_millisecond() - attempt.started_at.as_millisecond();
    assert_eq!((&finished["building"], &finished["duration"]), (&json!(false), &json!(took)));
    assert!(finished["result"].is_string());
}

#[tokio::test]
async fn old_builds_are_discarded_and_a_job_made_anew_begins_at_one() {
    let simulation = simulation().await;
    let organisation = simulation.organisation().clone();
    let tree = "allBuilds%5Bnumber,building%5D";
    let kept = json(&simulation, &format!("/job/ember/job/api/api/json?tree={tree}")).await;
    assert!((30..=33).contains(&kept["allBuilds"].as_array().unwrap().len()));
    let anew = organisation.delivery.pipelines.iter().find_map(|pipeline| pipeline.recreated_at).unwrap();
    let numbers = |answer: Value| -> Vec<u64> {
        answer["allBuilds"].as_array().unwrap().iter().map(|build| build["number"].as_u64().unwrap()).collect()
    };
    let target = format!("/job/birch/job/reports/api/json?tree={tree}");
    simulation.set_now(anew - jiff::SignedDuration::from_secs(1));
    assert!(numbers(json(&simulation, &target).await).len() > 5);
    simulation.set_now(anew);
    assert_eq!(numbers(json(&simulation, &target).await), [0; 0]);
    simulation.set_now(organisation.end);
    assert_eq!(numbers(json(&simulation, &target).await).last(), Some(&1));
}

#[tokio::test]
async fn who_is_refused_gets_html_and_what_is_unknown_501() {
    let simulation = simulation().await;
    let plain = |headers: &'static [(&str, &str)]| {
        let url = format!("{}/api/json?tree=mode", simulation.url());
        async move { get(&url, headers).await.unwrap() }
    };
    for (answer, status) in [(plain(&[]).await, 403), (plain(&[("Authorization", "Basic eDp5")]).await, 401)] {
        assert_eq!(answer.status, status);
        assert!(answer.header("x-jenkins").is_some());
        assert_eq!(answer.header("content-type"), Some("text/html;charset=utf-8"));
    }
    assert_eq!(ask(&simulation, "/job/nobody/api/json?tree=name").await.status, 404);
    for target in [
        "/api/json",
        "/api/json?depth=1",
        "/api/json?tree=a%5B",
        "/api/xml?tree=a",
        "/job/proto/config.xml",
        "/queue/api/json?tree=a",
    ] {
        let answer = ask(&simulation, target).await;
        assert!([404, 501].contains(&answer.status) && !answer.body.is_empty(), "{target} {}", answer.status);
    }
}

#[tokio::test]
async fn every_deployment_by_jenkins_is_shown_by_a_stage_or_a_job() {
    let simulation = simulation().await;
    let organisation = simulation.organisation().clone();
    let purposes: Vec<Purpose> = (organisation.delivery.pipelines.iter())
        .filter(|pipeline| pipeline.runner != Runner::Actions)
        .map(|pipeline| pipeline.purpose)
        .collect();
    assert!(purposes.contains(&Purpose::RollBack));
    let number = organisation.delivery.pipelines.iter().find(|pipeline| pipeline.name == "dune/platform/api").unwrap();
    let runs = json(&simulation, "/job/dune/job/platform/job/api/wfapi/runs").await;
    assert_eq!(runs.as_array().unwrap().len(), 10);
    let mut names = Vec::new();
    for attempt in &number.attempts {
        let target = format!("/job/dune/job/platform/job/api/{}/wfapi/describe", attempt.number);
        let stages = json(&simulation, &target).await["stages"].as_array().unwrap().clone();
        names.extend(stages.iter().map(|stage| format!("{} {}", stage["name"], stage["status"])));
    }
    for expected in
        ["\"Deploy to production\" \"SUCCESS\"", "\"Deploy to staging\" \"FAILED\"", "\"Build\" \"ABORTED\""]
    {
        assert!(names.iter().any(|name| name == expected), "{expected}");
    }
    assert_eq!(ask(&simulation, "/job/proto/wfapi/runs").await.status, 404);
}
