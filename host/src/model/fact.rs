//! Typed facts. `P` and `K` say how far one has come: as a source sent it, or under pseudonyms.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Build, Deployment, EntityKey, Epoch, Friction, Incident, Linked, Membership, Pseudonym, RawIdentity, RawKey,
    Sample, SurveyResponse, Tally, TeamName, Usage, Week,
};

macro_rules! kinds {
    ($($kind:ident: $name:literal,)+) => {
        /// The kinds of fact.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum FactKind {
            $($kind,)+
        }

        impl FactKind {
            pub const ALL: [FactKind; [$($name),+].len()] = [$(FactKind::$kind),+];

            pub const fn as_str(self) -> &'static str {
                match self {
                    $(FactKind::$kind => $name,)+
                }
            }
        }

        impl<P, K> FactBody<P, K> {
            pub const fn kind(&self) -> FactKind {
                match self {
                    $(FactBody::$kind(_) => FactKind::$kind,)+
                }
            }
        }
    };
}

impl FactKind {
    /// Whether an account bears it: whose work it is. The others are a team's, or nobody's.
    pub const fn has_account(self) -> bool {
        matches!(self, Self::Change | Self::Review | Self::Commit | Self::Usage | Self::Membership | Self::Sample)
    }
}

kinds! {
    Change: "change",
    Review: "review",
    Commit: "commit",
    Build: "build",
    Deployment: "deployment",
    Incident: "incident",
    Usage: "usage",
    Tally: "tally",
    SurveyResponse: "survey_response",
    Friction: "friction",
    Membership: "membership",
    Sample: "sample",
}

/// Something that became true upstream at `at`, known by `key` inside its source and kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact<P, K> {
    pub key: K,
    pub at: Timestamp,
    pub body: FactBody<P, K>,
}

/// A fact as a plugin sent it.
pub type RawFact = Fact<RawIdentity, RawKey>;

/// A fact as the database keeps it: with the week it belongs to, under the key of that week's epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct StampedFact {
    pub week: Week,
    pub fact: Fact<Pseudonym, EntityKey>,
    /// Its key under the keys of the other live epochs, where it lies if it has moved since.
    pub keys_elsewhere: Vec<(Epoch, EntityKey)>,
    /// Its change under the key of the epoch before, if the change may have been reviewed then.
    pub earlier_change: Option<EntityKey>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum FactBody<P, K> {
    Change(Change<P, K>),
    Review(Review<P, K>),
    Commit(Commit<P, K>),
    Build(Build<K>),
    Deployment(Deployment<K>),
    Incident(Incident<K>),
    Usage(Usage<P>),
    Tally(Tally<K>),
    SurveyResponse(SurveyResponse<K>),
    Friction(Friction),
    Membership(Membership<P, K>),
    Sample(Sample<P, K>),
}

/// A pull or merge request that was merged or closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<P, K> {
    pub repository: K,
    /// The change whatever became of it, so that reviews find it.
    pub change: K,
    /// The team that owns the repository.
    pub owner: Option<TeamName>,
    /// None: the source no longer knows.
    pub author: Option<P>,
    pub merged: bool,
    pub to_default_branch: bool,
    pub first_commit_at: Option<Timestamp>,
    pub opened_at: Timestamp,
    pub ready_at: Option<Timestamp>,
    pub first_review_at: Option<Timestamp>,
    pub first_reviewer: Option<P>,
    pub approved_at: Option<Timestamp>,
    pub merge_commit: Option<K>,
    pub additions: Option<u32>,
    pub deletions: Option<u32>,
    pub files: Option<u32>,
    pub review_comments: Option<u32>,
    pub reverts: Option<K>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewState {
    Approved,
    ChangesRequested,
    Commented,
}

impl ReviewState {
    pub const fn as_str(self) -> &'static str {
        match self {
            ReviewState::Approved => "approved",
            ReviewState::ChangesRequested => "changes_requested",
            ReviewState::Commented => "commented",
        }
    }
}

/// One review of a change by somebody other than its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review<P, K> {
    pub change: K,
    pub change_author: Option<P>,
    pub reviewer: Option<P>,
    pub state: ReviewState,
    pub comments: Option<u32>,
}

/// A commit that landed on the default branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit<P, K> {
    /// Deployments of the next epoch may name a commit of this one, and with it all that landed before in the same repository.
    pub repository: Linked<K>,
    pub sha: K,
    pub author: Option<P>,
    pub parents: u32,
}

/// A fact that no longer holds upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retraction<K> {
    pub kind: FactKind,
    pub key: K,
}
