//! From a deployment and its statuses to a fact. Pure.

use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::deployments::payload::{ListedDeployment, Status};
use crate::payload::Id;
use crate::scan::Visit;

/// What GitHub deploys to where nobody says so.
const DEFAULT_ENVIRONMENT: &str = "production";

/// A deployment, as it is kept until it ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    pub id: Id,
    pub created_at: Instant,
    environment: String,
    sha: Option<String>,
    rollback: bool,
    unplanned: bool,
}

/// What the statuses of a deployment come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Ended(DeploymentResult, Instant),
    /// It has still to end.
    Open,
    /// It was replaced before it ran.
    Replaced,
}

impl Begun {
    /// Keeps what matters of a listed deployment.
    #[must_use]
    pub fn new(listed: ListedDeployment) -> Self {
        let hints = listed.hints();
        let is_rollback = |task: &String| task.split(':').any(|word| word == "rollback");
        Self {
            id: listed.id,
            created_at: listed.created_at.0,
            rollback: hints.rollback || listed.task.as_ref().is_some_and(is_rollback),
            unplanned: hints.unplanned,
            environment: listed.environment.unwrap_or_else(|| DEFAULT_ENVIRONMENT.to_owned()),
            sha: listed.sha,
        }
    }

    /// Adds the fact that it ended. The key outlives a rename: GitHub gives each id once.
    pub fn end<S>(&self, visit: &Visit<'_, S>, result: DeploymentResult, at: Instant, page: &mut Page) {
        if at < visit.from {
            return;
        }
        let repository = visit.repository;
        let service = visit.context.settings.service(repository).to_owned();
        let deployment = DeploymentRef { service, environment: self.environment.clone(), id: self.id.to_string() };
        let mut fact = Deployment::new(deployment, result, self.created_at);
        fact.repo = Some(repository.to_string());
        fact.head_sha.clone_from(&self.sha);
        (fact.rollback, fact.unplanned) = (self.rollback, self.unplanned);
        page.push(self.id.to_string(), at, fact);
    }
}

impl Outcome {
    /// The first success counts, whatever came before and after; without one, the last word does.
    #[must_use]
    pub fn of(statuses: &[Status]) -> Self {
        let of_state = |wanted: &'static str| statuses.iter().filter(move |status| status.is(wanted));
        if let Some(success) = of_state("success").min_by_key(|status| status.created_at.0) {
            return Self::Ended(DeploymentResult::Success, success.created_at.0);
        }
        let last = statuses.iter().filter(|status| !status.is("inactive")).max_by_key(|status| status.created_at.0);
        match last {
            Some(last) if last.is("failure") || last.is("error") => {
                Self::Ended(DeploymentResult::Failure, last.created_at.0)
            }
            None if !statuses.is_empty() => Self::Replaced,
            _ => Self::Open,
        }
    }
}

impl Status {
    fn is(&self, state: &str) -> bool {
        self.state.as_deref() == Some(state)
    }
}
