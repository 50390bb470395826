//! One run of one feed: page after page until the window is read, each stored before the next is asked for.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Arrival, Pipe};
use crate::model::StampedFact;
use crate::plugin::{CollectRequest, Failure, FailureCode, FeedSpec, Page, PluginSource, Problem, Session};
use crate::schedule::Clock;
use crate::store::{FeedState, RunSummary, SourceId, Store, StoreError};

const MOST_FACTS_A_PAGE: u32 = 1000;

/// Reads a feed from where it stopped to now. Whatever happens is in the summary; what was stored before a failure stays.
pub async fn run_feed(
    pipe: &Pipe,
    store: &Store,
    source: &PluginSource,
    id: SourceId,
    feed: &FeedSpec,
    clock: &Clock,
    cancel: &CancellationToken,
) -> Result<RunSummary, StoreError> {
    let started = clock.now();
    let run = store.run_start(id, &feed.name, started).await?;
    let mut progress = Progress::default();
    let result = tokio::select! {
        result = pages(pipe, store, source, id, feed, started, &mut progress) => result,
        () = cancel.cancelled() => Err(Failure::new(FailureCode::Cancelled, "the host is shutting down")),
    };
    let summary = progress.summary(result.as_ref().err(), clock.now());
    let (name, facts) = (&source.name, summary.facts);
    match &result {
        Ok(()) => tracing::info!(
            source.name = %name, feed.name = %feed.name, run.id = run.number(), pages = summary.pages, facts, problems = summary.problems,
            "collected {facts} facts from `{name}`"
        ),
        Err(failure) => tracing::warn!(
            source.name = %name, feed.name = %feed.name, run.id = run.number(), code = failure.code.as_str(), facts,
            "the run of `{name}` ended early: {}", failure.message
        ),
    }
    store.run_finish(run, clock.now(), &summary).await?;
    Ok(summary)
}

/// Reads a feed from its look-back and hands over what would be stored, without a database.
pub async fn dry_run(
    pipe: &Pipe,
    source: &PluginSource,
    feed: &FeedSpec,
    clock: &Clock,
    mut show: impl FnMut(&StampedFact),
) -> Result<RunSummary, Failure> {
    let now = clock.now();
    let mut progress = Progress::default();
    let mut session = source.start(&pipe.calendar).await?;
    let (mut cursor, from) = (None, look_back(pipe, feed, now));
    loop {
        let page = call(&mut session, feed, cursor.clone(), from, now).await?;
        progress.note(&page, source, feed);
        let (more, next) = (page.more, page.cursor.clone());
        let (veiled, rejected) = pipe.veil(page, &Arrival { source: &source.name, emits: &feed.emits, now });
        veiled.facts.iter().for_each(&mut show);
        progress.facts += u32::try_from(veiled.facts.len()).unwrap_or(u32::MAX);
        progress.rejected += rejected.values().sum::<u32>();
        if !more {
            return Ok(progress.summary(None, clock.now()));
        }
        progress.may_go_on(source)?;
        cursor = next.or(cursor);
    }
}

async fn pages(
    pipe: &Pipe,
    store: &Store,
    source: &PluginSource,
    id: SourceId,
    feed: &FeedSpec,
    now: Timestamp,
    progress: &mut Progress,
) -> Result<(), Failure> {
    let look_back = look_back(pipe, feed, now);
    let mut state = store.feed_open(id, &feed.name, look_back).await.map_err(|error| database(&error))?;
    let mut from = window_start(&state, feed).max(pipe.keep_from(now));
    let mut session = source.start(&pipe.calendar).await?;
    let mut may_start_over = true;
    loop {
        let page = match call(&mut session, feed, state.cursor.clone(), from, now).await {
            Err(failure) if failure.code == FailureCode::CursorExpired && may_start_over => {
                may_start_over = false;
                store.cursor_forget(id, &feed.name).await.map_err(|error| database(&error))?;
                state = store.feed_open(id, &feed.name, look_back).await.map_err(|error| database(&error))?;
                from = look_back;
                continue;
            }
            page => page?,
        };
        progress.note(&page, source, feed);
        let (more, cursor) = (page.more, page.cursor.clone());
        let arrival = Arrival { source: &source.name, emits: &feed.emits, now };
        let ingested =
            pipe.page(store, id, &feed.name, state.version, page, &arrival).await.map_err(|error| database(&error))?;
        progress.facts += ingested.facts;
        progress.late += ingested.stored.late;
        progress.rejected += ingested.rejected.values().sum::<u32>();
        state = FeedState { cursor: cursor.or(state.cursor), version: ingested.stored.version, ..state };
        if !more {
            return Ok(());
        }
        progress.may_go_on(source)?;
    }
}

async fn call(
    session: &mut Session<'_>,
    feed: &FeedSpec,
    cursor: Option<String>,
    from: Timestamp,
    now: Timestamp,
) -> Result<Page, Failure> {
    session.collect(CollectRequest { feed: &feed.name, cursor, from, now, most_facts: MOST_FACTS_A_PAGE }).await
}

fn look_back(pipe: &Pipe, feed: &FeedSpec, now: Timestamp) -> Timestamp {
    now.checked_sub(feed.look_back.min(pipe.retention)).unwrap_or(Timestamp::MIN)
}

fn window_start(state: &FeedState, feed: &FeedSpec) -> Timestamp {
    match state.covered_through {
        Some(through) => through.checked_sub(feed.overlap).unwrap_or(Timestamp::MIN).max(state.covered_from),
        None => state.covered_from,
    }
}

fn database(error: &StoreError) -> Failure {
    let code = if matches!(error, StoreError::Overtaken) { FailureCode::Overtaken } else { FailureCode::Database };
    Failure::new(code, error.to_string())
}

/// What a run has come to so far.
#[derive(Default)]
struct Progress {
    pages: u32,
    facts: u32,
    rejected: u32,
    late: u32,
    problems: u32,
    covered: bool,
}

impl Progress {
    fn note(&mut self, page: &Page, source: &PluginSource, feed: &FeedSpec) {
        self.pages += 1;
        self.covered |= page.covered_through.is_some();
        for Problem { kind, scope, count } in &page.problems {
            self.problems = self.problems.saturating_add(*count);
            tracing::warn!(
                source.name = %source.name, feed.name = %feed.name, problem = kind.as_str(), scope = scope.as_deref().unwrap_or(""), count,
                "part of `{}` could not be read", source.name
            );
        }
        let percent = page.progress.map_or_else(String::new, |progress| format!(" ({:.0} %)", progress * 100.0));
        tracing::debug!(source.name = %source.name, feed.name = %feed.name, facts = page.facts.len(), "read page {}{percent}", self.pages);
    }

    fn may_go_on(&self, source: &PluginSource) -> Result<(), Failure> {
        let limit = source.page_limit();
        if self.pages < limit {
            return Ok(());
        }
        Err(Failure::new(
            FailureCode::RateLimited,
            format!("the run's {limit} pages are used up; the next one goes on"),
        ))
    }

    fn summary(&self, failure: Option<&Failure>, now: Timestamp) -> RunSummary {
        let outcome = match failure {
            Some(_) => "failed",
            None if self.problems > 0 || !self.covered => "partial",
            None => "ok",
        };
        let wait = failure
            .and_then(|failure| failure.retry_after_seconds)
            .map(|seconds| Duration::from_secs(u64::from(seconds)));
        RunSummary {
            outcome: outcome.to_owned(),
            code: failure.map(|failure| failure.code.as_str().to_owned()),
            retry_at: wait.and_then(|wait| now.checked_add(wait).ok()),
            pages: self.pages,
            facts: self.facts,
            rejected: self.rejected,
            late: self.late,
            problems: self.problems,
        }
    }
}
