//! One run of one feed: page after page until the window is read.

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::progress::{Bounds, Progress, Step};
use super::{Arrival, Flow, IngestError, Ingested, Pipe};
use crate::model::{FactKind, Family, RawFact, Sealed, StampedFact, Week};
use crate::plugin::{CollectRequest, Failure, FailureCode, FeedSpec, Page, PluginSource, Session};
use crate::pseudonym::{KeyError, OptOuts};
use crate::schedule::Clock;
use crate::store::{FeedState, Lease, Reading, RunSummary, Store, StoreError, Stretch};

const MOST_FACTS_A_PAGE: u32 = 1000;

/// What is run.
#[derive(Clone, Copy)]
pub struct FeedRun<'a> {
    pub pipe: &'a Pipe,
    pub source: &'a PluginSource,
    pub feed: &'a FeedSpec,
    pub clock: &'a Clock,
    /// Told after every page.
    pub watch: Option<&'a (dyn Fn(Step) + Sync)>,
}

/// Where a run begins.
struct Start {
    cursor: Option<String>,
    from: Timestamp,
    /// Where it begins once more when the source no longer accepts the cursor.
    from_without_cursor: Timestamp,
    /// Where the feed was added when weeks before it were released already.
    released_before: Option<Timestamp>,
}

impl FeedRun<'_> {
    /// Reads from where the last run stopped to now, as long as the lease holds. Whatever happens is in the summary; what was stored
    /// before a failure stays.
    pub async fn collect(
        &self,
        store: &Store,
        lease: Lease,
        cancel: &CancellationToken,
    ) -> Result<RunSummary, StoreError> {
        self.run(store, lease, Reading::Onward, cancel).await
    }

    /// Reads a stretch once more, or goes on with it; `None` when it was read to its end before.
    pub async fn backfill(
        &self,
        store: &Store,
        lease: Lease,
        stretch: Stretch,
        cancel: &CancellationToken,
    ) -> Result<Option<RunSummary>, StoreError> {
        if store.backfill_open(lease, &self.feed.name, stretch).await?.is_done {
            return Ok(None);
        }
        self.run(store, lease, Reading::Backfill(stretch), cancel).await.map(Some)
    }

    async fn run(
        &self,
        store: &Store,
        lease: Lease,
        reading: Reading,
        cancel: &CancellationToken,
    ) -> Result<RunSummary, StoreError> {
        let run = store.run_start(lease, &self.feed.name, reading, self.clock.now()).await?;
        let (source, feed) = (&self.source.name, &self.feed.name);
        let span = tracing::info_span!("run", run.id = run.number(), source.name = %source, feed.name = %feed);
        async {
            let mut progress = Progress::new();
            let result = tokio::select! {
                result = self.store_pages(store, lease, reading, &mut progress) => result,
                failure = keep_lease(store, lease) => Err(failure),
                () = cancel.cancelled() => Err(Failure::new(FailureCode::Cancelled, "the host is shutting down")),
            };
            let summary = progress.summary(result.err().as_ref(), self.clock.now());
            store.run_finish(run, self.clock.now(), &summary, self.sealed_report(reading, &summary).as_ref()).await?;
            Ok(summary)
        }
        .instrument(span)
        .await
    }

    /// Reads from the look-back and hands over what would be stored, without a database.
    pub async fn dry_run(&self, mut show: impl FnMut(&StampedFact)) -> Result<RunSummary, Failure> {
        let epochs = self.pipe.live_epochs(self.pipe.keep_from(self.clock.now()), self.clock.now());
        let no_keys = |error: KeyError| Failure::new(FailureCode::Transient, error.to_string());
        let keys = self.pipe.key.epochs_to_forget(epochs).map_err(no_keys)?;
        self.read(|page, arrival| {
            let (veiled, _, ingested) = self.pipe.veil(page, arrival, &keys, &OptOuts::default());
            veiled.facts.iter().for_each(&mut show);
            ingested
        })
        .await
    }

    /// Reads from the look-back and hands over what is read while it is known whose it is, for whoever keeps the roster.
    pub(crate) async fn meet(&self, mut meet: impl FnMut(&RawFact)) -> Result<RunSummary, Failure> {
        self.read(|page, arrival| {
            let judged = self.pipe.judge(page.facts, page.rejected, arrival);
            judged.facts.iter().for_each(&mut meet);
            Ingested { rejected: judged.rejected, unmapped: judged.unmapped, ..Ingested::default() }
        })
        .await
    }

    async fn read(&self, mut take: impl FnMut(Page, &Arrival<'_>) -> Ingested) -> Result<RunSummary, Failure> {
        let started = self.clock.now();
        let mut progress = Progress::new();
        let mut session = self.source.start(&self.pipe.calendar).await?;
        progress.follow(session.traffic());
        let (mut cursor, from) = (None, self.look_back(started));
        loop {
            let now = self.clock.now();
            let page = self.call(&mut session, cursor.clone(), from, now, now).await?;
            progress.page(&page);
            let (more, next) = (page.more, page.cursor.clone());
            let arrival = self.arrival(Reading::Onward, now, self.pipe.keep_from(started), None);
            progress.facts(take(page, &arrival));
            if !more {
                return Ok(progress.summary(None, self.clock.now()));
            }
            progress.may_go_on(&self.bounds())?;
            cursor = next.or(cursor);
        }
    }

    async fn store_pages(
        &self,
        store: &Store,
        lease: Lease,
        reading: Reading,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let mut flow = self.pipe.flow(store, lease, &self.feed.name);
        let read = self.read_into(&mut flow, store, lease, reading, progress).await;
        // Where reading has failed, the page before is still good.
        if let (Err(_), Ok(Some(ingested))) = (&read, flow.settle().await) {
            progress.facts(ingested);
            self.tell(progress);
        }
        read
    }

    async fn read_into(
        &self,
        flow: &mut Flow<'_>,
        store: &Store,
        lease: Lease,
        reading: Reading,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let keep_from = self.pipe.keep_from(self.clock.now());
        let Start { mut cursor, mut from, from_without_cursor, released_before } =
            self.start(store, lease, reading, keep_from).await.map_err(|error| database(&error))?;
        let mut session = self.source.start(&self.pipe.calendar).await?;
        progress.follow(session.traffic());
        let mut may_start_over = true;
        // From where the page that is not stored yet was read.
        let mut unstored = cursor.clone();
        loop {
            let now = self.clock.now();
            let until = if let Reading::Backfill(stretch) = reading { stretch.through } else { now };
            let page = match self.call(&mut session, cursor.clone(), from, until, now).await {
                Err(failure) if failure.code == FailureCode::CursorExpired && may_start_over => {
                    may_start_over = false;
                    self.take_in(flow.settle().await, progress)?;
                    self.forget_cursor(store, lease, reading).await.map_err(|error| database(&error))?;
                    (cursor, unstored, from) = (None, None, from_without_cursor);
                    continue;
                }
                page => page?,
            };
            progress.page(&page);
            let (more, next) = (page.more, page.cursor.clone());
            // The plugin may have taken its time.
            let arrival = self.arrival(reading, self.clock.now(), keep_from, released_before);
            let before = flow.take(page, &arrival).await;
            if !self.take_in(before, progress)? {
                cursor.clone_from(&unstored);
                continue;
            }
            unstored.clone_from(&cursor);
            if more {
                progress.may_go_on(&self.bounds())?;
                cursor = next.or(cursor);
            } else if self.take_in(flow.settle().await, progress)? {
                return Ok(());
            }
        }
    }

    /// What became of a page. False: somebody has opted out meanwhile, and it is to be read again.
    fn take_in(&self, stored: Result<Option<Ingested>, IngestError>, progress: &mut Progress) -> Result<bool, Failure> {
        match stored {
            Ok(ingested) => {
                if let Some(ingested) = ingested {
                    progress.facts(ingested);
                    self.tell(progress);
                }
                Ok(true)
            }
            Err(IngestError::Store(StoreError::OptOutsChanged)) => Ok(false),
            Err(IngestError::Store(error)) => Err(database(&error)),
            Err(IngestError::Key(error)) => Err(Failure::new(FailureCode::Transient, error.to_string())),
        }
    }

    async fn start(
        &self,
        store: &Store,
        lease: Lease,
        reading: Reading,
        keep_from: Timestamp,
    ) -> Result<Start, StoreError> {
        let look_back = self.look_back(self.clock.now());
        let counts_from = self.counts_from(store).await?;
        let first = counts_from.map_or(look_back, |week| self.pipe.calendar.start_of(week).max(look_back));
        let state = store.feed_open(lease, &self.feed.name, first, counts_from, keep_from).await?;
        let released_before = state.counts_from.map(|week| self.pipe.calendar.start_of(week));
        if let (Some(week), None) = (state.counts_from, state.covered_through) {
            let monday = week.monday();
            tracing::warn!(
                "weeks before `{monday}` were released before this feed was added, and what is released never changes: it counts from then on"
            );
        }
        Ok(match reading {
            Reading::Onward => Start {
                cursor: self.unseal(state.cursor.as_ref()),
                from: self.window_start(&state),
                from_without_cursor: released_before.map_or(look_back, |before| before.max(look_back)),
                released_before,
            },
            Reading::Backfill(stretch) => {
                let begun = store.backfill_open(lease, &self.feed.name, stretch).await?;
                let cursor = self.unseal(begun.cursor.as_ref());
                Start { cursor, from: stretch.from, from_without_cursor: stretch.from, released_before }
            }
        })
    }

    async fn forget_cursor(&self, store: &Store, lease: Lease, reading: Reading) -> Result<(), StoreError> {
        match reading {
            Reading::Onward => store.cursor_forget(lease, &self.feed.name).await,
            Reading::Backfill(_) => store.backfill_cursor_forget(lease, &self.feed.name).await,
        }
    }

    fn tell(&self, progress: &Progress) {
        if let Some(watch) = self.watch {
            watch(progress.step());
        }
    }

    async fn call(
        &self,
        session: &mut Session<'_>,
        cursor: Option<String>,
        from: Timestamp,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Page, Failure> {
        let request = CollectRequest { feed: &self.feed.name, cursor, from, until, now, most_facts: MOST_FACTS_A_PAGE };
        session.collect(request).await
    }

    fn arrival(
        &self,
        reading: Reading,
        now: Timestamp,
        keep_from: Timestamp,
        released_before: Option<Timestamp>,
    ) -> Arrival<'_> {
        let (source, emits, metrics) = (&self.source.name, &self.feed.emits, &self.source.metrics);
        Arrival { source, reading, emits, metrics, now, keep_from, released_before }
    }

    /// The first week in which something that it brings can count, were it new; none where that is so of all weeks.
    async fn counts_from(&self, store: &Store) -> Result<Option<Week>, StoreError> {
        let families_of = |kind: &FactKind| -> Vec<Family> {
            Family::ALL.into_iter().filter(|family| family.needs().contains(kind)).collect()
        };
        let families: Vec<Vec<Family>> = self.feed.emits.iter().map(families_of).collect();
        if families.iter().any(Vec::is_empty) {
            return Ok(None);
        }
        let mut first: Option<Week> = None;
        for families in &families {
            let Some(open) = store.open_week_fetch(families).await? else { return Ok(None) };
            first = Some(first.map_or(open, |first| first.min(open)));
        }
        Ok(first)
    }

    /// Of what `status` shows; a run without it is no worse.
    fn sealed_report(&self, reading: Reading, summary: &RunSummary) -> Option<Sealed> {
        if reading != Reading::Onward {
            return None;
        }
        self.pipe.key.cursors().seal_report(&self.source.name, &self.feed.name, &summary.report).ok()
    }

    /// None where there is none, or where it cannot be opened: then the reading starts over.
    fn unseal(&self, sealed: Option<&Sealed>) -> Option<String> {
        let sealed = sealed?;
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

/// Renews the lease until that is refused. A database that is away is waited for: then nothing can be stored anyway.
async fn keep_lease(store: &Store, lease: Lease) -> Failure {
    loop {
        match store.lease_renew(lease).await {
            Err(error @ StoreError::Overtaken) => return database(&error),
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "the lease is not renewed: {error}"),
            Ok(()) => {}
        }
        tokio::time::sleep(Lease::RENEWAL).await;
    }
}

fn database(error: &StoreError) -> Failure {
    let code = if matches!(error, StoreError::Overtaken) { FailureCode::Overtaken } else { FailureCode::Database };
    Failure::new(code, error.to_string())
}
