//! `raw.review`.

use sqlx::PgConnection;

use super::page::Batch;
use super::{SourceId, StoreError, digest, instant};
use crate::model::{EntityKey, GivenReview, Pseudonym, Review, Week};

/// Writes reviews; one that moved to another week leaves its old one, unless it was released there.
/// Answers how many came too late for their week's release.
pub(super) async fn upsert(
    connection: &mut PgConnection,
    batch: &Batch<'_, Review<Pseudonym, EntityKey>>,
) -> Result<u32, StoreError> {
    let (keys, weeks) = (batch.keys(), batch.weeks());
    sqlx::query!(
        "DELETE FROM raw.review r USING UNNEST($2::bytea[], $3::int[]) AS n(key, week)
         WHERE r.source_id = $1 AND r.key = n.key AND r.week <> n.week
           AND NOT EXISTS (SELECT 1 FROM raw.assignment a WHERE a.week = r.week AND a.kind = 'review' AND a.account = coalesce(r.reviewer, ''))",
        batch.source.0,
        &keys,
        &weeks,
    )
    .execute(&mut *connection)
    .await?;
    let person = |person: Option<Pseudonym>| person.map(|person| person.as_bytes().to_vec());
    let written = sqlx::query_scalar!(
        "INSERT INTO raw.review AS r (source_id, key, week, at_ms, change, change_author, reviewer, state, comments)
         SELECT $1, n.* FROM UNNEST($2::bytea[], $3::int[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bytea[], $8::text[], $9::bigint[])
             AS n(key, week)
         WHERE NOT EXISTS (SELECT 1 FROM raw.review o WHERE o.source_id = $1 AND o.key = n.key AND o.week <> n.week)
         ON CONFLICT (source_id, key, week) DO UPDATE SET
             at_ms = excluded.at_ms, change = excluded.change, change_author = excluded.change_author, reviewer = excluded.reviewer,
             state = excluded.state, comments = excluded.comments
         WHERE (r.at_ms, r.change, r.change_author, r.reviewer, r.state, r.comments)
             IS DISTINCT FROM
               (excluded.at_ms, excluded.change, excluded.change_author, excluded.reviewer, excluded.state, excluded.comments)
           AND NOT EXISTS (SELECT 1 FROM raw.assignment a WHERE a.week = r.week AND a.kind = 'review' AND a.account = coalesce(r.reviewer, ''))
         RETURNING r.week",
        batch.source.0,
        &keys,
        &weeks,
        &batch.instants(),
        &batch.column(|review| review.change.as_bytes().to_vec()),
        &batch.column(|review| person(review.change_author)) as &[Option<Vec<u8>>],
        &batch.column(|review| person(review.reviewer)) as &[Option<Vec<u8>>],
        &batch.column(|review| review.state.as_str().to_owned()),
        &batch.column(|review| review.comments.map(i64::from)) as &[Option<i64>],
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
        "DELETE FROM raw.review r WHERE r.source_id = $1 AND r.key = ANY($2)
         AND NOT EXISTS (SELECT 1 FROM raw.assignment a WHERE a.week = r.week AND a.kind = 'review' AND a.account = coalesce(r.reviewer, ''))",
        source.0,
        keys,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn fetch(
    connection: &mut PgConnection,
    start: Week,
    end: Week,
) -> Result<Vec<GivenReview>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT week, at_ms, change, change_author, reviewer AS "reviewer!" FROM raw.review
           WHERE week < $2 AND reviewer IS NOT NULL
             AND change IN (SELECT change FROM raw.review WHERE week >= $1 AND week < $2
                            UNION SELECT change FROM raw.change WHERE week >= $1 AND week < $2 AND merged)"#,
        start.index(),
        end.index(),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(GivenReview {
                week: Week::from_index(row.week),
                at: instant(row.at_ms),
                change: EntityKey::from_bytes(digest(&row.change)?),
                change_author: row.change_author.map(|bytes| digest(&bytes).map(Pseudonym::from_bytes)).transpose()?,
                reviewer: Pseudonym::from_bytes(digest(&row.reviewer)?),
            })
        })
        .collect()
}
