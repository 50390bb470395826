//! One page of a feed: its rows and its cursor in one transaction.

use jiff::Timestamp;
use sqlx::PgConnection;

use super::{
    Lease, SourceId, Store, StoreError, Stretch, account, backfill, change, commit, feed, lease, releasing, review,
};
use crate::model::{
    Alias, EntityKey, FactBody, FactKind, Family, FeedName, Pseudonym, Retraction, Sealed, StampedFact, Week,
};

/// What a page is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// From what is covered to now.
    Onward,
    /// A stretch that an operator asked for.
    Backfill(Stretch),
}

/// What a page leaves behind.
#[derive(Debug)]
pub struct PageRows {
    pub reading: Reading,
    /// Whether it was not the last one.
    pub more: bool,
    pub facts: Vec<StampedFact>,
    pub retractions: Vec<Retraction<EntityKey>>,
    pub aliases: Vec<(Alias, Pseudonym)>,
    /// None keeps the stored one.
    pub cursor: Option<Sealed>,
    /// None: no statement.
    pub covered_through: Option<Timestamp>,
    /// The week it was read in.
    pub week: Week,
}

/// The facts of one kind, and the first week of which nothing of that kind is released yet.
pub(super) struct Batch<'a, B> {
    pub(super) source: SourceId,
    pub(super) unreleased_from: Week,
    pub(super) facts: Vec<(&'a StampedFact, &'a B)>,
}

impl<B> Batch<'_, B> {
    pub(super) fn keys(&self) -> Vec<Vec<u8>> {
        self.facts.iter().map(|(stamped, _)| stamped.fact.key.as_bytes().to_vec()).collect()
    }

    pub(super) fn weeks(&self) -> Vec<i32> {
        self.facts.iter().map(|(stamped, _)| stamped.week.index()).collect()
    }

    pub(super) fn instants(&self) -> Vec<i64> {
        self.facts.iter().map(|(stamped, _)| stamped.fact.at.as_millisecond()).collect()
    }

    pub(super) fn column<T>(&self, value: impl Fn(&B) -> T) -> Vec<T> {
        self.facts.iter().map(|(_, body)| value(body)).collect()
    }

    /// How many of the written rows lie in released weeks.
    pub(super) fn late(&self, written: &[i32]) -> u32 {
        u32::try_from(written.iter().filter(|week| **week < self.unreleased_from.index()).count()).unwrap_or(u32::MAX)
    }
}

impl Store {
    /// Stores a page while the lease holds. Answers how many facts came after their week was released: what was released stays.
    pub async fn page_store(&self, lease: Lease, feed: &FeedName, rows: &PageRows) -> Result<u32, StoreError> {
        let mut transaction = self.pool.begin().await?;
        releasing::wait_for_release(&mut transaction).await?;
        lease::guard(&mut transaction, lease).await?;
        let cursor = rows.cursor.as_ref();
        match rows.reading {
            Reading::Onward => feed::advance(&mut transaction, lease, feed, cursor, rows.covered_through).await?,
            Reading::Backfill(stretch) => {
                let is_done = !rows.more && rows.covered_through.is_some();
                backfill::advance(&mut transaction, lease, feed, stretch, cursor, is_done).await?;
            }
        }
        let late = write(&mut transaction, lease.source, rows).await?;
        transaction.commit().await?;
        Ok(late)
    }
}

async fn write(connection: &mut PgConnection, source: SourceId, rows: &PageRows) -> Result<u32, StoreError> {
    macro_rules! batch {
        ($kind:ident) => {
            Batch {
                source,
                unreleased_from: unreleased_from(connection, FactKind::$kind).await?,
                facts: rows
                    .facts
                    .iter()
                    .filter_map(|stamped| match &stamped.fact.body {
                        FactBody::$kind(body) => Some((stamped, body)),
                        _ => None,
                    })
                    .collect(),
            }
        };
    }
    let changes = batch!(Change);
    let reviews = batch!(Review);
    let commits = batch!(Commit);
    for kind in FactKind::ALL {
        let keys: Vec<Vec<u8>> = rows
            .retractions
            .iter()
            .filter(|retraction| retraction.kind == kind)
            .map(|retraction| retraction.key.as_bytes().to_vec())
            .collect();
        if keys.is_empty() {
            continue;
        }
        match kind {
            FactKind::Change => change::retract(connection, source, &keys).await?,
            FactKind::Review => review::retract(connection, source, &keys).await?,
            FactKind::Commit => commit::retract(connection, source, &keys).await?,
        }
    }
    let mut late = 0;
    if !changes.facts.is_empty() {
        late += change::upsert(connection, &changes).await?;
    }
    if !reviews.facts.is_empty() {
        late += review::upsert(connection, &reviews).await?;
    }
    if !commits.facts.is_empty() {
        late += commit::upsert(connection, &commits).await?;
    }
    if !rows.aliases.is_empty() {
        account::alias_upsert(connection, source, rows.week, &rows.aliases).await?;
    }
    Ok(late)
}

/// The first week of which no released figure rests on facts of a kind.
async fn unreleased_from(connection: &mut PgConnection, kind: FactKind) -> Result<Week, StoreError> {
    let families: Vec<String> = Family::ALL
        .into_iter()
        .filter(|family| family.rests_on().contains(&kind))
        .map(|family| family.as_str().to_owned())
        .collect();
    let end = sqlx::query_scalar!("SELECT max(s.start_week + s.weeks) FROM release.atom JOIN release.span s USING (cell, start_week) WHERE family = ANY($1)", &families)
        .fetch_one(connection)
        .await?;
    Ok(end.map_or(Week::from_index(i32::MIN), Week::from_index))
}
