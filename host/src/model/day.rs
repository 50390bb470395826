//! A released day: what ran in the whole organization. No person is in it, and no team.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::{Component, Measure};

/// What was released, once, of one day.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Day {
    pub date: Date,
    /// Of families of systems alone.
    pub measures: BTreeMap<Component, Measure>,
}

impl Day {
    /// The day after it.
    pub fn end(&self) -> Date {
        self.date.saturating_add(1.day())
    }
}
