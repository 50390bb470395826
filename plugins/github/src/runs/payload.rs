//! Workflow runs as GitHub lists them; what is not needed is not read.

use quintant_sdk::prelude::*;
use serde::Deserialize;

use crate::payload::{Date, DoubtfulDate, Id};

/// `GET /repos/{owner}/{repo}/actions/runs`.
#[derive(Debug, Deserialize)]
pub struct Runs {
    /// Of all pages; no more than a thousand can be paged through.
    pub total_count: Option<u64>,
    pub workflow_runs: Items<Run>,
}

/// A run in its latest attempt, and what `…/actions/runs/{id}/attempts/{attempt}` answers of an earlier one.
#[derive(Debug, Deserialize)]
pub struct Run {
    pub id: Id,
    pub run_number: u32,
    pub run_attempt: Option<u32>,
    pub created_at: Date,
    /// When it ended, once it has.
    pub updated_at: Date,
    #[serde(default)]
    pub run_started_at: DoubtfulDate,
    pub status: Option<String>,
    pub conclusion: Option<String>,
    pub event: Option<String>,
    pub head_branch: Option<String>,
    pub head_sha: Option<String>,
    pub name: Option<String>,
    pub path: Option<String>,
    pub workflow_id: Option<Id>,
}

/// `GET /repos/{owner}/{repo}`.
#[derive(Debug, Deserialize)]
pub struct Branches {
    pub default_branch: Option<String>,
}

impl Run {
    /// From 1 on; older servers do not count.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.run_attempt.unwrap_or(1).max(1)
    }

    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.status.as_deref() == Some("completed")
    }
}
