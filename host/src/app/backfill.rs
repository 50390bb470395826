//! `quintant backfill`: reads a stretch of a source once more, where nothing of it is released yet.

use std::io::Write;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::Date;
use tokio_util::sync::CancellationToken;

use super::build::App;
use super::collect::{Backfilled, Collector};
use super::command::Format;
use super::log::{self, LogFormat};
use super::report;
use crate::ingest::Step;
use crate::model::{FactKind, Family, FeedName, Week};
use crate::plugin::PluginSource;
use crate::store::{StoreError, Stretch};

const STEPS: u64 = 1000;

/// Why a stretch is not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BackfillError {
    #[error(
        "`--from` is `{from}` and `--to` is `{to}`; `--from` must lie before `--to`, which is the day after the last"
    )]
    Empty { from: Date, to: Date },
    #[error("`--to` is `{to}`, which lies in the future; it is the day after the last, at most today, `{today}`")]
    Future { to: Date, today: Date },
    #[error(
        "`--from` is `{from}`, but facts from before `{earliest}` are not kept (`privacy.retention_days`); write `--from {earliest}` or later"
    )]
    TooOld { from: Date, earliest: Date },
    #[error(
        "the weeks from `{first}` up to `{end}` are released, and what is released never changes: nothing that is read now would count there; choose days outside of them"
    )]
    Released { first: Date, end: Date },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads the days from `from` up to, not including, `to`.
pub(super) async fn backfill(
    app: &App,
    source: &PluginSource,
    (from, to): (Date, Date),
    (format, log_format): (Format, LogFormat),
    cancel: &CancellationToken,
) -> anyhow::Result<bool> {
    let stretch = permitted(app, source, from, to).await?;
    let bar = Mutex::new(ProgressBar::hidden());
    let watch = |feed: &FeedName, step: Step| {
        let mut bar = bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if bar.prefix() != feed.as_str() {
            *bar = new_bar(feed);
        }
        bar.set_message(format!("{} facts", step.facts));
        bar.set_position(position(step.share.unwrap_or(0.0)));
        if step.share == Some(1.0) {
            bar.finish_and_clear();
        }
    };
    let collector = Collector::new(app, cancel.clone());
    let Backfilled { runs, is_done } = collector.backfill_source(source, stretch, &watch).await?;
    bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner).finish_and_clear();
    let mut output = std::io::stdout().lock();
    for (feed, run) in &runs {
        match run {
            Some(summary) => report::run(&mut output, feed.as_str(), summary, format)?,
            None if format == Format::Json => {
                writeln!(output, "{}", serde_json::json!({ "feed": feed, "outcome": "read_before" }))?;
            }
            None => writeln!(output, "{feed}: read to its end before")?,
        }
    }
    if !is_done {
        log::say("the stretch is not read to its end; the same command goes on from there", log_format);
    }
    Ok(is_done)
}

async fn permitted(app: &App, source: &PluginSource, from: Date, to: Date) -> Result<Stretch, BackfillError> {
    if from >= to {
        return Err(BackfillError::Empty { from, to });
    }
    let (calendar, now) = (&app.setup.config.calendar, app.setup.clock.now());
    let today = calendar.date_of(now);
    if to > today {
        return Err(BackfillError::Future { to, today });
    }
    let earliest = calendar.first_day_from(app.setup.pipe.keep_from(now));
    if from < earliest {
        return Err(BackfillError::TooOld { from, earliest });
    }
    let families = families_of(source);
    let released = app.store().released_weeks_fetch(&families, Week::of_date(from), Week::starting_from(to)).await?;
    if let Some((first, end)) = released {
        return Err(BackfillError::Released { first: first.monday(), end: end.monday() });
    }
    Ok(Stretch { from: calendar.start_of_day(from), through: calendar.start_of_day(to) })
}

/// The families that say nothing without what the source brings.
fn families_of(source: &PluginSource) -> Vec<Family> {
    let brings = |kind: &FactKind| source.feeds.iter().any(|feed| feed.emits.contains(kind));
    Family::ALL.into_iter().filter(|family| family.needs().iter().any(brings)).collect()
}

/// Shown on a terminal alone.
fn new_bar(feed: &FeedName) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} [{bar:40}] {percent:>3} %  {msg}, {eta} left")
        .expect("the template is a literal");
    ProgressBar::new(STEPS).with_style(style).with_prefix(feed.as_str().to_owned())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share lies between 0 and 1")]
fn position(share: f32) -> u64 {
    (share * STEPS as f32) as u64
}
