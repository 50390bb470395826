//! What stands between a request and the handlers: nothing takes too long, comes in too great numbers, or ends in a panic.

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;

use super::problem::Code;
use super::{Bounds, Problem, request};

/// Of answers that are large enough.
pub(super) type Compression = CompressionLayer<SizeAbove>;

/// Lets in as many requests at once as the bounds say, over all of these routes, and compresses what they answer where that is asked for.
///
/// Both are one layer, and so below: what a layer costs is mostly the box that the router puts around it for each call.
pub fn admit(routes: Router, bounds: &Bounds, compression: Option<Compression>) -> Router {
    let admission = middleware::from_fn_with_state(Arc::new(Semaphore::new(bounds.at_once)), enter);
    match compression {
        Some(compression) => routes.route_layer((compression, admission)),
        None => routes.route_layer(admission),
    }
}

/// Gives every request, answered or refused, what `request.rs` tells.
pub fn guard(routes: Router, bounds: &Bounds) -> Router {
    routes.layer((
        middleware::from_fn_with_state(bounds.answer_within, request::attend),
        CatchPanicLayer::custom(of_panic),
    ))
}

async fn enter(State(places): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    let Ok(_place) = places.try_acquire() else {
        return Problem::new(Code::Overloaded, "too much is asked at once; ask again in a second").into_response();
    };
    next.run(request).await
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands over what was thrown")]
fn of_panic(thrown: Box<dyn Any + Send>) -> Response {
    let text = thrown.downcast_ref::<&str>().copied().or_else(|| thrown.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = text.unwrap_or("not a text"), "a request panicked");
    Problem::internal().into_response()
}
