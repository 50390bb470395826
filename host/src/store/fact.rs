//! What the tables of all kinds of fact have in common.

use std::collections::{BTreeMap, BTreeSet};

use super::{Expected, SourceId};
use crate::model::{EntityKey, Epoch, StampedFact, Week};

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

    /// Where its facts lie unless they are new.
    pub(super) fn places(&self, expected: Expected) -> Places {
        let looked_up = if expected == Expected::New { &[] } else { self.facts.as_slice() };
        let own = looked_up.iter().map(|(stamped, _)| (stamped.week.epoch(), &stamped.fact.key));
        own.chain(self.elsewhere()).collect()
    }

    /// Where its facts lie if they have moved from another epoch.
    pub(super) fn places_elsewhere(&self) -> Places {
        self.elsewhere().collect()
    }

    fn elsewhere(&self) -> impl Iterator<Item = (Epoch, &EntityKey)> {
        self.facts.iter().flat_map(|(stamped, _)| &stamped.keys_elsewhere).map(|(epoch, key)| (*epoch, key))
    }

    /// Those that are nowhere yet and those that were found somewhere.
    pub(super) fn split(self, found: &BTreeSet<Digest>) -> (Self, Self) {
        let (source, unreleased_from) = (self.source, self.unreleased_from);
        let is_new = |(stamped, _): &(&StampedFact, &B)| {
            !found.contains(stamped.fact.key.as_bytes()) && !is_elsewhere(stamped, found)
        };
        let (new, known) = self.facts.into_iter().partition(is_new);
        (Self { source, unreleased_from, facts: new }, Self { source, unreleased_from, facts: known })
    }

    /// Leaves out what was told in another epoch.
    pub(super) fn leave_out(&mut self, told: &BTreeSet<Digest>) {
        self.facts.retain(|(stamped, _)| !is_elsewhere(stamped, told));
    }

    /// How many lie in a week of which something is released.
    pub(super) fn late(&self) -> usize {
        self.facts.iter().filter(|(stamped, _)| stamped.week < self.unreleased_from).count()
    }
}

fn is_elsewhere(stamped: &StampedFact, places: &BTreeSet<Digest>) -> bool {
    stamped.keys_elsewhere.iter().any(|(_, key)| places.contains(key.as_bytes()))
}

/// Keys, each with the epoch under whose key it is: its partition alone is asked for it.
#[derive(Default)]
pub(super) struct Places(BTreeMap<Epoch, Vec<Digest>>);

impl Places {
    pub(super) fn iter(&self) -> impl Iterator<Item = (Epoch, &[Digest])> {
        self.0.iter().map(|(epoch, keys)| (*epoch, keys.as_slice()))
    }

    pub(super) fn keys(&self) -> Vec<Digest> {
        self.0.values().flatten().copied().collect()
    }
}

impl<'a> FromIterator<(Epoch, &'a EntityKey)> for Places {
    fn from_iter<I: IntoIterator<Item = (Epoch, &'a EntityKey)>>(places: I) -> Self {
        let mut grouped = Self::default();
        for (epoch, key) in places {
            grouped.0.entry(epoch).or_default().push(*key.as_bytes());
        }
        // The server sorts them before it looks into the index, at ten times the cost.
        grouped.0.values_mut().for_each(|keys| keys.sort_unstable());
        grouped
    }
}

/// The statements that differ from table to table in the table's name and in how `f`, a fact, tells the account whose work it is.
macro_rules! statements {
    ($kind:literal, $account:literal) => {
        /// Which of these keys are there.
        pub(super) async fn find(
            connection: &mut sqlx::PgConnection,
            source: super::SourceId,
            places: &super::fact::Places,
        ) -> Result<std::collections::BTreeSet<super::fact::Digest>, super::StoreError> {
            let mut found = std::collections::BTreeSet::new();
            for (epoch, keys) in places.iter() {
                // One value behind the other in one row: a row a key costs more than to find it.
                let there = sqlx::query_scalar!(
                    "SELECT string_agg(key, '') FROM raw."
                        + $kind
                        + " WHERE source_id = $1 AND epoch = $2 AND key = ANY($3)",
                    source.0,
                    epoch.index(),
                    keys as &[super::fact::Digest],
                )
                .fetch_one(&mut *connection)
                .await?;
                for key in there.unwrap_or_default().chunks(size_of::<super::fact::Digest>()) {
                    found.insert(super::digest(key)?);
                }
            }
            Ok(found)
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
                    + "' AND a.account = "
                    + $account
                    + ")",
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
