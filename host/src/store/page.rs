//! One page of a feed: its rows and its cursor in one transaction.

use jiff::Timestamp;
use sqlx::PgConnection;

use super::ListVersion;
use super::copy::{self, Copy};
use super::fact::{Batch, Digest};
use super::{
    Lease, SourceId, Store, StoreError, Stretch, account, backfill, build, change, commit, deployment, feed, friction,
    incident, lease, membership, opt_out, releasing, review, sample, survey_response, tally, usage,
};
use crate::model::{
    EntityKey, FactBody, FactKind, Family, FeedName, OptOut, Pseudonym, Retraction, Sealed, Spelling, StampedFact, Week,
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
    pub spellings: Vec<Spelling>,
    /// The list that the facts were judged by; another one has to be read first.
    pub opt_outs: ListVersion,
    /// Accounts that the list is to know by their ids too, with their pseudonyms, of which nothing is to stay.
    pub learned: Vec<(OptOut, Vec<Pseudonym>)>,
    /// None keeps the stored one.
    pub cursor: Option<Sealed>,
    /// None: no statement.
    pub covered_through: Option<Timestamp>,
    /// The week it was read in.
    pub week: Week,
}

/// What is expected of a page's facts. To look them up costs as much as to write a quarter of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Some may be there already.
    Anything,
    /// Probably none is there: they are looked up where they lie if they have moved, and otherwise when that proves wrong.
    New,
}

/// What became of a page's facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Those that came after their week was released: what was released stays.
    pub late: u32,
    /// Those that were there already.
    pub known: u32,
}

impl Store {
    /// Stores a page while the lease holds.
    pub async fn page_store(
        &self,
        lease: Lease,
        feed: &FeedName,
        rows: &PageRows,
        expected: Expected,
    ) -> Result<Stored, StoreError> {
        match self.page_write(lease, feed, rows, expected).await {
            Err(error) if expected == Expected::New && error.is_duplicate() => {
                self.page_write(lease, feed, rows, Expected::Anything).await
            }
            result => result,
        }
    }

    async fn page_write(
        &self,
        lease: Lease,
        feed: &FeedName,
        rows: &PageRows,
        expected: Expected,
    ) -> Result<Stored, StoreError> {
        let mut transaction = self.pool.begin_with(releasing::BEGIN_PAGE).await?;
        let cursor = rows.cursor.as_ref();
        let list = match rows.reading {
            Reading::Onward => feed::advance(&mut transaction, lease, feed, cursor, rows.covered_through).await?,
            Reading::Backfill(stretch) => {
                lease::guard(&mut transaction, lease).await?;
                let is_done = !rows.more && rows.covered_through.is_some();
                backfill::advance(&mut transaction, lease, feed, stretch, cursor, is_done).await?;
                opt_out::version(&mut transaction).await?
            }
        };
        if list != rows.opt_outs {
            return Err(StoreError::OptOutsChanged);
        }
        for (entry, accounts) in &rows.learned {
            opt_out::erase(&mut transaction, accounts, entry.reach).await?;
            opt_out::insert(&mut transaction, &[*entry]).await?;
        }
        let (stored, copies) = write(&mut transaction, lease.source, rows, expected).await?;
        copy::send(transaction, copies).await?.commit().await?;
        Ok(stored)
    }
}

/// Writes all but the facts that are new. While the lease holds nobody else writes facts of its source, so that what is new stays so.
pub(super) async fn write(
    connection: &mut PgConnection,
    source: SourceId,
    rows: &PageRows,
    expected: Expected,
) -> Result<(Stored, Vec<Copy>), StoreError> {
    let (mut late, mut known_facts, mut copies) = (0, 0, Vec::new());
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
                let found = $table::find(connection, source, &batch.places(expected)).await?;
                let (new, mut known) = batch.split(&found);
                if !known.facts.is_empty() {
                    known_facts += known.facts.len();
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
    write!(Build, build);
    write!(Deployment, deployment);
    write!(Incident, incident);
    write!(Usage, usage);
    write!(Tally, tally);
    write!(SurveyResponse, survey_response);
    write!(Friction, friction);
    write!(Membership, membership);
    write!(Sample, sample);
    if !rows.spellings.is_empty() {
        account::upsert(connection, source, rows.week, &rows.spellings).await?;
    }
    let count = |facts| u32::try_from(facts).unwrap_or(u32::MAX);
    Ok((Stored { late: count(late), known: count(known_facts) }, copies))
}

/// The first week of which no released figure rests on facts of a kind.
async fn unreleased_from(connection: &mut PgConnection, kind: FactKind) -> Result<Week, StoreError> {
    let families: Vec<String> = Family::ALL
        .into_iter()
        .filter(|family| family.needs().contains(&kind))
        .map(|family| family.as_str().to_owned())
        .collect();
    // The newest of each family, from the index: a maximum over several is looked for in all of them.
    let end = sqlx::query_scalar!(
        "SELECT max(newest.end_week) FROM UNNEST($1::text[]) AS f (family), LATERAL (
             SELECT start_week + weeks AS end_week FROM release.atom a WHERE a.family = f.family ORDER BY start_week + weeks DESC LIMIT 1
         ) newest",
        &families
    )
    .fetch_one(connection)
    .await?;
    Ok(end.map_or(Week::from_index(i32::MIN), Week::from_index))
}
