//! The harness: a database, a simulated GitHub and a whole host per test. Everything inside is real; only upstreams are not.

#![allow(clippy::unwrap_used, reason = "a test that unwraps in vain fails at the right line")]

pub mod adversary;
mod age;
mod asking;
pub mod bench;
mod browser;
mod commit_feed;
mod crowd;
mod database;
mod host;
mod log;
mod passage;
mod polling;
mod program;
mod prometheus;
mod relay;
mod released;
mod site;
mod tls;
mod write_ahead_log;

pub use age::AgeKey;
pub use asking::{Asking, pulse};
pub use browser::browse;
pub use commit_feed::{CommitFeed, commit, commit_by};
pub use crowd::Crowd;
pub use database::Database;
pub use host::{
    Host, HostOptions, SEED, Served, TOKEN, WORK_ON_CODE, code_cache, compiler, emitting_sources, github_source,
    github_sources, ground, guest_source, guest_sources, guest_sources_at, guests, jenkins_section, jenkins_settings,
    jenkins_source, plugins, simulation_end, source_of,
};
pub use log::Log;
pub use passage::Passage;
pub use program::{Memory, Ran, Serving, quintant};
pub use prometheus::{Prometheus, Series, promtool_check_metrics};
pub use relay::Proxy;
pub use released::Released;
pub use site::Site;
pub use tls::{Authority, TlsFront};
pub use write_ahead_log::WriteAheadLog;
