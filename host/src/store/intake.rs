//! From `app.friction_inbox` to `raw.friction`: what people report to this program itself goes through the pipe as what plugins bring does.

use jiff::Timestamp;
use sqlx::{Postgres, Transaction};

use super::{Coverage, Expected, PageRows, SourceId, Store, StoreError, copy, instant, page, releasing};
use crate::model::{FeedName, Friction, Report, TeamName, Week};

/// Reports on their way. Dropping it leaves them where they were.
pub struct Intake {
    transaction: Transaction<'static, Postgres>,
}

impl Store {
    /// From when on reports of this feed count, if that was said already.
    pub async fn own_feed_open(&self, source: SourceId, feed: &FeedName, from: Timestamp) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO app.feed (source_id, name, covered_from_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            source.0,
            feed.as_str(),
            from.as_millisecond(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// What is covered of a feed that is not read but reported to; `None` before anybody may report.
    pub async fn own_coverage_fetch(&self, source: SourceId, feed: &FeedName) -> Result<Option<Coverage>, StoreError> {
        let row = sqlx::query!(
            "SELECT covered_from_ms, coalesce(covered_through_ms, covered_from_ms) AS \"through_ms!\" FROM app.feed WHERE source_id = $1 AND name = $2",
            source.0,
            feed.as_str(),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| Coverage { from: instant(row.covered_from_ms), through: instant(row.through_ms) }))
    }

    /// Takes the reports that wait. Pages and releases know nothing of them before they are committed.
    pub async fn intake(&self) -> Result<(Intake, Vec<Report>), StoreError> {
        let mut transaction = self.pool.begin_with(releasing::BEGIN_PAGE).await?;
        // In one row: a log of statements tells how many there are.
        let row = sqlx::query!(
            r#"WITH taken AS (DELETE FROM app.friction_inbox RETURNING week, category, severity, coalesce(team, '') AS team)
               SELECT coalesce(array_agg(week), '{}') AS "weeks!", coalesce(array_agg(category), '{}') AS "categories!",
                      coalesce(array_agg(severity), '{}') AS "severities!", coalesce(array_agg(team), '{}') AS "teams!" FROM taken"#
        )
        .fetch_one(&mut *transaction)
        .await?;
        let words = row.categories.into_iter().zip(row.severities).zip(row.teams);
        let reports = row.weeks.into_iter().zip(words);
        let reports = reports.map(|(week, ((category, severity), team))| report(week, &category, &severity, &team));
        let reports = reports.collect::<Result<_, _>>()?;
        Ok((Intake { transaction }, reports))
    }
}

fn report(week: i32, category: &str, severity: &str, team: &str) -> Result<Report, StoreError> {
    let word = |text: &str| text.parse().map_err(|_| StoreError::Corrupt("a word of friction that is none"));
    let team: Option<TeamName> = match team {
        "" => None,
        team => Some(team.parse().map_err(|_| StoreError::Corrupt("a team that is no name"))?),
    };
    let friction = Friction { category: word(category)?, severity: word(severity)?, team };
    Ok(Report { week: Week::from_index(week), friction })
}

impl Intake {
    /// Stores what they have become, and that nothing is missing up to `through`.
    pub async fn commit(
        mut self,
        source: SourceId,
        feed: &FeedName,
        rows: &PageRows,
        through: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE app.feed SET covered_through_ms = greatest(covered_through_ms, $3) WHERE source_id = $1 AND name = $2",
            source.0,
            feed.as_str(),
            through.as_millisecond(),
        )
        .execute(&mut *self.transaction)
        .await?;
        let (_, copies) = page::write(&mut self.transaction, source, rows, Expected::New).await?;
        copy::send(self.transaction, copies).await?.commit().await?;
        Ok(())
    }
}
