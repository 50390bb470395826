//! What every request goes through: an id, a span, bounds, a line in the log, and the headers that every answer has.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use axum::body::HttpBody;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use super::guard::Gate;
use super::problem::Code;
use super::{Problem, submit};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(super) const LONGEST_REQUEST_ID: usize = 64;

const LONGEST_URI: usize = 4096;
const LARGEST_BODY_BYTES: usize = 64 * 1024;

/// Answers that say nothing else about it.
const DEFAULT_HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];

/// What a request is called in the log, in its answer and in problem documents.
pub(super) struct RequestId(HeaderValue);

impl RequestId {
    /// The client's own, if it is fit to be written into a log; else a new one.
    fn of(request: &Request) -> Self {
        match request.headers().get(REQUEST_ID) {
            Some(given) if is_well_formed(given.as_bytes()) => Self(given.clone()),
            _ => Self::make(),
        }
    }

    /// Unlikely to come again, and cheap: a count under a keyed hash of this process's own.
    fn make() -> Self {
        static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let id = format!("{:016x}", KEY.hash_one(COUNT.fetch_add(1, Ordering::Relaxed)));
        Self(HeaderValue::try_from(id).expect("hexadecimal digits are a header value"))
    }

    pub(super) fn as_str(&self) -> &str {
        self.0.to_str().expect("only letters, digits, `.`, `_` and `-` are taken")
    }
}

fn is_well_formed(id: &[u8]) -> bool {
    (1..=LONGEST_REQUEST_ID).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

/// The outermost layer.
pub(super) async fn attend(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let id = RequestId::of(&request);
    let route = request.extensions().get::<MatchedPath>();
    if route.is_some_and(|route| submit::is_unlogged(route.as_str())) {
        return answer(request, next, &gate, id, Logged::Never).await;
    }
    let span = tracing::info_span!("request", request.id = id.as_str());
    answer(request, next, &gate, id, Logged::Debug).instrument(span).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Logged {
    Debug,
    Never,
}

async fn answer(request: Request, next: Next, gate: &Gate, id: RequestId, logged: Logged) -> Response {
    let began = Instant::now();
    let method = known_method(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let limit = gate.answer_within;
    let entered = gate.enter(route.as_ref().map(MatchedPath::as_str));
    let mut response = match entered.and_then(|place| Ok((place, bounded(request)?))) {
        Ok((_place, request)) => tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| {
            Problem::new(Code::TimedOut, format!("the answer took longer than {limit:?}")).into_response()
        }),
        Err(problem) => problem.into_response(),
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let allow = response.headers_mut().remove(header::ALLOW);
        response = problem.render(&id);
        response.headers_mut().extend(allow.map(|methods| (header::ALLOW, methods)));
    }
    if logged == Logged::Debug {
        let (route, status) = (route.as_ref().map_or("none", MatchedPath::as_str), response.status().as_u16());
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(
            http.method = method,
            http.route = route,
            http.status = status,
            duration_ms,
            "answered {method} {route} with {status}"
        );
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id.0);
    for (name, value) in DEFAULT_HEADERS {
        headers.entry(name).or_insert(value);
    }
    response
}

/// Refuses what is larger than anything that is taken.
fn bounded(mut request: Request) -> Result<Request, Problem> {
    if request.uri().path_and_query().is_some_and(|target| target.as_str().len() > LONGEST_URI) {
        return Err(Problem::new(
            Code::UriTooLong,
            format!("path and query are longer than {LONGEST_URI} bytes, the most that is taken"),
        ));
    }
    if !request.body().is_end_stream() {
        if request.body().size_hint().lower() > LARGEST_BODY_BYTES as u64 {
            return Err(Problem::new(
                Code::BodyTooLarge,
                format!("the body is longer than {LARGEST_BODY_BYTES} bytes, the most that is taken"),
            ));
        }
        DefaultBodyLimit::max(LARGEST_BODY_BYTES).apply(&mut request);
    }
    Ok(request)
}

/// Anybody can make up a method.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
