//! `app.run`: how runs went.

use jiff::Timestamp;

use super::{Lease, Reading, SourceId, Store, StoreError, instant, lease};
use crate::model::{FeedName, RunReport, Sealed};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunId(pub(super) i64);

impl RunId {
    pub const fn number(self) -> i64 {
        self.0
    }
}

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunSummary {
    /// `ok`, `partial` or `failed`.
    pub outcome: String,
    /// The closed failure code; none when it was `ok`.
    pub code: Option<String>,
    /// Not before this is it worth another try.
    pub retry_at: Option<Timestamp>,
    pub pages: u32,
    pub facts: u32,
    pub rejected: u32,
    pub late: u32,
    pub problems: u32,
    /// Whether it was the plugin itself that failed.
    pub is_strike: bool,
    /// HTTP requests that were sent, those that repeated another among them, and what rate limits took.
    pub requests: u32,
    pub retries: u32,
    pub waited_seconds: u32,
    /// In detail; nothing in what was fetched, where it is sealed.
    pub report: RunReport,
}

/// The last run of a feed, back-fills aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    pub started: Timestamp,
    /// None: it is running, or its process died.
    pub ended: Option<Timestamp>,
    /// How many runs in a row ended with a strike, this one included.
    pub strikes: u32,
    pub summary: RunSummary,
    /// What it brought, left out and could not read.
    pub report: Option<Sealed>,
}

impl RunSummary {
    /// Whether its host stopped, or lost the source to another one: no further feed is to be run.
    pub fn was_stopped(&self) -> bool {
        matches!(self.code.as_deref(), Some("cancelled" | "overtaken"))
    }
}

impl LastRun {
    /// Whether something stopped it in the middle, or it never said how it ended.
    pub fn was_interrupted(&self) -> bool {
        self.ended.is_none() || self.summary.was_stopped()
    }
}

impl Store {
    pub async fn run_start(
        &self,
        held: Lease,
        feed: &FeedName,
        reading: Reading,
        now: Timestamp,
    ) -> Result<RunId, StoreError> {
        let mut transaction = self.pool.begin().await?;
        lease::guard(&mut transaction, held).await?;
        let id = sqlx::query_scalar!(
            "INSERT INTO app.run (source_id, feed, started_ms, is_backfill) VALUES ($1, $2, $3, $4) RETURNING id",
            held.source.0,
            feed.as_str(),
            now.as_millisecond(),
            reading != Reading::Onward,
        )
        .fetch_one(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(RunId(id))
    }

    /// Keeps the report of the feed's newest run alone.
    pub async fn run_finish(
        &self,
        run: RunId,
        now: Timestamp,
        summary: &RunSummary,
        report: Option<&Sealed>,
    ) -> Result<(), StoreError> {
        let count = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        sqlx::query!(
            "UPDATE app.run SET ended_ms = $2, outcome = $3, code = $4, retry_ms = $5, pages = $6, facts = $7, rejected = $8, late = $9,
                    problems = $10, is_strike = $11, requests = $12, retries = $13, waited_seconds = $14, report = $15
             WHERE id = $1",
            run.0,
            now.as_millisecond(),
            summary.outcome,
            summary.code,
            summary.retry_at.map(Timestamp::as_millisecond),
            count(summary.pages),
            count(summary.facts),
            count(summary.rejected),
            count(summary.late),
            count(summary.problems),
            summary.is_strike,
            count(summary.requests),
            count(summary.retries),
            count(summary.waited_seconds),
            report.map(Sealed::as_bytes),
        )
        .execute(&self.pool)
        .await?;
        if report.is_some() {
            sqlx::query!(
                "UPDATE app.run o SET report = NULL FROM app.run r
                 WHERE r.id = $1 AND o.source_id = r.source_id AND o.feed = r.feed AND o.id < r.id AND o.report IS NOT NULL",
                run.0,
            )
            .execute(&self.pool)
            .await?;
        }
        Ok(())
    }

    pub async fn last_run_fetch(&self, source: SourceId, feed: &FeedName) -> Result<Option<LastRun>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT started_ms, ended_ms, outcome, code, retry_ms, pages, facts, rejected, late, problems, is_strike,
                   requests, retries, waited_seconds, report,
                   (SELECT count(*) FROM app.run s WHERE s.source_id = $1 AND s.feed = $2 AND NOT s.is_backfill AND s.is_strike
                        AND s.id > coalesce((SELECT max(o.id) FROM app.run o WHERE o.source_id = $1 AND o.feed = $2
                            AND NOT o.is_backfill AND NOT o.is_strike AND o.ended_ms IS NOT NULL), 0)) AS "strikes!"
               FROM app.run WHERE source_id = $1 AND feed = $2 AND NOT is_backfill ORDER BY started_ms DESC, id DESC LIMIT 1"#,
            source.0,
            feed.as_str(),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| LastRun {
            started: instant(row.started_ms),
            ended: row.ended_ms.map(instant),
            strikes: u32::try_from(row.strikes).unwrap_or(u32::MAX),
            summary: RunSummary {
                outcome: row.outcome.unwrap_or_else(|| "running".to_owned()),
                code: row.code,
                retry_at: row.retry_ms.map(instant),
                pages: row.pages.unsigned_abs(),
                facts: row.facts.unsigned_abs(),
                rejected: row.rejected.unsigned_abs(),
                late: row.late.unsigned_abs(),
                problems: row.problems.unsigned_abs(),
                is_strike: row.is_strike,
                requests: row.requests.unsigned_abs(),
                retries: row.retries.unsigned_abs(),
                waited_seconds: row.waited_seconds.unsigned_abs(),
                report: RunReport::default(),
            },
            report: row.report.map(Sealed::new),
        }))
    }

    /// When the last run began that no failure ended.
    pub async fn last_success_fetch(&self, source: SourceId, feed: &FeedName) -> Result<Option<Timestamp>, StoreError> {
        let started = sqlx::query_scalar!(
            "SELECT max(started_ms) FROM app.run
             WHERE source_id = $1 AND feed = $2 AND NOT is_backfill AND ended_ms IS NOT NULL AND code IS NULL",
            source.0,
            feed.as_str(),
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(started.map(instant))
    }
}
