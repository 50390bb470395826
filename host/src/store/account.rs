//! `raw.alias`: which spelling leads to which accounts.

use sqlx::PgConnection;

use super::fact::Digest;
use super::{SourceId, StoreError, digest};
use crate::model::{Alias, Epoch, Pseudonym, Spelling, Week};

/// Most spellings of a page came in the page before, and `ON CONFLICT` would lock the row of each to find nothing to do. A subquery a
/// spelling is one look into the index, where the planner makes a join of all with all of `NOT EXISTS`.
pub(super) async fn upsert(
    connection: &mut PgConnection,
    source: SourceId,
    week: Week,
    spellings: &[Spelling],
) -> Result<(), StoreError> {
    let epochs: Vec<i32> = spellings.iter().map(|spelling| spelling.epoch.index()).collect();
    let (names, accounts): (Vec<Digest>, Vec<Digest>) =
        spellings.iter().map(|spelling| (*spelling.alias.as_bytes(), *spelling.account.as_bytes())).unzip();
    sqlx::query!(
        "INSERT INTO raw.alias (source_id, alias, account, epoch, last_seen_week)
         SELECT $1, n.alias, n.account, n.epoch, $2 FROM UNNEST($3::bytea[], $4::bytea[], $5::int[]) AS n(alias, account, epoch)
         WHERE coalesce((SELECT a.last_seen_week < $2 FROM raw.alias a
                         WHERE a.source_id = $1 AND a.alias = n.alias AND a.account = n.account), true)
         ON CONFLICT (source_id, alias, account) DO UPDATE SET last_seen_week = excluded.last_seen_week
         WHERE alias.last_seen_week < excluded.last_seen_week",
        source.0,
        week.index(),
        &names as &[Digest],
        &accounts as &[Digest],
        &epochs,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn fetch(connection: &mut PgConnection) -> Result<Vec<Spelling>, StoreError> {
    let rows = sqlx::query!("SELECT epoch, alias, account FROM raw.alias").fetch_all(connection).await?;
    rows.into_iter()
        .map(|row| {
            Ok(Spelling {
                epoch: Epoch::from_index(row.epoch),
                alias: Alias::from_bytes(digest(&row.alias)?),
                account: Pseudonym::from_bytes(digest(&row.account)?),
            })
        })
        .collect()
}
