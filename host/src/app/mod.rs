//! Builds everything from the configuration, runs it, and drains it.

mod backfill;
mod build;
mod collect;
mod command;
mod compile;
mod log;
mod person_command;
mod privacy;
mod reload;
mod report;
mod roster;
mod serve;
mod survey;

pub use build::{App, BuildError, Setup};
pub use collect::{Backfilled, Collector};
pub use command::main;
pub use privacy::PrivacyError;
pub use reload::Reload;
pub use serve::{ServeError, Server};
