//! Errors as RFC 9457 problem documents: a stable code, a plain sentence, nothing of what was sent.

use axum::Json;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::store::StoreError;

/// A problem document.
#[derive(Debug, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    /// What clients may branch on.
    code: &'static str,
    detail: String,
    /// What would be right, where that is a list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed: Vec<String>,
}

impl Problem {
    pub(super) fn bad_request(code: &'static str, detail: impl Into<String>, allowed: Vec<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "the request cannot be answered", code, detail.into(), allowed)
    }

    pub(super) fn unavailable() -> Self {
        let detail = "the database cannot be reached; what was released is safe and will be answered again".to_owned();
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "not ready", "database_unavailable", detail, Vec::new())
    }

    fn new(status: StatusCode, title: &'static str, code: &'static str, detail: String, allowed: Vec<String>) -> Self {
        Self { kind: "about:blank", title, status: status.as_u16(), code, detail, allowed }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(self)).into_response()
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a request could not be answered");
        Self::unavailable()
    }
}

pub(super) async fn not_found(uri: Uri) -> Problem {
    let detail = format!(
        "there is nothing at this path; the metrics are at `/api/v1/metrics/space`{}",
        trailing_slash_hint(uri.path())
    );
    Problem::new(StatusCode::NOT_FOUND, "not found", "not_found", detail, Vec::new())
}

pub(super) async fn method_not_allowed() -> Problem {
    let detail = "this path answers GET and HEAD".to_owned();
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed", "method_not_allowed", detail, Vec::new())
}

fn trailing_slash_hint(path: &str) -> &'static str {
    if path.len() > 1 && path.ends_with('/') { "; paths here do not end in `/`" } else { "" }
}
