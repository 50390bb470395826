//! One page of a feed: its rows and its cursor in one transaction.

use jiff::Timestamp;
use sqlx::PgConnection;

use super::{SourceId, Store, StoreError, account, change, commit, releasing, review};
use crate::model::{
    Alias, EntityKey, FactBody, FactKind, Family, FeedName, Pseudonym, Retraction, Sealed, StampedFact, Week,
};

/// What a page leaves behind.
#[derive(Debug)]
pub struct PageRows {
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

/// What became of a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stored {
    /// The feed's version from now on.
    pub version: i64,
    /// Facts that came after their week was released: what was released stays.
    pub late: u32,
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
    /// Stores a page, if nobody else has moved on with the feed since `version`.
    pub async fn page_store(
        &self,
        source: SourceId,
        feed: &FeedName,
        version: i64,
        rows: &PageRows,
    ) -> Result<Stored, StoreError> {
        let mut transaction = self.pool.begin().await?;
        releasing::wait_for_release(&mut transaction).await?;
        let moved = sqlx::query!(
            "UPDATE app.feed SET cursor = coalesce($4, cursor), covered_through_ms = greatest(covered_through_ms, $5), version = version + 1
             WHERE source_id = $1 AND name = $2 AND version = $3",
            source.0,
            feed.as_str(),
            version,
            rows.cursor.as_ref().map(Sealed::as_bytes),
            rows.covered_through.map(Timestamp::as_millisecond),
        )
        .execute(&mut *transaction)
        .await?;
        if moved.rows_affected() != 1 {
            return Err(StoreError::Overtaken);
        }
        let late = write(&mut transaction, source, rows).await?;
        transaction.commit().await?;
        Ok(Stored { version: version + 1, late })
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
