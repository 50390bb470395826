//! Builds everything from the configuration, runs it, and drains it.

mod backfill;
mod build;
mod collect;
mod command;
mod report;
mod serve;

pub use build::{App, BuildError, Setup};
pub use collect::{Backfilled, Collector};
pub use command::{Cli, run};
pub use serve::{ServeError, Server};
