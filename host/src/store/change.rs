//! `raw.change`.

use jiff::Timestamp;
use sqlx::PgConnection;

use super::copy::Copy;
use super::fact::{Batch, Digest, statements};
use super::table::{entity, team};
use super::{StoreError, digest, instant};
use crate::model::{Change, EntityKey, MergedChange, Pseudonym, TeamName, Week};

statements!("change", "coalesce(f.author, '')");

/// Writes changes, wherever in their epoch they are, but for what was told. Answers how many came too late for their week's release.
pub(super) async fn upsert(
    connection: &mut PgConnection,
    batch: &Batch<'_, Change<Pseudonym, EntityKey>>,
) -> Result<i64, StoreError> {
    let millisecond = |at: Option<Timestamp>| at.map(Timestamp::as_millisecond);
    let person = |person: Option<Pseudonym>| person.map(|person| *person.as_bytes());
    let entity = |key: Option<EntityKey>| key.map(|key| *key.as_bytes());
    let late = sqlx::query_scalar!(
        r#"WITH written AS (
         INSERT INTO raw.change AS c (source_id, key, epoch, week, at_ms, repository, change, earlier_change, owner, author, merged,
             to_default_branch, first_commit_ms, opened_ms, ready_ms, first_review_ms, first_reviewer, approved_ms, merge_commit, additions, deletions,
             files, review_comments, reverts)
         SELECT $1, n.* FROM UNNEST($3::bytea[], $4::int[], $5::int[], $6::bigint[], $7::bytea[], $8::bytea[], $9::bytea[], $10::text[], $11::bytea[],
             $12::bool[], $13::bool[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bytea[], $19::bigint[],
             $20::bytea[], $21::bigint[], $22::bigint[], $23::bigint[], $24::bigint[], $25::bytea[]) AS n
         ON CONFLICT (key, source_id, epoch) DO UPDATE SET
             week = excluded.week, at_ms = excluded.at_ms, repository = excluded.repository, change = excluded.change,
             earlier_change = excluded.earlier_change,
             owner = excluded.owner, author = excluded.author, merged = excluded.merged, to_default_branch = excluded.to_default_branch,
             first_commit_ms = excluded.first_commit_ms, opened_ms = excluded.opened_ms, ready_ms = excluded.ready_ms,
             first_review_ms = excluded.first_review_ms, first_reviewer = excluded.first_reviewer, approved_ms = excluded.approved_ms,
             merge_commit = excluded.merge_commit, additions = excluded.additions, deletions = excluded.deletions,
             files = excluded.files, review_comments = excluded.review_comments, reverts = excluded.reverts
         WHERE (c.week, c.at_ms, c.repository, c.change, c.earlier_change, c.owner, c.author, c.merged, c.to_default_branch,
                c.first_commit_ms, c.opened_ms, c.ready_ms, c.first_review_ms, c.first_reviewer, c.approved_ms, c.merge_commit, c.additions, c.deletions, c.files,
                c.review_comments, c.reverts)
             IS DISTINCT FROM
               (excluded.week, excluded.at_ms, excluded.repository, excluded.change, excluded.earlier_change, excluded.owner, excluded.author, excluded.merged,
                excluded.to_default_branch, excluded.first_commit_ms, excluded.opened_ms, excluded.ready_ms, excluded.first_review_ms,
                excluded.first_reviewer, excluded.approved_ms, excluded.merge_commit, excluded.additions, excluded.deletions,
                excluded.files, excluded.review_comments, excluded.reverts)
           AND NOT EXISTS (SELECT 1 FROM raw.assignment a WHERE a.week = c.week AND a.kind = 'change' AND a.account = coalesce(c.author, ''))
         RETURNING c.week)
         SELECT count(*) AS "late!" FROM written WHERE week < $2"#,
        batch.source.0,
        batch.unreleased_from.index(),
        &batch.keys() as &[Digest],
        &batch.epochs(),
        &batch.weeks(),
        &batch.instants(),
        &batch.column(|change| *change.repository.as_bytes()) as &[Digest],
        &batch.column(|change| *change.change.as_bytes()) as &[Digest],
        &batch.earlier_changes() as &[Option<Digest>],
        &batch.column(|change| change.owner.as_ref().map(TeamName::as_str)) as &[Option<&str>],
        &batch.column(|change| person(change.author)) as &[Option<Digest>],
        &batch.column(|change| change.merged),
        &batch.column(|change| change.to_default_branch),
        &batch.column(|change| millisecond(change.first_commit_at)) as &[Option<i64>],
        &batch.column(|change| change.opened_at.as_millisecond()),
        &batch.column(|change| millisecond(change.ready_at)) as &[Option<i64>],
        &batch.column(|change| millisecond(change.first_review_at)) as &[Option<i64>],
        &batch.column(|change| person(change.first_reviewer)) as &[Option<Digest>],
        &batch.column(|change| millisecond(change.approved_at)) as &[Option<i64>],
        &batch.column(|change| entity(change.merge_commit)) as &[Option<Digest>],
        &batch.column(|change| change.additions.map(i64::from)) as &[Option<i64>],
        &batch.column(|change| change.deletions.map(i64::from)) as &[Option<i64>],
        &batch.column(|change| change.files.map(i64::from)) as &[Option<i64>],
        &batch.column(|change| change.review_comments.map(i64::from)) as &[Option<i64>],
        &batch.column(|change| entity(change.reverts)) as &[Option<Digest>],
    )
    .fetch_one(connection)
    .await?;
    Ok(late)
}

/// Changes that are nowhere yet.
pub(super) fn copy(batch: &Batch<'_, Change<Pseudonym, EntityKey>>) -> Copy {
    let mut copy = Copy::new(
        "COPY raw.change (source_id, key, epoch, week, at_ms, repository, change, earlier_change, owner, author, merged, to_default_branch,
             first_commit_ms, opened_ms, ready_ms, first_review_ms, first_reviewer, approved_ms, merge_commit, additions, deletions, files,
             review_comments, reverts) FROM STDIN (FORMAT binary)",
    );
    let millisecond = |at: Option<Timestamp>| at.map(Timestamp::as_millisecond).into();
    for (stamped, change) in &batch.facts {
        copy.row([
            batch.source.0.into(),
            stamped.fact.key.as_bytes().into(),
            stamped.week.epoch().index().into(),
            stamped.week.index().into(),
            stamped.fact.at.as_millisecond().into(),
            change.repository.as_bytes().into(),
            change.change.as_bytes().into(),
            stamped.earlier_change.as_ref().map(EntityKey::as_bytes).into(),
            change.owner.as_ref().map(TeamName::as_str).into(),
            change.author.as_ref().map(Pseudonym::as_bytes).into(),
            change.merged.into(),
            change.to_default_branch.into(),
            millisecond(change.first_commit_at),
            change.opened_at.as_millisecond().into(),
            millisecond(change.ready_at),
            millisecond(change.first_review_at),
            change.first_reviewer.as_ref().map(Pseudonym::as_bytes).into(),
            millisecond(change.approved_at),
            change.merge_commit.as_ref().map(EntityKey::as_bytes).into(),
            change.additions.map(i64::from).into(),
            change.deletions.map(i64::from).into(),
            change.files.map(i64::from).into(),
            change.review_comments.map(i64::from).into(),
            change.reverts.as_ref().map(EntityKey::as_bytes).into(),
        ]);
    }
    copy
}

/// The columns that a merged change is read from.
macro_rules! merged {
    ($connection:expr, $condition:literal, $($argument:expr),+) => {
        sqlx::query_as!(
            Row,
            "SELECT week, at_ms, change, earlier_change, owner, author, first_commit_ms, opened_ms, ready_ms, first_review_ms, first_reviewer,
                    merge_commit, review_comments
             FROM raw.change WHERE merged AND " + $condition,
            $($argument),+
        )
        .fetch_all($connection)
        .await?
        .into_iter()
        .map(Row::change)
        .collect()
    };
}

pub(super) async fn fetch_merged(
    connection: &mut PgConnection,
    start: Week,
    end: Week,
) -> Result<Vec<MergedChange>, StoreError> {
    merged!(connection, "week >= $1 AND week < $2", start.index(), end.index())
}

/// The changes that landed as these commits.
pub(super) async fn fetch_landed_as(
    connection: &mut PgConnection,
    commits: &[Digest],
) -> Result<Vec<MergedChange>, StoreError> {
    merged!(connection, "merge_commit = ANY($1)", commits as &[Digest])
}

struct Row {
    week: i32,
    at_ms: i64,
    change: Vec<u8>,
    earlier_change: Option<Vec<u8>>,
    owner: Option<String>,
    author: Option<Vec<u8>>,
    first_commit_ms: Option<i64>,
    opened_ms: i64,
    ready_ms: Option<i64>,
    first_review_ms: Option<i64>,
    first_reviewer: Option<Vec<u8>>,
    merge_commit: Option<Vec<u8>>,
    review_comments: Option<i64>,
}

impl Row {
    fn change(self) -> Result<MergedChange, StoreError> {
        let person = |bytes: Option<Vec<u8>>| bytes.map(|bytes| digest(&bytes).map(Pseudonym::from_bytes)).transpose();
        Ok(MergedChange {
            week: Week::from_index(self.week),
            merged_at: instant(self.at_ms),
            change: entity(&self.change)?,
            earlier_change: self.earlier_change.as_deref().map(entity).transpose()?,
            author: person(self.author)?,
            owner: team(self.owner)?,
            first_commit_at: self.first_commit_ms.map(instant),
            opened_at: instant(self.opened_ms),
            ready_at: self.ready_ms.map(instant),
            first_review_at: self.first_review_ms.map(instant),
            first_reviewer: person(self.first_reviewer)?,
            merge_commit: self.merge_commit.as_deref().map(entity).transpose()?,
            review_comments: self.review_comments.map(|comments| u32::try_from(comments).unwrap_or(u32::MAX)),
        })
    }
}
