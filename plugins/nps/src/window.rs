//! Windows in the calendar's zone, and how the service wants to be asked for one.

use quintant_sdk::calendar::Calendar;
use quintant_sdk::instant::format_rfc3339;
use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::settings::Windows;

/// Half-open, and never reversed or empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurveyWindow {
    start: Instant,
    end: Instant,
    campaign: String,
}

/// How dates are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dates {
    /// Without a zone: all that the original service can read.
    #[default]
    Naive,
    /// With `Z`: what a repaired service may insist on.
    Aware,
}

impl Dates {
    /// The other way.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Naive => Self::Aware,
            Self::Aware => Self::Naive,
        }
    }
}

impl SurveyWindow {
    /// The window that `at` lies in; none outside the years that dates can be written for.
    #[must_use]
    pub fn around(at: Instant, windows: Windows, calendar: Calendar<'_>) -> Option<Self> {
        let (start, end) = match windows {
            Windows::Week => {
                let start = calendar.week_start(at);
                let days = std::iter::successors(Some(start), |day| Some(calendar.next_day_start(*day)));
                (start, days.take(8).last()?)
            }
            Windows::Month => months(at, 1, calendar)?,
            Windows::Quarter => months(at, 3, calendar)?,
        };
        let campaign = format!("{}-{}", windows.as_str(), calendar.date(start));
        (start < end).then_some(Self { start, end, campaign })
    }

    /// The one after it.
    #[must_use]
    pub fn next(&self, windows: Windows, calendar: Calendar<'_>) -> Option<Self> {
        Self::around(self.end, windows, calendar).filter(|next| next.start == self.end)
    }

    /// Its first instant.
    #[must_use]
    pub fn start(&self) -> Instant {
        self.start
    }

    /// The first instant after it.
    #[must_use]
    pub fn end(&self) -> Instant {
        self.end
    }

    /// The last instant inside it: when its campaign ended.
    #[must_use]
    pub fn last_instant(&self) -> Instant {
        self.end - 1
    }

    /// E.g. `week-2026-06-29`, after its first day.
    #[must_use]
    pub fn campaign(&self) -> &str {
        &self.campaign
    }

    /// Both bounds as the service takes them, which counts an answer on either: the second one is a microsecond before
    /// the next window, the finest that it stores.
    #[must_use]
    pub fn bounds(&self, dates: Dates) -> (String, String) {
        let zone = match dates {
            Dates::Naive => "",
            Dates::Aware => "Z",
        };
        let seconds = |at: Instant| format_rfc3339(at).trim_end_matches('Z').to_owned();
        (format!("{}{zone}", seconds(self.start)), format!("{}.999999{zone}", seconds(self.last_instant())))
    }

    /// Whether an answer is about this window, however its dates are written.
    #[must_use]
    pub fn is_echoed(&self, start: &str, end: &str) -> bool {
        read(start) == Some(self.start) && read(end) == Some(self.last_instant())
    }
}

/// A date with a zone, or without one: then it is UTC.
fn read(text: &str) -> Option<Instant> {
    instant::parse_rfc3339(text).or_else(|| instant::parse_rfc3339(&format!("{text}Z")))
}

fn months(at: Instant, count: u32, calendar: Calendar<'_>) -> Option<(Instant, Instant)> {
    let date = calendar.date(at);
    let (year, month) = (date.get(..4)?.parse::<u32>().ok()?, date.get(5..7)?.parse::<u32>().ok()?);
    let first = (month - 1) / count * count + 1;
    let (next_year, next) = if first + count > 12 { (year + 1, 1) } else { (year, first + count) };
    let start = |year: u32, month: u32| calendar.start_of_date(&format!("{year:04}-{month:02}-01"));
    Some((start(year, first)?, start(next_year, next)?))
}
