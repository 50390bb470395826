//! A dimension over time: one point for each released span, with what was told of it.

use std::collections::BTreeSet;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::figure::Value;
use super::{Answers, Scope, TimeRange, Window};
use crate::model::{Dimension, Metric, Week};

/// The points of a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    pub points: Vec<Point>,
    pub window: Window,
}

/// One span: of a team as long as its spans are, of the organization a week.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    first: Week,
    end: Week,
    /// None is a gap.
    values: Vec<(Metric, Option<Value>)>,
}

impl Serialize for Point {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("from", &self.first.monday().to_string())?;
        map.serialize_entry("to", &self.end.monday().to_string())?;
        for (metric, value) in &self.values {
            map.serialize_entry(metric.as_str(), value)?;
        }
        map.end()
    }
}

impl Answers {
    /// A point's figures are what is answered for its dates, but for a survey's score, which is not carried on here.
    pub fn trend(&self, dimension: Dimension, range: TimeRange, scope: &Scope) -> Trend {
        let weeks = self.weeks(range);
        let spans: BTreeSet<(Week, i32)> = match (weeks, scope) {
            (None, _) => BTreeSet::new(),
            (Some((first, end)), Scope::Organization) => {
                // Anybody can ask for a thousand years.
                let first = self.atoms.first().map_or(end, |oldest| oldest.span.start).max(first);
                let end = self.newest_end.map_or(first, |newest| newest.min(end));
                (0..first.until(end)).map(|offset| (first.plus(offset), 1)).collect()
            }
            (Some(weeks), Scope::Cell(_)) => self.index.spans(scope, weeks).collect(),
        };
        let points = spans.into_iter().map(|(first, length)| {
            let end = first.plus(length);
            let value = |metric: Metric| {
                let figure = self.figure(metric, Some((first, end)), scope).ok()?;
                (!figure.is_carried).then_some(figure.value)
            };
            Point { first, end, values: dimension.metrics().iter().map(|metric| (*metric, value(*metric))).collect() }
        });
        Trend { points: points.collect(), window: self.window(weeks, scope) }
    }
}
