//! What one run may use up of its source, and what it did use.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::plugin::failure::{Failure, FailureCode};
use crate::plugin::limits::Limits;

/// The requests of a run, while it runs.
#[derive(Debug, Default)]
pub struct Traffic {
    requests: AtomicU32,
    retries: AtomicU32,
    waited_milliseconds: AtomicU64,
}

impl Traffic {
    /// All that were sent, retries and redirects included.
    pub fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Those that repeated one which was refused or not answered.
    pub fn retries(&self) -> u32 {
        self.retries.load(Ordering::Relaxed)
    }

    /// Spent on rate limits.
    pub fn waited(&self) -> Duration {
        Duration::from_millis(self.waited_milliseconds.load(Ordering::Relaxed))
    }
}

/// Which of the run's budgets is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UsedUp {
    Requests,
    ResponseBytes,
}

pub(super) struct Budget {
    requests: u32,
    response_bytes: u64,
    requests_left: u32,
    bytes_left: u64,
    traffic: Arc<Traffic>,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            requests: limits.requests,
            response_bytes: limits.run_response_bytes,
            requests_left: limits.requests,
            bytes_left: limits.run_response_bytes,
            traffic: Arc::default(),
        }
    }

    pub(super) fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    /// Before a request is sent.
    pub(super) fn request(&mut self) -> Result<(), UsedUp> {
        self.requests_left = self.requests_left.checked_sub(1).ok_or(UsedUp::Requests)?;
        self.traffic.requests.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// After bytes of an answer have come.
    pub(super) fn bytes(&mut self, count: usize) -> Result<(), UsedUp> {
        self.bytes_left = self.bytes_left.checked_sub(count as u64).ok_or(UsedUp::ResponseBytes)?;
        Ok(())
    }

    pub(super) fn retry(&self) {
        self.traffic.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn waited(&self, wait: Duration) {
        let milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.traffic.waited_milliseconds.fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// What the run ends with.
    pub(super) fn failure(&self, used_up: UsedUp) -> Failure {
        let which = match used_up {
            UsedUp::Requests => format!("{} requests", self.requests),
            UsedUp::ResponseBytes => format!("{} bytes of answers", self.response_bytes),
        };
        Failure::new(
            FailureCode::RateLimited,
            format!("the run's {which} are used up; the next run goes on from there"),
        )
    }
}
