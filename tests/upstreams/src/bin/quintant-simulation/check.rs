//! Judges a running Quintant: what it answers, and what it says it has collected.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use quintant_upstreams::check::check;
use quintant_upstreams::check::collected::{Status, collected};
use quintant_upstreams::oracle::{Oracle, Sources};
use quintant_upstreams::organisation::Organisation;

use crate::story::Story;

#[derive(Args)]
pub(crate) struct Arguments {
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
    /// File with what `quintant status --format json` printed after the first collection: what it brought from each service is
    /// compared too
    #[arg(long, value_name = "FILE")]
    status: Option<PathBuf>,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let organisation = arguments.story.organisation();
    let first = arguments.first.unwrap_or(organisation.end);
    let mut oracle = Oracle::new(&organisation, first, organisation.end, arguments.settle);
    oracle.sources = Sources::ALL;
    let report =
        check(&arguments.url, &oracle).await.with_context(|| format!("asking Quintant at `{}`", arguments.url))?;
    println!("{}", report.table());
    for comparison in report.comparisons.iter().filter(|comparison| !comparison.differences.is_empty()) {
        println!("{comparison}");
    }
    let is_collected = match &arguments.status {
        Some(path) => is_collected(&organisation, path)?,
        None => true,
    };
    println!(
        "{} comparisons, {} differ, {} figures equal",
        report.comparisons.len(),
        report.different(),
        report.figures()
    );
    Ok(if report.passed() && is_collected { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints each feed.
fn is_collected(organisation: &Organisation, status: &PathBuf) -> anyhow::Result<bool> {
    let text = fs::read_to_string(status).with_context(|| format!("reading `{}`", status.display()))?;
    let status: Status = serde_json::from_str(&text)
        .with_context(|| format!("`{}` is not what `quintant status --format json` prints", status.display()))?;
    let feeds = collected(organisation, &status);
    println!("collected from each service");
    for feed in &feeds {
        println!("  {feed}");
    }
    let differ = feeds.iter().filter(|feed| !feed.differences.is_empty()).count();
    println!("{} feeds, {differ} differ\n", feeds.len());
    Ok(differ == 0)
}
