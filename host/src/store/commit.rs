//! `raw.commit`.

use sqlx::PgConnection;

use super::page::Batch;
use super::{SourceId, StoreError, digest};
use crate::model::{Commit, EntityKey, LandedCommit, Pseudonym, Week};

/// Writes commits; one that moved to another week leaves its old one, unless it was released there.
/// Answers how many came too late for their week's release.
pub(super) async fn upsert(
    connection: &mut PgConnection,
    batch: &Batch<'_, Commit<Pseudonym, EntityKey>>,
) -> Result<u32, StoreError> {
    let (keys, weeks) = (batch.keys(), batch.weeks());
    sqlx::query!(
        "DELETE FROM raw.commit c USING UNNEST($2::bytea[], $3::int[]) AS n(key, week)
         WHERE c.source_id = $1 AND c.key = n.key AND c.week <> n.week
           AND NOT EXISTS (SELECT 1 FROM raw.assignment a WHERE a.week = c.week AND a.kind = 'commit' AND a.account = coalesce(c.author, ''))",
        batch.source.0,
        &keys,
        &weeks,
    )
    .execute(&mut *connection)
    .await?;
    let written = sqlx::query_scalar!(
        "INSERT INTO raw.commit AS c (source_id, key, week, at_ms, sha, author, parents)
         SELECT $1, n.* FROM UNNEST($2::bytea[], $3::int[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bigint[]) AS n(key, week)
         WHERE NOT EXISTS (SELECT 1 FROM raw.commit o WHERE o.source_id = $1 AND o.key = n.key AND o.week <> n.week)
         ON CONFLICT (source_id, key, week) DO UPDATE SET
             at_ms = excluded.at_ms, sha = excluded.sha, author = excluded.author, parents = excluded.parents
         WHERE (c.at_ms, c.sha, c.author, c.parents)
             IS DISTINCT FROM (excluded.at_ms, excluded.sha, excluded.author, excluded.parents)
           AND NOT EXISTS (SELECT 1 FROM raw.assignment a WHERE a.week = c.week AND a.kind = 'commit' AND a.account = coalesce(c.author, ''))
         RETURNING c.week",
        batch.source.0,
        &keys,
        &weeks,
        &batch.instants(),
        &batch.column(|commit| commit.sha.as_bytes().to_vec()),
        &batch.column(|commit| commit.author.map(|author| author.as_bytes().to_vec())) as &[Option<Vec<u8>>],
        &batch.column(|commit| i64::from(commit.parents)),
    )
    .fetch_all(connection)
    .await?;
    Ok(batch.late(&written))
}

pub(super) async fn retract(
    connection: &mut PgConnection,
    source: SourceId,
    keys: &[Vec<u8>],
) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM raw.commit c WHERE c.source_id = $1 AND c.key = ANY($2)
         AND NOT EXISTS (SELECT 1 FROM raw.assignment a WHERE a.week = c.week AND a.kind = 'commit' AND a.account = coalesce(c.author, ''))",
        source.0,
        keys,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn fetch_landed(
    connection: &mut PgConnection,
    start: Week,
    end: Week,
) -> Result<Vec<LandedCommit>, StoreError> {
    let rows = sqlx::query!(
        "SELECT week, author FROM raw.commit WHERE week >= $1 AND week < $2 AND parents <= 1",
        start.index(),
        end.index(),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let author = row.author.map(|bytes| digest(&bytes).map(Pseudonym::from_bytes)).transpose()?;
            Ok(LandedCommit { week: Week::from_index(row.week), author })
        })
        .collect()
}
