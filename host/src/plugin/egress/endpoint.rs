//! An endpoint as the operator bound it. It lives as long as its source: what is known of limits outlasts a run.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use url::Url;

use super::client::{Client, ClientError};
use super::credential::{CredentialError, Way};
use super::governor::Governor;
use super::target::{Place, Reach};
use crate::config::{self, Auth, Note};
use crate::plugin::contract::quintant::collector::types::{AuthScheme, Methods};
use crate::plugin::descriptor::EndpointSpec;
use crate::plugin::failure::plain;
use crate::plugin::limits::Limits;

/// Why endpoints do not fit what the plugin declares, or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    #[error("the plugin has no endpoint `{alias}`")]
    Unknown { alias: String, known: Vec<String> },
    #[error("endpoint `{0}` needs a `url`; the plugin has no default")]
    NoUrl(String),
    #[error("endpoint `{alias}` has `auth` but no `url`: a secret goes only to a host that is written down")]
    NoUrlForSecret { alias: String, url: String },
    #[error("endpoint `{alias}`: the plugin's default URL is refused: `{url}`")]
    BadDefaultUrl { alias: String, url: String },
    #[error("endpoint `{alias}` cannot be used with `{given}`; the plugin allows: {allowed}")]
    AuthNotAllowed { alias: String, given: &'static str, allowed: String },
    #[error("endpoint `{alias}`: `requests_per_hour` is {given}; the plugin allows at most {most}")]
    TooManyRequests { alias: String, given: NonZeroU32, most: NonZeroU32 },
    #[error("endpoint `{alias}`: {reason}")]
    Credential { alias: String, reason: CredentialError },
    #[error("endpoint `{alias}`: {reason}")]
    Client { alias: String, reason: ClientError },
}

impl EndpointError {
    /// What to say at which place below the `[[source]]`.
    pub fn note(&self) -> (config::Place, Note) {
        let endpoint = |alias: &str| config::Place::default().key("endpoints").key(alias);
        let note = Note::new(self.to_string());
        match self {
            Self::Unknown { alias, known } => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                (endpoint(alias).name(), config::unknown("endpoint", alias, "", &known))
            }
            Self::NoUrl(alias) => (endpoint(alias), note.help("write `url = \"https://…\"` below it")),
            Self::NoUrlForSecret { alias, url } => {
                (endpoint(alias).key("auth"), note.help(format!("if that is the host, write `url = \"{url}\"`")))
            }
            Self::AuthNotAllowed { alias, .. } | Self::Credential { alias, .. } => (endpoint(alias).key("auth"), note),
            Self::TooManyRequests { alias, .. } => (endpoint(alias).key("requests_per_hour"), note.showing_value()),
            Self::Client { alias, .. } => (endpoint(alias), note),
            Self::BadDefaultUrl { .. } => (config::Place::default().key("plugin"), note.showing_value()),
        }
    }
}

/// A source's endpoints, by alias.
pub(in crate::plugin) struct Endpoints(BTreeMap<String, Endpoint>);

pub(super) struct Endpoint {
    pub(super) reach: Reach,
    pub(super) methods: Methods,
    pub(super) client: Client,
    /// What the operator wrote, and how often the plugin asks at most.
    given: Option<config::Endpoint>,
    hourly: Option<NonZeroU32>,
    home: Arc<Governor>,
    elsewhere: Arc<Governor>,
}

impl Endpoints {
    /// All of them, or all that is wrong with any. A credential that is missing is found here and not at night.
    pub(in crate::plugin) fn bind(
        specs: &[EndpointSpec],
        given: &BTreeMap<String, config::Endpoint>,
        limits: &Limits,
    ) -> Result<Self, Vec<EndpointError>> {
        let known: Vec<String> = specs.iter().map(|spec| spec.name.clone()).collect();
        let unknown = given.keys().filter(|alias| !known.contains(alias));
        let mut errors: Vec<EndpointError> =
            unknown.map(|alias| EndpointError::Unknown { alias: alias.clone(), known: known.clone() }).collect();
        let mut endpoints = BTreeMap::new();
        for spec in specs {
            match Endpoint::bind(spec, given.get(&spec.name), limits) {
                Ok(endpoint) => endpoints.insert(spec.name.clone(), endpoint).map_or((), drop),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(Self(endpoints)) } else { Err(errors) }
    }

    pub(super) fn get(&self, alias: &str) -> Option<&Endpoint> {
        self.0.get(alias)
    }

    /// Those that are as they were go on with what is known of their limits.
    pub(in crate::plugin) fn keep_limits_of(&mut self, before: &Self) {
        for (alias, endpoint) in &mut self.0 {
            if let Some(before) = before.get(alias).filter(|before| endpoint.asks_as(before)) {
                endpoint.home = Arc::clone(&before.home);
                endpoint.elsewhere = Arc::clone(&before.elsewhere);
            }
        }
    }

    /// Reads every credential again, so that a changed one is used without a restart.
    pub(in crate::plugin) async fn read_again(&self) -> Result<(), EndpointError> {
        for (alias, endpoint) in &self.0 {
            let read = endpoint.home.read_again().await;
            read.map_err(|reason| EndpointError::Credential { alias: alias.clone(), reason })?;
        }
        Ok(())
    }
}

impl Endpoint {
    fn bind(spec: &EndpointSpec, given: Option<&config::Endpoint>, limits: &Limits) -> Result<Self, EndpointError> {
        let alias = || spec.name.clone();
        let base = match (given.and_then(|given| given.url.clone()), &spec.default_url) {
            (Some(url), _) => url,
            (None, Some(url)) => Url::parse(url)
                .ok()
                .filter(|url| ["http", "https"].contains(&url.scheme()))
                .ok_or_else(|| EndpointError::BadDefaultUrl { alias: alias(), url: plain(url, 200) })?,
            (None, None) => return Err(EndpointError::NoUrl(alias())),
        };
        let auth = given.and_then(|given| given.auth.as_ref());
        if auth.is_some() && given.is_none_or(|given| given.url.is_none()) {
            return Err(EndpointError::NoUrlForSecret { alias: alias(), url: base.to_string() });
        }
        refuse_undeclared_auth(&spec.name, auth, spec.auth)?;
        let lowered = given.and_then(|given| given.requests_per_hour);
        if let (Some(given), Some(most)) = (lowered, spec.requests_per_hour.filter(|most| lowered > Some(*most))) {
            return Err(EndpointError::TooManyRequests { alias: alias(), given, most });
        }
        let hourly = lowered.or(spec.requests_per_hour);
        let home = Governor::new(Way::all(auth), hourly);
        home.check().map_err(|reason| EndpointError::Credential { alias: alias(), reason })?;
        Ok(Self {
            client: Client::new(given, limits).map_err(|reason| EndpointError::Client { alias: alias(), reason })?,
            reach: Reach { base, also: given.map_or_else(Vec::new, |given| given.also.clone()) },
            methods: spec.methods,
            given: given.cloned(),
            hourly,
            home: Arc::new(home),
            elsewhere: Arc::new(Governor::new(Vec::new(), None)),
        })
    }

    fn asks_as(&self, other: &Self) -> bool {
        (&self.given, &self.reach.base, self.hourly) == (&other.given, &other.reach.base, other.hourly)
    }

    pub(super) fn governor(&self, place: Place) -> &Governor {
        match place {
            Place::Home => &self.home,
            Place::Elsewhere => &self.elsewhere,
        }
    }
}

fn refuse_undeclared_auth(alias: &str, auth: Option<&Auth>, declared: AuthScheme) -> Result<(), EndpointError> {
    let schemes = [
        (AuthScheme::NONE, "none"),
        (AuthScheme::BEARER, "bearer"),
        (AuthScheme::BASIC, "basic"),
        (AuthScheme::GITHUB_APP, "github_app"),
    ];
    let (flag, given) = match auth {
        None => schemes[0],
        Some(Auth::Bearer(_)) => schemes[1],
        Some(Auth::Basic(_)) => schemes[2],
        Some(Auth::GithubApp(_)) => schemes[3],
    };
    if declared.contains(flag) {
        return Ok(());
    }
    let allowed: Vec<&str> =
        schemes.iter().filter(|(flag, _)| declared.contains(*flag)).map(|(_, name)| *name).collect();
    Err(EndpointError::AuthNotAllowed { alias: alias.to_owned(), given, allowed: allowed.join(", ") })
}
