//! What runs: builds, deployments, incidents. None of them carries a person.

use jiff::Timestamp;

use super::{ServiceName, TeamName, Word};

/// A natural key of what may lie in the epoch before the fact's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linked<K> {
    pub key: K,
    /// The same under the key of that epoch, while there is one.
    pub earlier: Option<K>,
}

impl<K> From<K> for Linked<K> {
    fn from(key: K) -> Self {
        Self { key, earlier: None }
    }
}

/// What was built, deployed or broken, as a source calls it and as the configuration does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRef<K> {
    pub key: Linked<K>,
    /// None: no `[[service]]` covers it.
    pub name: Option<ServiceName>,
    /// The team that the service belongs to.
    pub owner: Option<TeamName>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildResult {
    Success,
    Failure,
    Unstable,
    Aborted,
}

impl BuildResult {
    pub const fn as_str(self) -> &'static str {
        match self {
            BuildResult::Success => "success",
            BuildResult::Failure => "failure",
            BuildResult::Unstable => "unstable",
            BuildResult::Aborted => "aborted",
        }
    }
}

/// One finished attempt of one pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build<K> {
    /// What it covers holds until the pipeline's next build, in whichever epoch.
    pub pipeline: Linked<K>,
    /// None: no `[[service]]` covers the pipeline.
    pub service: Option<ServiceName>,
    pub owner: Option<TeamName>,
    pub attempt: u32,
    pub sha: Option<K>,
    pub on_default_branch: bool,
    pub started_at: Option<Timestamp>,
    pub result: BuildResult,
    pub coverage: Option<LineCoverage>,
    pub tests_failed: Option<u32>,
}

/// Lines that tests went through, out of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineCoverage {
    pub covered: u32,
    pub total: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeploymentResult {
    Success,
    Failure,
}

impl DeploymentResult {
    pub const fn as_str(self) -> &'static str {
        match self {
            DeploymentResult::Success => "success",
            DeploymentResult::Failure => "failure",
        }
    }
}

/// A finished deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment<K> {
    /// What incidents and rollbacks of any source name it by.
    pub deployment: K,
    pub service: ServiceRef<K>,
    pub environment: K,
    /// Whether the environment is one of production.
    pub production: bool,
    pub started_at: Option<Timestamp>,
    pub result: DeploymentResult,
    pub repository: Option<K>,
    pub head_sha: Option<Linked<K>>,
    /// All commits that it delivers, where the source lists them.
    pub shas: Vec<Linked<K>>,
    pub rollback: bool,
    pub rolls_back: Option<Linked<K>>,
    pub unplanned: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentPhase {
    Opened,
    Resolved,
}

impl IncidentPhase {
    pub const fn as_str(self) -> &'static str {
        match self {
            IncidentPhase::Opened => "opened",
            IncidentPhase::Resolved => "resolved",
        }
    }
}

/// An incident that was opened or resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident<K> {
    /// The same in both phases.
    pub incident: Linked<K>,
    pub service: ServiceRef<K>,
    pub phase: IncidentPhase,
    pub opened_at: Timestamp,
    pub caused_by: Option<Linked<K>>,
    pub severity: Option<Word>,
}
