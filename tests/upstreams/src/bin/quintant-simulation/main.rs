//! `quintant-simulation`: services to try Quintant on without having any, and a judge of what it makes of them.

mod check;
mod serve;
mod stopping;
mod story;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Simulates the upstream services of a software organisation that does not exist.
///
/// A seed and an end make an organisation of about 60 people, 21 repositories and 26 weeks of work: the same ones always
/// make the same organisation. `serve` shows it as a GitHub, a Jenkins, a Mattermost and a survey service on loopback, all of
/// which tell the same story, and writes a configuration for Quintant; `check` asks a running Quintant and compares each
/// answer, and what was collected, with the truth.
#[derive(Parser)]
#[command(
    version,
    after_help = "Example, in three terminals; `serve` prints the instant to give to `check`:\n  quintant-simulation serve --write demo\n  quintant --config demo/quintant.toml serve\n  quintant --config demo/quintant.toml status --format json > status.json\n  quintant-simulation check --until 2026-07-01T12:00:00Z --status status.json"
)]
struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Serve the simulated services until SIGINT, SIGTERM or the end of standard input
    Serve(serve::Arguments),
    /// Compare the answers of a running Quintant with the truth; fails on any difference, and when there is no figure at all
    Check(check::Arguments),
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    match Command::parse().what {
        What::Serve(arguments) => serve::run(arguments).await,
        What::Check(arguments) => check::run(&arguments).await,
    }
}
