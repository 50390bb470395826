//! Runs what is due and releases what is ready.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::build::{App, BuildError, Setup};
use super::privacy::keep_whole;
use super::survey;
use crate::api::Outlook;
use crate::ingest::{FeedRun, IngestError, REPORTED, Step, own_feed};
use crate::model::{FeedName, SourceName};
use crate::plugin::{FailureCode, FeedSpec, PluginSource};
use crate::release::{FeedCoverage, release_days, release_due};
use crate::schedule::{Rhythm, is_quarantined};
use crate::store::{Coverage, Lease, RunSummary, SourceId, StoreError, Stretch};

const PAUSE_AFTER_OUTAGE: Duration = Duration::from_secs(5);
/// While another host reads a source.
const PAUSE_BEFORE_NEXT_CLAIM: Duration = Duration::from_secs(5);
const PAUSE_BEFORE_NEXT_LOOK: Duration = Duration::from_millis(500);
const PAUSE_BETWEEN_RETENTIONS: Duration = Duration::from_secs(3600);
const PAUSE_BETWEEN_LISTENINGS: Duration = Duration::from_secs(60);
const LONGEST_NAP: Duration = Duration::from_secs(60);
/// Each run may hold a guest's memory and an answer of its source.
const MOST_RUNS_AT_ONCE: usize = 4;

/// The working half of a host.
pub struct Collector<'a> {
    app: &'a App,
    cancel: CancellationToken,
    /// Whom the leases of this host are claimed for, as `status` shows it.
    owner: String,
    slots: Semaphore,
}

/// What became of a back-fill.
#[derive(Debug, Default)]
pub struct Backfilled {
    /// The run of each feed; `None` where the stretch was read to its end before.
    pub runs: Vec<(FeedName, Option<RunSummary>)>,
    /// Whether every feed has read the stretch to its end.
    pub is_done: bool,
}

impl<'a> Collector<'a> {
    pub fn new(app: &'a App, cancel: CancellationToken) -> Self {
        Self { app, cancel, owner: owner(), slots: Semaphore::new(MOST_RUNS_AT_ONCE) }
    }

    /// Runs every feed of a source once, due or not. Waits while another run of it is going on; no run was begun where that is cancelled.
    pub async fn run_source(&self, source: &PluginSource) -> Result<Vec<RunSummary>, StoreError> {
        let Some(lease) = self.claim(source).await? else { return Ok(Vec::new()) };
        self.keep_opt_outs().await;
        let mut summaries = Vec::new();
        for feed in &source.feeds {
            let summary = self.run(source, feed, lease).await?;
            let was_stopped = summary.was_stopped();
            summaries.push(summary);
            if was_stopped {
                break;
            }
        }
        self.app.store().lease_end(lease).await?;
        Ok(summaries)
    }

    /// Reads a stretch of every feed of a source once more, or goes on where an earlier try stopped; `watch` is told the feed and how
    /// far it is. Waits while another run of the source is going on.
    pub async fn backfill_source(
        &self,
        source: &PluginSource,
        stretch: Stretch,
        watch: &(dyn Fn(&FeedName, Step) + Sync),
    ) -> Result<Backfilled, StoreError> {
        let Some(lease) = self.claim(source).await? else { return Ok(Backfilled::default()) };
        self.keep_opt_outs().await;
        let mut runs = Vec::new();
        for feed in &source.feeds {
            let watch = |step| watch(&feed.name, step);
            let run = FeedRun { watch: Some(&watch), ..self.feed_run(source, feed) };
            let summary = Box::pin(run.backfill(self.app.store(), lease, stretch, &self.cancel)).await?;
            let was_stopped = summary.as_ref().is_some_and(RunSummary::was_stopped);
            runs.push((feed.name.clone(), summary));
            if was_stopped {
                self.app.store().lease_end(lease).await?;
                return Ok(Backfilled { runs, is_done: false });
            }
        }
        let feeds: Vec<&FeedName> = source.feeds.iter().map(|feed| &feed.name).collect();
        let is_done = self.app.store().backfill_close(lease, &feeds).await?;
        self.app.store().lease_end(lease).await?;
        Ok(Backfilled { runs, is_done })
    }

    /// Runs whatever is due, each source by itself, until cancelled. A database that is down is waited for.
    pub async fn work(&self) {
        let failures = FailureCode::ALL.map(FailureCode::as_str);
        self.app.telemetry.attend(self.app.setup.sources.iter().map(|source| &source.name), &failures);
        let sources = futures_util::future::join_all(self.app.setup.sources.iter().map(|source| self.attend(source)));
        tokio::join!(sources, self.keep_to_retention(), self.attend_people());
        self.cancel.cancelled().await;
    }

    async fn attend(&self, source: &PluginSource) {
        let mut may_release = true;
        loop {
            let pause = match self.step(source, &mut may_release).await {
                Ok(next) => self.until(next),
                Err(error) => {
                    let name = &source.name;
                    tracing::error!(source.name = %name, error = &error as &dyn std::error::Error, "collecting from `{name}` is interrupted: {error}");
                    PAUSE_AFTER_OUTAGE
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.cancel.cancelled() => return,
            }
        }
    }

    /// Takes in what was reported, and closes the surveys whose time has passed and whose keys are here. Answers whether anything new may be released.
    pub async fn listen(&self) -> Result<bool, BuildError> {
        let now = self.app.setup.clock.now();
        let reports = self.app.setup.pipe.take_in(self.app.store(), now).await.map_err(|error| match error {
            IngestError::Store(error) => BuildError::Store(error),
            IngestError::Key(error) => BuildError::Key(error),
        })?;
        survey::close_due(self.app).await?;
        Ok(reports > 0)
    }

    async fn attend_people(&self) {
        loop {
            if let Err(error) = self.attend_people_once().await {
                tracing::error!(error = &error as &dyn std::error::Error, "what people submit has to wait: {error}");
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE_BETWEEN_LISTENINGS) => {}
                () = self.cancel.cancelled() => return,
            }
        }
    }

    /// Every host listens, and where nothing is collected nobody else would release what was heard.
    async fn attend_people_once(&self) -> Result<(), BuildError> {
        self.listen().await?;
        if self.app.setup.sources.is_empty() {
            self.release().await?;
        }
        Ok(())
    }

    /// Removes what is past its retention, and destroys the epochs that are over.
    pub async fn forget(&self) -> Result<(), StoreError> {
        let keep_from = self.app.setup.pipe.keep_from(self.app.setup.clock.now());
        self.app.store().retention_apply(self.app.setup.config.calendar.week_of(keep_from)).await
    }

    /// Whoever has opted out has done so with every account that the roster names by now. Where it cannot be read, the list stays as it is.
    pub async fn keep_opt_outs(&self) {
        if let Err(error) = keep_whole(self.app).await {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "new accounts of people who have opted out could not be looked for: {error}");
        }
    }

    async fn keep_to_retention(&self) {
        loop {
            self.keep_opt_outs().await;
            let pause = match self.forget().await {
                Ok(()) => PAUSE_BETWEEN_RETENTIONS,
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "old facts could not be removed: {error}"
                    );
                    PAUSE_AFTER_OUTAGE
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.cancel.cancelled() => return,
            }
        }
    }

    /// What every feed has covered, as far back as its facts are kept: a week of which some are gone is never told.
    pub async fn coverage(&self) -> Result<Vec<FeedCoverage>, StoreError> {
        let mut feeds = Vec::new();
        let keep_from = self.app.setup.pipe.keep_from(self.app.setup.clock.now());
        for (source, feed) in self.app.setup.feeds() {
            let id = self.app.store().source_register(&source.name).await?;
            let coverage = self.app.store().coverage_fetch(id, &feed.name).await?;
            let coverage = coverage.map(|covered| Coverage { from: covered.from.max(keep_from), ..covered });
            feeds.push(FeedCoverage {
                source: source.name.clone(),
                feed: feed.name.clone(),
                emits: feed.emits.clone(),
                coverage,
            });
        }
        let own = SourceName::own();
        let id = self.app.store().source_register(&own).await?;
        if let Some(covered) = self.app.store().own_coverage_fetch(id, &own_feed()).await? {
            let coverage = Some(Coverage { from: covered.from.max(keep_from), ..covered });
            feeds.push(FeedCoverage { source: own, feed: own_feed(), emits: REPORTED.to_vec(), coverage });
        }
        Ok(feeds)
    }

    /// Releases what is due, if release was started. Answers how many atoms are new.
    pub async fn release(&self) -> Result<u64, BuildError> {
        let now = self.app.setup.clock.now();
        if !self.app.is_releasing().await? {
            return Ok(0);
        }
        let (teams, roster) = (self.app.setup.teams(), self.app.counted_roster().await?);
        let feeds = self.coverage().await?;
        let terms = self.app.setup.terms(&teams, &roster);
        let new = release_due(self.app.store(), &terms, &feeds, now).await?;
        if new > 0 {
            tracing::info!(atoms = new, "released {new} atoms");
        }
        if self.app.setup.config.privacy.daily_system {
            let days = release_days(self.app.store(), &terms, &feeds, now).await?;
            if days > 0 {
                tracing::info!(days, "released {days} days of what runs");
            }
        }
        Ok(new)
    }

    /// One look at a source, and a release when something was read since the last one that went well; answers when to look again.
    async fn step(&self, source: &PluginSource, may_release: &mut bool) -> Result<Timestamp, BuildError> {
        let id = self.app.store().source_register(&source.name).await?;
        let mut next = self.next_due(source, id).await?;
        if next <= self.app.setup.clock.now() && !self.cancel.is_cancelled() {
            let _slot = self.slots.acquire().await;
            match self.app.store().lease_claim(id, &self.owner).await? {
                Some(lease) => {
                    self.keep_opt_outs().await;
                    let ran = self.run_due(source, lease).await;
                    self.app.store().lease_end(lease).await?;
                    *may_release |= ran? > 0;
                    next = self.next_due(source, id).await?;
                }
                None => {
                    next = self.app.setup.clock.now().saturating_add(PAUSE_BEFORE_NEXT_CLAIM).unwrap_or(Timestamp::MAX)
                }
            }
        }
        if *may_release {
            self.release().await?;
            *may_release = false;
        }
        Ok(next)
    }

    /// Runs the feeds that are due; another host may have run them just before the lease was claimed.
    async fn run_due(&self, source: &PluginSource, lease: Lease) -> Result<usize, StoreError> {
        let mut ran = 0;
        for feed in &source.feeds {
            let last = self.app.store().last_run_fetch(lease.source, &feed.name).await?;
            let is_due = self.rhythm(source, feed).due(last.as_ref()) <= self.app.setup.clock.now();
            if is_due && !self.cancel.is_cancelled() {
                let was_stopped = self.run(source, feed, lease).await?.was_stopped();
                ran += 1;
                if was_stopped {
                    break;
                }
            }
        }
        Ok(ran)
    }

    /// When to run the next of the feeds; tells on the way how the source stands.
    async fn next_due(&self, source: &PluginSource, id: SourceId) -> Result<Timestamp, StoreError> {
        let mut next = Timestamp::MAX;
        let mut outlook = Outlook { last_success: Some(Timestamp::MAX), ..Outlook::default() };
        let settled = self.settled();
        for feed in &source.feeds {
            let last = self.app.store().last_run_fetch(id, &feed.name).await?;
            next = next.min(self.rhythm(source, feed).due(last.as_ref()));
            let success = self.app.store().last_success_fetch(id, &feed.name).await?;
            outlook.last_success = outlook.last_success.zip(success).map(|(oldest, success)| oldest.min(success));
            let code = last.as_ref().and_then(|last| last.summary.code.as_deref());
            outlook.is_throttled |= code == Some(FailureCode::RateLimited.as_str());
            outlook.is_quarantined |= last.is_some_and(|last| is_quarantined(last.strikes));
            let covered = self.app.store().coverage_fetch(id, &feed.name).await?;
            outlook.is_awaited |= covered.is_none_or(|covered| covered.through < settled);
        }
        // One that was never run is due at once.
        outlook.due = Some(next).filter(|next| *next > Timestamp::MIN);
        self.app.telemetry.note_outlook(&source.name, outlook);
        Ok(next)
    }

    /// How far a feed has to be read for the newest week that is over and has settled.
    fn settled(&self) -> Timestamp {
        let Setup { config, clock, .. } = &self.app.setup;
        let settle = SignedDuration::try_from(config.release.settle).unwrap_or(SignedDuration::MAX);
        let now = clock.now().checked_sub(settle).unwrap_or(Timestamp::MIN);
        let week = config.calendar.start_of(config.calendar.week_of(now));
        week.checked_add(settle).unwrap_or(Timestamp::MAX)
    }

    /// Waits until no other run of the source is going on; `None` when cancelled before.
    async fn claim(&self, source: &PluginSource) -> Result<Option<Lease>, StoreError> {
        let id = self.app.store().source_register(&source.name).await?;
        let mut is_told = false;
        while !self.cancel.is_cancelled() {
            if let Some(lease) = self.app.store().lease_claim(id, &self.owner).await? {
                return Ok(Some(lease));
            }
            // Nobody: it has just been given back.
            if !is_told && let Some(owner) = self.app.store().lease_owner_fetch(id).await? {
                let name = &source.name;
                tracing::info!(source.name = %name, "waiting for `{owner}`, which is reading `{name}`");
                is_told = true;
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE_BEFORE_NEXT_LOOK) => {}
                () = self.cancel.cancelled() => {}
            }
        }
        Ok(None)
    }

    async fn run(&self, source: &PluginSource, feed: &FeedSpec, lease: Lease) -> Result<RunSummary, StoreError> {
        let summary = Box::pin(self.feed_run(source, feed).collect(self.app.store(), lease, &self.cancel)).await?;
        self.app.telemetry.note_run(&source.name, summary.code.as_deref());
        Ok(summary)
    }

    fn feed_run<'b>(&'b self, source: &'b PluginSource, feed: &'b FeedSpec) -> FeedRun<'b> {
        FeedRun { pipe: &self.app.setup.pipe, source, feed, clock: &self.app.setup.clock, watch: None }
    }

    fn rhythm<'b>(&'b self, source: &'b PluginSource, feed: &'b FeedSpec) -> Rhythm<'b> {
        self.app.setup.rhythm(source, feed)
    }

    fn until(&self, next: Timestamp) -> Duration {
        let wait = next.duration_since(self.app.setup.clock.now());
        Duration::try_from(wait).unwrap_or(Duration::ZERO).clamp(Duration::from_millis(100), LONGEST_NAP)
    }
}

/// This process, as an operator finds it.
fn owner() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{} (process {})", host.trim(), std::process::id())
}
