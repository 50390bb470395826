//! What runs: builds, deployments, incidents. None of them carries a person.

use super::{Build, BuildResult, Deployment, DeploymentRef, DeploymentResult, Incident, IncidentPhase};
use crate::instant::Instant;

impl Build {
    /// The first attempt of a finished build; the envelope's `at` is when it finished.
    pub fn new(pipeline: impl Into<String>, number: u32, result: BuildResult, started_at: Instant) -> Self {
        Self {
            pipeline: pipeline.into(),
            number,
            attempt: 1,
            sha: None,
            on_default_branch: false,
            started_at,
            build_result: result,
            lines_covered: None,
            lines_total: None,
            tests_failed: None,
        }
    }

    /// `pipeline#number.attempt`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}#{}.{}", self.pipeline, self.number, self.attempt)
    }
}

impl Deployment {
    /// A finished deployment of `service` to `environment`; `at` is when it finished.
    pub fn new(deployment: DeploymentRef, result: DeploymentResult, started_at: Instant) -> Self {
        Self {
            id: deployment.id,
            service: deployment.service,
            environment: deployment.environment,
            started_at,
            deployment_result: result,
            repo: None,
            head_sha: None,
            shas: Vec::new(),
            rollback: false,
            rolls_back: None,
            unplanned: false,
        }
    }

    /// `service/environment/id`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}/{}", self.service, self.environment, self.id)
    }
}

impl Incident {
    /// An incident that was opened; `at` equals `opened_at`.
    pub fn opened(id: impl Into<String>, service: impl Into<String>, opened_at: Instant) -> Self {
        Self {
            id: id.into(),
            service: service.into(),
            phase: IncidentPhase::Opened,
            opened_at,
            caused_by: None,
            severity: None,
        }
    }

    /// One that was resolved; `at` is when.
    pub fn resolved(id: impl Into<String>, service: impl Into<String>, opened_at: Instant) -> Self {
        Self { phase: IncidentPhase::Resolved, ..Self::opened(id, service, opened_at) }
    }

    /// `id/opened` or `id/resolved`.
    #[must_use]
    pub fn key(&self) -> String {
        let phase = match self.phase {
            IncidentPhase::Opened => "opened",
            IncidentPhase::Resolved => "resolved",
        };
        format!("{}/{phase}", self.id)
    }
}
