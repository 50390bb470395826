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
use super::door::{self, Page};
use super::egress::{self, Bound, Egress};
use super::failure::{Failure, FailureCode, plain};
use super::guest::Guest;
use super::load::Plugin;
use crate::config::{self, Auth, SecretError};
use crate::model::{Calendar, FeedName, SourceName};

/// Why a source's configuration does not fit its plugin.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("`settings{at}`: {message}")]
    Settings { at: String, message: String },
    #[error("the plugin's `settings-schema` is no JSON Schema: {0}")]
    Schema(String),
    #[error("endpoint `{alias}` is not one of the plugin's; it has: {known}")]
    UnknownEndpoint { alias: String, known: String },
    #[error("endpoint `{0}` needs a `url`; the plugin has no default")]
    NoUrl(String),
    #[error(
        "endpoint `{alias}` has `auth` but no `url`: a secret goes only to a host that is written down, for example `url = \"{url}\"`"
    )]
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
    /// Checks a source's settings against the plugin's schema, and its endpoints against what the plugin declares.
    pub fn bind(plugin: Arc<Plugin>, source: &config::Source, bots: &[String]) -> Result<Self, BindError> {
        let schema = jsonschema::validator_for(&plugin.descriptor.settings_schema)
            .map_err(|error| BindError::Schema(error.to_string()))?;
        let settings = serde_json::Value::Object(source.settings.clone());
        if let Some(error) = schema.iter_errors(&settings).next() {
            return Err(BindError::Settings {
                at: error.instance_path().to_string().replace('/', "."),
                message: error.to_string(),
            });
        }
        let specs = &plugin.descriptor.endpoints;
        if let Some(alias) = source.endpoints.keys().find(|alias| !specs.iter().any(|spec| spec.name == **alias)) {
            let known: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
            return Err(BindError::UnknownEndpoint { alias: alias.clone(), known: known.join(", ") });
        }
        let mut endpoints = BTreeMap::new();
        for spec in specs {
            let given = source.endpoints.get(&spec.name);
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
            endpoints.insert(spec.name.clone(), Wiring { base, auth, methods: spec.methods });
        }
        let client = egress::client(&plugin.runtime.limits).map_err(|error| BindError::Client(error.to_string()))?;
        Ok(Self {
            name: source.name.clone(),
            settings: settings.to_string(),
            bots: bots.to_vec(),
            client,
            endpoints,
            plugin,
        })
    }

    /// Reads every secret once, so that a missing one is found at the start and not at night.
    pub fn check_secrets(&self) -> Result<(), BindError> {
        self.endpoints().map(drop)
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
        self.endpoints
            .iter()
            .map(|(alias, wiring)| {
                let failed = |reason| BindError::Secret { alias: alias.clone(), reason };
                let authorization = match &wiring.auth {
                    None => None,
                    Some(Auth::Bearer(secret)) => Some(format!("Bearer {}", secret.read().map_err(failed)?.expose())),
                    Some(Auth::Basic(secret)) => Some(format!("Basic {}", secret.read().map_err(failed)?.expose())),
                };
                let authorization = authorization.map(|text| {
                    let mut value = HeaderValue::from_str(&text)
                        .map_err(|_| failed(SecretError::NoText("an HTTP header".to_owned())))?;
                    value.set_sensitive(true);
                    Ok(value)
                });
                Ok((
                    alias.clone(),
                    Bound {
                        base: wiring.base.clone(),
                        authorization: authorization.transpose()?,
                        methods: wiring.methods,
                    },
                ))
            })
            .collect()
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
