//! Deployments and their statuses as of an instant; one that ran is marked inactive once another has taken its place.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::View;
use super::people::{WEB, owner};
use super::repositories::DEFAULT_BRANCH;
use crate::organisation::Repository;
use crate::organisation::delivery::{Deployer, Deployment, DeploymentResult, Environment};

/// Those that are GitHub's own, newest first.
pub(super) fn list<'a>(view: &View<'a>, of: &Repository) -> Vec<&'a Deployment> {
    let all = view.organisation.delivery.deployments.iter().rev();
    all.filter(|deployment| {
        deployment.deployer == Deployer::GitHub
            && deployment.started_at <= view.now
            && view.is(deployment.repository, of)
    })
    .collect()
}

pub(super) fn find<'a>(view: &View<'a>, of: &Repository, id: &str) -> Option<&'a Deployment> {
    let id: u64 = id.parse().ok()?;
    list(view, of).into_iter().find(|deployment| deployment.id == id)
}

pub(super) fn deployment(view: &View<'_>, of: &Repository, deployment: &Deployment) -> Value {
    let url = format!("{}/repos/{}", view.base, of.name);
    let updated_at = statuses(view, of, deployment).first().map_or(deployment.started_at, |status| status.at);
    let environment = deployment.environment.name();
    let task = if deployment.rolls_back.is_some() { "deploy:rollback" } else { "deploy" };
    json!({
        "url": format!("{url}/deployments/{}", deployment.id),
        "id": deployment.id,
        "node_id": format!("DE_kwDO{:010X}", deployment.id),
        "task": task,
        "original_environment": environment,
        "environment": environment,
        "description": null,
        "created_at": deployment.started_at.to_string(),
        "updated_at": updated_at.to_string(),
        "statuses_url": format!("{url}/deployments/{}/statuses", deployment.id),
        "repository_url": url,
        "creator": owner(view),
        "sha": of.commits[deployment.head].sha,
        "ref": DEFAULT_BRANCH,
        "payload": {"requested_by": "a workflow"},
        "transient_environment": false,
        "production_environment": deployment.environment == Environment::Production,
        "performed_via_github_app": null,
    })
}

pub(super) struct Status {
    id: u64,
    state: &'static str,
    at: Timestamp,
}

/// Newest first.
pub(super) fn statuses(view: &View<'_>, of: &Repository, deployment: &Deployment) -> Vec<Status> {
    let lasted = deployment.finished_at.duration_since(deployment.started_at);
    let end = match deployment.result {
        DeploymentResult::Success => "success",
        DeploymentResult::Failure if deployment.id.is_multiple_of(2) => "failure",
        DeploymentResult::Failure => "error",
    };
    let mut all = vec![
        ("queued", deployment.started_at),
        ("in_progress", deployment.started_at + SignedDuration::from_secs(lasted.as_secs() / 3)),
        (end, deployment.finished_at),
    ];
    all.extend(replaced_at(view, of, deployment).map(|at| ("inactive", at)));
    let statuses = (1..).zip(all).map(|(number, (state, at))| Status { id: deployment.id * 10 + number, state, at });
    let mut statuses: Vec<Status> = statuses.filter(|status| status.at <= view.now).collect();
    statuses.reverse();
    statuses
}

/// When the next success in the same environment made this one inactive.
fn replaced_at(view: &View<'_>, of: &Repository, deployment: &Deployment) -> Option<Timestamp> {
    if deployment.result == DeploymentResult::Failure {
        return None;
    }
    let later = list(view, of).into_iter().filter(|other| {
        other.result == DeploymentResult::Success
            && other.environment == deployment.environment
            && other.finished_at > deployment.finished_at
    });
    later.map(|other| other.finished_at + SignedDuration::from_secs(1)).min()
}

pub(super) fn status(view: &View<'_>, of: &Repository, deployment: &Deployment, status: &Status) -> Value {
    let url = format!("{}/repos/{}", view.base, of.name);
    let own = format!("{url}/deployments/{}", deployment.id);
    json!({
        "url": format!("{own}/statuses/{}", status.id),
        "id": status.id,
        "node_id": format!("DES_kwDO{:010X}", status.id),
        "state": status.state,
        "creator": owner(view),
        "description": "",
        "environment": deployment.environment.name(),
        "target_url": format!("{WEB}/{}/actions", of.name),
        "created_at": status.at.to_string(),
        "updated_at": status.at.to_string(),
        "deployment_url": own,
        "repository_url": url,
        "environment_url": "",
        "log_url": "",
        "performed_via_github_app": null,
    })
}
