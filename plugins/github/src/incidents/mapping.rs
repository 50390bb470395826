//! From an issue to the two phases of an incident. Pure.

use quintant_sdk::prelude::*;

use crate::incidents::payload::Issue;
use crate::scan::Visit;
use crate::settings::Settings;

/// Whether an issue is an incident.
#[must_use]
pub fn is_incident(issue: &Issue, settings: &Settings) -> bool {
    let is_wanted = |label: &str| settings.incident_labels.iter().any(|wanted| wanted.is(label));
    !issue.is_pull_request() && issue.labels().any(is_wanted)
}

/// Both phases of an incident, or one and the retraction of the other. The keys outlive a rename: GitHub gives each id once.
pub fn phases<S>(visit: &Visit<'_, S>, issue: &Issue, page: &mut Page) {
    let settings = &visit.context.settings;
    let (id, service) = (issue.id.to_string(), settings.service(visit.repository));
    let opened_at = issue.created_at.0;
    let severity = severity(issue, settings);
    let mut push = |at: Instant, incident: Incident| {
        if at >= visit.from {
            page.push(incident.key(), at, Incident { severity: severity.clone(), ..incident });
        }
    };
    push(opened_at, Incident::opened(&id, service, opened_at));
    let resolved = Incident::resolved(&id, service, opened_at);
    match issue.closed_at.filter(|_| issue.state.as_deref() != Some("open")) {
        Some(closed_at) => push(closed_at.0, resolved),
        None => page.retract(FactKind::Incident, resolved.key()),
    }
}

/// What an issue told that is no incident any more.
pub fn retract(issue: &Issue, page: &mut Page) {
    for incident in [Incident::opened, Incident::resolved] {
        page.retract(FactKind::Incident, incident(issue.id.to_string(), "", issue.created_at.0).key());
    }
}

fn severity(issue: &Issue, settings: &Settings) -> Option<String> {
    let prefix = settings.incident_severity_prefix.as_deref()?;
    issue.labels().find_map(|label| {
        let severity = label
            .get(prefix.len()..)
            .filter(|_| label.as_bytes()[..prefix.len()].eq_ignore_ascii_case(prefix.as_bytes()))?;
        let severity = severity.trim();
        (!severity.is_empty()).then(|| severity.to_lowercase())
    })
}
