//! What broke: after some deployments, of which many are rolled back, and now and then for reasons of its own.

use std::collections::BTreeMap;

use super::super::Repository;
use super::super::hours::{DAY, HOUR, WEEK};
use super::drafts::{Drafts, instant};
use super::{DeploymentId, DeploymentResult, Environment, Incident, Severity};

/// A successful deployment to production.
struct Success {
    deployment: usize,
    finished_at: i64,
    head: usize,
}

pub(super) fn incidents(drafts: &mut Drafts, repositories: &[Repository]) -> Vec<Incident> {
    let mut services: BTreeMap<(usize, String), Vec<Success>> = BTreeMap::new();
    for (position, deployment) in drafts.deployments.iter().enumerate() {
        if deployment.environment == Environment::Production && deployment.result == DeploymentResult::Success {
            let finished_at = deployment.finished_at.as_second();
            let success = Success { deployment: position, finished_at, head: deployment.head };
            services.entry((deployment.repository, deployment.service.clone())).or_default().push(success);
        }
    }
    let mut incidents = Vec::new();
    for ((repository, service), mut successes) in services {
        successes.sort_by_key(|success| success.finished_at);
        let mut told = |opened_at: i64, resolved_at: i64, caused_by: Option<usize>, drafts: &mut Drafts| {
            incidents.push(Incident {
                id: 0,
                number: 0,
                service: service.clone(),
                repository,
                opened_at: instant(opened_at),
                resolved_at: (resolved_at < drafts.end).then(|| instant(resolved_at)),
                caused_by: caused_by.map(DeploymentId),
                severity: *drafts.random.pick(&[Severity::High, Severity::Medium, Severity::Medium, Severity::Low]),
            });
        };
        for (position, success) in successes.iter().enumerate() {
            if !drafts.random.permille(120) {
                continue;
            }
            let opened_at = success.finished_at + drafts.random.between(300, 20 * HOUR);
            let noticed_at = opened_at + drafts.random.between(300, 2 * HOUR);
            let superseded = successes.get(position + 1).is_some_and(|next| next.finished_at <= noticed_at);
            let before = position.checked_sub(1).map(|before| successes[before].head);
            let longest = if drafts.random.permille(120) { 10 * WEEK } else { 3 * DAY };
            let mut resolved_at = opened_at + drafts.random.between(1800, longest);
            if let Some(head) = before
                && !superseded
                && noticed_at < drafts.end
                && drafts.random.permille(600)
            {
                let rollback = drafts.roll_back(success.deployment, head, noticed_at);
                let back_at = drafts.deployments[rollback].finished_at.as_second();
                resolved_at = back_at + drafts.random.between(0, 1800);
            }
            if opened_at < drafts.end {
                told(opened_at, resolved_at, Some(success.deployment), drafts);
                // Two people tell of the same trouble.
                if drafts.random.permille(100) && opened_at + 600 < drafts.end {
                    told(opened_at + 600, resolved_at + 60, Some(success.deployment), drafts);
                }
            }
        }
        let from = successes.first().map_or(drafts.end, |first| first.finished_at);
        let mut at = from + drafts.random.between(0, 8 * WEEK);
        while at < drafts.end {
            let resolved_at = at + drafts.random.between(600, 2 * DAY);
            told(at, resolved_at, None, drafts);
            at += drafts.random.between(WEEK, 12 * WEEK);
        }
    }
    incidents.sort_by_key(|incident| incident.opened_at);
    if let Some(open) = incidents.iter_mut().rfind(|incident| incident.caused_by.is_none()) {
        open.resolved_at = None;
    }
    let mut last_numbers: Vec<u32> = repositories
        .iter()
        .map(|repository| repository.changes.iter().map(|change| change.number).max().unwrap_or_default())
        .collect();
    for (incident, id) in incidents.iter_mut().zip((2_200_000_003..).step_by(19)) {
        let number = &mut last_numbers[incident.repository];
        *number += 1;
        incident.number = *number;
        incident.id = id;
    }
    incidents
}
