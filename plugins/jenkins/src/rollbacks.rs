//! Which deployment a rollback undoes: Jenkins does not tell, but it is the latest good one of its service and environment before it.

use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::payload::CheckedOut;

/// How much of a cursor good deployments, and rollbacks that wait for theirs, may take each.
const MOST_BYTES: usize = 100_000;
/// So many of a service and environment are kept after a scan, for rollbacks that are yet to come.
const KEPT: usize = 8;

/// Good deployments that were read, and rollbacks that wait until all were.
#[derive(Default, Serialize, Deserialize)]
pub struct Rollbacks {
    /// The latest last.
    good: Vec<Good>,
    waiting: Vec<Rollback>,
}

#[derive(Serialize, Deserialize)]
struct Good {
    at: Instant,
    service: String,
    environment: String,
    id: String,
}

#[derive(Serialize, Deserialize)]
struct Rollback {
    at: Instant,
    service: String,
    environment: String,
    id: String,
    started_at: Instant,
    is_success: bool,
    repo: Option<String>,
    head_sha: Option<String>,
}

impl Rollbacks {
    /// Remembers a good deployment that a rollback may undo.
    pub fn good(&mut self, deployment: &Deployment, at: Instant) {
        if self.good.iter().any(|good| good.at == at && good.id == deployment.id) {
            return;
        }
        let place = self.good.partition_point(|good| good.at <= at);
        let Deployment { service, environment, id, .. } = deployment.clone();
        self.good.insert(place, Good { at, service, environment, id });
        let bytes = |good: &Good| good.service.len() + good.environment.len() + good.id.len() + 60;
        let mut surplus = self.good.iter().map(bytes).sum::<usize>().saturating_sub(MOST_BYTES);
        while surplus > 0 && !self.good.is_empty() {
            surplus = surplus.saturating_sub(bytes(&self.good.remove(0)));
        }
    }

    /// Keeps a rollback until [`Rollbacks::tell`]; whether there was room.
    pub fn wait(&mut self, deployment: &Deployment, at: Instant, head: Option<&CheckedOut>) -> bool {
        let names = |one: &Rollback| one.service.len() + one.environment.len() + one.id.len() + 300;
        if self.waiting.iter().map(names).sum::<usize>() > MOST_BYTES {
            return false;
        }
        let Deployment { service, environment, id, started_at, .. } = deployment.clone();
        let is_success = deployment.deployment_result == DeploymentResult::Success;
        let (repo, head_sha) = head.cloned().map(|head| (head.repository, head.sha)).unwrap_or_default();
        self.waiting.retain(|waiting| waiting.id != id || waiting.environment != environment);
        self.waiting.push(Rollback { at, service, environment, id, started_at, is_success, repo, head_sha });
        true
    }

    /// Tells the rollbacks, each with what it undoes; everything that was deployed before them has been read.
    pub fn tell(&mut self, page: &mut Page) {
        for rollback in std::mem::take(&mut self.waiting) {
            let undone = self.good.iter().rfind(|good| {
                good.at <= rollback.started_at
                    && (&good.service, &good.environment) == (&rollback.service, &rollback.environment)
            });
            let reference = |id: &str| DeploymentRef {
                service: rollback.service.clone(),
                environment: rollback.environment.clone(),
                id: id.to_owned(),
            };
            let result = if rollback.is_success { DeploymentResult::Success } else { DeploymentResult::Failure };
            let mut deployment = Deployment::new(reference(&rollback.id), result, rollback.started_at);
            deployment.rollback = true;
            deployment.rolls_back = undone.map(|good| reference(&good.id));
            (deployment.repo, deployment.head_sha) = (rollback.repo, rollback.head_sha);
            page.push(deployment.key(), rollback.at, deployment);
        }
        let mut later = std::collections::BTreeMap::new();
        let mut kept: Vec<Good> = std::mem::take(&mut self.good).into_iter().rev().collect();
        kept.retain(|good| {
            let count = later.entry((good.service.clone(), good.environment.clone())).or_insert(0);
            *count += 1;
            *count <= KEPT
        });
        kept.reverse();
        self.good = kept;
    }
}
