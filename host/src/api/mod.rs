//! The only room that knows axum: REST and Prometheus over released atoms and run status. It never sees a fact.

mod health;
mod problem;
mod prometheus;
mod shelf;
mod space;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use axum::Router;
use axum::middleware;
use axum::routing::get;
use tokio::net::TcpListener;

pub use problem::Problem;
pub use shelf::Shelf;

use crate::schedule::Clock;
use crate::store::Store;

/// Whether the host has a database at its schema; until then there is nothing to answer from.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    pub fn set_ready(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub fn is_ready(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What the handlers are built from.
pub struct Parts {
    pub store: Store,
    pub readiness: Readiness,
    pub clock: Clock,
    pub shelf: Shelf,
}

/// Every route.
pub fn router(parts: Parts) -> Router {
    let Parts { store, readiness, clock, shelf } = parts;
    let answers = Router::new()
        .route("/api/v1/metrics/space", get(space::all))
        .route("/api/v1/metrics/space/{dimension}", get(space::one))
        .with_state(space::Desk { shelf: shelf.clone(), clock: clock.clone() })
        .merge(Router::new().route("/metrics", get(prometheus::metrics)).with_state(shelf.clone()))
        .route_layer(middleware::from_fn_with_state(shelf, shelf::validate));
    Router::new()
        .route("/health", get(health::health))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .with_state(health::Vitals { store, readiness, clock })
        .merge(answers)
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
}

/// Answers until `stop` is done, and finishes what has begun.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}
