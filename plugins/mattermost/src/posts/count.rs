//! Counts of a few days, by account.

use std::collections::BTreeMap;

use quintant_sdk::calendar::Calendar;
use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::payload::Id;

/// So many accounts' counts of so many days fit into a cursor.
const DAYS: usize = 7;

/// Some consecutive days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chunk {
    /// Their first instants, oldest first.
    days: Vec<Instant>,
    end: Instant,
}

impl Chunk {
    /// The last days before `end` that begin at or after `since`, which is a day's first instant.
    pub(super) fn before(end: Instant, since: Instant, calendar: Calendar<'_>) -> Self {
        let day_before = |at: &Instant| Some(calendar.day_start(at.saturating_sub(1))).filter(|day| *day >= since);
        let mut days: Vec<_> = std::iter::successors(day_before(&end), day_before).take(DAYS).collect();
        days.reverse();
        Self { days, end }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    pub(super) fn start(&self) -> Instant {
        self.days.first().copied().unwrap_or(self.end)
    }

    pub(super) fn end(&self) -> Instant {
        self.end
    }

    pub(super) fn days(&self) -> &[Instant] {
        &self.days
    }

    /// The position of the day that `at` lies in.
    pub(super) fn day_of(&self, at: Instant) -> Option<usize> {
        if at >= self.end {
            return None;
        }
        self.days.partition_point(|day| *day <= at).checked_sub(1)
    }
}

/// How often each account posted on each of the chunk's days.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts(BTreeMap<Id, Vec<u32>>);

impl Counts {
    /// One post more; nothing happens when it lies in none of the days.
    pub(super) fn add(&mut self, account: &Id, at: Instant, chunk: &Chunk) {
        let Some(day) = chunk.day_of(at) else { return };
        let days = self.0.entry(account.clone()).or_default();
        if days.len() <= day {
            days.resize(day + 1, 0);
        }
        days[day] = days[day].saturating_add(1);
    }

    pub(super) fn of(&self, account: &Id, day: usize) -> u32 {
        self.0.get(account).and_then(|days| days.get(day)).copied().unwrap_or_default()
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = &Id> {
        self.0.keys()
    }
}
