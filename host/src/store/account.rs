//! `raw.alias`: which spelling leads to which accounts.

use sqlx::PgConnection;

use super::fact::Digest;
use super::{SourceId, Store, StoreError, digest};
use crate::model::{Alias, Epoch, Pseudonym, Sighting, Spelling, Week};

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

impl Store {
    /// Every known spelling, where it was seen, and when last.
    pub async fn sightings_fetch(&self) -> Result<Vec<Sighting>, StoreError> {
        let rows = sqlx::query!(
            "SELECT s.name, a.epoch, a.alias, a.account, a.last_seen_week FROM raw.alias a JOIN app.source s ON s.id = a.source_id"
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(Sighting {
                    source: row.name.parse().map_err(|_| StoreError::Corrupt("a source that is no name"))?,
                    spelling: Spelling {
                        epoch: Epoch::from_index(row.epoch),
                        alias: Alias::from_bytes(digest(&row.alias)?),
                        account: Pseudonym::from_bytes(digest(&row.account)?),
                    },
                    week: Week::from_index(row.last_seen_week),
                })
            })
            .collect()
    }
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
