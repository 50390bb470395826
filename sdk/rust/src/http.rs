//! Outbound HTTP, the plugin's only way out: an endpoint alias and a path, never a host.

mod client;

use std::fmt;

use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::json::{self, Items};
use crate::paging;

pub use client::Client;

/// The methods of the contract. `Post` is for queries only (GraphQL, search).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Reads headers only.
    Head,
    /// Asks with a body. Refused unless the endpoint declares it.
    Post,
}

/// Where a request goes, below its endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Path and query below the endpoint's base URL, starting with `/`.
    Path(String),
    /// An absolute URL that the upstream itself handed out. The host refuses it unless scheme,
    /// host and port equal the endpoint's, or those of an origin that the operator named in
    /// `also`: that one is read with `GET`, without the credential and without other headers
    /// than `Accept` and validators.
    Url(String),
}

/// One request. The host adds credentials, `User-Agent`, retries, redirects and limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// An endpoint declared in the descriptor.
    pub endpoint: String,
    /// The method; must be declared with the endpoint.
    pub method: Method,
    /// Path or handed-out URL.
    pub target: Target,
    /// Extra query pairs, not encoded: the host does that.
    pub query: Vec<(String, String)>,
    /// Content negotiation and validators. Credentials and hop-by-hop headers are dropped.
    pub headers: Vec<(String, String)>,
    /// Only with [`Method::Post`].
    pub body: Option<Vec<u8>>,
}

impl HttpRequest {
    fn new(endpoint: impl Into<String>, method: Method, target: Target) -> Self {
        Self { endpoint: endpoint.into(), method, target, query: vec![], headers: vec![], body: None }
    }

    /// Asks for `path`, which starts with `/` and is already percent-encoded.
    pub fn get(endpoint: impl Into<String>, path: impl Into<String>) -> Self {
        Self::new(endpoint, Method::Get, Target::Path(path.into()))
    }

    /// Follows a URL the upstream handed out, e.g. [`Response::next_page`].
    pub fn follow(endpoint: impl Into<String>, url: impl Into<String>) -> Self {
        Self::new(endpoint, Method::Get, Target::Url(url.into()))
    }

    /// Sends `body` to `path`.
    pub fn post(endpoint: impl Into<String>, path: impl Into<String>, body: Vec<u8>) -> Self {
        let request = Self::new(endpoint, Method::Post, Target::Path(path.into()));
        Self { body: Some(body), ..request }
    }

    /// Adds a query pair.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// An answer. Statuses 4xx and 5xx are answers too; the host has done its retries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Lower-case names; cookies and credentials removed.
    pub headers: Vec<(String, String)>,
    /// Decompressed, bounded by the host.
    pub body: Vec<u8>,
}

impl Response {
    /// An empty answer, for tests.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// Adds a header; its name is lower-cased as the host does.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The first header of this (lower-case) name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The URL of the next page, from `Link: <…>; rel="next"`.
    #[must_use]
    pub fn next_page(&self) -> Option<&str> {
        self.headers.iter().filter(|(name, _)| name == "link").find_map(|(_, value)| paging::link(value, "next"))
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    /// [`Error::Permanent`] that tells content type, length and position, and no part of the body.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        json::read(&self.body).map_err(|error| self.not_understood(&error))
    }

    /// Reads the body as a JSON array; items that do not fit are counted, not fatal.
    ///
    /// # Errors
    /// [`Error::Permanent`] when the body is no JSON array at all.
    pub fn items<T: DeserializeOwned>(&self) -> Result<Items<T>> {
        Items::parse(&self.body).map_err(|error| self.not_understood(&error))
    }

    /// What kind of body it says it has, if it says so, in a word that may be told: headers are text from outside, as bodies are.
    #[must_use]
    pub fn media_type(&self) -> Option<&'static str> {
        let told = self.header("content-type")?.split(';').next().unwrap_or_default().trim();
        let known = MEDIA_TYPES.into_iter().find(|known| known.eq_ignore_ascii_case(told));
        Some(known.unwrap_or("another type"))
    }

    fn not_understood(&self, error: &serde_json::Error) -> Error {
        Error::Permanent(format!(
            "status {} with a body that is not the expected JSON \
             (content-type `{}`, {} bytes, line {} column {})",
            self.status,
            self.media_type().unwrap_or("none"),
            self.body.len(),
            error.line(),
            error.column(),
        ))
    }
}

/// What services and those that stand before them answer with.
const MEDIA_TYPES: [&str; 9] = [
    "application/json",
    "application/octet-stream",
    "application/problem+json",
    "application/xhtml+xml",
    "application/xml",
    "text/html",
    "text/plain",
    "text/xml",
    "application/vnd.github+json",
];

/// Why no answer came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpError {
    /// Endpoint unknown, target outside it, or method not granted. Never retry.
    Denied(String),
    /// The rate limiter or the run's request budget is exhausted; seconds until it is worth
    /// trying again.
    Throttled(Option<u32>),
    /// DNS, TCP, TLS or a timeout, after the host's own retries.
    Unreachable(String),
    /// The answer was larger than allowed; the limit in bytes.
    TooLarge(u32),
    /// Shutting down or cancelled: return at once.
    Cancelled,
}

impl fmt::Display for HttpError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(why) => write!(formatter, "request denied: {why}"),
            Self::Throttled(_) => formatter.write_str("throttled"),
            Self::Unreachable(why) => write!(formatter, "unreachable: {why}"),
            Self::TooLarge(limit) => {
                write!(formatter, "the answer is larger than the allowed {limit} bytes")
            }
            Self::Cancelled => formatter.write_str("cancelled"),
        }
    }
}

impl std::error::Error for HttpError {}
