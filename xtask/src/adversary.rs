//! `cargo xtask adversary`: the attacker of the tests on more made-up worlds than a usual run has time for.

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// Lets an attacker at made-up organisations, released by the real code; fails where somebody is found
///
/// Built optimised, on all processors. How far it is is printed, and the seed of each world in which somebody is found:
/// `--seed S --worlds 1` plays it again.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many worlds.
    #[arg(long, default_value_t = 5000)]
    worlds: u64,
    /// The seed of the first one.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--release", "--package", "quintant-tests", "--test", "integration", "--"]);
    cargo.args(["adversary::adversary_finds_nobody_in_random_worlds", "--exact", "--nocapture"]);
    cargo.env("QUINTANT_ADVERSARY_WORLDS", arguments.worlds.to_string());
    process::run(cargo.env("QUINTANT_ADVERSARY_SEED", arguments.seed.to_string()))
}
