//! Turns a range into the weeks it asks about.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::calendar::{monday_at_or_after, monday_at_or_before};
use super::spans::Span;

/// What a client may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    Day,
    Week,
    Month,
    Quarter,
    /// `from` is part of it, `to` is not.
    Dates {
        from: Date,
        to: Date,
    },
}

impl Range {
    /// The query parameters that ask for it.
    #[must_use]
    pub fn query(&self) -> String {
        match self {
            Self::Day => "time_range=24h".to_owned(),
            Self::Week => "time_range=7d".to_owned(),
            Self::Month => "time_range=30d".to_owned(),
            Self::Quarter => "time_range=90d".to_owned(),
            Self::Dates { from, to } => format!("from={from}&to={to}"),
        }
    }
}

/// Whose answer it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    Organisation,
    /// A team, a pool, or `unassigned`.
    Cell(String),
}

impl Scope {
    pub(super) fn holds(&self, span: &Span) -> bool {
        match self {
            Self::Organisation => true,
            Self::Cell(name) => span.cell == *name,
        }
    }
}

/// Whole weeks from a Monday to a Monday; empty when both are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Weeks {
    pub(super) from: Date,
    pub(super) to: Date,
}

impl Weeks {
    /// `newest` is the end of the newest span of any cell.
    pub(super) fn of(range: Range, newest: Date) -> Self {
        let back = |weeks: i64| Self { from: newest - weeks.weeks(), to: newest };
        match range {
            Range::Day => back(0),
            Range::Week => back(1),
            Range::Month => back(4),
            Range::Quarter => back(13),
            Range::Dates { from, to } => {
                let (from, to) = (monday_at_or_after(from), monday_at_or_before(to));
                if from < to { Self { from, to } } else { back(0) }
            }
        }
    }

    pub(super) fn mondays(self) -> Vec<Date> {
        let mut mondays = Vec::new();
        let mut monday = self.from;
        while monday < self.to {
            mondays.push(monday);
            monday += 1.week();
        }
        mondays
    }

    /// As many weeks before them.
    pub(super) fn before(self) -> Self {
        Self { from: self.from - (self.to - self.from), to: self.from }
    }

    pub(super) fn hold(self, span: &Span) -> bool {
        self.from <= span.start && span.end() <= self.to
    }

    /// A survey belongs to the window in which it ends.
    pub(super) fn see_the_end_of(self, span: &Span) -> bool {
        self.from < span.end() && span.end() <= self.to
    }
}
