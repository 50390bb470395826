//! One release: what it reads and what it writes in one transaction, while pages of facts wait.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::{PgConnection, Postgres, Transaction};

use super::atom::Released;
use super::fact::Digest;
use super::{
    Store, StoreError, account, assignment, atom, build, change, commit, day, deployment, epoch, friction, incident,
    notice, review, sample, span, survey_response, tally, usage,
};
use crate::model::{
    Assignment, Atom, CountedUse, Day, EntityKey, Epoch, EpochSalt, FinishedBuild, FinishedDeployment, GivenAnswer,
    GivenReview, KnownIncident, LandedCommit, MergedChange, ReachableCommit, ReportedFriction, Span, Spelling,
    TakenSample, TakenTally, Week,
};

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

    /// What was released of the spans that start in these weeks or later.
    pub async fn released_fetch(&self, from: Week) -> Result<Released, StoreError> {
        atom::fetch_released(&mut *self.release.acquire().await?, from).await
    }

    /// How many atoms there are.
    pub async fn atoms_count(&self) -> Result<i64, StoreError> {
        atom::count(&mut *self.release.acquire().await?).await
    }

    /// Every span that has begun and ends after this week.
    pub async fn spans_fetch(&self, from: Week) -> Result<Vec<Span>, StoreError> {
        span::fetch(&mut *self.release.acquire().await?, from).await
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

/// A stretch of whole weeks: from the first one up to, not including, the second.
pub type Weeks = std::ops::Range<Week>;

impl Releasing {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    /// What the keys of the live epochs are made with.
    pub async fn salts_fetch(&mut self) -> Result<BTreeMap<Epoch, EpochSalt>, StoreError> {
        epoch::fetch(&mut self.transaction).await
    }

    /// What was released of the spans that start in these weeks or later.
    pub async fn released_fetch(&mut self, from: Week) -> Result<Released, StoreError> {
        atom::fetch_released(&mut self.transaction, from).await
    }

    /// The days from this one on that were released.
    pub async fn told_days_fetch(&mut self, from: Date) -> Result<BTreeSet<Date>, StoreError> {
        day::fetch_told(&mut self.transaction, from).await
    }

    /// Every span that has begun and ends after this week.
    pub async fn spans_fetch(&mut self, from: Week) -> Result<Vec<Span>, StoreError> {
        span::fetch(&mut self.transaction, from).await
    }

    /// Every known spelling and an account that it leads to.
    pub async fn spellings_fetch(&mut self) -> Result<Vec<Spelling>, StoreError> {
        account::fetch(&mut self.transaction).await
    }

    /// The changes that were merged.
    pub async fn merged_changes_fetch(&mut self, weeks: &Weeks) -> Result<Vec<MergedChange>, StoreError> {
        change::fetch_merged(&mut self.transaction, weeks.start, weeks.end).await
    }

    /// The reviews, and the earlier ones of changes that were reviewed or merged.
    pub async fn reviews_fetch(&mut self, weeks: &Weeks) -> Result<Vec<GivenReview>, StoreError> {
        review::fetch(&mut self.transaction, weeks.start, weeks.end).await
    }

    /// The commits with at most one parent that landed.
    pub async fn landed_commits_fetch(&mut self, weeks: &Weeks) -> Result<Vec<LandedCommit>, StoreError> {
        commit::fetch_landed(&mut self.transaction, weeks).await
    }

    /// The builds of default branches that came to a result.
    pub async fn builds_fetch(&mut self, weeks: &Weeks) -> Result<Vec<FinishedBuild>, StoreError> {
        build::fetch_finished(&mut self.transaction, weeks).await
    }

    /// The successful deployments to production, in the order in which they finished.
    pub async fn deployments_fetch(&mut self, weeks: &Weeks) -> Result<Vec<FinishedDeployment>, StoreError> {
        deployment::fetch_finished(&mut self.transaction, weeks).await
    }

    /// What is known of the incidents that were opened or resolved: one for each phase.
    pub async fn incidents_fetch(&mut self, weeks: &Weeks) -> Result<Vec<KnownIncident>, StoreError> {
        incident::fetch_known(&mut self.transaction, weeks).await
    }

    /// People's use of tools.
    pub async fn uses_fetch(&mut self, weeks: &Weeks) -> Result<Vec<CountedUse>, StoreError> {
        usage::fetch_counted(&mut self.transaction, weeks).await
    }

    /// The answers to surveys that ended.
    pub async fn answers_fetch(&mut self, weeks: &Weeks) -> Result<Vec<GivenAnswer>, StoreError> {
        survey_response::fetch_given(&mut self.transaction, weeks).await
    }

    /// The friction that was reported.
    pub async fn friction_fetch(&mut self, weeks: &Weeks) -> Result<Vec<ReportedFriction>, StoreError> {
        friction::fetch_reported(&mut self.transaction, weeks).await
    }

    /// The samples, in the order in which they were taken.
    pub async fn samples_fetch(&mut self, weeks: &Weeks) -> Result<Vec<TakenSample>, StoreError> {
        sample::fetch_taken(&mut self.transaction, weeks).await
    }

    /// The changes that landed as these commits, whenever that was.
    pub async fn changes_landed_as(&mut self, commits: &[EntityKey]) -> Result<Vec<MergedChange>, StoreError> {
        let commits: Vec<Digest> = commits.iter().map(|commit| *commit.as_bytes()).collect();
        change::fetch_landed_as(&mut self.transaction, &commits).await
    }

    /// The commits that landed in the repositories of these ones.
    pub async fn reachable_commits_fetch(
        &mut self,
        heads: &[EntityKey],
        weeks: &Weeks,
    ) -> Result<Vec<ReachableCommit>, StoreError> {
        let heads: Vec<Digest> = heads.iter().map(|head| *head.as_bytes()).collect();
        commit::fetch_reachable(&mut self.transaction, &heads, weeks.start, weeks.end).await
    }

    /// What sources counted over periods that lie wholly in one of these weeks, each given with its bounds.
    pub async fn tallies_fetch(
        &mut self,
        weeks: &[(Week, Timestamp, Timestamp)],
    ) -> Result<Vec<TakenTally>, StoreError> {
        tally::fetch_taken(&mut self.transaction, weeks).await
    }

    /// What was released of these weeks, and in which cells.
    pub async fn assignments_fetch(&mut self, weeks: &Weeks) -> Result<Vec<Assignment>, StoreError> {
        assignment::fetch(&mut self.transaction, weeks.start, weeks.end).await
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

    /// Writes days, all or nothing.
    pub async fn commit_days(mut self, days: &[Day], now: Timestamp) -> Result<(), StoreError> {
        day::insert(&mut self.transaction, days, now).await?;
        notice::announce(&mut self.transaction).await?;
        self.transaction.commit().await?;
        Ok(())
    }
}
