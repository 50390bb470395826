//! Facts as release reads them: reduced to what a rule or a figure needs.

use jiff::Timestamp;

use super::{EntityKey, Pseudonym, TeamName, Week};

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
    pub opened_at: Timestamp,
    pub ready_at: Option<Timestamp>,
    pub first_review_at: Option<Timestamp>,
    pub first_reviewer: Option<Pseudonym>,
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
