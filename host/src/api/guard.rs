//! What stands between a request and the handlers: nothing takes too long, comes in too great numbers, or ends in a panic.

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use tokio::sync::{Semaphore, SemaphorePermit};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;

use super::problem::Code;
use super::{Bounds, Problem, request};

/// Smaller answers fit into a packet as they are.
const SMALLEST_COMPRESSED_BYTES: u16 = 1024;

/// Lets in as many requests at once as the bounds say.
pub(super) struct Gate {
    pub(super) answer_within: Duration,
    /// Routes with places of their own, so that they are answered however much else is asked.
    probes: BTreeSet<String>,
    places: Semaphore,
    places_for_probes: Semaphore,
}

/// Gives every request, answered or refused, what `request.rs` tells. All of it is one layer: what a layer costs is mostly the box that
/// the router puts around it for each call.
pub fn guard(routes: Router, probes: BTreeSet<String>, bounds: &Bounds) -> Router {
    let gate = Gate {
        answer_within: bounds.answer_within,
        probes,
        places: Semaphore::new(bounds.at_once),
        places_for_probes: Semaphore::new(bounds.at_once),
    };
    routes.layer((
        middleware::from_fn_with_state(Arc::new(gate), request::attend),
        CompressionLayer::new().compress_when(SizeAbove::new(SMALLEST_COMPRESSED_BYTES)),
        CatchPanicLayer::custom(of_panic),
    ))
}

impl Gate {
    /// A place for a request of this route, for as long as it is kept.
    pub(super) fn enter(&self, route: Option<&str>) -> Result<SemaphorePermit<'_>, Problem> {
        let is_probe = route.is_some_and(|route| self.probes.contains(route));
        let places = if is_probe { &self.places_for_probes } else { &self.places };
        places
            .try_acquire()
            .map_err(|_| Problem::new(Code::Overloaded, "too much is asked at once; ask again in a second"))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands over what was thrown")]
fn of_panic(thrown: Box<dyn Any + Send>) -> Response {
    let text = thrown.downcast_ref::<&str>().copied().or_else(|| thrown.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = text.unwrap_or("not a text"), "a request panicked");
    Problem::internal().into_response()
}
