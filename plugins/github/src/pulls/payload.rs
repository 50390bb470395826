//! Pull requests, reviews and events as GitHub lists them; what is not needed is not read.

use quintant_sdk::prelude::*;
use serde::Deserialize;

use crate::payload::{Date, DoubtfulDate, Id};
use crate::people::User;

const READY_FOR_REVIEW: &str = "ready_for_review";

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
    /// Listings leave sizes out.
    pub additions: Option<u32>,
    pub deletions: Option<u32>,
    pub changed_files: Option<u32>,
    /// Only GraphQL tells it here.
    #[serde(skip)]
    pub first_commit_at: Option<Instant>,
    /// Who said something in its conversation; only GraphQL tells it here.
    #[serde(skip)]
    pub commenters: Option<Vec<Option<User>>>,
}

/// What is looked at of the newest pull request before any is read.
#[derive(Debug, Default, Deserialize)]
pub struct Probe {
    pub url: Option<String>,
    #[serde(default)]
    pub updated_at: DoubtfulDate,
}

/// The branch a pull request wants to go to.
#[derive(Debug, Deserialize)]
pub struct Base {
    #[serde(rename = "ref")]
    pub branch: Option<String>,
    pub repo: BaseRepository,
}

/// The repository of that branch; its id survives renames.
#[derive(Clone, Debug, Deserialize)]
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
    /// On lines; only GraphQL tells it here.
    #[serde(skip)]
    pub comments: Option<u32>,
}

/// An item of `GET /repos/{owner}/{repo}/issues/{number}/events`.
#[derive(Debug, Deserialize)]
pub struct Event {
    pub event: Option<String>,
    pub created_at: Option<Date>,
}

impl Event {
    /// A draft became ready.
    #[must_use]
    pub fn ready_for_review(created_at: Option<Date>) -> Self {
        Self { event: Some(READY_FOR_REVIEW.to_owned()), created_at }
    }

    /// Whether a draft became ready.
    #[must_use]
    pub fn is_ready_for_review(&self) -> bool {
        self.event.as_deref() == Some(READY_FOR_REVIEW)
    }
}
