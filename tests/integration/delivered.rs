//! The collector for GitHub finds what was built, deployed, broken and said, in one run or in many, and asks no more than it says.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use quintant_plugin_github::GitHub;
use quintant_sdk::prelude::*;
use quintant_tests::{SEED, simulation_end};
use quintant_upstreams::github::{Options, Simulation, TOKEN};
use quintant_upstreams::oracle::github;
use quintant_upstreams::organisation::Organisation;
use quintant_upstreams::organisation::delivery as truth;
use serde_json::{Value, json};

use crate::native::{Feeding, steps};

const DAY: SignedDuration = SignedDuration::from_hours(24);

async fn simulation() -> Simulation {
    let organisation = Arc::new(Organisation::generate(SEED, simulation_end()));
    let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
    Simulation::start(organisation, options).await.unwrap()
}

fn settings() -> Value {
    json!({ "organizations": ["acme"], "incident_labels": ["incident"], "incident_severity_prefix": "severity:",
        "releases_as_deployments": "production" })
}

fn feeding(simulation: &Simulation, feed: &'static str, from: Timestamp) -> Feeding<GitHub> {
    Feeding::new(simulation.url(), TOKEN, settings(), feed, (from, DAY))
}

fn at(fact: &Envelope) -> Timestamp {
    Timestamp::from_millisecond(fact.at).unwrap()
}

/// What one run finds, and what many at odd instants do, is the same and what the truth expects.
async fn check<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    feed: &'static str,
    read: impl Fn(&Envelope) -> (K, V),
    expected: impl Fn(&Organisation, Timestamp, Timestamp) -> BTreeMap<K, V>,
) {
    let simulation = simulation().await;
    let (from, end) = (simulation_end() - 90 * DAY, simulation_end());
    let mut whole = feeding(&simulation, feed, from);
    whole.run(end);
    let found: BTreeMap<K, V> = whole.stored.values().map(&read).collect();
    let expected = expected(simulation.organisation(), from, end);
    assert!(expected.len() > 20, "{} of {feed}", expected.len());
    assert_eq!(found, expected);
    assert_eq!(whole.problems, Vec::<String>::new());

    let mut small = feeding(&simulation, feed, from);
    for now in steps(from + DAY, end, 6 * DAY) {
        simulation.set_now(now);
        small.run(now);
    }
    assert_eq!(small.stored, whole.stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attempt_of_a_workflow_is_a_build() {
    let read = |fact: &Envelope| {
        let Fact::Build(build) = &fact.fact else { panic!("{fact:?} is not expected") };
        let (id, _) = fact.key.split_once('.').unwrap();
        let result = match build.build_result {
            BuildResult::Success => truth::BuildResult::Success,
            BuildResult::Failure => truth::BuildResult::Failure,
            BuildResult::Unstable => truth::BuildResult::Unstable,
            BuildResult::Aborted => truth::BuildResult::Aborted,
        };
        let repository = build.pipeline.strip_suffix("/build.yml").unwrap().to_owned();
        ((id.parse::<u64>().unwrap(), build.attempt), (at(fact), result, repository, build.on_default_branch))
    };
    check("workflow_runs", read, |organisation, from, to| {
        let builds = github::builds(organisation, from, to).into_iter();
        builds.map(|(key, (at, result, of, default))| (key, (at, result, of.to_owned(), default))).collect()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_deployment_that_ended_is_told_with_its_revision() {
    let read = |fact: &Envelope| {
        let Fact::Deployment(deployment) = &fact.fact else { panic!("{fact:?} is not expected") };
        let result = match deployment.deployment_result {
            DeploymentResult::Success => truth::DeploymentResult::Success,
            DeploymentResult::Failure => truth::DeploymentResult::Failure,
        };
        let (environment, sha) = (deployment.environment.clone(), deployment.head_sha.clone().unwrap());
        (deployment.id.parse::<u64>().unwrap(), (at(fact), result, environment, sha))
    };
    check("deployments", read, |organisation, from, to| {
        let deployments = github::deployments(organisation, from, to).into_iter();
        deployments.map(|(id, (at, result, to, sha))| (id, (at, result, to.to_owned(), sha.to_owned()))).collect()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_final_release_is_a_deployment_when_it_was_published() {
    let read = |fact: &Envelope| {
        let Fact::Deployment(deployment) = &fact.fact else { panic!("{fact:?} is not expected") };
        assert_eq!(deployment.environment, "production");
        let id = deployment.id.strip_prefix("release-").unwrap().parse::<u64>().unwrap();
        (id, (at(fact), deployment.repo.clone().unwrap(), deployment.head_sha.clone()))
    };
    check("releases", read, |organisation, from, to| {
        let releases = github::releases(organisation, from, to).into_iter();
        releases.map(|(id, (at, of, sha))| (id, (at, of.to_owned(), sha.map(str::to_owned)))).collect()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_labelled_issue_is_an_incident_in_two_phases() {
    let read = |fact: &Envelope| {
        let Fact::Incident(incident) = &fact.fact else { panic!("{fact:?} is not expected") };
        let is_resolved = incident.phase == IncidentPhase::Resolved;
        let severity = incident.severity.clone().unwrap();
        ((incident.id.parse::<u64>().unwrap(), is_resolved), (at(fact), severity))
    };
    check("incidents", read, |organisation, from, to| {
        let incidents = github::incidents(organisation, from, to).into_iter();
        incidents.map(|(key, (at, severity))| (key, (at, severity.to_owned()))).collect()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_by_others_are_counted() {
    let simulation = simulation().await;
    let (from, end) = (simulation_end() - 90 * DAY, simulation_end());
    let expected = github::comments(simulation.organisation(), from, end);
    let counted = |feeding: &Feeding<GitHub>| -> BTreeMap<(u64, u32), u32> {
        let changes = feeding.stored.values().filter_map(|fact| match &fact.fact {
            Fact::Change(change) if change.merged => Some(change),
            _ => None,
        });
        changes
            .map(|change| {
                let (repository, number) = change.id.split_once('#').unwrap();
                ((repository.parse().unwrap(), number.parse().unwrap()), change.review_comments.unwrap())
            })
            .collect()
    };
    let mut whole = feeding(&simulation, "pull_requests", from);
    whole.run(end);
    assert_eq!(counted(&whole), expected);
    let mut small = feeding(&simulation, "pull_requests", from);
    for now in steps(from + DAY, end, 6 * DAY) {
        simulation.set_now(now);
        small.run(now);
    }
    assert_eq!(counted(&small), expected);
    assert!(expected.values().any(|count| *count > 20) && expected.values().any(|count| *count == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_run_and_one_without_news_ask_no_more_than_is_told() {
    let simulation = simulation().await;
    let end = simulation_end();
    let mut told = String::new();
    for feed in ["pull_requests", "commits", "deployments", "workflow_runs", "incidents"] {
        let mut feeding = feeding(&simulation, feed, end - 90 * DAY);
        let mut counts = Vec::new();
        // The second run settles what the first one could not know; the third has no news.
        for second in 0..3 {
            let before = simulation.requests().len();
            feeding.run(end + SignedDuration::from_secs(second));
            let asked = simulation.requests().split_off(before);
            let free = asked.iter().filter(|request| request.status == 304).count();
            counts.push(format!("{} ({free} free)", asked.len()));
        }
        told += &format!("{feed}: {}\n", counts.join(", "));
    }
    expect_test::expect![[r#"
        pull_requests: 43 (0 free), 22 (21 free), 22 (21 free)
        commits: 107 (0 free), 22 (20 free), 22 (20 free)
        deployments: 207 (0 free), 22 (21 free), 22 (21 free)
        workflow_runs: 111 (0 free), 43 (0 free), 22 (21 free)
        incidents: 42 (0 free), 22 (21 free), 22 (21 free)
    "#]]
    .assert_eq(&told);
}
