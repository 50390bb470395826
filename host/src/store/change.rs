//! `raw.change`.

use jiff::Timestamp;
use sqlx::PgConnection;

use super::page::Batch;
use super::{SourceId, StoreError, digest, instant};
use crate::model::{Change, EntityKey, MergedChange, Pseudonym, TeamName, Week};

/// Writes changes; one that moved to another week leaves its old one, unless it was released there.
/// Answers how many came too late for their week's release.
pub(super) async fn upsert(
    connection: &mut PgConnection,
    batch: &Batch<'_, Change<Pseudonym, EntityKey>>,
) -> Result<u32, StoreError> {
    let (keys, weeks) = (batch.keys(), batch.weeks());
    sqlx::query!(
        "DELETE FROM raw.change c USING UNNEST($2::bytea[], $3::int[]) AS n(key, week)
         WHERE c.source_id = $1 AND c.key = n.key AND c.week <> n.week
           AND NOT EXISTS (SELECT 1 FROM raw.assignment a WHERE a.week = c.week AND a.kind = 'change' AND a.account = coalesce(c.author, ''))",
        batch.source.0,
        &keys,
        &weeks,
    )
    .execute(&mut *connection)
    .await?;
    let millisecond = |at: Option<Timestamp>| at.map(Timestamp::as_millisecond);
    let person = |person: Option<Pseudonym>| person.map(|person| person.as_bytes().to_vec());
    let entity = |key: Option<EntityKey>| key.map(|key| key.as_bytes().to_vec());
    let written = sqlx::query_scalar!(
        "INSERT INTO raw.change AS c (source_id, key, week, at_ms, repository, change, owner, author, merged, to_default_branch,
             first_commit_ms, opened_ms, ready_ms, first_review_ms, first_reviewer, approved_ms, merge_commit, additions, deletions,
             files, review_comments, reverts)
         SELECT $1, n.* FROM UNNEST($2::bytea[], $3::int[], $4::bigint[], $5::bytea[], $6::bytea[], $7::text[], $8::bytea[], $9::bool[],
             $10::bool[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bytea[], $16::bigint[], $17::bytea[],
             $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bytea[]) AS n(key, week)
         WHERE NOT EXISTS (SELECT 1 FROM raw.change o WHERE o.source_id = $1 AND o.key = n.key AND o.week <> n.week)
         ON CONFLICT (source_id, key, week) DO UPDATE SET
             at_ms = excluded.at_ms, repository = excluded.repository, change = excluded.change, owner = excluded.owner,
             author = excluded.author, merged = excluded.merged, to_default_branch = excluded.to_default_branch,
             first_commit_ms = excluded.first_commit_ms, opened_ms = excluded.opened_ms, ready_ms = excluded.ready_ms,
             first_review_ms = excluded.first_review_ms, first_reviewer = excluded.first_reviewer, approved_ms = excluded.approved_ms,
             merge_commit = excluded.merge_commit, additions = excluded.additions, deletions = excluded.deletions,
             files = excluded.files, review_comments = excluded.review_comments, reverts = excluded.reverts
         WHERE (c.at_ms, c.repository, c.change, c.owner, c.author, c.merged, c.to_default_branch, c.first_commit_ms, c.opened_ms,
                c.ready_ms, c.first_review_ms, c.first_reviewer, c.approved_ms, c.merge_commit, c.additions, c.deletions, c.files,
                c.review_comments, c.reverts)
             IS DISTINCT FROM
               (excluded.at_ms, excluded.repository, excluded.change, excluded.owner, excluded.author, excluded.merged,
                excluded.to_default_branch, excluded.first_commit_ms, excluded.opened_ms, excluded.ready_ms, excluded.first_review_ms,
                excluded.first_reviewer, excluded.approved_ms, excluded.merge_commit, excluded.additions, excluded.deletions,
                excluded.files, excluded.review_comments, excluded.reverts)
           AND NOT EXISTS (SELECT 1 FROM raw.assignment a WHERE a.week = c.week AND a.kind = 'change' AND a.account = coalesce(c.author, ''))
         RETURNING c.week",
        batch.source.0,
        &keys,
        &weeks,
        &batch.instants(),
        &batch.column(|change| change.repository.as_bytes().to_vec()),
        &batch.column(|change| change.change.as_bytes().to_vec()),
        &batch.column(|change| change.owner.as_ref().map(|owner| owner.as_str().to_owned())) as &[Option<String>],
        &batch.column(|change| person(change.author)) as &[Option<Vec<u8>>],
        &batch.column(|change| change.merged),
        &batch.column(|change| change.to_default_branch),
        &batch.column(|change| millisecond(change.first_commit_at)) as &[Option<i64>],
        &batch.column(|change| change.opened_at.as_millisecond()),
        &batch.column(|change| millisecond(change.ready_at)) as &[Option<i64>],
        &batch.column(|change| millisecond(change.first_review_at)) as &[Option<i64>],
        &batch.column(|change| person(change.first_reviewer)) as &[Option<Vec<u8>>],
        &batch.column(|change| millisecond(change.approved_at)) as &[Option<i64>],
        &batch.column(|change| entity(change.merge_commit)) as &[Option<Vec<u8>>],
        &batch.column(|change| change.additions.map(i64::from)) as &[Option<i64>],
        &batch.column(|change| change.deletions.map(i64::from)) as &[Option<i64>],
        &batch.column(|change| change.files.map(i64::from)) as &[Option<i64>],
        &batch.column(|change| change.review_comments.map(i64::from)) as &[Option<i64>],
        &batch.column(|change| entity(change.reverts)) as &[Option<Vec<u8>>],
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
        "DELETE FROM raw.change c WHERE c.source_id = $1 AND c.key = ANY($2)
         AND NOT EXISTS (SELECT 1 FROM raw.assignment a WHERE a.week = c.week AND a.kind = 'change' AND a.account = coalesce(c.author, ''))",
        source.0,
        keys,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn fetch_merged(
    connection: &mut PgConnection,
    start: Week,
    end: Week,
) -> Result<Vec<MergedChange>, StoreError> {
    let rows = sqlx::query!(
        "SELECT week, at_ms, change, owner, author, opened_ms, ready_ms, first_review_ms, first_reviewer FROM raw.change
         WHERE week >= $1 AND week < $2 AND merged",
        start.index(),
        end.index(),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let owner: Option<TeamName> = row
                .owner
                .map(|owner| owner.parse())
                .transpose()
                .map_err(|_| StoreError::Corrupt("a team that is no name"))?;
            let person =
                |bytes: Option<Vec<u8>>| bytes.map(|bytes| digest(&bytes).map(Pseudonym::from_bytes)).transpose();
            Ok(MergedChange {
                week: Week::from_index(row.week),
                merged_at: instant(row.at_ms),
                change: EntityKey::from_bytes(digest(&row.change)?),
                author: person(row.author)?,
                owner,
                opened_at: instant(row.opened_ms),
                ready_at: row.ready_ms.map(instant),
                first_review_at: row.first_review_ms.map(instant),
                first_reviewer: person(row.first_reviewer)?,
            })
        })
        .collect()
}
