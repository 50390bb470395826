//! What builds, deployments and incidents have to be. Answers how many of their phases were left out.

use jiff::Timestamp;

use super::Services;
use super::service::resolve;
use crate::model::{Build, Deployment, Incident, IncidentPhase, RawKey, Rejected};

pub(super) fn build(build: &mut Build<RawKey>, at: Timestamp, services: &Services) -> u32 {
    let service = services.of_pipeline(&build.pipeline.key);
    build.service = service.map(|service| service.name.clone());
    build.owner = service.map(|service| service.team.clone());
    keep_up_to(&mut build.started_at, at)
}

pub(super) fn deployment(deployment: &mut Deployment<RawKey>, at: Timestamp, services: &Services) -> u32 {
    let Deployment { service, repository, environment, .. } = deployment;
    deployment.production = resolve(services, service, repository.as_ref(), Some(environment));
    keep_up_to(&mut deployment.started_at, at)
}

/// Recovery takes no negative time, and an incident is opened when it is opened.
pub(super) fn incident(incident: &mut Incident<RawKey>, at: Timestamp, services: &Services) -> Result<(), Rejected> {
    let holds = match incident.phase {
        IncidentPhase::Opened => incident.opened_at == at,
        IncidentPhase::Resolved => incident.opened_at <= at,
    };
    if !holds {
        return Err(Rejected::Contradictory);
    }
    resolve(services, &mut incident.service, None, None);
    Ok(())
}

fn keep_up_to(phase: &mut Option<Timestamp>, at: Timestamp) -> u32 {
    let is_wrong = phase.is_some_and(|phase| phase > at);
    if is_wrong {
        *phase = None;
    }
    u32::from(is_wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ServiceRef;

    #[test]
    fn an_incident_ends_no_earlier_than_it_began() {
        let opened_at: Timestamp = "2026-11-19T12:00:00Z".parse().unwrap();
        let later = opened_at + jiff::SignedDuration::from_millis(1);
        let of = |phase| Incident {
            incident: RawKey::new("i").into(),
            service: ServiceRef { key: RawKey::new("s").into(), name: None, owner: None },
            phase,
            opened_at,
            caused_by: None,
            severity: None,
        };
        let judged = |phase, at| incident(&mut of(phase), at, &Services::default());
        assert_eq!(judged(IncidentPhase::Opened, opened_at), Ok(()));
        assert_eq!(judged(IncidentPhase::Opened, later), Err(Rejected::Contradictory));
        assert_eq!(judged(IncidentPhase::Resolved, opened_at), Ok(()));
        assert_eq!(judged(IncidentPhase::Resolved, later), Ok(()));
        let earlier = opened_at - jiff::SignedDuration::from_millis(1);
        assert_eq!(judged(IncidentPhase::Resolved, earlier), Err(Rejected::Contradictory));
    }
}
