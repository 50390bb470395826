//! What the tables of all kinds of fact have in common.

use std::collections::BTreeSet;

use super::SourceId;
use crate::model::{StampedFact, Week};

/// A keyed hash as it is bound.
pub(super) type Digest = [u8; 16];

/// The facts of one kind, and the first week of which nothing of that kind is released yet.
pub(super) struct Batch<'a, B> {
    pub(super) source: SourceId,
    pub(super) unreleased_from: Week,
    pub(super) facts: Vec<(&'a StampedFact, &'a B)>,
}

impl<'a, B> Batch<'a, B> {
    pub(super) fn keys(&self) -> Vec<Digest> {
        self.facts.iter().map(|(stamped, _)| *stamped.fact.key.as_bytes()).collect()
    }

    pub(super) fn epochs(&self) -> Vec<i32> {
        self.facts.iter().map(|(stamped, _)| stamped.week.epoch().index()).collect()
    }

    pub(super) fn weeks(&self) -> Vec<i32> {
        self.facts.iter().map(|(stamped, _)| stamped.week.index()).collect()
    }

    pub(super) fn instants(&self) -> Vec<i64> {
        self.facts.iter().map(|(stamped, _)| stamped.fact.at.as_millisecond()).collect()
    }

    pub(super) fn column<T>(&self, value: impl Fn(&'a B) -> T) -> Vec<T> {
        self.facts.iter().map(|(_, body)| value(body)).collect()
    }

    pub(super) fn earlier_changes(&self) -> Vec<Option<Digest>> {
        self.facts.iter().map(|(stamped, _)| stamped.earlier_change.map(|change| *change.as_bytes())).collect()
    }

    /// Where its facts lie if they have moved from another epoch.
    pub(super) fn keys_elsewhere(&self) -> Vec<Digest> {
        self.facts.iter().flat_map(|(stamped, _)| &stamped.keys_elsewhere).map(|key| *key.as_bytes()).collect()
    }

    /// Leaves out what was told in another epoch.
    pub(super) fn leave_out(&mut self, told: &BTreeSet<Digest>) {
        self.facts.retain(|(stamped, _)| stamped.keys_elsewhere.iter().all(|key| !told.contains(key.as_bytes())));
    }
}

/// The statements that differ from table to table in the table's name and in whose work it holds.
macro_rules! statements {
    ($kind:literal, $person:literal) => {
        /// Which of these keys are there.
        pub(super) async fn find(
            connection: &mut sqlx::PgConnection,
            source: super::SourceId,
            keys: &[super::fact::Digest],
        ) -> Result<std::collections::BTreeSet<super::fact::Digest>, super::StoreError> {
            let found = sqlx::query_scalar!(
                "SELECT key FROM raw." + $kind + " WHERE source_id = $1 AND key = ANY($2)",
                source.0,
                keys as &[super::fact::Digest],
            )
            .fetch_all(connection)
            .await?;
            found.iter().map(|key| super::digest(key)).collect()
        }

        /// Removes facts, but for those that were told.
        pub(super) async fn remove(
            connection: &mut sqlx::PgConnection,
            source: super::SourceId,
            keys: &[super::fact::Digest],
        ) -> Result<(), super::StoreError> {
            sqlx::query!(
                "DELETE FROM raw."
                    + $kind
                    + " f WHERE source_id = $1 AND key = ANY($2)
                        AND NOT EXISTS (SELECT 1 FROM raw.assignment a WHERE a.week = f.week AND a.kind = '"
                    + $kind
                    + "' AND a.account = coalesce(f."
                    + $person
                    + ", ''))",
                source.0,
                keys as &[super::fact::Digest],
            )
            .execute(connection)
            .await?;
            Ok(())
        }
    };
}

pub(super) use statements;
