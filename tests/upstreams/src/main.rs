//! `quintant-simulation`: a GitHub to try Quintant on without having one, and a judge of the answers it gives.

use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use jiff::{SignedDuration, Timestamp};
use quintant_upstreams::check::check;
use quintant_upstreams::configuration::{self, write_configuration};
use quintant_upstreams::github::{self, Simulation};
use quintant_upstreams::oracle::Oracle;
use quintant_upstreams::organisation::Organisation;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Simulates the upstream services of a software organisation that does not exist.
///
/// A seed and an end make an organisation of about 60 people, 21 repositories and 26 weeks of work: the same ones always
/// make the same organisation. `serve` shows it as a GitHub on loopback and writes a configuration for Quintant; `check`
/// asks a running Quintant and compares each answer with the truth.
#[derive(Parser)]
#[command(
    version,
    after_help = "Example, in three terminals; `serve` prints the instant to give to `check`:\n  quintant-simulation serve --write demo\n  quintant --config demo/quintant.toml serve\n  quintant-simulation check --until 2026-07-01T12:00:00Z"
)]
struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Serve the simulated GitHub until SIGINT, SIGTERM or the end of standard input
    Serve(Serve),
    /// Compare the answers of a running Quintant with the truth; fails on any difference, and when there is no figure at all
    Check(Check),
}

#[derive(Args)]
struct Story {
    /// Which organisation: any number makes another one
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// When its story ends, and what the simulated GitHub takes for now, e.g. 2026-07-01T12:00:00Z [default: now]
    #[arg(long, value_name = "RFC3339")]
    until: Option<Timestamp>,
}

impl Story {
    fn organisation(&self) -> Organisation {
        Organisation::generate(self.seed, self.until.unwrap_or_else(Timestamp::now))
    }
}

#[derive(Args)]
struct Serve {
    #[command(flatten)]
    story: Story,
    /// Address of the simulated GitHub; port 0 takes any free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Folder to write quintant.toml, roster.csv and github.token to
    #[arg(long, value_name = "DIR")]
    write: PathBuf,
    /// Address that the written configuration lets Quintant listen on
    #[arg(long, default_value = "127.0.0.1:8000", value_name = "ADDRESS")]
    quintant_listen: String,
    /// Folder that holds github.wasm [default: where Quintant looks for plugins]
    #[arg(long, value_name = "PATH")]
    plugins_dir: Option<PathBuf>,
}

#[derive(Args)]
struct Check {
    #[command(flatten)]
    story: Story,
    /// Where Quintant answers
    #[arg(long, default_value = "http://127.0.0.1:8000")]
    url: String,
    /// When Quintant collected for the first time: it looks back 90 days from there [default: as --until]
    #[arg(long, value_name = "RFC3339")]
    first: Option<Timestamp>,
    /// How long after its end a span is released, as in the configuration
    #[arg(long, default_value = "36h")]
    settle: SignedDuration,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    match Command::parse().what {
        What::Serve(arguments) => serve(arguments).await,
        What::Check(arguments) => judge(&arguments).await,
    }
}

async fn serve(arguments: Serve) -> anyhow::Result<ExitCode> {
    let organisation = Arc::new(arguments.story.organisation());
    let options = github::Options { listen: arguments.listen, ..github::Options::default() };
    let simulation = Simulation::start(Arc::clone(&organisation), options)
        .await
        .with_context(|| format!("listening on `{}`", arguments.listen))?;
    let mut options = configuration::Options { listen: arguments.quintant_listen, ..configuration::Options::default() };
    if let Some(plugins) = arguments.plugins_dir {
        let plugins = std::path::absolute(&plugins).with_context(|| format!("finding `{}`", plugins.display()))?;
        options.plugin = plugins.join("github.wasm").display().to_string();
    }
    let written = write_configuration(&organisation, &arguments.write, simulation.url(), &options)
        .with_context(|| format!("writing the configuration to `{}`", arguments.write.display()))?;
    eprintln!("seed {}, until {}; wrote {}", arguments.story.seed, organisation.end, written.display());
    println!("ready {}", simulation.url());
    until_told_to_stop().await.context("waiting for signals")?;
    Ok(ExitCode::SUCCESS)
}

async fn until_told_to_stop() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = end_of_input() => {}
    }
    Ok(())
}

/// A terminal never ends: reading it would stop a process in the background.
async fn end_of_input() {
    if io::stdin().is_terminal() {
        return std::future::pending().await;
    }
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        let _read = io::copy(&mut io::stdin(), &mut io::sink());
        let _nobody_waits = ended.send(());
    });
    let _ended = end.await;
}

async fn judge(arguments: &Check) -> anyhow::Result<ExitCode> {
    let organisation = arguments.story.organisation();
    let first = arguments.first.unwrap_or(organisation.end);
    let oracle = Oracle::new(&organisation, first, organisation.end, arguments.settle);
    let report =
        check(&arguments.url, &oracle).await.with_context(|| format!("asking Quintant at `{}`", arguments.url))?;
    println!("{}", report.table());
    for comparison in report.comparisons.iter().filter(|comparison| !comparison.differences.is_empty()) {
        println!("{comparison}");
    }
    println!(
        "{} comparisons, {} differ, {} figures equal",
        report.comparisons.len(),
        report.different(),
        report.figures()
    );
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
