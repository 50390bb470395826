//! The answers at hand: a snapshot in memory, replaced when something is released. A question costs no look into the database.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Problem;
use crate::metrics::Answers;

/// Where the newest answers lie; empty until they were read for the first time.
#[derive(Clone, Default)]
pub struct Shelf(Arc<ArcSwapOption<Snapshot>>);

struct Snapshot {
    answers: Arc<Answers>,
    /// Differs when anything that is answered differs.
    digest: u64,
}

impl Shelf {
    /// Replaces what was there.
    pub fn put(&self, answers: Answers) {
        let mut hasher = DefaultHasher::new();
        (env!("CARGO_PKG_VERSION"), &answers).hash(&mut hasher);
        let snapshot = Snapshot { answers: Arc::new(answers), digest: hasher.finish() };
        self.0.store(Some(Arc::new(snapshot)));
    }

    pub(super) fn answers(&self) -> Result<Arc<Answers>, Problem> {
        self.0.load().as_ref().map(|snapshot| Arc::clone(&snapshot.answers)).ok_or_else(Problem::unavailable)
    }

    /// What a client may compare with instead of reading the answer again.
    fn tag(&self, uri: &Uri) -> Option<HeaderValue> {
        let digest = self.0.load().as_ref()?.digest;
        let mut hasher = DefaultHasher::new();
        (digest, uri.path_and_query().map(|target| target.as_str())).hash(&mut hasher);
        HeaderValue::from_str(&format!("W/\"{:016x}\"", hasher.finish())).ok()
    }
}

/// Answers 304 to a client that has the answer already, and gives every good answer its `ETag`.
pub(super) async fn validate(State(shelf): State<Shelf>, request: Request, next: Next) -> Response {
    let Some(tag) = shelf.tag(request.uri()) else { return next.run(request).await };
    let validators = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
    if is_known(request.headers(), &tag) {
        return (StatusCode::NOT_MODIFIED, validators).into_response();
    }
    let response = next.run(request).await;
    if response.status() == StatusCode::OK { (validators, response).into_response() } else { response }
}

fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|list| list.split(',')).any(|known| known.trim() == "*" || known.trim().as_bytes() == tag.as_bytes())
}
