//! Pull requests, reviews and events as GitHub lists them; what is not needed is not read.

use serde::Deserialize;

use crate::payload::{Date, Id};
use crate::people::User;

/// An item of `GET /repos/{owner}/{repo}/pulls`.
#[derive(Debug, Deserialize)]
pub struct PullRequest {
    pub number: u32,
    pub state: Option<String>,
    pub user: Option<User>,
    pub created_at: Date,
    pub updated_at: Option<Date>,
    pub closed_at: Option<Date>,
    pub merged_at: Option<Date>,
    pub merge_commit_sha: Option<String>,
    pub base: Base,
}

/// The branch a pull request wants to go to.
#[derive(Debug, Deserialize)]
pub struct Base {
    #[serde(rename = "ref")]
    pub branch: Option<String>,
    pub repo: BaseRepository,
}

/// The repository of that branch; its id survives renames.
#[derive(Debug, Deserialize)]
pub struct BaseRepository {
    pub id: Id,
    pub default_branch: Option<String>,
}

/// An item of `GET /repos/{owner}/{repo}/pulls/{number}/reviews`.
#[derive(Debug, Deserialize)]
pub struct SubmittedReview {
    pub id: Id,
    pub user: Option<User>,
    pub state: Option<String>,
    /// None while the review is pending.
    pub submitted_at: Option<Date>,
}

/// An item of `GET /repos/{owner}/{repo}/issues/{number}/events`.
#[derive(Debug, Deserialize)]
pub struct Event {
    pub event: Option<String>,
    pub created_at: Option<Date>,
}
