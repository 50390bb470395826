//! Builds, deployments, incidents.

use super::super::contract::quintant::collector::types;
use super::{instant, word};
use crate::model::{
    Build, BuildResult, Deployment, DeploymentResult, Incident, IncidentPhase, LineCoverage, Linked, RawKey, Rejected,
    RejectedCounts, ServiceRef,
};

/// Of one deployment; a first one may list a whole history.
const MOST_COMMITS: usize = 1000;

pub(super) fn build(sent: types::Build, rejected: &mut RejectedCounts) -> Build<RawKey> {
    let started_at = instant(sent.started_at);
    if started_at.is_none() {
        *rejected.entry(Rejected::BadTime).or_default() += 1;
    }
    let coverage = match (sent.lines_covered, sent.lines_total) {
        (Some(covered), Some(total)) if covered <= total => Some(LineCoverage { covered, total }),
        (None, None) => None,
        _ => {
            *rejected.entry(Rejected::Contradictory).or_default() += 1;
            None
        }
    };
    Build {
        pipeline: linked(sent.pipeline),
        service: None,
        owner: None,
        attempt: sent.attempt,
        sha: sent.sha.map(RawKey::new),
        on_default_branch: sent.on_default_branch,
        started_at,
        result: match sent.build_result {
            types::BuildResult::Success => BuildResult::Success,
            types::BuildResult::Failure => BuildResult::Failure,
            types::BuildResult::Unstable => BuildResult::Unstable,
            types::BuildResult::Aborted => BuildResult::Aborted,
        },
        coverage,
        tests_failed: sent.tests_failed,
    }
}

pub(super) fn deployment(sent: types::Deployment, rejected: &mut RejectedCounts) -> Deployment<RawKey> {
    let started_at = instant(sent.started_at);
    if started_at.is_none() {
        *rejected.entry(Rejected::BadTime).or_default() += 1;
    }
    if sent.shas.len() > MOST_COMMITS {
        *rejected.entry(Rejected::TooManyCommits).or_default() += 1;
    }
    Deployment {
        deployment: reference(&sent.service, &sent.environment, &sent.id),
        service: service(sent.service),
        environment: RawKey::new(sent.environment),
        production: false,
        started_at,
        result: match sent.deployment_result {
            types::DeploymentResult::Success => DeploymentResult::Success,
            types::DeploymentResult::Failure => DeploymentResult::Failure,
        },
        repository: sent.repo.map(RawKey::new),
        head_sha: sent.head_sha.map(linked),
        shas: sent.shas.into_iter().take(MOST_COMMITS).map(linked).collect(),
        rollback: sent.rollback,
        rolls_back: sent.rolls_back.as_ref().map(linked_reference),
        unplanned: sent.unplanned,
    }
}

pub(super) fn incident(sent: types::Incident, rejected: &mut RejectedCounts) -> Result<Incident<RawKey>, Rejected> {
    let opened_at = instant(sent.opened_at).ok_or(Rejected::BadTime)?;
    let severity = sent.severity.and_then(|severity| {
        let severity = word(&severity);
        if let Err(reason) = severity {
            *rejected.entry(reason).or_default() += 1;
        }
        severity.ok()
    });
    Ok(Incident {
        incident: linked(sent.id),
        service: service(sent.service),
        phase: match sent.phase {
            types::IncidentPhase::Opened => IncidentPhase::Opened,
            types::IncidentPhase::Resolved => IncidentPhase::Resolved,
        },
        opened_at,
        caused_by: sent.caused_by.as_ref().map(linked_reference),
        severity,
    })
}

fn service(name: String) -> ServiceRef<RawKey> {
    ServiceRef { key: linked(name), name: None, owner: None }
}

fn linked(text: String) -> Linked<RawKey> {
    RawKey::new(text).into()
}

fn linked_reference(sent: &types::DeploymentRef) -> Linked<RawKey> {
    reference(&sent.service, &sent.environment, &sent.id).into()
}

/// One key of three texts, none of which can run into the next.
fn reference(service: &str, environment: &str, id: &str) -> RawKey {
    RawKey::new(format!("{}:{service}{}:{environment}{id}", service.len(), environment.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_deployments_name_cannot_run_into_each_other() {
        assert_eq!(reference("api", "prod", "7"), reference("api", "prod", "7"));
        for (one, two) in [
            (("a", "b/c", "1"), ("a/b", "c", "1")),
            (("a", "", "b"), ("a", "b", "")),
            (("", "1:a", "b"), ("1:", "a", "b")),
        ] {
            assert_ne!(reference(one.0, one.1, one.2), reference(two.0, two.1, two.2));
        }
    }

    #[test]
    fn lines_that_are_not_all_told_or_too_many_are_no_coverage() {
        let build_with = |lines_covered, lines_total| {
            let mut rejected = RejectedCounts::new();
            let sent = types::Build {
                pipeline: "p".to_owned(),
                number: 1,
                attempt: 1,
                sha: None,
                on_default_branch: true,
                started_at: 0,
                build_result: types::BuildResult::Unstable,
                lines_covered,
                lines_total,
                tests_failed: None,
            };
            let coverage = build(sent, &mut rejected).coverage;
            (coverage.map(|lines| (lines.covered, lines.total)), rejected.len())
        };
        assert_eq!(build_with(Some(80), Some(100)), (Some((80, 100)), 0));
        assert_eq!(build_with(None, None), (None, 0));
        assert_eq!(build_with(Some(101), Some(100)), (None, 1));
        assert_eq!(build_with(None, Some(100)), (None, 1));
    }
}
