//! Runs what is due and releases what is ready.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::build::{App, BuildError};
use crate::config::ReleaseStart;
use crate::ingest::FeedRun;
use crate::plugin::{FeedSpec, PluginSource};
use crate::release::{FeedCoverage, release_due};
use crate::schedule::due;
use crate::store::{RunSummary, SourceId, StoreError};

const PAUSE_AFTER_OUTAGE: Duration = Duration::from_secs(5);
const LONGEST_NAP: Duration = Duration::from_secs(60);

/// The working half of a host.
pub struct Collector<'a> {
    app: &'a App,
    cancel: CancellationToken,
}

impl<'a> Collector<'a> {
    pub fn new(app: &'a App, cancel: CancellationToken) -> Self {
        Self { app, cancel }
    }

    /// Runs every feed of a source once, due or not.
    pub async fn run_source(&self, source: &PluginSource) -> Result<Vec<RunSummary>, StoreError> {
        let id = self.app.store().source_register(&source.name).await?;
        let mut summaries = Vec::new();
        for feed in &source.plugin.descriptor.feeds {
            summaries.push(self.run(source, feed, id).await?);
        }
        Ok(summaries)
    }

    /// Runs whatever is due until it is cancelled. A database that is down is waited for.
    pub async fn work(&self) {
        let mut may_release = true;
        loop {
            let pause = match self.step(&mut may_release).await {
                Ok(next) => self.until(next),
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "collecting is interrupted: {error}");
                    PAUSE_AFTER_OUTAGE
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.cancel.cancelled() => return,
            }
        }
    }

    /// What every feed has covered.
    pub async fn coverage(&self) -> Result<Vec<FeedCoverage>, StoreError> {
        let mut feeds = Vec::new();
        for (source, feed) in self.app.setup.feeds() {
            let id = self.app.store().source_register(&source.name).await?;
            let coverage = self.app.store().coverage_fetch(id, &feed.name).await?;
            feeds.push(FeedCoverage {
                source: source.name.clone(),
                feed: feed.name.clone(),
                emits: feed.emits.clone(),
                coverage,
            });
        }
        Ok(feeds)
    }

    /// Releases what is due, if release was started. Answers how many atoms are new.
    pub async fn release(&self) -> Result<u64, BuildError> {
        let now = self.app.setup.clock.now();
        if self.app.setup.config.release.start == ReleaseStart::Auto {
            self.app.store().release_start(now).await?;
        }
        if self.app.store().release_started_fetch().await?.is_none() {
            return Ok(0);
        }
        let (teams, roster) = (self.app.setup.teams(), self.app.setup.roster()?);
        let feeds = self.coverage().await?;
        let new = release_due(self.app.store(), &self.app.setup.terms(&teams, &roster), &feeds, now).await?;
        if new > 0 {
            tracing::info!(atoms = new, "released {new} atoms");
        }
        Ok(new)
    }

    /// One look at every feed, and a release when something was read since the last one that went well; answers when the next is due.
    async fn step(&self, may_release: &mut bool) -> Result<Timestamp, BuildError> {
        let mut next = Timestamp::MAX;
        for (source, feed) in self.app.setup.feeds() {
            let id = self.app.store().source_register(&source.name).await?;
            let interval = self.interval(source, feed);
            let last = self.app.store().last_run_fetch(id, &feed.name).await?;
            if due(last.as_ref(), interval) <= self.app.setup.clock.now() && !self.cancel.is_cancelled() {
                self.run(source, feed, id).await?;
                *may_release = true;
            }
            let last = self.app.store().last_run_fetch(id, &feed.name).await?;
            next = next.min(due(last.as_ref(), interval));
        }
        if *may_release {
            self.release().await?;
            *may_release = false;
        }
        Ok(next)
    }

    async fn run(&self, source: &PluginSource, feed: &FeedSpec, id: SourceId) -> Result<RunSummary, StoreError> {
        let run = FeedRun { pipe: &self.app.setup.pipe, source, feed, clock: &self.app.setup.clock };
        Box::pin(run.collect(self.app.store(), id, &self.cancel)).await
    }

    fn interval(&self, source: &PluginSource, feed: &FeedSpec) -> Duration {
        let configured = self.app.setup.config.sources.iter().find(|configured| configured.name == source.name);
        configured.and_then(|configured| configured.interval).unwrap_or(feed.interval)
    }

    fn until(&self, next: Timestamp) -> Duration {
        let wait = next.duration_since(self.app.setup.clock.now());
        Duration::try_from(wait).unwrap_or(Duration::ZERO).clamp(Duration::from_millis(100), LONGEST_NAP)
    }
}
