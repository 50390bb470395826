//! A configured source: a plugin bound to endpoints, credentials and settings, and its runs.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use wasmtime::{Store, Trap};

use super::contract::Plugin as Instance;
use super::contract::exports::quintant::collector::collector as wit;
use super::contract::quintant::collector::types;
use super::descriptor::FeedSpec;
use super::door::{self, Page};
use super::egress::{Egress, EndpointError, Endpoints, Traffic, Trouble};
use super::failure::{Failure, FailureCode, plain};
use super::guest::Guest;
use super::load::Plugin;
use super::{feeds, samples, settings};
use crate::config::{self, Note, Place};
use crate::model::{Calendar, FeedName, SampleMetric, SourceName};

const MOST_CHECK_ITEMS: usize = 1000;
const RETRY_AFTER_WAITING_SECONDS: u32 = 300;
/// The day, the week and the quarter that a window begins in have begun before it.
const BEFORE_THE_WINDOW: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Why a source's configuration does not fit its plugin.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("{}", note.message())]
    Setting { place: Place, note: Note },
    #[error("the plugin's `settings-schema` is no JSON Schema: {0}")]
    Schema(String),
    #[error("{}", note.message())]
    Sample { metric: String, note: Note },
    #[error("{}", note.message())]
    Feed { place: Place, note: Note },
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}

impl BindError {
    /// What to say at which place below the `[[source]]`.
    pub fn note(&self) -> (Place, Note) {
        match self {
            BindError::Setting { place, note } => (place.clone(), note.clone()),
            BindError::Schema(_) => (Place::default().key("plugin"), Note::new(self.to_string()).showing_value()),
            BindError::Feed { place, note } => (place.clone(), note.clone()),
            BindError::Sample { metric, note } => (Place::default().key("samples").key(metric), note.clone()),
            BindError::Endpoint(error) => error.note(),
        }
    }
}

/// A source that can be run.
pub struct PluginSource {
    pub name: SourceName,
    pub plugin: Arc<Plugin>,
    /// Those of the plugin's that are read.
    pub feeds: Vec<FeedSpec>,
    /// What the plugin declares for samples, and whether the operator grants it.
    pub metrics: Vec<SampleMetric>,
    settings: String,
    bots: Vec<String>,
    endpoints: Arc<Endpoints>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStatus {
    Pass,
    Warn,
    Fail,
}

/// One line of a source's own report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckItem {
    pub name: String,
    pub status: CheckStatus,
    pub message: String,
    /// What the operator should do about it.
    pub hint: Option<String>,
}

/// What one call of `collect` is asked.
pub struct CollectRequest<'a> {
    pub feed: &'a FeedName,
    pub cursor: Option<String>,
    pub from: Timestamp,
    /// The end of what must be covered; `now` unless a stretch is read once more.
    pub until: Timestamp,
    pub now: Timestamp,
    pub most_facts: u32,
}

/// One run: a store of its own, which a crash leaves unusable.
pub struct Session<'a> {
    source: &'a PluginSource,
    calendar: &'a Calendar,
    store: Store<Guest>,
    instance: Instance,
    /// When the present call began.
    waited_before: Duration,
}

impl PluginSource {
    /// Checks a source's settings against the plugin's schema, its endpoints against what the plugin declares, and that
    /// every secret is there, so that a missing one is found at the start and not at night.
    pub fn bind(plugin: Arc<Plugin>, source: &config::Source, bots: &[String]) -> Result<Self, Vec<BindError>> {
        let mut errors = Vec::new();
        let settings = serde_json::Value::Object(source.settings.clone());
        match settings::mistakes(&plugin.descriptor.settings_schema, &settings) {
            Ok(mistakes) => errors.extend(mistakes.into_iter().map(|(place, note)| BindError::Setting { place, note })),
            Err(error) => errors.push(BindError::Schema(error)),
        }
        let (feeds, mistakes) = feeds::select(&plugin.descriptor, source.feeds.as_deref(), &settings);
        errors.extend(mistakes.into_iter().map(|(place, note)| BindError::Feed { place, note }));
        let (metrics, mistakes) = samples::grant(&plugin.descriptor.metrics, &source.samples);
        errors.extend(mistakes.into_iter().map(|(metric, note)| BindError::Sample { metric, note }));
        let bound = Endpoints::bind(&plugin.descriptor.endpoints, &source.endpoints, &plugin.runtime.limits);
        let endpoints = match bound {
            Ok(endpoints) if errors.is_empty() => endpoints,
            Ok(_) => return Err(errors),
            Err(more) => {
                errors.extend(more.into_iter().map(BindError::Endpoint));
                return Err(errors);
            }
        };
        Ok(Self {
            name: source.name.clone(),
            settings: settings.to_string(),
            bots: bots.to_vec(),
            endpoints: Arc::new(endpoints),
            feeds,
            metrics,
            plugin,
        })
    }

    /// Goes on with what is known of the limits of endpoints that are as they were. To be said before it is run.
    pub fn keep_limits_of(&mut self, before: &Self) {
        let endpoints = Arc::get_mut(&mut self.endpoints).expect("only a run shares them");
        endpoints.keep_limits_of(&before.endpoints);
    }

    /// The bounds of its runs.
    pub fn limits(&self) -> &super::Limits {
        &self.plugin.runtime.limits
    }

    /// Starts a run in a fresh store.
    pub async fn start<'a>(&'a self, calendar: &'a Calendar) -> Result<Session<'a>, Failure> {
        let runtime = &self.plugin.runtime;
        let unreadable = |error: EndpointError| Failure::new(FailureCode::Misconfigured, error.to_string());
        self.endpoints.read_again().await.map_err(unreadable)?;
        let egress = Egress::new(Arc::clone(&self.endpoints), &runtime.limits);
        let guest = Guest::new(&runtime.limits, self.name.as_str().into(), Some(egress));
        let mut store = runtime.store(guest);
        match self.plugin.pre.instantiate_async(&mut store).await {
            Ok(instance) => Ok(Session { source: self, calendar, store, instance, waited_before: Duration::ZERO }),
            Err(error) => Err(crash(&error, &store)),
        }
    }
}

impl Session<'_> {
    /// One page of a feed.
    pub async fn collect(&mut self, request: CollectRequest<'_>) -> Result<Page, Failure> {
        let now = request.now;
        let sent = wit::CollectRequest {
            context: self.context(request.from, now),
            feed: request.feed.as_str().to_owned(),
            cursor: request.cursor,
            window: types::Window { start: request.from.as_millisecond(), end: request.until.as_millisecond() },
            max_facts: request.most_facts,
        };
        let limits = self.limits();
        let call = self.instance.quintant_collector_collector().call_collect(&mut self.store, &sent);
        let answer = tokio::time::timeout(limits.wall, call).await;
        let sent = self.settle(answer)?;
        let guest = self.store.data();
        match sent {
            Ok(sent) => door::page(sent, now, |text| guest.conceal(text)),
            Err(sent) => Err(self.reason_of(sent)),
        }
    }

    /// The plugin's own report on whether the source can be read.
    pub async fn check(&mut self, now: Timestamp) -> Result<Vec<CheckItem>, Failure> {
        let context = self.context(now, now);
        let limits = self.limits();
        let call = self.instance.quintant_collector_collector().call_check(&mut self.store, &context);
        let answer = tokio::time::timeout(limits.wall, call).await;
        let sent = self.settle(answer)?;
        let guest = self.store.data();
        let troubles = self.egress().map_or(&[][..], Egress::troubles);
        let mut items = match sent {
            Ok(items) => items,
            Err(sent) if troubles.is_empty() => return Err(self.reason_of(sent)),
            Err(_) => Vec::new(),
        };
        items.truncate(MOST_CHECK_ITEMS);
        let items = items.into_iter().map(|item| check_item(item, |text| guest.conceal(text)));
        Ok(items.chain(troubles.iter().map(trouble_item)).collect())
    }

    /// What this run has asked of its source so far; goes on counting.
    pub fn traffic(&self) -> Arc<Traffic> {
        self.egress().map(|egress| Arc::clone(egress.traffic())).unwrap_or_default()
    }

    fn egress(&self) -> Option<&Egress> {
        self.store.data().egress.as_ref()
    }

    /// A guest's failure, or what the host knows better.
    fn reason_of(&self, sent: types::Failure) -> Failure {
        let known = self.egress().and_then(Egress::trouble).and_then(Trouble::failure);
        known.unwrap_or_else(|| door::failure(sent, |text| self.store.data().conceal(text)))
    }

    /// Each call starts with the whole of its processor time.
    fn limits(&mut self) -> super::Limits {
        let runtime = &self.source.plugin.runtime;
        self.waited_before = self.waited();
        self.store.data_mut().processor.call();
        self.store.set_epoch_deadline(1);
        runtime.limits.clone()
    }

    /// For the source's limits, in this run so far.
    fn waited(&self) -> Duration {
        self.egress().map_or(Duration::ZERO, |egress| egress.traffic().waited())
    }

    fn settle<T>(&self, answer: Result<wasmtime::Result<T>, tokio::time::error::Elapsed>) -> Result<T, Failure> {
        if let Some(failure) = self.egress().and_then(Egress::used_up) {
            return Err(failure.clone());
        }
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(crash(&error, &self.store)),
            // No fault of the plugin's.
            Err(_) if self.waited() > self.waited_before => Err(Failure {
                retry_after_seconds: Some(RETRY_AFTER_WAITING_SECONDS),
                ..Failure::new(FailureCode::RateLimited, "the call's time went by in waiting for the source's limits")
            }),
            Err(_) => Err(Failure::new(FailureCode::TimedOut, "the call took longer than allowed")),
        }
    }

    fn context(&self, from: Timestamp, now: Timestamp) -> types::Context {
        let from = from.checked_sub(BEFORE_THE_WINDOW).unwrap_or(from);
        let utc_offsets =
            self.calendar.offsets(from, now).into_iter().map(|(at, seconds)| (at.as_millisecond(), seconds)).collect();
        types::Context {
            settings: self.source.settings.clone(),
            now: now.as_millisecond(),
            utc_offsets,
            bots: self.source.bots.clone(),
            extensions: Vec::new(),
        }
    }
}

fn crash(error: &wasmtime::Error, store: &Store<Guest>) -> Failure {
    if store.data().memory.was_refused {
        return Failure::new(FailureCode::MemoryExhausted, "the plugin asked for more memory than it may have");
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) if store.data().processor.is_run_used_up() => {
            Failure::new(FailureCode::CpuExhausted, "the run's processor time is used up by the plugin")
        }
        Some(Trap::Interrupt) => Failure::new(FailureCode::CpuExhausted, "the plugin used up its processor time"),
        Some(trap) => Failure::new(FailureCode::Trap, format!("the plugin crashed: {trap}")),
        None => Failure::new(FailureCode::Trap, format!("the plugin crashed: {}", error.root_cause())),
    }
}

fn trouble_item(trouble: &Trouble) -> CheckItem {
    CheckItem {
        name: "connection".to_owned(),
        status: CheckStatus::Fail,
        message: trouble.message(),
        hint: trouble.hint(),
    }
}

fn check_item(sent: wit::CheckItem, conceal: impl Fn(String) -> String) -> CheckItem {
    CheckItem {
        name: plain(&conceal(sent.name), 100),
        status: match sent.status {
            wit::CheckStatus::Pass => CheckStatus::Pass,
            wit::CheckStatus::Warn => CheckStatus::Warn,
            wit::CheckStatus::Fail => CheckStatus::Fail,
        },
        message: plain(&conceal(sent.message), 500),
        hint: sent.hint.map(|hint| plain(&conceal(hint), 500)),
    }
}
