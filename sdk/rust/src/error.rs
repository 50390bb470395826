//! Why a call did not succeed: the contract's failures, each with one reaction of the host.

use std::fmt;

use crate::bindings::quintant::collector::types::Failure;
use crate::http::HttpError;

/// What the functions of a collector return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed call. Messages reach operators and logs: no bodies, no tokens, no people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Credentials refused. The host pauses; it tries hourly and when the credential changes.
    Unauthorized(String),
    /// Settings valid by schema but wrong in fact, e.g. no such project.
    Misconfigured(String),
    /// Try again, not before this many seconds where known. Never a strike.
    RateLimited(Option<u32>),
    /// Try again with the host's own back-off.
    Transient(String),
    /// The saved cursor is no longer accepted: the host drops it and starts over.
    CursorExpired(String),
    /// Retrying cannot help: the upstream answered what this plugin does not understand.
    /// Counted towards quarantine.
    Permanent(String),
    /// The host is shutting down or the run was cancelled. No strike; the page is dropped.
    Cancelled,
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthorized(message) => write!(formatter, "unauthorized: {message}"),
            Self::Misconfigured(message) => write!(formatter, "misconfigured: {message}"),
            Self::RateLimited(Some(seconds)) => write!(formatter, "rate limited for {seconds} s"),
            Self::RateLimited(None) => formatter.write_str("rate limited"),
            Self::Transient(message) => write!(formatter, "transient: {message}"),
            Self::CursorExpired(message) => write!(formatter, "cursor expired: {message}"),
            Self::Permanent(message) => write!(formatter, "permanent: {message}"),
            Self::Cancelled => formatter.write_str("cancelled"),
        }
    }
}

impl std::error::Error for Error {}

impl From<HttpError> for Error {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Throttled(seconds) => Self::RateLimited(seconds),
            HttpError::Unreachable(_) => Self::Transient(error.to_string()),
            HttpError::Denied(_) | HttpError::TooLarge(_) => Self::Permanent(error.to_string()),
            HttpError::Cancelled => Self::Cancelled,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Unauthorized(message) => Self::Unauthorized(message),
            Error::Misconfigured(message) => Self::Misconfigured(message),
            Error::RateLimited(seconds) => Self::RateLimited(seconds),
            Error::Transient(message) => Self::Transient(message),
            Error::CursorExpired(message) => Self::CursorExpired(message),
            Error::Permanent(message) => Self::Permanent(message),
            Error::Cancelled => Self::Cancelled,
        }
    }
}
