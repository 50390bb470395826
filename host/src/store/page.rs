//! One page of a feed: its rows and its cursor in one transaction.

use jiff::Timestamp;
use sqlx::PgConnection;

use super::copy::{self, Copy};
use super::fact::{Batch, Digest};
use super::{
    Lease, SourceId, Store, StoreError, Stretch, account, backfill, change, commit, feed, lease, releasing, review,
};
use crate::model::{EntityKey, FactBody, FactKind, Family, FeedName, Retraction, Sealed, Spelling, StampedFact, Week};

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
    pub spellings: Vec<Spelling>,
    /// None keeps the stored one.
    pub cursor: Option<Sealed>,
    /// None: no statement.
    pub covered_through: Option<Timestamp>,
    /// The week it was read in.
    pub week: Week,
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
        let (late, copies) = write(&mut transaction, lease.source, rows).await?;
        copy::send(transaction, copies).await?.commit().await?;
        Ok(late)
    }
}

/// Writes all but the facts that are new, which it answers with how many facts are late. While the lease holds nobody else writes facts of
/// its source, so that what is new stays so.
async fn write(
    connection: &mut PgConnection,
    source: SourceId,
    rows: &PageRows,
) -> Result<(u32, Vec<Copy>), StoreError> {
    let (mut late, mut copies) = (0, Vec::new());
    macro_rules! write {
        ($kind:ident, $table:ident) => {
            let retracted = rows.retractions.iter().filter(|retraction| retraction.kind == FactKind::$kind);
            let retracted: Vec<Digest> = retracted.map(|retraction| *retraction.key.as_bytes()).collect();
            if !retracted.is_empty() {
                $table::remove(connection, source, &retracted).await?;
            }
            let facts: Vec<_> = rows
                .facts
                .iter()
                .filter_map(|stamped| match &stamped.fact.body {
                    FactBody::$kind(body) => Some((stamped, body)),
                    _ => None,
                })
                .collect();
            if !facts.is_empty() {
                let unreleased_from = unreleased_from(connection, FactKind::$kind).await?;
                let batch = Batch { source, unreleased_from, facts };
                let found = $table::find(connection, source, &batch.places()).await?;
                let (new, mut known) = batch.split(&found);
                if !known.facts.is_empty() {
                    // A fact that has moved to another epoch leaves the old one, or stays where it was told.
                    let elsewhere = known.places_elsewhere();
                    if elsewhere.keys().iter().any(|key| found.contains(key)) {
                        $table::remove(connection, source, &elsewhere.keys()).await?;
                        known.leave_out(&$table::find(connection, source, &elsewhere).await?);
                    }
                    let written_late = $table::upsert(connection, &known).await?;
                    late += usize::try_from(written_late).expect("a count is not negative");
                }
                if !new.facts.is_empty() {
                    late += new.late();
                    copies.push($table::copy(&new));
                }
            }
        };
    }
    write!(Change, change);
    write!(Review, review);
    write!(Commit, commit);
    if !rows.spellings.is_empty() {
        account::upsert(connection, source, rows.week, &rows.spellings).await?;
    }
    Ok((u32::try_from(late).unwrap_or(u32::MAX), copies))
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
