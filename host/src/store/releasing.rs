//! One release: what it reads and what it writes in one transaction, while pages of facts wait.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::{PgConnection, Postgres, Transaction};

use super::{Store, StoreError, account, assignment, atom, change, commit, epoch, notice, review, span};
use crate::model::{Assignment, Atom, Epoch, EpochSalt, GivenReview, LandedCommit, MergedChange, Span, Spelling, Week};

/// A release that has begun. Dropping it undoes it.
pub struct Releasing {
    transaction: Transaction<'static, Postgres>,
}

/// The lock is held by a release alone, and by any number of pages together: a page's facts must not come between what a release reads and
/// what it writes.
pub(super) const BEGIN_PAGE: &str = "BEGIN; SELECT pg_advisory_xact_lock_shared(8175556621680864885)";

/// Neither a page nor a release may come between what is removed together.
pub(super) async fn keep_pages_and_releases_out(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query!("SELECT pg_advisory_xact_lock(8175556621680864885)").execute(connection).await?;
    Ok(())
}

impl Store {
    /// Begins a release; waits for pages and for another host's release to end.
    pub async fn releasing(&self) -> Result<Releasing, StoreError> {
        let mut transaction = self.release.begin().await?;
        keep_pages_and_releases_out(&mut transaction).await?;
        Ok(Releasing { transaction })
    }

    /// Everything that was ever released.
    pub async fn atoms_fetch(&self) -> Result<Vec<Atom>, StoreError> {
        atom::fetch(&mut *self.release.acquire().await?).await
    }

    /// Every span that has begun.
    pub async fn spans_fetch(&self) -> Result<Vec<Span>, StoreError> {
        span::fetch(&mut *self.release.acquire().await?).await
    }

    /// What the keys of the live epochs are made with.
    pub async fn salts_fetch(&self) -> Result<BTreeMap<Epoch, EpochSalt>, StoreError> {
        epoch::fetch(&mut *self.release.acquire().await?).await
    }

    /// Every known spelling and an account that it leads to.
    pub async fn spellings_fetch(&self) -> Result<Vec<Spelling>, StoreError> {
        account::fetch(&mut *self.release.acquire().await?).await
    }
}

impl Releasing {
    /// What the keys of the live epochs are made with.
    pub async fn salts_fetch(&mut self) -> Result<BTreeMap<Epoch, EpochSalt>, StoreError> {
        epoch::fetch(&mut self.transaction).await
    }

    /// Everything that was ever released.
    pub async fn atoms_fetch(&mut self) -> Result<Vec<Atom>, StoreError> {
        atom::fetch(&mut self.transaction).await
    }

    /// Every span that has begun.
    pub async fn spans_fetch(&mut self) -> Result<Vec<Span>, StoreError> {
        span::fetch(&mut self.transaction).await
    }

    /// Every known spelling and an account that it leads to.
    pub async fn spellings_fetch(&mut self) -> Result<Vec<Spelling>, StoreError> {
        account::fetch(&mut self.transaction).await
    }

    /// The changes that were merged in the weeks from `start` up to, not including, `end`.
    pub async fn merged_changes_fetch(&mut self, start: Week, end: Week) -> Result<Vec<MergedChange>, StoreError> {
        change::fetch_merged(&mut self.transaction, start, end).await
    }

    /// The reviews of these weeks, and the earlier ones of changes that were reviewed or merged in them.
    pub async fn reviews_fetch(&mut self, start: Week, end: Week) -> Result<Vec<GivenReview>, StoreError> {
        review::fetch(&mut self.transaction, start, end).await
    }

    /// The commits with at most one parent that landed in these weeks.
    pub async fn landed_commits_fetch(&mut self, start: Week, end: Week) -> Result<Vec<LandedCommit>, StoreError> {
        commit::fetch_landed(&mut self.transaction, start, end).await
    }

    /// What was released of these weeks, and in which cells.
    pub async fn assignments_fetch(&mut self, start: Week, end: Week) -> Result<Vec<Assignment>, StoreError> {
        assignment::fetch(&mut self.transaction, start, end).await
    }

    /// Writes what was decided, all or nothing.
    pub async fn commit(
        mut self,
        begun: &[Span],
        atoms: &[Atom],
        assignments: &[Assignment],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        span::insert(&mut self.transaction, begun).await?;
        atom::insert(&mut self.transaction, atoms, now).await?;
        assignment::insert(&mut self.transaction, assignments).await?;
        notice::announce(&mut self.transaction).await?;
        self.transaction.commit().await?;
        Ok(())
    }
}
