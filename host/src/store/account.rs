//! `raw.alias`: which spelling leads to which accounts.

use sqlx::PgConnection;

use super::fact::Digest;
use super::{SourceId, StoreError, digest};
use crate::model::{Alias, Pseudonym, Week};

pub(super) async fn alias_upsert(
    connection: &mut PgConnection,
    source: SourceId,
    week: Week,
    aliases: &[(Alias, Pseudonym)],
) -> Result<(), StoreError> {
    let (names, accounts): (Vec<Digest>, Vec<Digest>) =
        aliases.iter().map(|(alias, account)| (*alias.as_bytes(), *account.as_bytes())).unzip();
    sqlx::query!(
        "INSERT INTO raw.alias (source_id, alias, account, last_seen_week)
         SELECT $1, n.alias, n.account, $2 FROM UNNEST($3::bytea[], $4::bytea[]) AS n(alias, account)
         ON CONFLICT (source_id, alias, account) DO UPDATE SET last_seen_week = excluded.last_seen_week
         WHERE alias.last_seen_week < excluded.last_seen_week",
        source.0,
        week.index(),
        &names as &[Digest],
        &accounts as &[Digest],
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn fetch(connection: &mut PgConnection) -> Result<Vec<(Alias, Pseudonym)>, StoreError> {
    let rows = sqlx::query!("SELECT alias, account FROM raw.alias").fetch_all(connection).await?;
    rows.into_iter()
        .map(|row| Ok((Alias::from_bytes(digest(&row.alias)?), Pseudonym::from_bytes(digest(&row.account)?))))
        .collect()
}
