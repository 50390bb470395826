//! What must have been collected from Jenkins: everything that had finished, and was still kept, when somebody looked.

use jiff::Timestamp;

use super::LOOK_BACK;
use crate::jenkins::{is_kept, shown};
use crate::organisation::Organisation;
use crate::organisation::delivery::{
    Attempt, BuildResult, Deployer, Deployment, DeploymentResult, Pipeline, Purpose, Revision, Runner,
};

/// One finished attempt, as it is to be known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExpectedBuild {
    pub pipeline: String,
    pub number: u32,
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    pub result: BuildResult,
    pub sha: String,
    pub on_default_branch: bool,
    pub tests_failed: Option<u32>,
    /// Covered lines and all lines, of builds of the default branch that went well or nearly so.
    pub lines: Option<(u32, u32)>,
}

/// One finished deployment, as it is to be known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExpectedDeployment {
    pub service: String,
    pub environment: String,
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    pub is_success: bool,
    pub repository: String,
    pub head_sha: String,
    pub rollback: bool,
    /// When that began which it undoes; none where that was never seen.
    pub undone_began_at: Option<Timestamp>,
}

/// In the order of their fields; `looks` are the instants at which Jenkins was read whole, oldest first.
#[must_use]
pub fn jenkins_builds(organisation: &Organisation, looks: &[Timestamp]) -> Vec<ExpectedBuild> {
    let mut builds = Vec::new();
    for pipeline in &organisation.delivery.pipelines {
        if pipeline.runner == Runner::Actions || pipeline.purpose != Purpose::Build {
            continue;
        }
        for (position, attempt) in pipeline.attempts.iter().enumerate() {
            if was_seen(pipeline, position, attempt.finished_at, looks) {
                builds.push(build(organisation, pipeline, attempt));
            }
        }
    }
    builds.sort();
    builds
}

/// As [`jenkins_builds`]; a stage has finished before its build has.
#[must_use]
pub fn jenkins_deployments(organisation: &Organisation, looks: &[Timestamp]) -> Vec<ExpectedDeployment> {
    let mut deployments = Vec::new();
    for deployment in &organisation.delivery.deployments {
        if !is_known(organisation, deployment, looks) {
            continue;
        }
        let repository = &organisation.repositories[deployment.repository];
        deployments.push(ExpectedDeployment {
            service: deployment.service.clone(),
            environment: deployment.environment.name().to_owned(),
            started_at: deployment.started_at,
            finished_at: deployment.finished_at,
            is_success: deployment.result == DeploymentResult::Success,
            repository: repository.name.clone(),
            head_sha: repository.commits[deployment.head].sha.clone(),
            rollback: deployment.rolls_back.is_some(),
            undone_began_at: deployment.rolls_back.and_then(|undone| {
                let undone = organisation.delivery.deployment(undone);
                is_known(organisation, undone, looks).then_some(undone.started_at)
            }),
        });
    }
    deployments.sort();
    deployments
}

/// Whether the job or the stage that it was had been seen.
pub(super) fn is_known(organisation: &Organisation, deployment: &Deployment, looks: &[Timestamp]) -> bool {
    match deployment.deployer {
        Deployer::Job { pipeline, attempt } | Deployer::Stage { pipeline, attempt, .. } => {
            was_seen(organisation.delivery.pipeline(pipeline), attempt, deployment.finished_at, looks)
        }
        Deployer::GitHub => false,
    }
}

fn was_seen(pipeline: &Pipeline, attempt: usize, finished_at: Timestamp, looks: &[Timestamp]) -> bool {
    let first = looks.first().and_then(|first| first.checked_sub(LOOK_BACK).ok());
    first.is_some_and(|from| finished_at >= from)
        && looks.iter().any(|&look| finished_at < look && is_kept(pipeline, attempt, look))
}

fn build(organisation: &Organisation, pipeline: &Pipeline, attempt: &Attempt) -> ExpectedBuild {
    let on_default_branch = matches!(attempt.revision, Revision::Landed(_));
    let is_measured = on_default_branch && matches!(attempt.result, BuildResult::Success | BuildResult::Unstable);
    let lines = shown(pipeline, attempt).filter(|_| is_measured);
    ExpectedBuild {
        pipeline: pipeline.name.clone(),
        number: attempt.number,
        started_at: attempt.started_at,
        finished_at: attempt.finished_at,
        result: attempt.result,
        sha: pipeline.sha(organisation, attempt).to_owned(),
        on_default_branch,
        tests_failed: attempt.tests.map(|tests| tests.failed),
        lines: lines.map(|lines| (lines.lines_covered, lines.lines_total)),
    }
}
