//! `app.backfill`: stretches of time that are read once more, each with a cursor of its own.

use jiff::Timestamp;
use sqlx::PgConnection;

use super::{Lease, Store, StoreError, lease};
use crate::model::{Family, FeedName, Sealed, Week};

/// From one instant up to, not including, another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    pub from: Timestamp,
    pub through: Timestamp,
}

/// How far a stretch has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackfillState {
    pub cursor: Option<Sealed>,
    pub is_done: bool,
}

impl Store {
    /// Goes on with a stretch, or begins it; whatever other stretch of the source was begun before is given up.
    pub async fn backfill_open(
        &self,
        lease: Lease,
        feed: &FeedName,
        stretch: Stretch,
    ) -> Result<BackfillState, StoreError> {
        let (from, through) = (stretch.from.as_millisecond(), stretch.through.as_millisecond());
        let mut transaction = self.pool.begin().await?;
        lease::guard(&mut transaction, lease).await?;
        sqlx::query!(
            "DELETE FROM app.backfill WHERE source_id = $1 AND (from_ms, through_ms) <> ($2, $3)",
            lease.source.0,
            from,
            through,
        )
        .execute(&mut *transaction)
        .await?;
        let row = sqlx::query!(
            "INSERT INTO app.backfill AS b (source_id, feed, from_ms, through_ms) VALUES ($1, $2, $3, $4)
             ON CONFLICT (source_id, feed) DO UPDATE SET from_ms = b.from_ms
             RETURNING cursor, is_done",
            lease.source.0,
            feed.as_str(),
            from,
            through,
        )
        .fetch_one(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(BackfillState { cursor: row.cursor.map(Sealed::new), is_done: row.is_done })
    }

    /// Forgets where reading a stretch went on.
    pub async fn backfill_cursor_forget(&self, lease: Lease, feed: &FeedName) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        lease::guard(&mut transaction, lease).await?;
        sqlx::query!(
            "UPDATE app.backfill SET cursor = NULL WHERE source_id = $1 AND feed = $2",
            lease.source.0,
            feed.as_str()
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Forgets the stretch once all of these feeds have read it to its end; answers whether that is so.
    pub async fn backfill_close(&self, lease: Lease, feeds: &[&FeedName]) -> Result<bool, StoreError> {
        let feeds: Vec<String> = feeds.iter().map(|feed| feed.as_str().to_owned()).collect();
        let mut transaction = self.pool.begin().await?;
        lease::guard(&mut transaction, lease).await?;
        let unread = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM UNNEST($2::text[]) AS f(name)
               WHERE NOT EXISTS (SELECT 1 FROM app.backfill b WHERE b.source_id = $1 AND b.feed = f.name AND b.is_done)"#,
            lease.source.0,
            &feeds,
        )
        .fetch_one(&mut *transaction)
        .await?;
        if unread == 0 {
            sqlx::query!("DELETE FROM app.backfill WHERE source_id = $1", lease.source.0)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(unread == 0)
    }

    /// The released weeks of some families among those from `first` up to, not including, `end`: the first one, and the one behind the last.
    pub async fn released_weeks_fetch(
        &self,
        families: &[Family],
        first: Week,
        end: Week,
    ) -> Result<Option<(Week, Week)>, StoreError> {
        let families: Vec<String> = families.iter().map(|family| family.as_str().to_owned()).collect();
        let row = sqlx::query!(
            r#"SELECT min(s.start_week) AS first, max(s.start_week + s.weeks) AS "end" FROM release.atom JOIN release.span s USING (cell, start_week)
               WHERE family = ANY($1) AND s.start_week < $3 AND s.start_week + s.weeks > $2"#,
            &families,
            first.index(),
            end.index(),
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row.first.zip(row.end).map(|(first, end)| (Week::from_index(first), Week::from_index(end))))
    }
}

/// Keeps how far a stretch is read; with its end what the feed covers grows, where the two touch. Before its first complete run it covers
/// nothing, and that run reads the whole look-back.
pub(super) async fn advance(
    connection: &mut PgConnection,
    lease: Lease,
    feed: &FeedName,
    stretch: Stretch,
    cursor: Option<&Sealed>,
    is_done: bool,
) -> Result<(), StoreError> {
    let (from, through) = (stretch.from.as_millisecond(), stretch.through.as_millisecond());
    let moved = sqlx::query!(
        "UPDATE app.backfill SET cursor = coalesce($5, cursor), is_done = $6
         WHERE source_id = $1 AND feed = $2 AND from_ms = $3 AND through_ms = $4",
        lease.source.0,
        feed.as_str(),
        from,
        through,
        cursor.map(Sealed::as_bytes),
        is_done,
    )
    .execute(&mut *connection)
    .await?;
    if moved.rows_affected() != 1 {
        return Err(StoreError::Overtaken);
    }
    if is_done {
        sqlx::query!(
            "UPDATE app.feed SET covered_from_ms = least(covered_from_ms, $3), covered_through_ms = greatest(covered_through_ms, $4)
             WHERE source_id = $1 AND name = $2 AND $4 >= covered_from_ms AND $3 <= covered_through_ms",
            lease.source.0,
            feed.as_str(),
            from,
            through,
        )
        .execute(connection)
        .await?;
    }
    Ok(())
}
