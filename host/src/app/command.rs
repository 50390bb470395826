//! The command line.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use tokio_util::sync::CancellationToken;

use super::build::{App, Setup};
use super::collect::Collector;
use super::report;
use super::serve::Server;
use crate::config::Config;
use crate::model::SourceName;
use crate::plugin::{CheckStatus, Limits};
use crate::schedule::Clock;

const EXIT_FAILED: u8 = 1;
const EXIT_CONFIGURATION: u8 = 78;

/// Measures developer experience in the five SPACE dimensions without measuring developers.
#[derive(Parser)]
#[command(
    name = "quintant",
    version,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.\nLog level: QUINTANT_LOG, for example `QUINTANT_LOG=debug`."
)]
pub struct Cli {
    /// The configuration; relative paths in it start at its own folder.
    #[arg(long, global = true, default_value = "config/quintant.toml", value_name = "FILE")]
    config: PathBuf,
    /// How results are printed.
    #[arg(long, global = true, default_value = "text")]
    format: Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

#[derive(Subcommand)]
enum Command {
    /// Collect, release and answer over HTTP until a signal comes.
    Serve,
    /// Check the configuration, the roster and the plugins; nothing is sent or stored.
    Check {
        /// Also ask each source whether it can be read.
        #[arg(long)]
        online: bool,
    },
    /// Collect one source now, whether it is due or not.
    RunOnce {
        /// As `name` in its `[[source]]`.
        source: SourceName,
        /// Print what would be stored, under pseudonyms, and store nothing; needs no database.
        #[arg(long)]
        dry_run: bool,
    },
    /// Show how the last run of each feed went and what is covered.
    Status,
    /// Look at what may be released, or start releasing.
    Release {
        #[command(subcommand)]
        command: ReleaseCommand,
    },
    /// Bring the database to this version's schema.
    Migrate,
}

#[derive(Subcommand)]
enum ReleaseCommand {
    /// Show coverage, teams, matched and unmatched accounts, and what each family waits for. Never a value.
    Status,
    /// Start releasing; from then on nothing that is released changes.
    Start,
}

/// Does what was asked.
pub async fn run(cli: Cli) -> ExitCode {
    let config = match Config::load(&cli.config) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(EXIT_CONFIGURATION);
        }
    };
    let result = match &cli.command {
        Command::Check { online } => check(config, *online, cli.format).await,
        Command::RunOnce { source, dry_run: true } => dry_run(config, source, cli.format).await,
        command => with_app(config, command, cli.format).await,
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(EXIT_FAILED),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(EXIT_FAILED)
        }
    }
}

/// Commands that need the database. It is left, and stopped where it is ours, whatever happens.
async fn with_app(config: Config, command: &Command, format: Format) -> anyhow::Result<bool> {
    let app = App::open(Setup::build(config, Limits::default(), Clock::system()).await?).await?;
    if matches!(command, Command::Serve) {
        return serve(app).await;
    }
    let result = async {
        app.prepare_database().await?;
        match command {
            Command::RunOnce { source, .. } => run_once(&app, source, format).await,
            Command::Status => report::status(&app, format).await.map(|()| true),
            Command::Release { command: ReleaseCommand::Status } => report::release(&app, format).await.map(|()| true),
            Command::Release { command: ReleaseCommand::Start } => release_start(&app).await,
            Command::Migrate => {
                println!("the database is at this version's schema");
                Ok(true)
            }
            Command::Serve | Command::Check { .. } => Ok(true),
        }
    }
    .await;
    app.close().await?;
    result
}

async fn serve(app: App) -> anyhow::Result<bool> {
    let server = Server::bind(app).await?;
    let address = server.address()?;
    tracing::info!("listening on http://{address}");
    let cancel = CancellationToken::new();
    let on_signal = cancel.clone();
    tokio::spawn(async move {
        stop_signal().await;
        tracing::info!("stopping");
        on_signal.cancel();
    });
    server.run(cancel).await?;
    Ok(true)
}

async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

async fn check(config: Config, online: bool, format: Format) -> anyhow::Result<bool> {
    let setup = Setup::build(config, Limits::default(), Clock::system()).await?;
    if format == Format::Text {
        for source in &setup.sources {
            let descriptor = &source.plugin.descriptor;
            println!(
                "source `{}`: plugin `{}` {}, sha256 {}",
                source.name, descriptor.name, descriptor.version, source.plugin.digest
            );
        }
    }
    if !online {
        if format == Format::Json {
            println!("{}", serde_json::json!({ "ok": true }));
        } else {
            println!("the configuration is good; `check --online` asks the sources");
        }
        return Ok(true);
    }
    let mut is_good = true;
    let mut reports = Vec::new();
    for source in &setup.sources {
        let items = match source.start(&setup.config.calendar).await {
            Ok(mut session) => session.check(setup.clock.now()).await,
            Err(failure) => Err(failure),
        };
        is_good &= items.as_ref().is_ok_and(|items| items.iter().all(|item| item.status != CheckStatus::Fail));
        reports.push((source.name.clone(), items));
    }
    report::checks(&reports, format)?;
    Ok(is_good)
}

async fn dry_run(config: Config, name: &SourceName, format: Format) -> anyhow::Result<bool> {
    let setup = Setup::build(config, Limits::default(), Clock::system()).await?;
    let source = find_source(&setup, name)?;
    let mut output = std::io::stdout().lock();
    for feed in &source.plugin.descriptor.feeds {
        let mut written = Ok(());
        let summary = crate::ingest::dry_run(&setup.pipe, source, feed, &setup.clock, |fact| {
            if written.is_ok() {
                written = writeln!(output, "{}", report::fact(fact));
            }
        })
        .await;
        written?;
        match summary {
            Ok(summary) => report::run(&mut output, feed.name.as_str(), &summary, format)?,
            Err(failure) => anyhow::bail!("feed `{}`: {}: {}", feed.name, failure.code.as_str(), failure.message),
        }
    }
    Ok(true)
}

async fn run_once(app: &App, name: &SourceName, format: Format) -> anyhow::Result<bool> {
    let source = find_source(&app.setup, name)?;
    let cancel = CancellationToken::new();
    let on_signal = cancel.clone();
    tokio::spawn(async move {
        stop_signal().await;
        on_signal.cancel();
    });
    let collector = Collector::new(app, cancel);
    let summaries = collector.run_source(source).await?;
    let mut output = std::io::stdout().lock();
    for (feed, summary) in source.plugin.descriptor.feeds.iter().zip(&summaries) {
        report::run(&mut output, feed.name.as_str(), summary, format)?;
    }
    collector.release().await?;
    Ok(summaries.iter().all(|summary| summary.outcome != "failed"))
}

async fn release_start(app: &App) -> anyhow::Result<bool> {
    let since = app.store().release_start(app.setup.clock.now()).await?;
    let new = Collector::new(app, CancellationToken::new()).release().await?;
    println!("releasing since {since}; {new} atoms were released now");
    Ok(true)
}

fn find_source<'a>(setup: &'a Setup, name: &SourceName) -> anyhow::Result<&'a crate::plugin::PluginSource> {
    setup.sources.iter().find(|source| source.name == *name).ok_or_else(|| {
        let known: Vec<&str> = setup.sources.iter().map(|source| source.name.as_str()).collect();
        anyhow::anyhow!("there is no source `{name}`; configured are: {}", known.join(", "))
    })
}
