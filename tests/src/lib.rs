//! The harness: a database, a simulated GitHub and a whole host per test. Everything inside is real; only upstreams are not.

#![allow(clippy::unwrap_used, reason = "a test that unwraps in vain fails at the right line")]

mod database;
mod host;
mod program;

pub use database::Database;
pub use host::{Host, HostOptions, SEED, github_source, plugins, simulation_end};
pub use program::{Ran, quintant};
