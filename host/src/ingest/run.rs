//! One run of one feed: page after page until the window is read, each stored before the next is asked for.

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::progress::{Bounds, Progress};
use super::{Arrival, IngestError, Pipe};
use crate::model::StampedFact;
use crate::plugin::{CollectRequest, Failure, FailureCode, FeedSpec, Page, PluginSource, Session};
use crate::schedule::Clock;
use crate::store::{FeedState, RunSummary, SourceId, Store, StoreError};

const MOST_FACTS_A_PAGE: u32 = 1000;

/// What is run.
#[derive(Clone, Copy)]
pub struct FeedRun<'a> {
    pub pipe: &'a Pipe,
    pub source: &'a PluginSource,
    pub feed: &'a FeedSpec,
    pub clock: &'a Clock,
}

impl FeedRun<'_> {
    /// Reads from where the last run stopped to now. Whatever happens is in the summary; what was stored before a failure stays.
    pub async fn collect(
        &self,
        store: &Store,
        id: SourceId,
        cancel: &CancellationToken,
    ) -> Result<RunSummary, StoreError> {
        let run = store.run_start(id, &self.feed.name, self.clock.now()).await?;
        let (source, feed) = (&self.source.name, &self.feed.name);
        let span = tracing::info_span!("run", run.id = run.number(), source.name = %source, feed.name = %feed);
        async {
            let mut progress = Progress::new();
            let result = tokio::select! {
                result = self.store_pages(store, id, &mut progress) => result,
                () = cancel.cancelled() => Err(Failure::new(FailureCode::Cancelled, "the host is shutting down")),
            };
            let summary = progress.summary(result.err().as_ref(), self.clock.now());
            store.run_finish(run, self.clock.now(), &summary).await?;
            Ok(summary)
        }
        .instrument(span)
        .await
    }

    /// Reads from the look-back and hands over what would be stored, without a database.
    pub async fn dry_run(&self, mut show: impl FnMut(&StampedFact)) -> Result<RunSummary, Failure> {
        let started = self.clock.now();
        let mut progress = Progress::new();
        let mut session = self.source.start(&self.pipe.calendar).await?;
        let (mut cursor, from) = (None, self.look_back(started));
        loop {
            let now = self.clock.now();
            let page = self.call(&mut session, cursor.clone(), from, now).await?;
            progress.page(&page);
            let (more, next) = (page.more, page.cursor.clone());
            let (veiled, rejected) = self.pipe.veil(page, &self.arrival(now, self.pipe.keep_from(started)));
            veiled.facts.iter().for_each(&mut show);
            progress.facts(u32::try_from(veiled.facts.len()).unwrap_or(u32::MAX), rejected, 0);
            if !more {
                return Ok(progress.summary(None, self.clock.now()));
            }
            progress.may_go_on(&self.bounds())?;
            cursor = next.or(cursor);
        }
    }

    async fn store_pages(&self, store: &Store, id: SourceId, progress: &mut Progress) -> Result<(), Failure> {
        let (name, started) = (&self.feed.name, self.clock.now());
        let (look_back, keep_from) = (self.look_back(started), self.pipe.keep_from(started));
        let open = || async { store.feed_open(id, name, look_back, keep_from).await.map_err(|error| database(&error)) };
        let mut state = open().await?;
        let (mut cursor, mut from) = (self.unseal(&state), self.window_start(&state));
        let mut session = self.source.start(&self.pipe.calendar).await?;
        let mut may_start_over = true;
        loop {
            let now = self.clock.now();
            let page = match self.call(&mut session, cursor.clone(), from, now).await {
                Err(failure) if failure.code == FailureCode::CursorExpired && may_start_over => {
                    may_start_over = false;
                    store.cursor_forget(id, name, state.version).await.map_err(|error| database(&error))?;
                    (state, cursor, from) = (open().await?, None, look_back);
                    continue;
                }
                page => page?,
            };
            progress.page(&page);
            let more = page.more;
            cursor = page.cursor.clone().or(cursor);
            let stored = self.pipe.page(store, id, name, state.version, page, &self.arrival(now, keep_from)).await;
            let ingested = stored.map_err(|error| match error {
                IngestError::Store(error) => database(&error),
                IngestError::Key(error) => Failure::new(FailureCode::Transient, error.to_string()),
            })?;
            progress.facts(ingested.facts, ingested.rejected, ingested.stored.late);
            state.version = ingested.stored.version;
            if !more {
                return Ok(());
            }
            progress.may_go_on(&self.bounds())?;
        }
    }

    async fn call(
        &self,
        session: &mut Session<'_>,
        cursor: Option<String>,
        from: Timestamp,
        now: Timestamp,
    ) -> Result<Page, Failure> {
        let request = CollectRequest { feed: &self.feed.name, cursor, from, now, most_facts: MOST_FACTS_A_PAGE };
        session.collect(request).await
    }

    fn arrival(&self, now: Timestamp, keep_from: Timestamp) -> Arrival<'_> {
        Arrival { source: &self.source.name, emits: &self.feed.emits, now, keep_from }
    }

    /// None where there is none, or where it cannot be opened: then the reading starts over.
    fn unseal(&self, state: &FeedState) -> Option<String> {
        let sealed = state.cursor.as_ref()?;
        let cursor = self.pipe.key.cursors().open(&self.source.name, &self.feed.name, sealed);
        if cursor.is_none() {
            tracing::warn!("the stored cursor cannot be opened; reading starts over");
        }
        cursor
    }

    fn bounds(&self) -> Bounds {
        let limits = self.source.limits();
        Bounds { pages: limits.pages, time: limits.run }
    }

    fn look_back(&self, now: Timestamp) -> Timestamp {
        now.checked_sub(self.feed.look_back.min(self.pipe.retention)).unwrap_or(Timestamp::MIN)
    }

    fn window_start(&self, state: &FeedState) -> Timestamp {
        match state.covered_through {
            Some(through) => through.checked_sub(self.feed.overlap).unwrap_or(Timestamp::MIN).max(state.covered_from),
            None => state.covered_from,
        }
    }
}

fn database(error: &StoreError) -> Failure {
    let code = if matches!(error, StoreError::Overtaken) { FailureCode::Overtaken } else { FailureCode::Database };
    Failure::new(code, error.to_string())
}
