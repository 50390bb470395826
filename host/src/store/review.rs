//! `raw.review`.

use sqlx::PgConnection;

use super::copy::Copy;
use super::fact::{Batch, Digest, statements};
use super::{StoreError, digest, instant};
use crate::model::{EntityKey, GivenReview, Pseudonym, Review, Week};

statements!("review", "coalesce(f.reviewer, '')");

/// Writes reviews, wherever in their epoch they are, but for what was told. Answers how many came too late for their week's release.
pub(super) async fn upsert(
    connection: &mut PgConnection,
    batch: &Batch<'_, Review<Pseudonym, EntityKey>>,
) -> Result<i64, StoreError> {
    let person = |person: Option<Pseudonym>| person.map(|person| *person.as_bytes());
    let late = sqlx::query_scalar!(
        r#"WITH written AS (
         INSERT INTO raw.review AS r (source_id, key, epoch, week, at_ms, change, earlier_change, change_author, reviewer, state,
             comments)
         SELECT $1, n.* FROM UNNEST($3::bytea[], $4::int[], $5::int[], $6::bigint[], $7::bytea[], $8::bytea[], $9::bytea[], $10::bytea[],
             $11::text[], $12::bigint[]) AS n
         ON CONFLICT (key, source_id, epoch) DO UPDATE SET
             week = excluded.week, at_ms = excluded.at_ms, change = excluded.change, earlier_change = excluded.earlier_change,
             change_author = excluded.change_author,
             reviewer = excluded.reviewer, state = excluded.state, comments = excluded.comments
         WHERE (r.week, r.at_ms, r.change, r.earlier_change, r.change_author, r.reviewer, r.state, r.comments)
             IS DISTINCT FROM
               (excluded.week, excluded.at_ms, excluded.change, excluded.earlier_change, excluded.change_author, excluded.reviewer,
                excluded.state, excluded.comments)
           AND NOT EXISTS (SELECT 1 FROM raw.assignment a WHERE a.week = r.week AND a.kind = 'review' AND a.account = coalesce(r.reviewer, ''))
         RETURNING r.week)
         SELECT count(*) AS "late!" FROM written WHERE week < $2"#,
        batch.source.0,
        batch.unreleased_from.index(),
        &batch.keys() as &[Digest],
        &batch.epochs(),
        &batch.weeks(),
        &batch.instants(),
        &batch.column(|review| *review.change.as_bytes()) as &[Digest],
        &batch.earlier_changes() as &[Option<Digest>],
        &batch.column(|review| person(review.change_author)) as &[Option<Digest>],
        &batch.column(|review| person(review.reviewer)) as &[Option<Digest>],
        &batch.column(|review| review.state.as_str()) as &[&str],
        &batch.column(|review| review.comments.map(i64::from)) as &[Option<i64>],
    )
    .fetch_one(connection)
    .await?;
    Ok(late)
}

/// Reviews that are nowhere yet.
pub(super) fn copy(batch: &Batch<'_, Review<Pseudonym, EntityKey>>) -> Copy {
    let mut copy = Copy::new(
        "COPY raw.review (source_id, key, epoch, week, at_ms, change, earlier_change, change_author, reviewer, state, comments)
         FROM STDIN (FORMAT binary)",
    );
    for (stamped, review) in &batch.facts {
        copy.row([
            batch.source.0.into(),
            stamped.fact.key.as_bytes().into(),
            stamped.week.epoch().index().into(),
            stamped.week.index().into(),
            stamped.fact.at.as_millisecond().into(),
            review.change.as_bytes().into(),
            stamped.earlier_change.as_ref().map(EntityKey::as_bytes).into(),
            review.change_author.as_ref().map(Pseudonym::as_bytes).into(),
            review.reviewer.as_ref().map(Pseudonym::as_bytes).into(),
            review.state.as_str().into(),
            review.comments.map(i64::from).into(),
        ]);
    }
    copy
}

pub(super) async fn fetch(
    connection: &mut PgConnection,
    start: Week,
    end: Week,
) -> Result<Vec<GivenReview>, StoreError> {
    let rows = sqlx::query!(
        r#"WITH due AS (SELECT change, earlier_change FROM raw.review WHERE week >= $1 AND week < $2
                       UNION SELECT change, earlier_change FROM raw.change WHERE week >= $1 AND week < $2 AND merged)
           SELECT week, at_ms, change, earlier_change, change_author, reviewer AS "reviewer!" FROM raw.review
           WHERE week < $2 AND reviewer IS NOT NULL AND change IN (SELECT change FROM due UNION SELECT earlier_change FROM due)"#,
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
                earlier_change: row
                    .earlier_change
                    .map(|bytes| digest(&bytes).map(EntityKey::from_bytes))
                    .transpose()?,
                change_author: row.change_author.map(|bytes| digest(&bytes).map(Pseudonym::from_bytes)).transpose()?,
                reviewer: Pseudonym::from_bytes(digest(&row.reviewer)?),
            })
        })
        .collect()
}
