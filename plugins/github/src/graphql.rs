//! GitHub's GraphQL: where it is, what its answers mean, and when it is no way to read.

use quintant_sdk::http::Target;
use quintant_sdk::instant::SECOND;
use quintant_sdk::prelude::*;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::{self, Api, Loss, Stop};
use crate::payload::Date;

/// Why a query brought nothing that may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// As with REST.
    Stop(Stop),
    /// GraphQL is not to be had here, whatever is asked; REST may be.
    Refused(String),
    /// GitHub could not, or not wholly, answer that much at once.
    TooMuch,
}

impl<E: Into<Stop>> From<E> for Trouble {
    fn from(stop: E) -> Self {
        Self::Stop(stop.into())
    }
}

/// Where queries go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Door {
    /// `/graphql` below the endpoint's URL.
    Below,
    /// Beside the REST API of an enterprise server: this URL.
    At(String),
}

impl Door {
    /// The door that belongs to a URL from an answer of the REST API: for
    /// `https://HOST/api/v3/repos/…` it is `https://HOST/api/graphql`.
    #[must_use]
    pub fn beside(url: Option<&str>) -> Self {
        let enterprise = url.and_then(|url| {
            let (scheme, rest) = url.split_once("://")?;
            let (host, path) = rest.split_once('/')?;
            path.starts_with("api/v3/").then(|| format!("{scheme}://{host}/api/graphql"))
        });
        enterprise.map_or(Self::Below, Self::At)
    }

    fn target(&self) -> Target {
        match self {
            Self::Below => Target::Path("/graphql".to_owned()),
            Self::At(url) => Target::Url(url.clone()),
        }
    }
}

/// One operation of a document, with its variables.
pub struct Query {
    pub document: &'static str,
    pub operation: &'static str,
    pub variables: Value,
}

/// What every query asks about its cost; GitHub knows none where its limits are off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimit {
    cost: u32,
    remaining: u32,
    reset_at: Date,
}

impl RateLimit {
    /// How long a query of the same cost cannot be paid; none: it can.
    #[must_use]
    pub fn exhausted_for(self, now: Instant) -> Option<Instant> {
        (self.remaining < self.cost).then(|| self.reset_at.0.saturating_sub(now).max(SECOND))
    }
}

/// What was found in the repository that was asked for.
pub struct Answer<T> {
    pub repository: T,
    /// None where the limits are off.
    pub rate_limit: Option<RateLimit>,
}

#[derive(Deserialize)]
struct Whole<T> {
    data: Option<Data<T>>,
    errors: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data<T> {
    repository: Option<T>,
    rate_limit: Option<RateLimit>,
}

#[derive(Default, Deserialize)]
struct Faulty {
    errors: Option<Vec<Fault>>,
}

/// One of the `errors` that come with status 200.
#[derive(Default, Deserialize)]
struct Fault {
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Looked at, never told: it may name people.
    message: Option<String>,
    path: Option<Vec<Value>>,
    extensions: Option<Extensions>,
}

#[derive(Default, Deserialize)]
struct Extensions {
    code: Option<Value>,
}

/// Sends a query about one repository; only an answer without any error is one.
///
/// # Errors
/// Everything else.
pub fn ask<T: DeserializeOwned>(api: &Api<'_>, door: &Door, query: &Query) -> Result<Answer<T>, Trouble> {
    let Query { document, operation, variables } = query;
    let body = serde_json::json!({ "query": document, "operationName": operation, "variables": variables });
    let response = match api.exchange(&api::post(door.target(), body.to_string().into_bytes())) {
        Ok(response) => response,
        // Too slow is too much as well; a server that is away has not answered the probe before.
        Err(HttpError::TooLarge(_) | HttpError::Unreachable(_)) => return Err(Trouble::TooMuch),
        Err(HttpError::Denied(why)) => return Err(Trouble::Refused(why)),
        Err(error) => return Err(api::no_answer(error).into()),
    };
    match response.status {
        200 => {}
        502 | 504 => return Err(Trouble::TooMuch),
        202 | 408 | 500..=599 => return Err(Stop::Here(Loss::Unavailable).into()),
        status @ (401 | 404) => return Err(Trouble::Refused(format!("status {status}"))),
        _ if api::is_rate_limit(&response) => return Err(api.rate_limited(&response).into()),
        status => return Err(Trouble::Refused(format!("status {status}"))),
    }
    match response.json::<Whole<T>>() {
        Ok(Whole { data: Some(data), errors }) if errors.as_ref().is_none_or(Vec::is_empty) => {
            let Data { repository, rate_limit } = data;
            Ok(Answer { repository: repository.ok_or(Stop::Here(Loss::NotFound))?, rate_limit })
        }
        answer => {
            let faults = response.json::<Faulty>().unwrap_or_default().errors.unwrap_or_default();
            match (faults.as_slice(), answer) {
                ([], Err(error)) => Err(error.into()),
                (faults, _) => Err(judge(faults, api, &response)),
            }
        }
    }
}

fn judge(faults: &[Fault], api: &Api<'_>, response: &Response) -> Trouble {
    let any = |is: &dyn Fn(&Fault) -> bool| faults.iter().any(is);
    if any(&Fault::is_rate_limit) {
        return api.overdrawn(response).into();
    }
    if any(&Fault::is_about_the_query) {
        return Trouble::Refused("the server does not know all that is asked, or the token's scopes".to_owned());
    }
    if any(&|fault| fault.is("NOT_FOUND") && fault.is_about_the_subject()) {
        return Stop::Here(Loss::NotFound).into();
    }
    if any(&|fault| fault.is("FORBIDDEN") && fault.is_about_the_subject()) {
        return Stop::Here(Loss::Forbidden).into();
    }
    if any(&|fault| fault.is("FORBIDDEN")) {
        return Trouble::Refused("the token may not read all that is asked".to_owned());
    }
    Trouble::TooMuch
}

impl Fault {
    fn is(&self, kind: &str) -> bool {
        self.kind.as_deref() == Some(kind)
    }

    fn is_rate_limit(&self) -> bool {
        let says_so = || self.message.as_ref().is_some_and(|message| message.to_lowercase().contains("rate limit"));
        self.is("RATE_LIMITED") || self.is("RATE_LIMIT") || says_so()
    }

    fn is_about_the_query(&self) -> bool {
        self.is("INSUFFICIENT_SCOPES") || self.extensions.as_ref().is_some_and(|extensions| extensions.code.is_some())
    }

    /// The repository, or the one pull request that was asked for, and not a part of it.
    fn is_about_the_subject(&self) -> bool {
        let path: Vec<Option<&str>> = self.path.iter().flatten().map(Value::as_str).collect();
        matches!(path.as_slice(), [Some("repository")] | [Some("repository"), Some("pullRequest")])
    }
}
