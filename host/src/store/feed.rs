//! `app.feed`: where reading goes on and what has been covered.

use jiff::Timestamp;
use sqlx::PgConnection;

use super::{Lease, ListVersion, SourceId, Store, StoreError, instant, lease};
use crate::model::{Family, FeedName, Sealed, Week};

/// What is known of a feed before its next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedState {
    pub cursor: Option<Sealed>,
    pub covered_from: Timestamp,
    pub covered_through: Option<Timestamp>,
    /// Weeks before it were released before the feed was added.
    pub counts_from: Option<Week>,
}

/// The stretch of time that a feed has delivered completely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    pub from: Timestamp,
    pub through: Timestamp,
}

impl Store {
    /// The feed's state; a feed seen for the first time starts at `look_back_to`, and does not count before `counts_from`. One that was not
    /// read since `keep_from` has a hole, which nothing can fill: what it covers starts anew behind it.
    pub async fn feed_open(
        &self,
        lease: Lease,
        feed: &FeedName,
        look_back_to: Timestamp,
        counts_from: Option<Week>,
        keep_from: Timestamp,
    ) -> Result<FeedState, StoreError> {
        let mut transaction = self.pool.begin().await?;
        lease::guard(&mut transaction, lease).await?;
        sqlx::query!(
            "INSERT INTO app.feed (source_id, name, covered_from_ms, counts_from_week) VALUES ($1, $2, $3, $4)
             ON CONFLICT (source_id, name) DO NOTHING",
            lease.source.0,
            feed.as_str(),
            look_back_to.as_millisecond(),
            counts_from.map(Week::index),
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "UPDATE app.feed SET covered_from_ms = $3
             WHERE source_id = $1 AND name = $2 AND coalesce(covered_through_ms, covered_from_ms) < $3",
            lease.source.0,
            feed.as_str(),
            keep_from.as_millisecond(),
        )
        .execute(&mut *transaction)
        .await?;
        let row = sqlx::query!(
            "SELECT cursor, covered_from_ms, covered_through_ms, counts_from_week FROM app.feed WHERE source_id = $1 AND name = $2",
            lease.source.0,
            feed.as_str(),
        )
        .fetch_one(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(FeedState {
            cursor: row.cursor.map(Sealed::new),
            covered_from: instant(row.covered_from_ms),
            covered_through: row.covered_through_ms.map(instant),
            counts_from: row.counts_from_week.map(Week::from_index),
        })
    }

    /// Lets every feed start anew where there is no salt, and so no fact: the database comes from a back-up, which holds neither.
    pub async fn feeds_without_facts_forget(&self) -> Result<(), StoreError> {
        sqlx::query!(
            "WITH stretch AS (DELETE FROM app.backfill WHERE NOT EXISTS (SELECT FROM app.epoch))
             DELETE FROM app.feed WHERE NOT EXISTS (SELECT FROM app.epoch) AND (cursor IS NOT NULL OR covered_through_ms IS NOT NULL)"
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The week that a feed counts from, where weeks before it were released before the feed was added.
    pub async fn counts_from_fetch(&self, source: SourceId, feed: &FeedName) -> Result<Option<Week>, StoreError> {
        let week = sqlx::query_scalar!(
            "SELECT counts_from_week FROM app.feed WHERE source_id = $1 AND name = $2",
            source.0,
            feed.as_str(),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(week.flatten().map(Week::from_index))
    }

    /// The first week that a family's new facts can still count in: a span that has begun is told whole. None: nothing of it is released.
    pub async fn open_week_fetch(&self, families: &[Family]) -> Result<Option<Week>, StoreError> {
        let families: Vec<String> = families.iter().map(|family| family.as_str().to_owned()).collect();
        let week = sqlx::query_scalar!(
            r#"SELECT least(told."end", (SELECT min(start_week) FROM release.span WHERE start_week + weeks > told."end"))
               FROM (SELECT max(start_week + weeks) AS "end" FROM release.atom WHERE family = ANY($1)) told"#,
            &families,
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(week.map(Week::from_index))
    }

    /// What a feed has covered; `None` before its first complete run.
    pub async fn coverage_fetch(&self, source: SourceId, feed: &FeedName) -> Result<Option<Coverage>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT covered_from_ms, covered_through_ms AS "covered_through_ms!" FROM app.feed
               WHERE source_id = $1 AND name = $2 AND covered_through_ms IS NOT NULL"#,
            source.0,
            feed.as_str(),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| Coverage { from: instant(row.covered_from_ms), through: instant(row.covered_through_ms) }))
    }

    /// Forgets where reading went on, so that it starts over; what is covered stays.
    pub async fn cursor_forget(&self, lease: Lease, feed: &FeedName) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        lease::guard(&mut transaction, lease).await?;
        sqlx::query!(
            "UPDATE app.feed SET cursor = NULL WHERE source_id = $1 AND name = $2",
            lease.source.0,
            feed.as_str()
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Keeps where reading goes on, and what is covered by now, where [`lease::guard`] would let it. Answers which list of those who have
/// opted out there is, which costs nothing here.
pub(super) async fn advance(
    connection: &mut PgConnection,
    lease: Lease,
    feed: &FeedName,
    cursor: Option<&Sealed>,
    covered_through: Option<Timestamp>,
) -> Result<ListVersion, StoreError> {
    let advanced = sqlx::query_as!(
        ListVersion,
        r#"WITH held AS (SELECT id FROM app.source WHERE id = $1 AND token = $2 FOR SHARE)
           UPDATE app.feed SET cursor = coalesce($4, cursor), covered_through_ms = greatest(covered_through_ms, $5)
           WHERE source_id = (SELECT id FROM held) AND name = $3
           RETURNING (SELECT count(*) FROM app.opt_out) AS "entries!", (SELECT coalesce(max(number), 0) FROM app.opt_out) AS "newest!""#,
        lease.source.0,
        lease.token,
        feed.as_str(),
        cursor.map(Sealed::as_bytes),
        covered_through.map(Timestamp::as_millisecond),
    )
    .fetch_optional(connection)
    .await?;
    advanced.ok_or(StoreError::Overtaken)
}
