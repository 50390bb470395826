//! How a benchmark tells its figure: one JSON object a line.

use std::time::Duration;

/// Which side of the bound is good.
pub enum Bound {
    AtLeast(f64),
    AtMost(f64),
    /// Told, not judged.
    None,
}

/// Prints a figure, and which bound it should keep.
pub fn tell(name: &str, value: f64, bound: &Bound) {
    let (bound, direction) = match *bound {
        Bound::AtLeast(bound) => (Some(bound), Some("at_least")),
        Bound::AtMost(bound) => (Some(bound), Some("at_most")),
        Bound::None => (None, None),
    };
    println!("{}", serde_json::json!({ "name": name, "value": value, "bound": bound, "direction": direction }));
}

/// The middle one of several runs.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
