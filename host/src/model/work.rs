//! Facts as release reads them: reduced to what a rule or a figure needs.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{BuildResult, EntityKey, LineCoverage, Linked, Pseudonym, Question, ServiceName, TeamName, Week, Word};

/// A merged change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedChange {
    pub week: Week,
    pub merged_at: Timestamp,
    pub change: EntityKey,
    /// The same change, as reviews of the epoch before know it.
    pub earlier_change: Option<EntityKey>,
    pub author: Option<Pseudonym>,
    /// The team that owns its repository.
    pub owner: Option<TeamName>,
    pub first_commit_at: Option<Timestamp>,
    pub opened_at: Timestamp,
    pub ready_at: Option<Timestamp>,
    pub first_review_at: Option<Timestamp>,
    pub first_reviewer: Option<Pseudonym>,
    /// The commit that it landed as.
    pub merge_commit: Option<EntityKey>,
    /// None: its source does not know.
    pub review_comments: Option<u32>,
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenReview {
    pub week: Week,
    pub at: Timestamp,
    pub change: EntityKey,
    /// The same change, as reviews of the epoch before know it.
    pub earlier_change: Option<EntityKey>,
    pub change_author: Option<Pseudonym>,
    pub reviewer: Pseudonym,
}

/// Somebody's commit with at most one parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandedCommit {
    pub week: Week,
    pub author: Pseudonym,
}

/// A finished build of a default branch that came to a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedBuild {
    pub week: Week,
    pub at: Timestamp,
    pub pipeline: Linked<EntityKey>,
    pub owner: Option<TeamName>,
    pub result: BuildResult,
    pub coverage: Option<LineCoverage>,
}

/// A successful deployment to production.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedDeployment {
    pub week: Week,
    pub at: Timestamp,
    /// What incidents and roll-backs name it by, here and in the next epoch.
    pub deployment: EntityKey,
    pub service_key: Linked<EntityKey>,
    pub service: Option<ServiceName>,
    pub owner: Option<TeamName>,
    pub repository: Option<EntityKey>,
    pub head_sha: Option<Linked<EntityKey>>,
    /// All commits that it delivers, where the source lists them.
    pub shas: Vec<Linked<EntityKey>>,
    pub rollback: bool,
    pub rolls_back: Option<Linked<EntityKey>>,
    pub unplanned: bool,
}

/// A commit as a deployment that names its newest one finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachableCommit {
    pub sha: EntityKey,
    pub at: Timestamp,
    pub repository: Linked<EntityKey>,
}

/// An incident as far as it is known: its phases are two facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownIncident {
    pub week: Week,
    pub incident: Linked<EntityKey>,
    pub service_key: Linked<EntityKey>,
    pub service: Option<ServiceName>,
    pub owner: Option<TeamName>,
    pub opened_at: Timestamp,
    /// None in the phase that opened it.
    pub resolved_at: Option<Timestamp>,
    pub caused_by: Option<Linked<EntityKey>>,
}

/// One account's use of one tool on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedUse {
    pub week: Week,
    pub actor: Pseudonym,
    pub tool: Word,
    pub count: u32,
}

/// What a source had counted over a period that lies in one week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenTally {
    pub week: Week,
    pub tool: Word,
    pub count: Option<u32>,
    pub people: Option<u32>,
    pub eligible: Option<u32>,
}

/// One answer to a survey.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenAnswer {
    pub week: Week,
    pub instrument: Word,
    pub campaign: EntityKey,
    pub team: Option<TeamName>,
    pub answers: BTreeMap<Question, f64>,
}

/// A report of friction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedFriction {
    pub week: Week,
    pub category: Word,
    pub team: Option<TeamName>,
}

/// A sample of a plugin's own metric.
#[derive(Debug, Clone, PartialEq)]
pub struct TakenSample {
    pub week: Week,
    pub at: Timestamp,
    pub metric: Word,
    pub value: f64,
    pub actor: Option<Pseudonym>,
}
