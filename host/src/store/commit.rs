//! `raw.commit`.

use sqlx::PgConnection;

use super::copy::Copy;
use super::fact::{Batch, Digest, statements};
use super::table::{entity, fetch, linked};
use super::{StoreError, digest, instant};
use crate::model::{Commit, EntityKey, LandedCommit, Pseudonym, ReachableCommit, Week};

statements!("commit", "coalesce(f.author, '')");

/// Writes commits, wherever in their epoch they are, but for what was told. Answers how many came too late for their week's release.
pub(super) async fn upsert(
    connection: &mut PgConnection,
    batch: &Batch<'_, Commit<Pseudonym, EntityKey>>,
) -> Result<i64, StoreError> {
    let late = sqlx::query_scalar!(
        r#"WITH written AS (
         INSERT INTO raw.commit AS c (source_id, key, epoch, week, at_ms, repository, earlier_repository, sha, author, parents)
         SELECT $1, n.* FROM UNNEST($3::bytea[], $4::int[], $5::int[], $6::bigint[], $7::bytea[], $8::bytea[], $9::bytea[], $10::bytea[],
             $11::bigint[]) AS n
         ON CONFLICT (key, source_id, epoch) DO UPDATE SET
             week = excluded.week, at_ms = excluded.at_ms, repository = excluded.repository,
             earlier_repository = excluded.earlier_repository, sha = excluded.sha, author = excluded.author, parents = excluded.parents
         WHERE (c.week, c.at_ms, c.repository, c.earlier_repository, c.sha, c.author, c.parents)
             IS DISTINCT FROM (excluded.week, excluded.at_ms, excluded.repository, excluded.earlier_repository, excluded.sha, excluded.author,
                excluded.parents)
           AND NOT EXISTS (SELECT 1 FROM raw.assignment a WHERE a.week = c.week AND a.kind = 'commit' AND a.account = coalesce(c.author, ''))
         RETURNING c.week)
         SELECT count(*) AS "late!" FROM written WHERE week < $2"#,
        batch.source.0,
        batch.unreleased_from.index(),
        &batch.keys() as &[Digest],
        &batch.epochs(),
        &batch.weeks(),
        &batch.instants(),
        &batch.column(|commit| *commit.repository.key.as_bytes()) as &[Digest],
        &batch.column(|commit| commit.repository.earlier.map(|key| *key.as_bytes())) as &[Option<Digest>],
        &batch.column(|commit| *commit.sha.as_bytes()) as &[Digest],
        &batch.column(|commit| commit.author.map(|author| *author.as_bytes())) as &[Option<Digest>],
        &batch.column(|commit| i64::from(commit.parents)),
    )
    .fetch_one(connection)
    .await?;
    Ok(late)
}

/// Commits that are nowhere yet.
pub(super) fn copy(batch: &Batch<'_, Commit<Pseudonym, EntityKey>>) -> Copy {
    let mut copy = Copy::new(
        "COPY raw.commit (source_id, key, epoch, week, at_ms, repository, earlier_repository, sha, author, parents)
         FROM STDIN (FORMAT binary)",
    );
    for (stamped, commit) in &batch.facts {
        copy.row([
            batch.source.0.into(),
            stamped.fact.key.as_bytes().into(),
            stamped.week.epoch().index().into(),
            stamped.week.index().into(),
            stamped.fact.at.as_millisecond().into(),
            commit.repository.key.as_bytes().into(),
            commit.repository.earlier.as_ref().map(EntityKey::as_bytes).into(),
            commit.sha.as_bytes().into(),
            commit.author.as_ref().map(Pseudonym::as_bytes).into(),
            i64::from(commit.parents).into(),
        ]);
    }
    copy
}

fetch! {
    /// The commits with at most one parent that landed in these weeks.
    fetch_landed: LandedCommit =
        r#"SELECT week, author AS "author!" FROM raw.commit
         WHERE week >= $1 AND week < $2 AND parents <= 1 AND author IS NOT NULL"#,
    |row| {
        let author = Pseudonym::from_bytes(digest(&row.author)?);
        Ok(LandedCommit { week: Week::from_index(row.week), author })
    }
}

/// The commits that landed in the repositories of these ones, in these weeks.
pub(super) async fn fetch_reachable(
    connection: &mut PgConnection,
    heads: &[Digest],
    start: Week,
    end: Week,
) -> Result<Vec<ReachableCommit>, StoreError> {
    let rows = sqlx::query!(
        r#"WITH head AS (SELECT repository, earlier_repository FROM raw.commit WHERE sha = ANY($1))
           SELECT sha, at_ms, repository AS "repository!", earlier_repository FROM raw.commit
           WHERE week >= $2 AND week < $3 AND repository IN (SELECT repository FROM head UNION SELECT earlier_repository FROM head)"#,
        heads as &[Digest],
        start.index(),
        end.index(),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(ReachableCommit {
                sha: entity(&row.sha)?,
                at: instant(row.at_ms),
                repository: linked(&row.repository, row.earlier_repository.as_deref())?,
            })
        })
        .collect()
}
