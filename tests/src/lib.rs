//! The harness: a database, a simulated GitHub and a whole host per test. Everything inside is real; only upstreams are not.

#![allow(clippy::unwrap_used, reason = "a test that unwraps in vain fails at the right line")]

pub mod bench;
mod commit_feed;
mod database;
mod host;
mod log;
mod passage;
mod program;
mod site;

pub use commit_feed::{CommitFeed, commit};
pub use database::Database;
pub use host::{
    Host, HostOptions, SEED, Served, TOKEN, code_cache, compiler, github_source, github_sources, guest_sources, guests,
    plugins, simulation_end,
};
pub use log::Log;
pub use passage::Passage;
pub use program::{Memory, Ran, Serving, quintant};
pub use site::Site;
