//! What a query costs, before it is answered: the documented formulas for points and for nodes.

use super::query::{Field, Selection};

/// More nodes than this are refused.
pub(super) const MOST_NODES: u64 = 500_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Price {
    pub(super) points: u64,
    pub(super) nodes: u64,
}

/// A connection is one request for each item of those around it; a hundred requests are a point.
pub(super) fn price(selections: &[Selection]) -> Price {
    let mut sum = Sum::default();
    sum.selections(selections, 1);
    Price { points: (sum.requests.saturating_add(50) / 100).max(1), nodes: sum.nodes }
}

/// Connections that may be asked for their number alone.
const COUNTED: [&str; 2] = ["comments", "reviews"];

/// The items of a page that a connection is asked for; none: it is no connection, or only counted.
pub(super) fn items(field: &Field) -> Option<u64> {
    field.number("first").or_else(|| field.number("last"))
}

#[derive(Default)]
struct Sum {
    requests: u64,
    nodes: u64,
}

impl Sum {
    fn selections(&mut self, selections: &[Selection], times: u64) {
        for selection in selections {
            match selection {
                Selection::On(_, selections) => self.selections(selections, times),
                Selection::Field(field) => match items(field) {
                    Some(items) => {
                        let items = times.saturating_mul(items);
                        self.requests = self.requests.saturating_add(times);
                        self.nodes = self.nodes.saturating_add(items);
                        self.selections(&field.selections, items);
                    }
                    None => {
                        if COUNTED.contains(&field.name.as_str()) {
                            self.requests = self.requests.saturating_add(times);
                        }
                        self.selections(&field.selections, times);
                    }
                },
            }
        }
    }
}
