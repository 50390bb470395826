//! `/api/v1/sources`: how collecting goes. Nothing here depends on what was collected, and nothing is finer than a minute.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use super::schema::NotModified;
use super::space::{JSON, dated, json};
use super::validator::{Known, Tag};
use super::{Problem, Shelf};
use crate::model::{FeedName, SourceName};
use crate::schedule::{Clock, Rhythm, is_quarantined};
use crate::store::{Reader, Standing};

/// A source as the configuration has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSource {
    pub name: SourceName,
    pub plugin: String,
    pub plugin_version: String,
    /// Those that are read, with the pause between two runs.
    pub feeds: Vec<(FeedName, Duration)>,
}

/// The sources that are read, and how they stood a minute ago at most: whoever asks, the database is asked once a minute.
#[derive(Default)]
pub(super) struct Listing {
    sources: Vec<ListedSource>,
    undated: Mutex<Option<(Timestamp, Bytes)>>,
}

/// From what the sources are told.
#[derive(Clone)]
pub(super) struct Watch {
    pub(super) reader: Reader,
    pub(super) shelf: Shelf,
    pub(super) clock: Clock,
}

/// The configured sources.
#[derive(Serialize, ToSchema)]
pub(super) struct Sources {
    /// In the order of the configuration.
    sources: Vec<Source>,
    // Last, so that the tag is of everything before.
    /// The whole minute that all of it is about.
    #[schema(format = DateTime)]
    as_of: String,
}

/// A source, and the plugin that reads it.
#[derive(Serialize, ToSchema)]
struct Source {
    name: String,
    plugin: String,
    plugin_version: String,
    feeds: Vec<Feed>,
}

/// What is read of a source by itself.
#[derive(Serialize, ToSchema)]
struct Feed {
    name: String,
    /// Between the beginnings of two runs.
    #[schema(minimum = 1)]
    interval_seconds: u64,
    /// The last one that ended; null before the first.
    #[schema(required)]
    last_run: Option<Run>,
    /// When the next one is due; null: at once. One that has passed is about to begin, or goes on.
    #[schema(required, format = DateTime)]
    next_run: Option<String>,
    /// Everything that became true before this was delivered; null until a run was complete. Weeks are released once all feeds that
    /// they rest on have passed them.
    #[schema(required, format = DateTime)]
    covered_through: Option<String>,
    /// Whether the source asked to be left alone until the next run.
    throttled: bool,
    /// Whether the plugin failed several times in a row, and is run less and less often.
    quarantined: bool,
}

/// A run that ended.
#[derive(Serialize, ToSchema)]
struct Run {
    #[schema(format = DateTime)]
    started: String,
    /// `ok`; `partial`, where something could not be read; or `failed`.
    outcome: String,
    /// Why it failed, out of a closed list; else null.
    #[schema(required)]
    code: Option<String>,
}

/// The sources
///
/// How the last run of each feed went and when the next one comes, in whole minutes. How much was read is not told.
#[utoipa::path(
    get, path = "/api/v1/sources", operation_id = "get_sources", tag = "probes",
    responses((status = 200, description = "The sources.", body = Sources), NotModified),
)]
pub(super) async fn sources(State(watch): State<Watch>, known: Known) -> Result<Response, Problem> {
    let as_of = whole(watch.clock.now(), RoundMode::Floor);
    let undated = watch.shelf.listing().at(as_of, &watch.reader).await?;
    known.or_give(Tag::of(&*undated), JSON, || Ok(dated(&undated, &as_of.to_string())))
}

impl Listing {
    pub(super) fn new(sources: Vec<ListedSource>) -> Arc<Self> {
        Arc::new(Self { sources, undated: Mutex::default() })
    }

    async fn at(&self, as_of: Timestamp, reader: &Reader) -> Result<Bytes, Problem> {
        let mut kept = self.undated.lock().await;
        if let Some((at, undated)) = &*kept
            && *at == as_of
        {
            return Ok(undated.clone());
        }
        let feeds: Vec<(&SourceName, &FeedName)> = self
            .sources
            .iter()
            .flat_map(|source| source.feeds.iter().map(move |(feed, _)| (&source.name, feed)))
            .collect();
        let standing = reader.feeds_at(&feeds, as_of).await.map_err(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "how the sources stand cannot be read");
            Problem::unavailable()
        })?;
        let mut standing = standing.into_iter();
        let sources = self.sources.iter().map(|source| Source {
            name: source.name.as_str().to_owned(),
            plugin: source.plugin.clone(),
            plugin_version: source.plugin_version.clone(),
            feeds: source
                .feeds
                .iter()
                .zip(&mut standing)
                .map(|(feed, standing)| show(source, feed, &standing, as_of))
                .collect(),
        });
        let undated = Bytes::from(json(&Sources { sources: sources.collect(), as_of: String::new() }));
        *kept = Some((as_of, undated.clone()));
        Ok(undated)
    }
}

fn show(source: &ListedSource, (feed, interval): &(FeedName, Duration), standing: &Standing, as_of: Timestamp) -> Feed {
    let last = standing.last.as_ref();
    let rhythm = Rhythm { source: &source.name, feed, interval: *interval };
    Feed {
        name: feed.as_str().to_owned(),
        interval_seconds: interval.as_secs(),
        last_run: last.map(|last| Run {
            started: whole(last.started, RoundMode::Floor).to_string(),
            outcome: last.summary.outcome.clone(),
            code: last.summary.code.clone(),
        }),
        next_run: last.map(|last| whole(rhythm.due(Some(last)), RoundMode::Ceil).to_string()),
        covered_through: standing.covered_through.map(|through| whole(through, RoundMode::Floor).to_string()),
        throttled: last.and_then(|last| last.summary.retry_at).is_some_and(|retry| retry > as_of),
        quarantined: last.is_some_and(|last| is_quarantined(last.strikes)),
    }
}

/// A whole minute; the farthest instants stay as they are.
fn whole(instant: Timestamp, mode: RoundMode) -> Timestamp {
    instant.round(TimestampRound::new().smallest(Unit::Minute).mode(mode)).unwrap_or(instant)
}
