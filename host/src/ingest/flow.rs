//! The pages of one run on their way through the pipe: while one is stored, the next one is read and hidden.

use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::familiar::Familiar;
use super::{Arrival, IngestError, Ingested, Pipe};
use crate::model::{FeedName, Spelling};
use crate::plugin::Page;
use crate::store::{Lease, PageRows, Store, StoreError, Stored};

/// At most one page is under way; whoever drops this stops it, and nothing of it is stored.
pub struct Flow<'a> {
    pipe: &'a Pipe,
    store: Store,
    lease: Lease,
    feed: FeedName,
    familiar: Familiar,
    under_way: Option<UnderWay>,
}

struct UnderWay {
    task: AbortOnDropHandle<Result<(Stored, Vec<Spelling>), StoreError>>,
    /// Whether the list of those who have opted out grows with it.
    has_learned: bool,
    ingested: Ingested,
}

impl Pipe {
    pub fn flow(&self, store: &Store, lease: Lease, feed: &FeedName) -> Flow<'_> {
        Flow {
            pipe: self,
            store: store.clone(),
            lease,
            feed: feed.clone(),
            familiar: Familiar::default(),
            under_way: None,
        }
    }
}

impl Flow<'_> {
    /// Begins to store a page and the place to go on from, all or nothing, once the page before is stored. Answers what became of that one.
    ///
    /// As [`Flow::settle`] it may be refused for the page before, and then takes nothing.
    pub async fn take(&mut self, page: Page, arrival: &Arrival<'_>) -> Result<Option<Ingested>, IngestError> {
        let (rows, ingested) = self.hide(page, arrival).await?;
        let before = self.settle().await?;
        self.begin(rows, ingested);
        Ok(before)
    }

    /// Waits until what is under way is stored. Where somebody has opted out since the list was read, that is refused, and the page is to be
    /// read again.
    pub async fn settle(&mut self) -> Result<Option<Ingested>, IngestError> {
        let Some(UnderWay { task, has_learned, ingested }) = self.under_way.take() else { return Ok(None) };
        let stored = task.await.expect("nothing in it panics, and it is aborted with its handle alone");
        if has_learned || matches!(stored, Err(StoreError::OptOutsChanged)) {
            self.familiar.forget();
        }
        let (stored, spellings) = stored?;
        self.familiar.learn(stored, spellings);
        Ok(Some(Ingested { late: stored.late, ..ingested }))
    }

    async fn hide(&mut self, page: Page, arrival: &Arrival<'_>) -> Result<(PageRows, Ingested), IngestError> {
        let pipe = self.pipe;
        let seal = |cursor: &String| pipe.key.cursors().seal(arrival.source, &self.feed, cursor);
        let (cursor, covered_through, more) =
            (page.cursor.as_ref().map(seal).transpose()?, page.covered_through, page.more);
        // A run that began before the last retention must not bring back what that has destroyed.
        let live = pipe.live_epochs(pipe.keep_from(arrival.now), arrival.now);
        let keys = pipe.key.epochs(&self.store.epochs_open(&live).await?);
        let (version, opt_outs) = self.familiar.opt_outs(&self.store).await?;
        let (version, (veiled, learned, ingested)) = (*version, pipe.veil(page, arrival, &keys, opt_outs));
        let rows = PageRows {
            reading: arrival.reading,
            more,
            facts: veiled.facts,
            retractions: veiled.retractions,
            spellings: veiled.spellings,
            opt_outs: version,
            learned: learned.into_iter().map(|learned| (learned.entry, learned.accounts)).collect(),
            cursor,
            covered_through,
            week: pipe.calendar.week_of(arrival.now),
        };
        Ok((rows, ingested))
    }

    fn begin(&mut self, mut rows: PageRows, ingested: Ingested) {
        rows.spellings = self.familiar.unknown(rows.week, rows.spellings);
        let (store, lease, feed, expected) =
            (self.store.clone(), self.lease, self.feed.clone(), self.familiar.expected());
        let has_learned = !rows.learned.is_empty();
        let storing = async move {
            let stored = store.page_store(lease, &feed, &rows, expected).await?;
            Ok((stored, rows.spellings))
        };
        let task = AbortOnDropHandle::new(tokio::spawn(storing.in_current_span()));
        self.under_way = Some(UnderWay { task, has_learned, ingested });
    }
}
