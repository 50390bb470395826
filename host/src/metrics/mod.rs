//! Atoms → answers. Components are added first and divided last; nothing here knows a fact, a person or a clock.

mod answer;
mod catalogue;
mod meaning;
mod window;

pub use answer::{Answer, Answers, Scope, Total, UnknownTeam, Value};
pub use meaning::{Form, Meaning};
pub use window::{TimeRange, Window};
