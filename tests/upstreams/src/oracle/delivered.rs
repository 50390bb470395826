//! Lists what was built, put into production and broken, as far as it can be known; whose it is follows from who owns the repository.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::Oracle;
use super::github;
use super::jenkins::{is_known, jenkins_builds};
use super::people::owner;
use crate::organisation::delivery::{BuildResult, Deployer, Deployment, DeploymentId, DeploymentResult, Environment};

/// So long after it a deployment may have caused an incident.
const BLAMED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// A finished attempt on the default branch.
pub(super) struct Built<'a> {
    pub(super) team: Option<&'a str>,
    pub(super) pipeline: String,
    pub(super) finished_at: Timestamp,
    pub(super) result: BuildResult,
    /// Covered, and all.
    pub(super) lines: Option<(i64, i64)>,
}

pub(super) fn builds<'a>(oracle: &Oracle<'a>) -> Vec<Built<'a>> {
    let organisation = oracle.organisation;
    let mut found = Vec::new();
    if oracle.sources.delivery {
        for (finished_at, result, repository, is_default) in
            github::builds(organisation, oracle.history_start, oracle.covered_through()).into_values()
        {
            if is_default {
                let (team, pipeline) = (owner(organisation, repository), repository.to_owned());
                found.push(Built { team, pipeline, finished_at, result, lines: None });
            }
        }
    }
    if oracle.sources.jenkins {
        for build in jenkins_builds(organisation, &oracle.looks) {
            let mut pipelines = organisation.delivery.pipelines.iter();
            let pipeline = pipelines.find(|pipeline| pipeline.name == build.pipeline).expect("it was built by one");
            if build.on_default_branch {
                found.push(Built {
                    team: owner(organisation, &organisation.repositories[pipeline.repository].name),
                    pipeline: build.pipeline,
                    finished_at: build.finished_at,
                    result: build.result,
                    lines: build.lines.map(|(covered, all)| (i64::from(covered), i64::from(all))),
                });
            }
        }
    }
    found
}

/// Production became another.
pub(super) struct Deployed<'a> {
    pub(super) id: DeploymentId,
    pub(super) service: &'a str,
    pub(super) team: Option<&'a str>,
    pub(super) repository: usize,
    pub(super) head: usize,
    pub(super) finished_at: Timestamp,
    pub(super) week: Date,
    pub(super) is_rollback: bool,
    /// What it undoes, where its source tells.
    pub(super) undoes: Option<DeploymentId>,
}

/// In the order in which they finished.
pub(super) fn deployments<'a>(oracle: &Oracle<'a>) -> Vec<Deployed<'a>> {
    let organisation = oracle.organisation;
    let mut found = Vec::new();
    for (position, deployment) in organisation.delivery.deployments.iter().enumerate() {
        let is_good = deployment.result == DeploymentResult::Success;
        if deployment.environment != Environment::Production || !is_good || !was_told(oracle, deployment) {
            continue;
        }
        // GitHub tells that one brings something back, and not what it undoes.
        let undoes = deployment.rolls_back.filter(|undone| {
            deployment.deployer != Deployer::GitHub && was_told(oracle, organisation.delivery.deployment(*undone))
        });
        found.push(Deployed {
            id: DeploymentId(position),
            service: &deployment.service,
            team: owner(organisation, &organisation.repositories[deployment.repository].name),
            repository: deployment.repository,
            head: deployment.head,
            finished_at: deployment.finished_at,
            week: oracle.calendar.week_of(deployment.finished_at),
            is_rollback: deployment.rolls_back.is_some(),
            undoes,
        });
    }
    found.sort_by_key(|deployment| deployment.finished_at);
    found
}

fn was_told(oracle: &Oracle<'_>, deployment: &Deployment) -> bool {
    match deployment.deployer {
        Deployer::GitHub => oracle.sources.delivery && oracle.knows(deployment.finished_at),
        _ => oracle.sources.jenkins && is_known(oracle.organisation, deployment, &oracle.looks),
    }
}

/// Something did not work.
pub(super) struct Broken<'a> {
    pub(super) team: Option<&'a str>,
    /// Before anything was kept, too: what tells that it was resolved tells when it was opened.
    pub(super) opened_at: Timestamp,
    pub(super) resolved_at: Option<Timestamp>,
    /// No source tells it, so it is the latest one of the service that is young enough.
    pub(super) caused_by: Option<DeploymentId>,
}

pub(super) fn incidents<'a>(oracle: &Oracle<'a>, deployments: &[Deployed<'_>]) -> Vec<Broken<'a>> {
    let organisation = oracle.organisation;
    let told = organisation.delivery.incidents.iter().filter(|_| oracle.sources.delivery);
    told.map(|incident| {
        let may_have_caused = |deployment: &&Deployed<'_>| {
            deployment.service == incident.service
                && deployment.finished_at <= incident.opened_at
                && incident.opened_at.duration_since(deployment.finished_at) <= BLAMED_FOR
        };
        Broken {
            team: owner(organisation, &organisation.repositories[incident.repository].name),
            opened_at: incident.opened_at,
            resolved_at: incident.resolved_at,
            caused_by: deployments.iter().rfind(may_have_caused).map(|deployment| deployment.id),
        }
    })
    .collect()
}
