//! `app.feeds_at`: how feeds stand, as far as anybody may know. What their runs brought is not in it.

use jiff::Timestamp;

use super::{LastRun, Reader, RunSummary, StoreError, instant};
use crate::model::{FeedName, SourceName};

/// How a feed stood at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The last run that had ended; without counts and without a report.
    pub last: Option<LastRun>,
    pub covered_through: Option<Timestamp>,
}

impl Reader {
    /// How each of these feeds stood, in their order.
    pub async fn feeds_at(
        &self,
        feeds: &[(&SourceName, &FeedName)],
        at: Timestamp,
    ) -> Result<Vec<Standing>, StoreError> {
        let (sources, names): (Vec<String>, Vec<String>) =
            feeds.iter().map(|(source, feed)| (source.as_str().to_owned(), feed.as_str().to_owned())).unzip();
        let rows = sqlx::query!(
            "SELECT started_ms, ended_ms, outcome, code, retry_ms, strikes, covered_through_ms FROM app.feeds_at($1, $2, $3)",
            &sources,
            &names,
            at.as_millisecond(),
        )
        .fetch_all(&self.pool)
        .await?;
        let standing = rows.into_iter().map(|row| Standing {
            last: row.started_ms.map(|started| LastRun {
                started: instant(started),
                ended: row.ended_ms.map(instant),
                strikes: row.strikes.and_then(|strikes| strikes.try_into().ok()).unwrap_or(0),
                summary: RunSummary {
                    outcome: row.outcome.unwrap_or_default(),
                    code: row.code,
                    retry_at: row.retry_ms.map(instant),
                    ..RunSummary::default()
                },
                report: None,
            }),
            covered_through: row.covered_through_ms.map(instant),
        });
        Ok(standing.collect())
    }
}
