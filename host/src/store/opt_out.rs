//! `app.opt_out`, whom nothing is kept of, and `app.privacy_event`, what was asked about people.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::{PgConnection, Postgres, Transaction};

use super::fact::Digest;
use super::{Store, StoreError, digest, epoch, instant, releasing};
use crate::model::{Alias, Epoch, EpochSalt, OptOut, OptOutDigest, PrivacyCommand, Pseudonym, Reach};

/// Which list it is: another one has another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListVersion {
    pub(super) entries: i64,
    pub(super) newest: i64,
}

/// Something about one person that has begun, while pages and releases wait. Dropping it undoes it.
pub struct Erasing {
    transaction: Transaction<'static, Postgres>,
}

impl Store {
    /// Everybody on the list, and which list it is.
    pub async fn opt_outs_fetch(&self) -> Result<(ListVersion, Vec<OptOut>), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
        let version = version(&mut transaction).await?;
        let rows =
            sqlx::query!("SELECT digest, before_ms, learned_by FROM app.opt_out").fetch_all(&mut *transaction).await?;
        let entries = rows.into_iter().map(|row| {
            Ok(OptOut {
                digest: OptOutDigest::from_bytes(digest(&row.digest)?),
                reach: row.before_ms.map_or(Reach::All, |before| Reach::Before(instant(before))),
                learned_by: row.learned_by.map(|by| digest(&by).map(OptOutDigest::from_bytes)).transpose()?,
            })
        });
        Ok((version, entries.collect::<Result<_, StoreError>>()?))
    }

    /// Begins something about one person; waits for pages and releases to end.
    pub async fn erasing(&self) -> Result<Erasing, StoreError> {
        let mut transaction = self.pool.begin().await?;
        releasing::keep_pages_and_releases_out(&mut transaction).await?;
        Ok(Erasing { transaction })
    }
}

impl Erasing {
    /// What the keys of the live epochs are made with.
    pub async fn salts_fetch(&mut self) -> Result<BTreeMap<Epoch, EpochSalt>, StoreError> {
        epoch::fetch(&mut self.transaction).await
    }

    /// Removes what the accounts of these spellings did, as far as `reach` goes.
    pub async fn erase(&mut self, spellings: &[Alias], reach: Reach) -> Result<(), StoreError> {
        let accounts = accounts(&mut self.transaction, spellings).await?;
        erase(&mut self.transaction, &accounts, reach).await
    }

    /// Puts entries on the list; those that are there reach as far as the further of both.
    pub async fn list(&mut self, entries: &[OptOut]) -> Result<(), StoreError> {
        insert(&mut self.transaction, entries).await
    }

    /// Takes entries off the list, and those that were learned by them.
    pub async fn unlist(&mut self, entries: &[OptOutDigest]) -> Result<(), StoreError> {
        let digests: Vec<Digest> = entries.iter().map(|entry| *entry.as_bytes()).collect();
        sqlx::query!("DELETE FROM app.opt_out WHERE digest = ANY($1) OR learned_by = ANY($1)", &digests as &[Digest])
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    /// Notes what was asked, about whom the key file alone tells.
    pub async fn note(
        &mut self,
        command: PrivacyCommand,
        subject: OptOutDigest,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO app.privacy_event (at_ms, command, subject) VALUES ($1, $2, $3)",
            now.as_millisecond(),
            command.as_str(),
            subject.as_bytes(),
        )
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit().await?)
    }

    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }
}

/// The accounts that spellings lead to.
pub(super) async fn accounts(connection: &mut PgConnection, spellings: &[Alias]) -> Result<Vec<Pseudonym>, StoreError> {
    let spellings: Vec<Digest> = spellings.iter().map(|alias| *alias.as_bytes()).collect();
    let rows =
        sqlx::query_scalar!("SELECT DISTINCT account FROM raw.alias WHERE alias = ANY($1)", &spellings as &[Digest])
            .fetch_all(connection)
            .await?;
    rows.into_iter().map(|account| Ok(Pseudonym::from_bytes(digest(&account)?))).collect()
}

pub(super) async fn version(connection: &mut PgConnection) -> Result<ListVersion, StoreError> {
    let row = sqlx::query!(r#"SELECT count(*) AS "entries!", coalesce(max(number), 0) AS "newest!" FROM app.opt_out"#)
        .fetch_one(connection)
        .await?;
    Ok(ListVersion { entries: row.entries, newest: row.newest })
}

pub(super) async fn insert(connection: &mut PgConnection, entries: &[OptOut]) -> Result<(), StoreError> {
    let digests: Vec<Digest> = entries.iter().map(|entry| *entry.digest.as_bytes()).collect();
    let before: Vec<Option<i64>> = entries.iter().map(|entry| bound(entry.reach)).collect();
    let learned_by: Vec<Option<Digest>> =
        entries.iter().map(|entry| entry.learned_by.map(|by| *by.as_bytes())).collect();
    sqlx::query!(
        "INSERT INTO app.opt_out AS o (digest, before_ms, learned_by) SELECT * FROM UNNEST($1::bytea[], $2::bigint[], $3::bytea[])
         ON CONFLICT (digest) DO UPDATE SET number = DEFAULT, learned_by = excluded.learned_by,
             before_ms = CASE WHEN o.before_ms IS NULL OR excluded.before_ms IS NULL THEN NULL ELSE greatest(o.before_ms, excluded.before_ms) END",
        &digests as &[Digest],
        &before as &[Option<i64>],
        &learned_by as &[Option<Digest>],
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn erase(
    connection: &mut PgConnection,
    accounts: &[Pseudonym],
    reach: Reach,
) -> Result<(), StoreError> {
    let accounts: Vec<Digest> = accounts.iter().map(|account| *account.as_bytes()).collect();
    sqlx::query!("SELECT app.accounts_erase($1, $2)", &accounts as &[Digest], bound(reach)).execute(connection).await?;
    Ok(())
}

fn bound(reach: Reach) -> Option<i64> {
    match reach {
        Reach::Before(instant) => Some(instant.as_millisecond()),
        Reach::All => None,
    }
}
