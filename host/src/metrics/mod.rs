//! Atoms → answers. Components are added first and divided last; nothing here knows a fact, a person or a clock.

mod anchors;
mod answer;
mod band;
mod catalogue;
mod day;
#[cfg(test)]
mod document;
mod explain;
mod figure;
mod health;
mod index;
mod meaning;
#[cfg(test)]
mod properties;
mod sample;
mod sum;
mod team;
#[cfg(test)]
mod tests;
mod told;
mod trend;
mod window;

pub use anchors::{Anchor, SCORED, Scored};
pub use answer::{Answer, Answers, Scope, Total, UnknownTeam};
pub use band::Band;
pub use day::Days;
pub use explain::{Explanation, Worth, WorthAt};
pub use figure::Value;
pub use health::{DimensionHealth, Health, Status, Weights};
pub use meaning::{Form, Meaning, Protection};
pub use sample::SampleAnswer;
pub use team::{Cell, Stretch};
pub use told::{Detail, Figure};
pub use trend::{Point, Trend};
pub use window::{TimeRange, Window};
