//! The only room that knows axum: REST and Prometheus over released atoms and run status, and what is submitted. It never sees a fact.

mod explain;
mod guard;
mod health;
mod openapi;
mod problem;
mod prometheus;
mod question;
mod request;
mod sample;
mod schema;
mod score;
mod serve;
mod shelf;
mod source;
mod space;
mod submit;
mod team;
mod telemetry;
mod trend;
mod validator;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use axum::Router;
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use guard::guard;
pub use problem::Problem;
pub use serve::{Bounds, serve};
pub use shelf::Shelf;
pub use source::ListedSource;
pub use submit::Counter;
pub use telemetry::{Outlook, Telemetry};

use crate::schedule::Clock;
use crate::store::Reader;
use health::Vitals;
use source::Watch;

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

/// Whether the last try to read the configuration again went well; reading it at the start did.
#[derive(Debug, Clone)]
pub struct Reloads(Arc<AtomicBool>);

impl Default for Reloads {
    fn default() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}

impl Reloads {
    pub fn note(&self, went_well: bool) {
        self.0.store(went_well, Ordering::Release);
    }

    fn went_well(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What the handlers are built from.
pub struct Parts {
    pub reader: Reader,
    pub readiness: Readiness,
    pub clock: Clock,
    pub shelf: Shelf,
    pub reloads: Reloads,
    pub telemetry: Telemetry,
    pub counter: Counter,
}

/// What answers are given from.
#[derive(Clone)]
struct Desk {
    shelf: Shelf,
    clock: Clock,
    reloads: Reloads,
    telemetry: Telemetry,
}

/// Every route.
pub fn router(parts: Parts, bounds: &Bounds) -> Router {
    let Parts { reader, readiness, clock, shelf, reloads, telemetry, counter } = parts;
    let watch = Watch { reader: reader.clone(), shelf: shelf.clone(), clock: clock.clone() };
    let (sources, _) = sources().with_state(watch).split_for_parts();
    let desk = Desk { shelf, clock: clock.clone(), reloads, telemetry };
    let (answers, _) = answers().with_state(desk).split_for_parts();
    let (probes, described) = probes().with_state(Vitals { reader, readiness, clock }).split_for_parts();
    let forms = Router::new()
        .route(submit::ROUTE, get(submit::ask).post(submit::take))
        .route(submit::THANKS_ROUTE, get(submit::thank))
        .with_state(counter.clone());
    let (submissions, _) = submissions().with_state(counter).split_for_parts();
    let routes = answers.merge(sources).merge(probes).merge(submissions).merge(forms).fallback(problem::not_found);
    let routes = routes.method_not_allowed_fallback(problem::method_not_allowed);
    guard(routes, described.paths.paths.into_keys().collect(), bounds)
}

fn answers() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(space::all))
        .routes(routes!(space::one))
        .routes(routes!(score::health))
        .routes(routes!(trend::trend))
        .routes(routes!(explain::explain))
        .routes(routes!(sample::sample))
        .routes(routes!(team::teams))
        .routes(routes!(prometheus::metrics))
        .routes(routes!(openapi::document))
}

/// How collecting goes.
fn sources() -> OpenApiRouter<Watch> {
    OpenApiRouter::new().routes(routes!(source::sources))
}

/// What people and their programs tell.
fn submissions() -> OpenApiRouter<Counter> {
    OpenApiRouter::new()
        .routes(routes!(submit::pulse))
        .routes(routes!(submit::nps))
        .routes(routes!(submit::annual))
        .routes(routes!(submit::friction))
}

fn probes() -> OpenApiRouter<Vitals> {
    OpenApiRouter::new().routes(routes!(health::health)).routes(routes!(health::live)).routes(routes!(health::ready))
}
