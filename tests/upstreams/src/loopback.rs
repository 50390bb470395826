//! HTTP on loopback for simulated services: every request goes through one function and into the log.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::requests::{Request, RequestLog};

const LARGEST_BODY_BYTES: usize = 1 << 20;

/// What a service is asked.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    /// Path and query, as sent.
    pub(crate) target: &'a str,
    headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

impl Asked<'_> {
    /// The header's value; `name` is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { status, headers, body: body.to_string().into_bytes() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

type Answering = dyn Fn(&Asked<'_>) -> Answer + Send + Sync;

/// A running server; it ends when this is dropped.
pub(crate) struct Loopback {
    pub(crate) url: String,
    log: RequestLog,
    server: JoinHandle<()>,
}

struct Shared {
    answer: Box<Answering>,
    log: RequestLog,
}

impl Loopback {
    /// # Errors
    /// When the address cannot be listened on.
    pub(crate) async fn start(
        listen: SocketAddr,
        answer: impl Fn(&Asked<'_>) -> Answer + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let log = RequestLog::default();
        let shared = Arc::new(Shared { answer: Box::new(answer), log: log.clone() });
        let router = Router::new().fallback(serve).with_state(shared);
        let server = tokio::spawn(async move {
            // Serving ends with an error only if accepting does; a test then sees refused connections.
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Self { url, log, server })
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.log.all()
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(State(shared): State<Arc<Shared>>, request: HttpRequest) -> Response {
    let target = request
        .uri()
        .path_and_query()
        .map_or_else(|| request.uri().path().to_owned(), |target| target.as_str().to_owned());
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY_BYTES).await else {
        return respond(Answer { status: 413, headers: Vec::new(), body: Vec::new() });
    };
    let asked = Asked { method: parts.method.as_str(), target: &target, headers: &parts.headers, body: &body };
    let answer = (shared.answer)(&asked);
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    shared.log.add(Request {
        at: Instant::now(),
        method: parts.method.to_string(),
        target,
        status: answer.status,
        authorization: parts.headers.get("authorization").map(text),
        headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    respond(answer)
}

fn respond(answer: Answer) -> Response {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).expect("statuses and headers here are literals, numbers and ASCII")
}

/// Path and decoded parameters of a target.
pub(crate) fn parts(target: &str) -> (&str, Vec<(String, String)>) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(&value.replace('+', " ")))
    });
    (path, pairs.collect())
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let value = digits.filter(|_| first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(value.unwrap_or(first));
        rest = if value.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
