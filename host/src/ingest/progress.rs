//! What a run has come to so far, and what is said of it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::Ingested;
use crate::model::RunReport;
use crate::plugin::{Failure, FailureCode, Page, Problem, Traffic, plain};
use crate::store::RunSummary;

const PAUSE_BETWEEN_WORDS: Duration = Duration::from_secs(2);
const MOST_PROBLEMS_TOLD: u32 = 20;
const LONGEST_NAME_TOLD: usize = 200;
/// A source may ask for any pause; the host keeps to between a minute and a day.
const SHORTEST_RETRY: Duration = Duration::from_secs(60);
const LONGEST_RETRY: Duration = Duration::from_secs(24 * 3600);

/// How far a run is.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub pages: u32,
    pub facts: u32,
    /// As the source tells it, 0 to 1.
    pub share: Option<f32>,
}

/// The figures of a run.
pub(super) struct Progress {
    pages: u32,
    facts: u32,
    late: u32,
    problems: u32,
    report: RunReport,
    covered: bool,
    share: Option<f32>,
    /// None: no session was started.
    traffic: Option<Arc<Traffic>>,
    began: Instant,
    told: Option<Instant>,
}

/// How long a run may go on.
pub(super) struct Bounds {
    pub(super) pages: u32,
    pub(super) time: Duration,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            pages: 0,
            facts: 0,
            late: 0,
            problems: 0,
            report: RunReport::default(),
            covered: false,
            share: None,
            traffic: None,
            began: Instant::now(),
            told: None,
        }
    }

    /// The source is asked from now on; this counts how often.
    pub(super) fn follow(&mut self, traffic: Arc<Traffic>) {
        self.traffic = Some(traffic);
    }

    /// A page has come.
    pub(super) fn page(&mut self, page: &Page) {
        self.pages += 1;
        self.covered |= page.covered_through.is_some();
        self.share = if page.more { page.progress.or(self.share) } else { Some(1.0) };
        for Problem { kind, scope, count } in &page.problems {
            if self.problems < MOST_PROBLEMS_TOLD {
                let (problem, scope) = (kind.as_str(), scope.as_deref().unwrap_or(""));
                tracing::warn!(problem, scope, count, "part of the source could not be read: {problem} {scope}");
            }
            self.problems = self.problems.saturating_add(*count);
            self.report.problem(kind.as_str(), scope.as_deref(), *count);
        }
        if page.more && self.told.is_none_or(|told| told.elapsed() >= PAUSE_BETWEEN_WORDS) {
            self.told = Some(Instant::now());
            let percent = page.progress.map_or_else(String::new, |progress| format!(", {:.0} %", progress * 100.0));
            tracing::info!(pages = self.pages, "reading: {} pages{percent}", self.pages);
        }
    }

    /// Its facts were judged, and stored where they are.
    pub(super) fn facts(&mut self, ingested: Ingested) {
        self.facts += ingested.facts.values().sum::<u32>();
        self.late += ingested.late;
        for (kind, count) in ingested.facts {
            *self.report.facts.entry(kind).or_default() += count;
        }
        for (reason, count) in ingested.rejected {
            *self.report.rejected.entry(reason).or_default() += count;
        }
        for (name, count) in ingested.unmapped {
            self.report.unmapped(&plain(&name, LONGEST_NAME_TOLD), count);
        }
    }

    pub(super) fn step(&self) -> Step {
        Step { pages: self.pages, facts: self.facts, share: self.share }
    }

    /// Whether another page may be asked for; what is left is for the next run.
    pub(super) fn may_go_on(&self, bounds: &Bounds) -> Result<(), Failure> {
        let used_up = if self.pages >= bounds.pages {
            format!("the run's {} pages", bounds.pages)
        } else if self.began.elapsed() >= bounds.time {
            format!("the run's {} s", bounds.time.as_secs())
        } else {
            return Ok(());
        };
        Err(Failure::new(FailureCode::RateLimited, format!("{used_up} are used up; the next run goes on from there")))
    }

    /// What it came to, said once and for all.
    pub(super) fn summary(&self, failure: Option<&Failure>, now: Timestamp) -> RunSummary {
        let outcome = match failure {
            Some(_) => "failed",
            None if self.problems > 0 || !self.covered => "partial",
            None => "ok",
        };
        for (reason, count) in &self.report.rejected {
            tracing::warn!(reason = reason.as_str(), count, "{count} facts were rejected: {}", reason.as_str());
        }
        let (pages, facts) = (self.pages, self.facts);
        match failure {
            None => tracing::info!(pages, facts, problems = self.problems, "collected {facts} facts"),
            Some(failure) => {
                let code = failure.code.as_str();
                tracing::warn!(pages, facts, code, "the run ended early, {code}: {}", failure.message);
            }
        }
        let wait = failure
            .and_then(|failure| failure.retry_after_seconds)
            .map(|seconds| Duration::from_secs(u64::from(seconds)).clamp(SHORTEST_RETRY, LONGEST_RETRY));
        let traffic = self.traffic.as_deref();
        // Rounded up: a short wait is one.
        let waited = traffic.map_or(Duration::ZERO, Traffic::waited) + Duration::from_millis(999);
        RunSummary {
            outcome: outcome.to_owned(),
            code: failure.map(|failure| failure.code.as_str().to_owned()),
            retry_at: wait.and_then(|wait| now.checked_add(wait).ok()),
            pages,
            facts,
            rejected: self.report.rejected.values().sum(),
            late: self.late,
            problems: self.problems,
            is_strike: failure.is_some_and(|failure| failure.code.is_strike()),
            requests: traffic.map_or(0, Traffic::requests),
            retries: traffic.map_or(0, Traffic::retries),
            waited_seconds: u32::try_from(waited.as_secs()).unwrap_or(u32::MAX),
            report: self.report.clone(),
        }
    }
}
