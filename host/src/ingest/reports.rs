//! What people report to this program itself, on its way through the pipe.

use jiff::Timestamp;

use super::{Arrival, IngestError, Pipe};
use crate::model::{FactBody, FactKind, FeedName, RawFact, Report, SourceName};
use crate::plugin::Page;
use crate::pseudonym::{KeyError, OptOuts, random_key};
use crate::store::{ListVersion, PageRows, Reading, SourceId, Store, StoreError};

/// The feed that nobody reads: it is reported to.
const FRICTION: &str = "friction";

/// The kinds of fact that are reported.
pub const REPORTED: [FactKind; 1] = [FactKind::Friction];

pub fn own_feed() -> FeedName {
    FRICTION.parse().expect("it is the name of a feed")
}

impl Pipe {
    /// From now on somebody may report, and no report means that there was none.
    pub async fn open_reports(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        store.own_feed_open(store.source_register(&SourceName::own()).await?, &own_feed(), now).await
    }

    /// Takes in what was reported since the last time, where somebody may report. Answers how many reports were.
    pub async fn take_in(&self, store: &Store, now: Timestamp) -> Result<usize, IngestError> {
        let source = SourceName::own();
        let id = store.source_register(&source).await?;
        if store.own_coverage_fetch(id, &own_feed()).await?.is_none() {
            return Ok(0);
        }
        self.take_in_of(store, &source, id, now).await
    }

    async fn take_in_of(
        &self,
        store: &Store,
        source: &SourceName,
        id: SourceId,
        now: Timestamp,
    ) -> Result<usize, IngestError> {
        let keep_from = self.keep_from(now);
        let keys = self.key.epochs(&store.epochs_open(&self.live_epochs(keep_from, now)).await?);
        let (intake, reports) = store.intake().await?;
        let count = reports.len();
        let facts = reports.into_iter().map(|report| self.fact(report)).collect::<Result<_, _>>()?;
        let page = Page { facts, ..Page::default() };
        let arrival = Arrival {
            source,
            reading: Reading::Onward,
            emits: &REPORTED,
            metrics: &[],
            now,
            keep_from,
            released_before: None,
        };
        // Reports name nobody who could have opted out.
        let (mut veiled, ..) = self.veil(page, &arrival, &keys, &OptOuts::default());
        // In an order that is not the one in which they came.
        veiled.facts.sort_by_key(|stamped| *stamped.fact.key.as_bytes());
        let rows = PageRows {
            reading: Reading::Onward,
            more: false,
            facts: veiled.facts,
            retractions: Vec::new(),
            spellings: Vec::new(),
            cursor: None,
            covered_through: None,
            opt_outs: ListVersion::default(),
            learned: Vec::new(),
            week: self.calendar.week_of(now),
        };
        intake.commit(id, &own_feed(), &rows, now).await?;
        Ok(count)
    }

    /// It became true in its week; nobody knows more.
    fn fact(&self, Report { week, friction }: Report) -> Result<RawFact, KeyError> {
        Ok(RawFact { key: random_key()?, at: self.calendar.start_of(week), body: FactBody::Friction(friction) })
    }
}
