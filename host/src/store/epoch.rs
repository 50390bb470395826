//! `app.epoch`: the salts of the live epochs, and with each its partitions of raw facts.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use sqlx::PgConnection;

use super::{Store, StoreError, releasing};
use crate::model::{Epoch, EpochSalt, Week};

/// Every live epoch.
pub(super) async fn fetch(connection: &mut PgConnection) -> Result<BTreeMap<Epoch, EpochSalt>, StoreError> {
    let rows = sqlx::query!("SELECT epoch, salt FROM app.epoch").fetch_all(connection).await?;
    rows.into_iter()
        .map(|row| {
            let salt = row.salt.try_into().map_err(|_| StoreError::Corrupt("a salt that is not 32 bytes long"))?;
            Ok((Epoch::from_index(row.epoch), EpochSalt::from_bytes(salt)))
        })
        .collect()
}

impl Store {
    /// Makes the salts and partitions of these epochs where they are missing, whichever host is first, and answers the salts. They are
    /// remembered, so that a page does not ask.
    pub async fn epochs_open(&self, epochs: &RangeInclusive<Epoch>) -> Result<BTreeMap<Epoch, EpochSalt>, StoreError> {
        let of_range = |salts: &BTreeMap<Epoch, EpochSalt>| -> BTreeMap<Epoch, EpochSalt> {
            salts.range(epochs.clone()).map(|(epoch, salt)| (*epoch, salt.clone())).collect()
        };
        let is_whole =
            |salts: &BTreeMap<Epoch, EpochSalt>| salts.contains_key(epochs.start()) && salts.contains_key(epochs.end());
        let known = of_range(&self.salts.lock().expect("nobody panics while holding it"));
        if is_whole(&known) {
            return Ok(known);
        }
        let mut connection = self.pool.acquire().await?;
        sqlx::query!("SELECT app.epochs_open($1, $2)", epochs.start().index(), epochs.end().index())
            .execute(&mut *connection)
            .await?;
        let opened = of_range(&fetch(&mut connection).await?);
        // Those that are past are forgotten here too.
        self.salts.lock().expect("nobody panics while holding it").clone_from(&opened);
        if is_whole(&opened) { Ok(opened) } else { Err(StoreError::Corrupt("no salt of a live epoch")) }
    }

    /// Removes facts, spellings and assignments from before a week, and destroys the epochs that end before it: their salts, and with
    /// them the way from a login to its pseudonym.
    pub async fn retention_apply(&self, keep_from: Week) -> Result<(), StoreError> {
        let mut transaction = self.retention.begin().await?;
        let (week, epoch) = (keep_from.index(), keep_from.epoch().index());
        releasing::keep_pages_and_releases_out(&mut transaction).await?;
        sqlx::query!("SELECT app.epochs_close($1)", epoch).execute(&mut *transaction).await?;
        macro_rules! delete {
            ($($table:literal),+) => {
                $(sqlx::query!("DELETE FROM raw." + $table + " WHERE week < $1", week).execute(&mut *transaction).await?;)+
            };
        }
        delete!("change", "review", "commit", "build", "deployment", "incident");
        delete!("usage", "tally", "survey_response", "friction", "membership", "sample", "assignment");
        // What was erased is then kept out for its age; a day is left, whatever the zone.
        let settled = (i64::from(week) * 7 + 3) * 86_400_000;
        sqlx::query!("DELETE FROM app.opt_out WHERE before_ms < $1", settled).execute(&mut *transaction).await?;
        sqlx::query!("DELETE FROM raw.alias WHERE last_seen_week < $1 OR epoch < $2", week, epoch)
            .execute(&mut *transaction)
            .await?;
        // What joined with a destroyed epoch would still tell that two rows, of which an old copy may exist, belong together.
        macro_rules! forget {
            ($($table:literal $earlier:literal),+) => {
                $(sqlx::query!(
                    "UPDATE raw." + $table + " SET " + $earlier + " = NULL WHERE epoch <= $1 AND " + $earlier + " IS NOT NULL",
                    epoch
                )
                .execute(&mut *transaction)
                .await?;)+
            };
        }
        forget!("change" "earlier_change", "review" "earlier_change", "commit" "earlier_repository", "build" "earlier_pipeline");
        forget!("deployment" "earlier_service_key", "deployment" "earlier_head_sha", "deployment" "earlier_shas", "deployment" "earlier_rolls_back");
        forget!("incident" "earlier_incident", "incident" "earlier_service_key", "incident" "earlier_caused_by");
        transaction.commit().await?;
        self.salts.lock().expect("nobody panics while holding it").retain(|known, _| known.index() >= epoch);
        Ok(())
    }
}
