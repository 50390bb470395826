//! Stages of pipeline builds, as the plugin `pipeline-rest-api` tells them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::View;
use super::builds::BuildOf;
use super::items::Job;
use crate::organisation::delivery::{BuildResult, Deployer, Deployment, DeploymentResult};

/// One build with the stages that have begun.
pub(super) fn describe(view: View<'_>, job: Job<'_>, build: &BuildOf<'_>) -> Value {
    let attempt = build.attempt;
    let delivery = &view.organisation.delivery;
    let deploys = |deployment: &&Deployment| match deployment.deployer {
        Deployer::Stage { pipeline, attempt, .. } => {
            attempt == build.position && std::ptr::eq(delivery.pipeline(pipeline), job.pipeline)
        }
        _ => false,
    };
    let mut deployments: Vec<&Deployment> = delivery.deployments.iter().filter(deploys).collect();
    deployments.sort_by_key(|deployment| deployment.started_at);
    let built_at = deployments.first().map_or(attempt.finished_at, |first| first.started_at);
    let built = match attempt.result {
        _ if !deployments.is_empty() => "SUCCESS",
        BuildResult::Success => "SUCCESS",
        BuildResult::Failure => "FAILED",
        BuildResult::Unstable => "UNSTABLE",
        BuildResult::Aborted => "ABORTED",
    };
    let mut stages = vec![("Build", attempt.started_at, built_at, built)];
    let mut last = built_at;
    for deployment in deployments {
        let Deployer::Stage { stage, .. } = deployment.deployer else { continue };
        if deployment.started_at > last {
            stages.push(("Approval", last, deployment.started_at, "SUCCESS"));
        }
        let status = match deployment.result {
            DeploymentResult::Success => "SUCCESS",
            DeploymentResult::Failure => "FAILED",
        };
        stages.push((stage, deployment.started_at, deployment.finished_at, status));
        last = deployment.finished_at;
    }
    let shown = stages.into_iter().zip((6..).step_by(8)).filter(|((_, from, ..), _)| *from <= view.now);
    let stages: Vec<Value> = shown.map(|(stage, id)| self::stage(view.now, stage, id)).collect();
    json!({
        "_links": { "self": { "href": format!("{}/job/x/wfapi/describe", view.options.prefix) } },
        "id": attempt.number.to_string(),
        "name": format!("#{}", attempt.number),
        "status": if attempt.finished_at > view.now { "IN_PROGRESS" } else { "SUCCESS" },
        "startTimeMillis": attempt.started_at.as_millisecond(),
        "stages": stages,
    })
}

fn stage(now: Timestamp, (name, from, to, status): (&str, Timestamp, Timestamp, &str), id: i32) -> Value {
    let status = match status {
        _ if to > now && name == "Approval" => "PAUSED_PENDING_INPUT",
        _ if to > now => "IN_PROGRESS",
        status => status,
    };
    json!({
        "_links": { "self": { "href": format!("/jenkins/job/x/1/execution/node/{id}/wfapi/describe") } },
        "id": id.to_string(),
        "name": name,
        "execNode": "",
        "status": status,
        "startTimeMillis": from.as_millisecond(),
        "durationMillis": to.min(now).as_millisecond() - from.as_millisecond(),
        "pauseDurationMillis": 0,
    })
}
