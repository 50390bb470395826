//! Whether the process lives, and whether it can answer.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Code;
use super::{Problem, Readiness};
use crate::schedule::Clock;
use crate::store::Reader;

/// The name that clients of the original service know.
const SERVICE: &str = "space-metrics";

const OK: &str = "ok\n";

#[derive(Clone)]
pub(super) struct Vitals {
    pub(super) reader: Reader,
    pub(super) readiness: Readiness,
    pub(super) clock: Clock,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Condition {
    Healthy,
    Unhealthy,
}

/// Whether it can answer.
#[derive(Serialize, ToSchema)]
struct Health {
    #[schema(inline)]
    status: Condition,
    /// Always `space-metrics`.
    service: &'static str,
    /// When it was asked.
    #[schema(format = DateTime)]
    timestamp: String,
}

impl Vitals {
    async fn can_answer(&self) -> bool {
        self.readiness.is_ready() && self.reader.ping().await.is_ok()
    }
}

/// Whether it can answer, for people and old clients
///
/// `healthy` with 200, or `unhealthy` with 503 while there is no database.
#[utoipa::path(
    get, path = "/health", operation_id = "get_health", tag = "probes",
    responses(
        (status = 200, description = "It can answer.", body = Health),
        (status = 503, description = "The database cannot be reached; try again after `Retry-After`.", body = Health),
    ),
)]
pub(super) async fn health(State(vitals): State<Vitals>) -> Response {
    let answer = |status| Json(Health { status, service: SERVICE, timestamp: vitals.clock.now().to_string() });
    if vitals.can_answer().await {
        return answer(Condition::Healthy).into_response();
    }
    Code::DatabaseUnavailable.answer(answer(Condition::Unhealthy))
}

/// Whether the process lives
///
/// It looks at nothing else: restart what does not answer.
#[utoipa::path(
    get, path = "/livez", operation_id = "get_livez", tag = "probes",
    responses(
        (status = 200, description = "It lives: `ok` and a line feed.", body = str, content_type = "text/plain; charset=utf-8"),
        (status = 503, description = ""),
    ),
)]
pub(super) async fn live() -> &'static str {
    OK
}

/// Whether it should get traffic
///
/// The database is reachable and at this program's schema.
#[utoipa::path(
    get, path = "/readyz", operation_id = "get_readyz", tag = "probes",
    responses((status = 200, description = "It should: `ok` and a line feed.", body = str, content_type = "text/plain; charset=utf-8")),
)]
pub(super) async fn ready(State(vitals): State<Vitals>) -> Result<&'static str, Problem> {
    if vitals.can_answer().await { Ok(OK) } else { Err(Problem::unavailable()) }
}
