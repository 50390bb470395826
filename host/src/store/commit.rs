//! `raw.commit`.

use sqlx::PgConnection;

use super::page::Batch;
use super::{SourceId, Store, StoreError, digest};
use crate::model::{Commit, Pseudonym, Week};
use crate::release::LandedCommit;

/// Writes commits; one that moved to another week leaves its old one, unless that is released.
/// Answers how many came too late for their week's release.
pub(super) async fn upsert(
    connection: &mut PgConnection,
    batch: &Batch<'_, Commit<Pseudonym>>,
) -> Result<u32, StoreError> {
    let (keys, weeks) = (batch.keys(), batch.weeks());
    sqlx::query!(
        "DELETE FROM raw.commit c USING UNNEST($2::bytea[], $3::int[]) AS n(key, week)
         WHERE c.source_id = $1 AND c.key = n.key AND c.week <> n.week AND c.week >= $4",
        batch.source.0,
        &keys,
        &weeks,
        batch.open_from.index(),
    )
    .execute(&mut *connection)
    .await?;
    let written = sqlx::query_scalar!(
        "INSERT INTO raw.commit AS c (source_id, key, week, at_ms, author, authored_ms, parents)
         SELECT $1, n.* FROM UNNEST($2::bytea[], $3::int[], $4::bigint[], $5::bytea[], $6::bigint[], $7::bigint[]) AS n(key, week)
         WHERE NOT EXISTS (SELECT 1 FROM raw.commit o WHERE o.source_id = $1 AND o.key = n.key AND o.week <> n.week)
         ON CONFLICT (source_id, key, week) DO UPDATE SET
             at_ms = excluded.at_ms, author = excluded.author, authored_ms = excluded.authored_ms, parents = excluded.parents
         WHERE (c.at_ms, c.author, c.authored_ms, c.parents)
             IS DISTINCT FROM (excluded.at_ms, excluded.author, excluded.authored_ms, excluded.parents)
         RETURNING c.week",
        batch.source.0,
        &keys,
        &weeks,
        &batch.instants(),
        &batch.column(|commit| commit.author.map(|author| author.as_bytes().to_vec())) as &[Option<Vec<u8>>],
        &batch.column(|commit| commit.authored_at.as_millisecond()),
        &batch.column(|commit| i64::from(commit.parents)),
    )
    .fetch_all(connection)
    .await?;
    Ok(batch.late(&written))
}

pub(super) async fn retract(
    connection: &mut PgConnection,
    source: SourceId,
    open_from: Week,
    keys: &[Vec<u8>],
) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM raw.commit WHERE source_id = $1 AND key = ANY($2) AND week >= $3",
        source.0,
        keys,
        open_from.index()
    )
    .execute(connection)
    .await?;
    Ok(())
}

impl Store {
    /// The commits with at most one parent that landed in the weeks from `start` up to, not including, `end`.
    pub async fn landed_commits_fetch(&self, start: Week, end: Week) -> Result<Vec<LandedCommit>, StoreError> {
        let rows = sqlx::query!(
            "SELECT week, author FROM raw.commit WHERE week >= $1 AND week < $2 AND parents <= 1",
            start.index(),
            end.index(),
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let author = row.author.map(|bytes| digest(&bytes).map(Pseudonym::from_bytes)).transpose()?;
                Ok(LandedCommit { week: Week::from_index(row.week), author })
            })
            .collect()
    }
}
