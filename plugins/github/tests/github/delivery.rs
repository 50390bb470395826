//! What runs and what is counted, in a line each.

use quintant_sdk::instant::format_rfc3339;
use quintant_sdk::prelude::*;

pub(crate) fn build(fact: &Build) -> String {
    let Build { pipeline, number, attempt, .. } = fact;
    let result = match fact.build_result {
        BuildResult::Success => "success",
        BuildResult::Failure => "failure",
        BuildResult::Unstable => "unstable",
        BuildResult::Aborted => "aborted",
    };
    let began = format_rfc3339(fact.started_at);
    let sha = fact.sha.as_deref().map_or("none", |sha| sha.get(..7).unwrap_or(sha));
    format!("{pipeline}#{number}.{attempt} {result}, began {began}, default {}, sha {sha}", fact.on_default_branch)
}

pub(crate) fn deployment(fact: &Deployment) -> String {
    let result = match fact.deployment_result {
        DeploymentResult::Success => "succeeded",
        DeploymentResult::Failure => "failed",
    };
    let Deployment { id, service, environment, started_at, .. } = fact;
    let sha = fact.head_sha.as_deref().map_or("none", |sha| sha.get(..7).unwrap_or(sha));
    let mut text = format!(
        "{service} {id} to {environment} {result}, began {}, repo {}, head {sha}",
        format_rfc3339(*started_at),
        fact.repo.as_deref().unwrap_or("none"),
    );
    for (is_so, word) in [(fact.rollback, ", rollback"), (fact.unplanned, ", unplanned")] {
        text += if is_so { word } else { "" };
    }
    text
}

pub(crate) fn incident(fact: &Incident) -> String {
    let Incident { id, service, .. } = fact;
    let phase = match fact.phase {
        IncidentPhase::Opened => "opened",
        IncidentPhase::Resolved => "resolved",
    };
    let severity = fact.severity.as_deref().unwrap_or("none");
    format!("{service} {id} {phase}, opened {}, severity {severity}", format_rfc3339(fact.opened_at))
}

pub(crate) fn tally(fact: &Tally) -> String {
    let Tally { tool, scope, people, eligible, .. } = fact;
    let (start, end) = (format_rfc3339(fact.period.start), format_rfc3339(fact.period.end));
    format!("{tool} of {}, {start} to {end}, {people:?} of {eligible:?}", scope.as_deref().unwrap_or("all"))
}
