//! The only room that knows axum: REST and Prometheus over released atoms and run status. It never sees a fact.

mod health;
mod problem;
mod prometheus;
mod space;

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

pub use problem::Problem;

use crate::metrics::Answers;
use crate::model::{Family, TeamName};
use crate::schedule::Clock;
use crate::store::{Store, StoreError};

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
    pub teams: Vec<TeamName>,
    /// Families that configured sources bring.
    pub families: BTreeSet<Family>,
    /// Whether any team owns a repository.
    pub has_owners: bool,
}

/// Every route.
pub fn router(parts: Parts) -> Router {
    let Parts { store, readiness, clock, teams, families, has_owners } = parts;
    let book = Book { store: store.clone(), teams, families, has_owners };
    Router::new()
        .route("/health", get(health::health))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .with_state(health::Vitals { store, readiness, clock: clock.clone() })
        .merge(Router::new().route("/metrics", get(prometheus::metrics)).with_state(book.clone()))
        .merge(
            Router::new()
                .route("/api/v1/metrics/space", get(space::all))
                .route("/api/v1/metrics/space/{dimension}", get(space::one))
                .with_state(space::Desk { book, clock }),
        )
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

/// Where answers are looked up.
#[derive(Clone)]
struct Book {
    store: Store,
    teams: Vec<TeamName>,
    families: BTreeSet<Family>,
    has_owners: bool,
}

impl Book {
    async fn answers(&self) -> Result<Answers, StoreError> {
        let atoms = self.store.atoms_fetch().await?;
        Ok(Answers::new(atoms, self.teams.clone(), self.families.clone(), self.has_owners))
    }
}
