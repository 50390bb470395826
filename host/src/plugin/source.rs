//! A configured source: a plugin bound to endpoints, credentials and settings, and its runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use reqwest::header::HeaderValue;
use url::Url;
use wasmtime::{Store, Trap};

use super::contract::Plugin as Instance;
use super::contract::exports::quintant::collector::collector as wit;
use super::contract::quintant::collector::types::{self, AuthScheme};
use super::descriptor::EndpointSpec;
use super::door::{self, Page};
use super::egress::{self, Bound, Egress};
use super::failure::{Failure, FailureCode, plain};
use super::guest::Guest;
use super::load::Plugin;
use super::settings;
use crate::config::{self, Auth, Note, Place, SecretError};
use crate::model::{Calendar, FeedName, SourceName};

/// Why a source's configuration does not fit its plugin.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("{}", note.message())]
    Setting { place: Place, note: Note },
    #[error("the plugin's `settings-schema` is no JSON Schema: {0}")]
    Schema(String),
    #[error("the plugin has no endpoint `{alias}`")]
    UnknownEndpoint { alias: String, known: Vec<String> },
    #[error("endpoint `{0}` needs a `url`; the plugin has no default")]
    NoUrl(String),
    #[error("endpoint `{alias}` has `auth` but no `url`: a secret goes only to a host that is written down")]
    NoUrlForSecret { alias: String, url: String },
    #[error("endpoint `{alias}`: the plugin's default URL is refused: `{url}`")]
    BadDefaultUrl { alias: String, url: String },
    #[error("endpoint `{alias}` cannot be used with `{given}`; the plugin allows: {allowed}")]
    AuthNotAllowed { alias: String, given: &'static str, allowed: String },
    #[error("endpoint `{alias}`: {reason}")]
    Secret { alias: String, reason: SecretError },
    #[error("the HTTP client cannot be made: {0}")]
    Client(String),
}

impl BindError {
    /// What to say at which place below the `[[source]]`.
    pub fn note(&self) -> (Place, Note) {
        let endpoint = |alias: &str| Place::default().key("endpoints").key(alias);
        let note = Note::new(self.to_string());
        match self {
            BindError::Setting { place, note } => (place.clone(), note.clone()),
            BindError::UnknownEndpoint { alias, known } => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                (endpoint(alias).name(), config::unknown("endpoint", alias, "", &known))
            }
            BindError::NoUrl(alias) => (endpoint(alias), note.help("write `url = \"https://…\"` below it")),
            BindError::NoUrlForSecret { alias, url } => {
                (endpoint(alias).key("auth"), note.help(format!("if that is the host, write `url = \"{url}\"`")))
            }
            BindError::AuthNotAllowed { alias, .. } | BindError::Secret { alias, .. } => {
                (endpoint(alias).key("auth"), note)
            }
            BindError::Schema(_) | BindError::BadDefaultUrl { .. } | BindError::Client(_) => {
                (Place::default().key("plugin"), note.showing_value())
            }
        }
    }
}

/// A source that can be run.
pub struct PluginSource {
    pub name: SourceName,
    pub plugin: Arc<Plugin>,
    settings: String,
    bots: Vec<String>,
    client: reqwest::Client,
    endpoints: BTreeMap<String, Wiring>,
}

/// An endpoint before its secret is read.
struct Wiring {
    base: Url,
    auth: Option<Auth>,
    methods: types::Methods,
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
        let specs = &plugin.descriptor.endpoints;
        let known: Vec<String> = specs.iter().map(|spec| spec.name.clone()).collect();
        for alias in source.endpoints.keys().filter(|alias| !known.contains(alias)) {
            errors.push(BindError::UnknownEndpoint { alias: alias.clone(), known: known.clone() });
        }
        let mut endpoints = BTreeMap::new();
        for spec in specs {
            match wire(spec, source.endpoints.get(&spec.name)) {
                Ok(wiring) => {
                    errors.extend(bound(&spec.name, &wiring).err());
                    endpoints.insert(spec.name.clone(), wiring);
                }
                Err(error) => errors.push(error),
            }
        }
        let client = match egress::client(&plugin.runtime.limits) {
            Ok(client) if errors.is_empty() => client,
            Ok(_) => return Err(errors),
            Err(error) => {
                errors.push(BindError::Client(error.to_string()));
                return Err(errors);
            }
        };
        Ok(Self {
            name: source.name.clone(),
            settings: settings.to_string(),
            bots: bots.to_vec(),
            client,
            endpoints,
            plugin,
        })
    }

    /// The bounds of its runs.
    pub fn limits(&self) -> &super::Limits {
        &self.plugin.runtime.limits
    }

    /// Starts a run in a fresh store.
    pub async fn start<'a>(&'a self, calendar: &'a Calendar) -> Result<Session<'a>, Failure> {
        let runtime = &self.plugin.runtime;
        let endpoints =
            self.endpoints().map_err(|error| Failure::new(FailureCode::Misconfigured, error.to_string()))?;
        let egress = Egress::new(self.client.clone(), Arc::new(endpoints), &runtime.limits);
        let mut guest = Guest::new(&runtime.limits, self.name.as_str().into(), Some(egress));
        guest.ticks_left = runtime.ticks_a_call();
        let mut store = runtime.store(guest);
        match self.plugin.pre.instantiate_async(&mut store).await {
            Ok(instance) => Ok(Session { source: self, calendar, store, instance }),
            Err(error) => Err(crash(&error, &store)),
        }
    }

    /// Secrets are read anew for each run: a changed one is used without a restart.
    fn endpoints(&self) -> Result<BTreeMap<String, Bound>, BindError> {
        self.endpoints.iter().map(|(alias, wiring)| Ok((alias.clone(), bound(alias, wiring)?))).collect()
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
        let guest = self.store.data();
        match self.settle(answer)? {
            Ok(sent) => door::page(sent, now, |text| guest.conceal(text)),
            Err(sent) => Err(door::failure(sent, |text| guest.conceal(text))),
        }
    }

    /// The plugin's own report on whether the source can be read.
    pub async fn check(&mut self, now: Timestamp) -> Result<Vec<CheckItem>, Failure> {
        let context = self.context(now, now);
        let limits = self.limits();
        let call = self.instance.quintant_collector_collector().call_check(&mut self.store, &context);
        let answer = tokio::time::timeout(limits.wall, call).await;
        let guest = self.store.data();
        match self.settle(answer)? {
            Ok(items) => {
                Ok(items.into_iter().take(1000).map(|item| check_item(item, |text| guest.conceal(text))).collect())
            }
            Err(sent) => Err(door::failure(sent, |text| guest.conceal(text))),
        }
    }

    /// Each call starts with the whole of its processor time.
    fn limits(&mut self) -> super::Limits {
        let runtime = &self.source.plugin.runtime;
        self.store.data_mut().ticks_left = runtime.ticks_a_call();
        self.store.set_epoch_deadline(1);
        runtime.limits.clone()
    }

    fn settle<T>(&self, answer: Result<wasmtime::Result<T>, tokio::time::error::Elapsed>) -> Result<T, Failure> {
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(crash(&error, &self.store)),
            Err(_) => Err(Failure::new(FailureCode::TimedOut, "the call took longer than allowed")),
        }
    }

    fn context(&self, from: Timestamp, now: Timestamp) -> types::Context {
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

fn wire(spec: &EndpointSpec, given: Option<&config::Endpoint>) -> Result<Wiring, BindError> {
    let base = match (given.and_then(|given| given.url.clone()), &spec.default_url) {
        (Some(url), _) => url,
        (None, Some(url)) => Url::parse(url)
            .ok()
            .filter(|url| ["http", "https"].contains(&url.scheme()))
            .ok_or_else(|| BindError::BadDefaultUrl { alias: spec.name.clone(), url: plain(url, 200) })?,
        (None, None) => return Err(BindError::NoUrl(spec.name.clone())),
    };
    let auth = given.and_then(|given| given.auth.clone());
    if auth.is_some() && given.is_none_or(|given| given.url.is_none()) {
        return Err(BindError::NoUrlForSecret { alias: spec.name.clone(), url: base.to_string() });
    }
    refuse_undeclared_auth(&spec.name, auth.as_ref(), spec.auth)?;
    Ok(Wiring { base, auth, methods: spec.methods })
}

/// Reads the secret.
fn bound(alias: &str, wiring: &Wiring) -> Result<Bound, BindError> {
    let failed = |reason| BindError::Secret { alias: alias.to_owned(), reason };
    let authorization = match &wiring.auth {
        None => None,
        Some(Auth::Bearer(secret)) => Some(format!("Bearer {}", secret.read().map_err(failed)?.expose())),
        Some(Auth::Basic(secret)) => Some(format!("Basic {}", secret.read().map_err(failed)?.expose())),
    };
    let authorization = authorization.map(|text| {
        let mut value =
            HeaderValue::from_str(&text).map_err(|_| failed(SecretError::NoText("an HTTP header".to_owned())))?;
        value.set_sensitive(true);
        Ok(value)
    });
    Ok(Bound { base: wiring.base.clone(), authorization: authorization.transpose()?, methods: wiring.methods })
}

fn refuse_undeclared_auth(alias: &str, auth: Option<&Auth>, declared: AuthScheme) -> Result<(), BindError> {
    let schemes = [(AuthScheme::NONE, "none"), (AuthScheme::BEARER, "bearer"), (AuthScheme::BASIC, "basic")];
    let (flag, given) = match auth {
        None => schemes[0],
        Some(Auth::Bearer(_)) => schemes[1],
        Some(Auth::Basic(_)) => schemes[2],
    };
    if declared.contains(flag) {
        return Ok(());
    }
    let allowed: Vec<&str> =
        schemes.iter().filter(|(flag, _)| declared.contains(*flag)).map(|(_, name)| *name).collect();
    Err(BindError::AuthNotAllowed { alias: alias.to_owned(), given, allowed: allowed.join(", ") })
}

fn crash(error: &wasmtime::Error, store: &Store<Guest>) -> Failure {
    if store.data().memory.was_refused {
        return Failure::new(FailureCode::MemoryExhausted, "the plugin asked for more memory than it may have");
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => Failure::new(FailureCode::CpuExhausted, "the plugin used up its processor time"),
        Some(trap) => Failure::new(FailureCode::Trap, format!("the plugin crashed: {trap}")),
        None => Failure::new(FailureCode::Trap, format!("the plugin crashed: {}", error.root_cause())),
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
