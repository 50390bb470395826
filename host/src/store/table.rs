//! A table of a kind of fact by its columns alone: what all of them have besides, and every statement, follows.

use jiff::Timestamp;

use super::fact::Digest;
use super::{StoreError, digest};
use crate::model::{EntityKey, Linked, ServiceName, TeamName, Word};

/// `"column" "$7::bytea[]" = value,` for each column of its own: the parameters are numbered from 7 on.
macro_rules! table {
    ($kind:literal, $account:literal, $body:ty { $($column:literal $array:literal = $value:expr,)+ }) => {
        crate::store::fact::statements!($kind, $account);

        /// Writes facts, wherever in their epoch they are, but for what was told. Answers how many came too late for their week's release.
        pub(super) async fn upsert(
            connection: &mut sqlx::PgConnection,
            batch: &crate::store::fact::Batch<'_, $body>,
        ) -> Result<i64, crate::store::StoreError> {
            let late = sqlx::query_scalar!(
                "WITH written AS (
                 INSERT INTO raw." + $kind + " AS f (source_id, key, epoch, week, at_ms" $(+ ", " + $column)+ + ")
                 SELECT $1, n.* FROM UNNEST($3::bytea[], $4::int[], $5::int[], $6::bigint[]" $(+ ", " + $array)+ + ") AS n
                 ON CONFLICT (key, source_id, epoch) DO UPDATE SET week = excluded.week, at_ms = excluded.at_ms"
                     $(+ ", " + $column + " = excluded." + $column)+
                + " WHERE (f.week, f.at_ms" $(+ ", f." + $column)+
                + ") IS DISTINCT FROM (excluded.week, excluded.at_ms" $(+ ", excluded." + $column)+
                + ") AND NOT EXISTS (SELECT 1 FROM raw.assignment a WHERE a.week = f.week AND a.kind = '" + $kind + "' AND a.account = "
                + $account + ")
                 RETURNING f.week)
                 SELECT count(*) AS \"late!\" FROM written WHERE week < $2",
                batch.source.0,
                batch.unreleased_from.index(),
                &batch.keys() as &[crate::store::fact::Digest],
                &batch.epochs(),
                &batch.weeks(),
                &batch.instants(),
                $(&batch.column($value) as &[_],)+
            )
            .fetch_one(connection)
            .await?;
            Ok(late)
        }

        /// Facts that are nowhere yet.
        pub(super) fn copy(batch: &crate::store::fact::Batch<'_, $body>) -> crate::store::copy::Copy {
            let mut copy = crate::store::copy::Copy::new(concat!(
                "COPY raw.", $kind, " (source_id, key, epoch, week, at_ms" $(, ", ", $column)+, ") FROM STDIN (FORMAT binary)"
            ));
            for (stamped, body) in &batch.facts {
                copy.row([
                    batch.source.0.into(),
                    stamped.fact.key.as_bytes().into(),
                    stamped.week.epoch().index().into(),
                    stamped.week.index().into(),
                    stamped.fact.at.as_millisecond().into(),
                    $(crate::store::table::value(body, $value).into(),)+
                ]);
            }
            copy
        }
    };
}

/// A function that answers what a statement selects of a stretch of weeks: from `$1` up to, not including, `$2`.
macro_rules! fetch {
    ($(#[$about:meta])* $name:ident: $told:ty = $select:literal, |$row:ident| $read:expr) => {
        $(#[$about])*
        pub(super) async fn $name(
            connection: &mut sqlx::PgConnection,
            weeks: &crate::store::releasing::Weeks,
        ) -> Result<Vec<$told>, crate::store::StoreError> {
            let rows = sqlx::query!($select, weeks.start.index(), weeks.end.index()).fetch_all(connection).await?;
            rows.into_iter().map(|$row| $read).collect()
        }
    };
}

pub(super) use {fetch, table};

/// Says to the compiler what the closure is asked.
pub(super) fn value<'a, B, T>(body: &'a B, value: impl Fn(&'a B) -> T) -> T {
    value(body)
}

pub(super) fn millisecond(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_millisecond)
}

pub(super) fn key(key: Option<&EntityKey>) -> Option<&Digest> {
    key.map(EntityKey::as_bytes)
}

/// Under the key of the fact's own epoch.
pub(super) fn here(linked: Option<&Linked<EntityKey>>) -> Option<&Digest> {
    linked.map(|linked| linked.key.as_bytes())
}

/// Under the key of the epoch before.
pub(super) fn earlier(linked: Option<&Linked<EntityKey>>) -> Option<&Digest> {
    linked.and_then(|linked| linked.earlier.as_ref()).map(EntityKey::as_bytes)
}

/// One behind the other, as values of a column that are lists cannot be bound together. Nothing where there are none.
pub(super) fn row_of_keys<'a>(keys: impl Iterator<Item = &'a EntityKey>) -> Option<Vec<u8>> {
    let row: Vec<u8> = keys.flat_map(|key| *key.as_bytes()).collect();
    (!row.is_empty()).then_some(row)
}

/// The keys of such a row.
pub(super) fn keys_of_row(row: Option<Vec<u8>>) -> Result<Vec<EntityKey>, StoreError> {
    row.unwrap_or_default().chunks(size_of::<Digest>()).map(entity).collect()
}

pub(super) fn entity(bytes: &[u8]) -> Result<EntityKey, StoreError> {
    digest(bytes).map(EntityKey::from_bytes)
}

pub(super) fn linked(key: &[u8], earlier: Option<&[u8]>) -> Result<Linked<EntityKey>, StoreError> {
    Ok(Linked { key: entity(key)?, earlier: earlier.map(entity).transpose()? })
}

pub(super) fn team(name: Option<String>) -> Result<Option<TeamName>, StoreError> {
    name.map(|name| name.parse()).transpose().map_err(|_| StoreError::Corrupt("a team that is no name"))
}

pub(super) fn service(name: Option<String>) -> Result<Option<ServiceName>, StoreError> {
    name.map(|name| name.parse()).transpose().map_err(|_| StoreError::Corrupt("a service that is no name"))
}

pub(super) fn word(text: &str) -> Result<Word, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt("a word that is none"))
}
