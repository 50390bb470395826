//! Work on code: changes, their reviews, and the commits that land.

use super::{Account, Change, Commit, Review, ReviewState};
use crate::instant::Instant;

impl Change {
    /// A pull or merge request that was merged into a branch other than the default one; set
    /// what is known beyond that. `id` comes from [`Change::id`].
    ///
    /// ```
    /// use quintant_sdk::prelude::*;
    /// let mut change = Change::merged("octo/app", Change::id("42", 7), 1_000);
    /// change.to_default_branch = true;
    /// change.author = Some(Account::new("583231", ["octocat"]));
    /// let fact = Envelope::new(change.key(), 9_000, change);
    /// assert_eq!(fact.key, "42#7/merged");
    /// ```
    pub fn merged(repo: impl Into<String>, id: impl Into<String>, opened_at: Instant) -> Self {
        Self {
            repo: repo.into(),
            id: id.into(),
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
    pub fn closed(repo: impl Into<String>, id: impl Into<String>, opened_at: Instant) -> Self {
        Self { merged: false, ..Self::merged(repo, id, opened_at) }
    }

    /// What reviews name a change by. `repository_id` is the source's immutable id, not the name.
    #[must_use]
    pub fn id(repository_id: &str, number: u32) -> String {
        format!("{repository_id}#{number}")
    }

    /// The key of its end.
    #[must_use]
    pub fn key(&self) -> String {
        if self.merged { format!("{}/merged", self.id) } else { Self::closed_key(&self.id) }
    }

    /// The key of a close without a merge; retract it when the change is open again.
    #[must_use]
    pub fn closed_key(id: &str) -> String {
        format!("{id}/closed")
    }
}

impl Review {
    /// A submitted review of the change with that [`Change::id`] in `repo`.
    pub fn new(repo: impl Into<String>, change: impl Into<String>, state: ReviewState) -> Self {
        Self { repo: repo.into(), change: change.into(), change_author: None, reviewer: None, state, comments: None }
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
