//! The command line.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Parser, Subcommand, ValueEnum};
use jiff::civil::Date;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::backfill::backfill;
use super::build::{App, BuildError, Setup};
use super::collect::Collector;
use super::compile;
use super::log::{self, LogFormat};
use super::person_command::{PrivacyArguments, privacy};
use super::reload::Reload;
use super::report;
use super::roster::{self, RosterArguments};
use super::serve::Server;
use super::survey::{self, SurveyCommand, TokenCommand};
use crate::config::{Config, ConfigError, MistakeReport, Style, schema};
use crate::ingest::FeedRun;
use crate::model::{SourceName, StampedFact};
use crate::plugin::{CheckStatus, Compilation, Compiler, Limits, Runtime};
use crate::release::ENOUGH_FOR_DAYS;
use crate::schedule::Clock;

const EXIT_FAILED: u8 = 1;
const EXIT_USAGE: u8 = 2;
const EXIT_CONFIGURATION: u8 = 78;

/// Measures developer experience in the five SPACE dimensions without measuring developers.
#[derive(Parser)]
#[command(
    name = "quintant",
    version,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.\nLog level: QUINTANT_LOG, for example `QUINTANT_LOG=debug` or `QUINTANT_LOG=info,sqlx=debug`; default `info,sqlx=warn`."
)]
struct Cli {
    /// The configuration; relative paths in it start at its own folder.
    #[arg(long, global = true, default_value = "config/quintant.toml", value_name = "FILE")]
    config: PathBuf,
    /// How results are printed.
    #[arg(long, global = true, default_value = "text")]
    format: Format,
    /// How lines of the log are written, on stderr.
    #[arg(long, global = true, default_value = "text", env = "QUINTANT_LOG_FORMAT", hide_env_values = true)]
    log_format: LogFormat,
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
    ///
    /// SIGHUP reads the configuration again: it is checked, and taken over whole or not at all.
    Serve,
    /// Check the configuration, the roster and the plugins; nothing is sent, and nothing written but compiled plugins.
    Check {
        /// Also ask each source whether it can be read.
        #[arg(long)]
        online: bool,
    },
    /// Print the JSON Schema of the configuration: every key with its meaning, default and bounds.
    Schema,
    /// Collect one source now, whether it is due or not.
    RunOnce {
        /// As `name` in its `[[source]]`.
        source: SourceName,
        /// Print what would be stored, under pseudonyms, and store nothing; needs no database.
        #[arg(long)]
        dry_run: bool,
    },
    /// Read a stretch of a source once more, for example from before the first look-back; refused where it is released.
    ///
    /// Goes on where an earlier try stopped. Facts older than `privacy.retention_days` are not kept, and what is released never
    /// changes, so such days are refused.
    Backfill {
        /// As `name` in its `[[source]]`.
        source: SourceName,
        /// The first day, for example 2026-09-07.
        #[arg(long, value_name = "DATE")]
        from: Date,
        /// The day after the last.
        #[arg(long, value_name = "DATE")]
        to: Date,
    },
    /// Show how the last run of each feed went and what is covered.
    Status,
    /// Look at what may be released, or start releasing.
    Release {
        #[command(subcommand)]
        command: ReleaseCommand,
    },
    /// Opt a person out, erase them, or export what is stored about them.
    Privacy {
        #[command(subcommand)]
        command: PrivacyArguments,
    },
    /// Keep the roster true.
    Roster {
        #[command(subcommand)]
        command: RosterArguments,
    },
    /// Ask people, and close what was asked.
    Survey {
        #[command(subcommand)]
        command: SurveyCommand,
    },
    /// Let programs submit.
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Bring the database to this version's schema.
    Migrate,
    /// Prepare plugins.
    Plugin {
        #[command(subcommand)]
        command: PluginCommand,
    },
}

#[derive(Subcommand)]
enum PluginCommand {
    /// Compile plugins into `plugins.cache`, so that the next start takes them from there.
    ///
    /// Every command compiles what is not in the cache by itself. Do it ahead where starting must be quick, or where the
    /// cache is read-only afterwards. Each plugin is compiled by a process of its own, of bounded memory and time.
    Compile {
        /// Names in `plugins.directory`, or files that end in `.wasm`; without any, every plugin of the configuration.
        plugins: Vec<String>,
    },
    /// The process of its own.
    #[command(hide = true)]
    CompileInput {
        #[arg(long)]
        cache: PathBuf,
        #[arg(long)]
        memory_bytes: u64,
        #[arg(long)]
        cpu_seconds: u64,
    },
}

impl Cli {
    /// What is to be compiled in this very process, before it becomes anything else.
    fn compilation(&self) -> Option<Compilation> {
        match &self.command {
            Command::Plugin { command: PluginCommand::CompileInput { cache, memory_bytes, cpu_seconds } } => {
                Some(Compilation { cache: cache.clone(), memory_bytes: *memory_bytes, cpu_seconds: *cpu_seconds })
            }
            _ => None,
        }
    }
}

#[derive(Subcommand)]
enum ReleaseCommand {
    /// Show coverage, teams, matched and unmatched accounts, and what each family waits for. Never a value.
    Status,
    /// Start releasing; from then on nothing that is released changes.
    Start,
}

/// Does what the command line asks.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(compilation) = cli.compilation() {
        return compilation.run();
    }
    if let Err(error) = log::start(cli.log_format) {
        eprintln!("error: {error}");
        return ExitCode::from(EXIT_USAGE);
    }
    if matches!(cli.command, Command::Schema) {
        println!("{:#}", schema());
        return ExitCode::SUCCESS;
    }
    let config = match Config::load(&cli.config) {
        Ok(config) => config,
        Err(error) => return refuse(&error, &cli),
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::new(error).context("cannot start"), &cli),
    };
    match runtime.block_on(run(&cli, config)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(EXIT_FAILED),
        Err(error) => match error.downcast_ref() {
            Some(BuildError::Config(error)) => refuse(error, &cli),
            _ => fail(&error, &cli),
        },
    }
}

async fn run(cli: &Cli, config: Config) -> anyhow::Result<bool> {
    let cancel = stop_on_signal().context("signals cannot be waited for")?;
    // Boxed: the compiler gives up on the layout of one future that holds everything.
    Box::pin(obey(cli, config, cancel)).await
}

fn fail(error: &anyhow::Error, cli: &Cli) -> ExitCode {
    log::say(&format!("{error:#}"), cli.log_format);
    ExitCode::from(EXIT_FAILED)
}

/// Says every mistake; `check --format json` says them to programs.
fn refuse(error: &ConfigError, cli: &Cli) -> ExitCode {
    if matches!(cli.command, Command::Check { .. }) && cli.format == Format::Json {
        println!("{}", serde_json::json!({ "ok": false, "mistakes": error.reports() }));
    } else if cli.log_format == LogFormat::Json {
        for mistake in error.reports() {
            let MistakeReport { path, line, column, message, help, .. } = mistake;
            tracing::error!(path = %path.display(), line, column, help, "{message}");
        }
    } else {
        let style = if std::io::stderr().is_terminal() { Style::Coloured } else { Style::Plain };
        eprintln!("{}", error.render(style));
    }
    ExitCode::from(EXIT_CONFIGURATION)
}

async fn obey(cli: &Cli, config: Config, cancel: CancellationToken) -> anyhow::Result<bool> {
    let offline = async {
        match &cli.command {
            Command::Check { online } => Some(check(config.clone(), *online, cli.format).await),
            Command::RunOnce { source, dry_run: true } => Some(dry_run(config.clone(), source, cli.format).await),
            Command::Roster { command: RosterArguments::Import { file, yes, memberships } } => {
                Some(import(config.clone(), file, *yes, memberships.as_ref(), cli.format).await)
            }
            Command::Plugin { command: PluginCommand::Compile { plugins } } => {
                Some(compile_plugins(&config, plugins, (cli.format, cli.log_format)).await)
            }
            _ => None,
        }
    };
    match unless_cancelled(&cancel, offline).await? {
        Some(result) => result,
        None => Box::pin(with_app(cli, config, cancel)).await,
    }
}

/// Commands that need the database. It is left, and stopped where nobody else uses it, whatever happens.
async fn with_app(cli: &Cli, config: Config, cancel: CancellationToken) -> anyhow::Result<bool> {
    let (command, format) = (&cli.command, cli.format);
    let open = async { anyhow::Ok(App::open(set_up(config).await?).await?) };
    let app = unless_cancelled(&cancel, open).await??;
    if matches!(command, Command::Serve) {
        return serve(app, cli.config.clone(), cancel).await;
    }
    let work = async {
        app.prepare_database().await?;
        match command {
            Command::RunOnce { source, .. } => run_once(&app, source, format, &cancel).await,
            Command::Backfill { source, from, to } => {
                backfill(&app, find_source(&app.setup, source)?, (*from, *to), (format, cli.log_format), &cancel).await
            }
            Command::Status => report::status(&app, format).await.map(|()| true),
            Command::Release { command: ReleaseCommand::Status } => report::release(&app, format).await.map(|()| true),
            Command::Release { command: ReleaseCommand::Start } => release_start(&app, format).await,
            Command::Privacy { command } => privacy(&app, command, format).await,
            Command::Roster { command: RosterArguments::Status { source } } => {
                roster::status(&app, source.as_ref(), format).await
            }
            Command::Survey { command } => survey::survey(&app, command, format).await,
            Command::Token { command } => survey::token(&app, command, format).await,
            Command::Migrate => {
                match format {
                    Format::Text => println!("the database is at this version's schema"),
                    Format::Json => println!("{}", serde_json::json!({ "ok": true })),
                }
                Ok(true)
            }
            Command::Serve
            | Command::Check { .. }
            | Command::Schema
            | Command::Roster { .. }
            | Command::Plugin { .. } => Ok(true),
        }
    };
    let work = Box::pin(work);
    let result = match command {
        // A run is ended in order and says that it was cancelled.
        Command::RunOnce { .. } | Command::Backfill { .. } => work.await,
        _ => unless_cancelled(&cancel, work).await.flatten(),
    };
    let closed = app.close().await;
    let is_good = result?;
    closed?;
    Ok(is_good)
}

async fn serve(app: App, configuration: PathBuf, cancel: CancellationToken) -> anyhow::Result<bool> {
    let reload = Reload::new(configuration).context("SIGHUP cannot be waited for")?;
    let server = Server::bind(app).await?;
    let address = server.address()?;
    tracing::info!("listening on http://{address}");
    Box::pin(server.run(cancel, Some(reload))).await?;
    Ok(true)
}

/// Cancelled by Ctrl-C or SIGTERM, from before anything is started.
fn stop_on_signal() -> std::io::Result<CancellationToken> {
    let cancel = CancellationToken::new();
    let on_signal = cancel.clone();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
        on_signal.cancel();
    });
    Ok(cancel)
}

async fn unless_cancelled<T>(cancel: &CancellationToken, work: impl Future<Output = T>) -> anyhow::Result<T> {
    tokio::select! {
        done = work => Ok(done),
        () = cancel.cancelled() => anyhow::bail!("interrupted"),
    }
}

async fn compile_plugins(config: &Config, plugins: &[String], formats: (Format, LogFormat)) -> anyhow::Result<bool> {
    let runtime = Runtime::new(Limits::default(), this_program()?, &config.plugins.cache)?;
    compile::plugins(&Arc::new(runtime), &compile::files(config, plugins)?, formats).await
}

async fn set_up(config: Config) -> anyhow::Result<Setup> {
    Ok(Setup::build(config, this_program()?, Limits::default(), Clock::system()).await?)
}

fn this_program() -> anyhow::Result<Compiler> {
    Compiler::this_program().context("this program's own file, which compiles plugins, cannot be found")
}

async fn check(config: Config, online: bool, format: Format) -> anyhow::Result<bool> {
    let setup = set_up(config).await?;
    if format == Format::Text {
        for source in &setup.sources {
            let descriptor = &source.plugin.descriptor;
            println!(
                "source `{}`: plugin `{}` {}, sha256 {}",
                source.name, descriptor.name, descriptor.version, source.plugin.digest
            );
            for metric in &source.metrics {
                let (name, subject) = (&metric.name, metric.subject.as_str());
                if metric.is_granted {
                    println!("  samples of `{name}` are kept, about the subject `{subject}`");
                } else {
                    println!(
                        "  samples of `{name}` are refused; `samples = {{ {name} = \"{subject}\" }}` would keep them"
                    );
                }
            }
        }
        if setup.config.privacy.daily_system {
            println!(
                "`privacy.daily_system` is on: from {ENOUGH_FOR_DAYS} people on, days of builds, deployments and incidents of the whole \
                 organization are told, from which a withheld team's may be estimated"
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
    if format == Format::Json {
        println!("{}", serde_json::json!({ "ok": is_good }));
    }
    Ok(is_good)
}

async fn import(
    config: Config,
    file: &Path,
    yes: bool,
    memberships: Option<&SourceName>,
    format: Format,
) -> anyhow::Result<bool> {
    roster::import(&set_up(config).await?, file, yes, memberships, format).await
}

async fn dry_run(config: Config, name: &SourceName, format: Format) -> anyhow::Result<bool> {
    let setup = set_up(config).await?;
    let source = find_source(&setup, name)?;
    let mut output = std::io::stdout().lock();
    for feed in &source.feeds {
        let mut written = Ok(());
        let run = FeedRun { pipe: &setup.pipe, source, feed, clock: &setup.clock, watch: None };
        let show = |fact: &StampedFact| {
            if written.is_ok() {
                written = writeln!(output, "{}", report::fact(fact));
            }
        };
        let summary = run.dry_run(show).await;
        written?;
        match summary {
            Ok(summary) => report::run(&mut output, feed.name.as_str(), &summary, format)?,
            Err(failure) => anyhow::bail!("feed `{}`: {}: {}", feed.name, failure.code.as_str(), failure.message),
        }
    }
    Ok(true)
}

async fn run_once(app: &App, name: &SourceName, format: Format, cancel: &CancellationToken) -> anyhow::Result<bool> {
    let source = find_source(&app.setup, name)?;
    let collector = Collector::new(app, cancel.clone());
    let summaries = collector.run_source(source).await?;
    let mut output = std::io::stdout().lock();
    for (feed, summary) in source.feeds.iter().zip(&summaries) {
        report::run(&mut output, feed.name.as_str(), summary, format)?;
    }
    collector.listen().await?;
    collector.release().await?;
    collector.forget().await?;
    Ok(!summaries.is_empty() && summaries.iter().all(|summary| summary.outcome != "failed"))
}

async fn release_start(app: &App, format: Format) -> anyhow::Result<bool> {
    let since = app.store().release_start(app.setup.clock.now()).await?;
    let new = Collector::new(app, CancellationToken::new()).release().await?;
    match format {
        Format::Text => println!("releasing since {since}; {new} atoms were released now"),
        Format::Json => {
            println!("{}", serde_json::json!({ "started": since.to_string(), "released_atoms_now": new }))
        }
    }
    Ok(true)
}

pub(super) fn find_source<'a>(setup: &'a Setup, name: &SourceName) -> anyhow::Result<&'a crate::plugin::PluginSource> {
    setup.sources.iter().find(|source| source.name == *name).ok_or_else(|| {
        let known: Vec<&str> = setup.sources.iter().map(|source| source.name.as_str()).collect();
        anyhow::anyhow!("there is no source `{name}`; configured are: {}", known.join(", "))
    })
}
