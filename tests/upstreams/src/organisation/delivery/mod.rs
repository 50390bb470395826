//! What was built, deployed and broken in the organisation, and by which pipelines; one truth for all services that tell of it.

mod attempts;
mod drafts;
mod incidents;
mod plots;
#[cfg(test)]
mod tests;

use std::ops::Range;

use jiff::Timestamp;

use super::random::Random;
use super::{Organisation, Repository, Scale};

/// Deployments and incidents stand in the order in which they began.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delivery {
    pub pipelines: Vec<Pipeline>,
    pub deployments: Vec<Deployment>,
    pub incidents: Vec<Incident>,
}

/// Position in [`Delivery::pipelines`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PipelineId(pub usize);

/// Position in [`Delivery::deployments`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeploymentId(pub usize);

#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// With its folders, as `amber/gateway`; the name of a workflow where `runner` is Actions.
    pub name: String,
    /// Position in [`Organisation::repositories`].
    pub repository: usize,
    /// What it builds or deploys.
    pub service: String,
    pub runner: Runner,
    pub purpose: Purpose,
    /// In the order in which they began, and so in that of their numbers; those that began at or after [`Organisation::end`] are not there.
    pub attempts: Vec<Attempt>,
    /// No more than this many of a job's newest builds are kept.
    pub keeps: Option<usize>,
    /// The job was deleted and made anew under the same name: its numbers began at 1 again, and what it had built is gone.
    pub recreated_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    Jenkins(JobKind),
    Actions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobKind {
    Freestyle,
    /// A pipeline job: it has stages.
    Pipeline,
    /// A folder with a pipeline job for each branch, each with numbers of its own.
    Multibranch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Build,
    /// Every attempt deploys; it is no build.
    Deploy(Environment),
    /// Every attempt brings production back to what it was.
    RollBack,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Of the run, the same for all attempts at it; distinct in the whole organisation.
    pub id: u64,
    /// Counted for each branch where the job is a multibranch one.
    pub number: u32,
    /// 1, or more where a run was begun again (Actions only).
    pub attempt: u32,
    pub revision: Revision,
    pub started_at: Timestamp,
    /// It runs until then, for days in some cases; may lie after [`Organisation::end`].
    pub finished_at: Timestamp,
    pub result: BuildResult,
    pub tests: Option<Tests>,
    pub coverage: Option<Coverage>,
}

/// What was built.
#[derive(Clone, Debug, PartialEq)]
pub enum Revision {
    /// On the default branch; position in [`Repository::commits`].
    Landed(usize),
    Branch {
        name: String,
        sha: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BuildResult {
    Success,
    Failure,
    /// Built, but tests failed; Jenkins only.
    Unstable,
    Aborted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tests {
    pub failed: u32,
    pub skipped: u32,
    pub total: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    pub lines_covered: u32,
    pub lines_total: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// Ascending in the order in which they began.
    pub id: u64,
    pub service: String,
    /// Position in [`Organisation::repositories`].
    pub repository: usize,
    pub environment: Environment,
    pub deployer: Deployer,
    pub started_at: Timestamp,
    /// May lie after [`Organisation::end`].
    pub finished_at: Timestamp,
    pub result: DeploymentResult,
    /// What was deployed; position in [`Repository::commits`].
    pub head: usize,
    /// Positions in [`Repository::commits`] of what this service had not yet had in this environment; empty where it failed.
    pub first_delivers: Range<usize>,
    /// The deployment that this rollback undoes.
    pub rolls_back: Option<DeploymentId>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Deployer {
    /// The whole of an attempt of that pipeline.
    Job { pipeline: PipelineId, attempt: usize },
    /// One stage of an attempt; the attempt may end otherwise than the stage.
    Stage { pipeline: PipelineId, attempt: usize, stage: &'static str },
    /// GitHub's own deployments.
    GitHub,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Environment {
    Production,
    Staging,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentResult {
    Success,
    Failure,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    pub id: u64,
    /// Of the issue that tells of it; no change of the repository has it.
    pub number: u32,
    pub service: String,
    /// Position in [`Organisation::repositories`].
    pub repository: usize,
    pub opened_at: Timestamp,
    /// None: not before [`Organisation::end`].
    pub resolved_at: Option<Timestamp>,
    /// None: nobody knows, or no deployment did.
    pub caused_by: Option<DeploymentId>,
    pub severity: Severity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    High,
    Medium,
    Low,
}

/// The same seed, repositories and end give the same delivery, always.
pub(super) fn delivery(
    scale: Scale,
    seed: u64,
    start: Timestamp,
    end: Timestamp,
    repositories: &[Repository],
) -> Delivery {
    let mut drafts = drafts::Drafts::new(Random::new(seed, "delivery"), start, end);
    for division in 0..scale.divisions {
        for plot in &plots::PLOTS {
            attempts::build(&mut drafts, &plot.in_division(division), repositories);
        }
    }
    let incidents = incidents::incidents(&mut drafts, repositories);
    drafts.finish(incidents)
}

impl Delivery {
    #[must_use]
    pub fn pipeline(&self, id: PipelineId) -> &Pipeline {
        &self.pipelines[id.0]
    }

    #[must_use]
    pub fn deployment(&self, id: DeploymentId) -> &Deployment {
        &self.deployments[id.0]
    }
}

impl Pipeline {
    /// The hash of what an attempt built.
    #[must_use]
    pub fn sha<'a>(&self, organisation: &'a Organisation, attempt: &'a Attempt) -> &'a str {
        match &attempt.revision {
            Revision::Landed(commit) => &organisation.repositories[self.repository].commits[*commit].sha,
            Revision::Branch { sha, .. } => sha,
        }
    }
}

impl Environment {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
        }
    }
}

impl Severity {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}
