//! Who may ask next: shared by all feeds and runs of a source, one lane for each credential, one request at a time in each.

use std::cmp::Reverse;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::allowance::{Allowance, Manner};
use super::credential::{CredentialError, Held, Way};
use super::limit::{Told, Verdict};

pub(super) struct Governor {
    lanes: Vec<Lane>,
}

struct Lane {
    /// None: nobody is asked who one is.
    way: Option<Way>,
    /// Held by whoever has a request on the way.
    turn: tokio::sync::Mutex<Option<Held>>,
    allowance: Mutex<Allowance>,
}

/// The right to send one request, with one credential.
pub(super) struct Turn<'a> {
    lane: &'a Lane,
    number: usize,
    manner: &'a Manner,
    held: tokio::sync::MutexGuard<'a, Option<Held>>,
}

impl Governor {
    pub(super) fn new(ways: Vec<Way>, hourly: Option<NonZeroU32>) -> Self {
        let lane =
            |way| Lane { way, turn: tokio::sync::Mutex::new(None), allowance: Mutex::new(Allowance::new(hourly)) };
        let mut lanes: Vec<Lane> = ways.into_iter().map(|way| lane(Some(way))).collect();
        if lanes.is_empty() {
            lanes.push(lane(None));
        }
        Self { lanes }
    }

    /// How many credentials there are; one where there is none.
    pub(super) fn len(&self) -> usize {
        self.lanes.len()
    }

    /// Whether every credential can be had.
    pub(super) fn check(&self) -> Result<(), CredentialError> {
        self.lanes.iter().filter_map(|lane| lane.way.as_ref()).try_for_each(|way| way.read().map(drop))
    }

    /// Reads every credential again, so that a changed one is used without a restart.
    pub(super) async fn read_again(&self) -> Result<(), CredentialError> {
        for lane in &self.lanes {
            lane.read_again(&mut *lane.turn.lock().await)?;
        }
        Ok(())
    }

    /// Waits for the credential that may ask most in this manner; `waited` grows by what its limit took. An error is a wait that is longer
    /// than `longest`.
    pub(super) async fn turn<'a>(
        &'a self,
        manner: &'a Manner,
        longest: Duration,
        waited: impl Fn(Duration),
    ) -> Result<Turn<'a>, Duration> {
        loop {
            let (number, lane) = self.best(manner);
            let wait = lane.wait(manner);
            if wait > longest {
                return Err(wait);
            }
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
                waited(wait);
                continue;
            }
            let held = lane.turn.lock().await;
            // Whoever had the turn before may have been told to come later.
            if lane.wait(manner).is_zero() {
                lane.allowance().spend(manner, now());
                return Ok(Turn { lane, number, manner, held });
            }
        }
    }

    fn best(&self, manner: &Manner) -> (usize, &Lane) {
        let now = now();
        let rank = |lane: &Lane| {
            let is_busy = lane.turn.try_lock().is_err();
            let allowance = lane.allowance();
            (allowance.is_left_out(now), allowance.wait(manner, now), is_busy, Reverse(allowance.left(manner, now)))
        };
        self.lanes.iter().enumerate().min_by_key(|(_, lane)| rank(lane)).expect("a governor has a lane")
    }

    /// Whether another credential than this one's may be tried.
    pub(super) fn has_another(&self) -> bool {
        self.lanes.iter().any(|lane| !lane.allowance().is_left_out(now()))
    }
}

impl Lane {
    fn allowance(&self) -> MutexGuard<'_, Allowance> {
        self.allowance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, manner: &Manner) -> Duration {
        self.allowance().wait(manner, now())
    }

    /// True when what stands in its place is another one than before.
    fn read_again(&self, held: &mut Option<Held>) -> Result<bool, CredentialError> {
        let Some(way) = &self.way else { return Ok(false) };
        let Some(read) = way.read()? else { return Ok(false) };
        let is_new = held.as_ref() != Some(&read);
        if is_new {
            *held = Some(read);
            self.allowance().renew();
        }
        Ok(is_new)
    }
}

impl<'a> Turn<'a> {
    pub(super) fn way(&self) -> Option<&'a Way> {
        self.lane.way.as_ref()
    }

    /// Counted from 1.
    pub(super) fn number(&self) -> usize {
        self.number + 1
    }

    pub(super) fn held(&self) -> Option<&Held> {
        self.held.as_ref()
    }

    /// A fresh token of the same party: what was learnt of its limit still holds.
    pub(super) fn hold(&mut self, held: Held) {
        *self.held = Some(held);
    }

    /// True when what stands in its place is another one than before.
    pub(super) fn read_again(&mut self) -> Result<bool, CredentialError> {
        self.lane.read_again(&mut self.held)
    }

    /// Takes in an answer; the wait, where it was a refusal for coming too often.
    pub(super) fn learn(&self, told: &Told) -> Option<Duration> {
        self.lane.allowance().learn(self.manner, told, now())
    }

    /// As [`Turn::learn`], of what another party than the credential's may ask: nothing but a refusal matters.
    pub(super) fn learn_of_another(&self, told: &Told) -> Option<Duration> {
        match told.verdict {
            Verdict::ComeLater(wait) => Some(self.lane.allowance().come_later(wait, now())),
            Verdict::Answered => None,
        }
    }

    /// The source refused the credential: others are preferred for a while.
    pub(super) fn leave_out(&self) {
        self.lane.allowance().leave_out(now());
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}
