//! Whether the process lives, and whether it can answer.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::{Problem, Readiness};
use crate::schedule::Clock;
use crate::store::Store;

/// The name that clients of the original service know.
const SERVICE: &str = "space-metrics";

#[derive(Clone)]
pub(super) struct Vitals {
    pub(super) store: Store,
    pub(super) readiness: Readiness,
    pub(super) clock: Clock,
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    service: &'static str,
    timestamp: String,
}

impl Vitals {
    async fn can_answer(&self) -> bool {
        self.readiness.is_ready() && self.store.ping().await.is_ok()
    }
}

/// `healthy` with 200, or `unhealthy` with 503 while there is no database.
pub(super) async fn health(State(vitals): State<Vitals>) -> Response {
    let (code, status) = if vitals.can_answer().await {
        (StatusCode::OK, "healthy")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "unhealthy")
    };
    (code, Json(Health { status, service: SERVICE, timestamp: vitals.clock.now().to_string() })).into_response()
}

/// The process alone.
pub(super) async fn live() -> &'static str {
    "ok\n"
}

/// The database is reachable and at this program's schema.
pub(super) async fn ready(State(vitals): State<Vitals>) -> Result<&'static str, Problem> {
    if vitals.can_answer().await { Ok("ok\n") } else { Err(Problem::unavailable()) }
}
