//! Which organisation is meant, and when its story ends.

use clap::Args;
use jiff::Timestamp;
use quintant_upstreams::organisation::Organisation;

#[derive(Args)]
pub(crate) struct Story {
    /// Which organisation: any number makes another one
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// When its story ends, and what the simulated services take for now, e.g. 2026-07-01T12:00:00Z [default: now]
    #[arg(long, value_name = "RFC3339")]
    until: Option<Timestamp>,
}

impl Story {
    pub(crate) fn organisation(&self) -> Organisation {
        Organisation::generate(self.seed, self.until.unwrap_or_else(Timestamp::now))
    }
}
