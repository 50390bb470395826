//! What a server was asked, in order, for tests to look at.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// When it was read.
    pub at: Instant,
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    pub status: u16,
    /// The header's value.
    pub authorization: Option<String>,
    /// All of them, names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    /// The header's value; `name` is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Shared between a server and the test that started it.
#[derive(Clone, Default)]
pub(crate) struct RequestLog(Arc<Mutex<Vec<Request>>>);

impl RequestLog {
    pub(crate) fn add(&self, request: Request) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    }

    pub(crate) fn all(&self) -> Vec<Request> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
