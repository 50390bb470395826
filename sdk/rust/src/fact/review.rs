//! Work on code: changes, their reviews, and the commits that land.

use super::{Account, Change, Commit, Review, ReviewState};
use crate::instant::Instant;

impl Change {
    /// A pull or merge request that was merged into a branch other than the default one; set
    /// what is known beyond that.
    ///
    /// ```
    /// use quintant_sdk::prelude::*;
    /// let mut change = Change::merged("octo/app", 7, 1_000);
    /// change.to_default_branch = true;
    /// change.author = Some(Account::new("583231", ["octocat"]));
    /// let fact = Envelope::new(Change::merged_key("42", 7), 9_000, change);
    /// assert_eq!(fact.key, "42#7/merged");
    /// ```
    pub fn merged(repo: impl Into<String>, number: u32, opened_at: Instant) -> Self {
        Self {
            repo: repo.into(),
            number,
            author: None,
            merged: true,
            to_default_branch: false,
            first_commit_at: None,
            opened_at,
            ready_at: None,
            first_review_at: None,
            first_reviewer: None,
            approved_at: None,
            merge_sha: None,
            additions: None,
            deletions: None,
            files: None,
            review_comments: None,
            reverts: None,
        }
    }

    /// One that was closed without a merge.
    pub fn closed(repo: impl Into<String>, number: u32, opened_at: Instant) -> Self {
        Self { merged: false, ..Self::merged(repo, number, opened_at) }
    }

    /// The key of a merge. `repository_id` is the source's immutable id, not the name.
    #[must_use]
    pub fn merged_key(repository_id: &str, number: u32) -> String {
        format!("{repository_id}#{number}/merged")
    }

    /// The key of a close without a merge; retract it when the change is open again.
    #[must_use]
    pub fn closed_key(repository_id: &str, number: u32) -> String {
        format!("{repository_id}#{number}/closed")
    }
}

impl Review {
    /// A submitted review of change `number` in `repo`.
    pub fn new(repo: impl Into<String>, number: u32, state: ReviewState) -> Self {
        Self { repo: repo.into(), change_number: number, change_author: None, reviewer: None, state, comments: None }
    }

    /// The same review with its author.
    #[must_use]
    pub fn by(mut self, reviewer: Option<Account>) -> Self {
        self.reviewer = reviewer;
        self
    }
}

impl Commit {
    /// A commit that landed on the default branch; the envelope's `at` is when it became
    /// reachable there.
    pub fn new(repo: impl Into<String>, sha: impl Into<String>, authored_at: Instant, parents: u32) -> Self {
        Self { repo: repo.into(), sha: sha.into(), author: None, authored_at, parents }
    }

    /// The same commit with its author.
    #[must_use]
    pub fn by(mut self, author: Option<Account>) -> Self {
        self.author = author;
        self
    }

    /// The key of a commit. `repository_id` is the source's immutable id, not the name.
    #[must_use]
    pub fn key(repository_id: &str, sha: &str) -> String {
        format!("{repository_id}@{sha}")
    }
}
