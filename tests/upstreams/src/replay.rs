//! Serves a recorded session on loopback, and is the one place that rewrites recorded origins to its own.

use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request as HttpRequest, State};
use axum::http::HeaderValue;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::requests::{Request, RequestLog};

const RECORDED_ORIGINS: [&str; 3] = ["http://127.0.0.1:4050", "http://localhost:4050", "https://api.github.com"];
/// Headers that belong to the recorded connection and not to the answer.
const OF_THE_CONNECTION: [&str; 4] = ["connection", "content-encoding", "content-length", "transfer-encoding"];

/// One recorded exchange, a line of a session.
#[derive(Clone, Debug, Deserialize)]
pub struct Exchange {
    pub method: String,
    /// Path and query.
    pub path: String,
    pub status: u16,
    #[serde(default)]
    pub headers: HashMap<String, String>,
    pub body: Value,
}

/// What a session will answer.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    exchanges: Vec<Exchange>,
    date: Option<String>,
}

impl Replay {
    /// A recording shipped with this crate, e.g. `emulate-0.11.2-session.jsonl`.
    ///
    /// # Errors
    /// As [`Replay::load`].
    pub fn recording(name: &str) -> io::Result<Self> {
        Self::load(&recordings().join(name))
    }

    /// # Errors
    /// When the file cannot be read, or a line is no exchange.
    pub fn load(path: &Path) -> io::Result<Self> {
        let named = |number: usize, error: serde_json::Error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("`{}` line {}: {error}", path.display(), number + 1))
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| io::Error::new(error.kind(), format!("`{}`: {error}", path.display())))?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let exchanges = lines
            .map(|(number, line)| serde_json::from_str(line).map_err(|error| named(number, error)))
            .collect::<io::Result<_>>()?;
        Ok(Self { exchanges, date: None })
    }

    /// Adds an answer that was not recorded. Several for one request are given in turn, the last one again and again.
    #[must_use]
    pub fn answer(mut self, method: &str, path: &str, status: u16, headers: &[(&str, &str)], body: Value) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.exchanges.push(Exchange { method: method.to_owned(), path: path.to_owned(), status, headers, body });
        self
    }

    /// The server's clock where no `date` was recorded; without it the answers carry the time of the replay.
    #[must_use]
    pub fn dated(mut self, date: &str) -> Self {
        self.date = Some(date.to_owned());
        self
    }

    /// The first answer to a `GET` of this path and query, for what a test derives from it.
    #[must_use]
    pub fn recorded(&self, path: &str) -> Option<&Exchange> {
        let key = key("GET", path);
        self.exchanges.iter().find(|exchange| self::key(&exchange.method, &exchange.path) == key)
    }

    /// # Errors
    /// When no port of loopback is free.
    pub async fn start(self) -> io::Result<Replaying> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let session = Arc::new(Session {
            exchanges: self.exchanges,
            date: self.date,
            origin: format!("http://{}", listener.local_addr()?),
            given: Mutex::new(HashMap::new()),
            log: RequestLog::default(),
        });
        let router = Router::new().fallback(serve).with_state(Arc::clone(&session));
        let server = tokio::spawn(async move {
            // Serving ends with an error only if accepting does; a test then sees refused connections.
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Replaying { session, server })
    }
}

/// Where the shipped recordings are.
#[must_use]
pub fn recordings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/github")
}

/// A session being served; it ends when this is dropped.
pub struct Replaying {
    session: Arc<Session>,
    server: JoinHandle<()>,
}

impl Replaying {
    #[must_use]
    pub fn url(&self) -> &str {
        &self.session.origin
    }

    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.session.log.all()
    }

    /// What was asked for and is neither recorded nor added.
    #[must_use]
    pub fn unmatched(&self) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.status == 501).collect()
    }
}

impl Drop for Replaying {
    fn drop(&mut self) {
        self.server.abort();
    }
}

struct Session {
    exchanges: Vec<Exchange>,
    date: Option<String>,
    origin: String,
    /// How often each request was answered.
    given: Mutex<HashMap<Key, usize>>,
    log: RequestLog,
}

/// Method, path, and the query as a set.
type Key = (String, String, Vec<String>);

fn key(method: &str, target: &str) -> Key {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut parameters: Vec<String> = query.split('&').filter(|pair| !pair.is_empty()).map(str::to_owned).collect();
    parameters.sort();
    parameters.dedup();
    (method.to_owned(), path.to_owned(), parameters)
}

impl Session {
    fn find(&self, method: &str, target: &str) -> Option<&Exchange> {
        let key = key(method, target);
        let fitting: Vec<&Exchange> =
            self.exchanges.iter().filter(|exchange| self::key(&exchange.method, &exchange.path) == key).collect();
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let times = given.entry(key).or_default();
        let exchange = fitting.get(*times).or_else(|| fitting.last()).copied();
        *times += 1;
        exchange
    }

    fn rewritten(&self, text: &str) -> String {
        RECORDED_ORIGINS.iter().fold(text.to_owned(), |text, recorded| text.replace(recorded, &self.origin))
    }
}

async fn serve(State(session): State<Arc<Session>>, request: HttpRequest) -> Response {
    let target = request
        .uri()
        .path_and_query()
        .map_or_else(|| request.uri().path().to_owned(), |target| target.as_str().to_owned());
    let exchange = session.find(request.method().as_str(), &target);
    let status = exchange.map_or(501, |exchange| exchange.status);
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    session.log.add(Request {
        at: Instant::now(),
        method: request.method().to_string(),
        target: target.clone(),
        status,
        authorization: request.headers().get("authorization").map(text),
        headers: request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        // Nothing recorded has one.
        body: String::new(),
    });
    let Some(exchange) = exchange else {
        let text = format!("`{} {target}` was not recorded", request.method());
        return Response::builder().status(501).body(Body::from(text)).expect("a literal status is valid");
    };
    let mut response = Response::builder().status(status);
    for (name, value) in
        exchange.headers.iter().filter(|(name, _)| !OF_THE_CONNECTION.contains(&name.to_lowercase().as_str()))
    {
        response = response.header(name, session.rewritten(value));
    }
    if let Some(date) = session.date.as_ref().filter(|_| !exchange.headers.contains_key("date")) {
        response = response.header("date", date);
    }
    let body = match &exchange.body {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        body => body.to_string(),
    };
    response.body(Body::from(session.rewritten(&body))).unwrap_or_else(|error| {
        let text = format!("the recorded answer to `{target}` is no HTTP: {error}");
        Response::builder().status(500).body(Body::from(text)).expect("a literal status is valid")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fetch::get;

    #[tokio::test]
    async fn recorded_pages_lead_to_each_other_at_the_new_origin() {
        let replaying = Replay::recording("emulate-0.11.2-session.jsonl").unwrap().start().await.unwrap();
        let path = "/repos/octocat/hello-world/pulls?direction=desc&sort=updated&per_page=5&state=all";
        let first = get(&format!("{}{path}", replaying.url()), &[]).await.unwrap();
        assert_eq!(first.json().unwrap().as_array().unwrap().len(), 5);
        let link = first.header("link").unwrap();
        let next = link[1..link.find('>').unwrap()].to_owned();
        assert!(next.starts_with(replaying.url()), "{next}");
        assert_eq!(get(&next, &[]).await.unwrap().status, 200);
        let text = String::from_utf8(first.body).unwrap();
        assert!(RECORDED_ORIGINS.iter().all(|origin| !text.contains(origin)), "recorded origins are left");
        assert!(replaying.unmatched().is_empty());
    }

    #[tokio::test]
    async fn every_shipped_recording_can_be_read() {
        for entry in std::fs::read_dir(recordings()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                assert!(!Replay::load(&path).unwrap().exchanges.is_empty(), "{}", path.display());
            }
        }
    }

    #[tokio::test]
    async fn added_answers_are_given_in_turn_and_unknown_requests_are_kept() {
        let (date, next) = ("Tue, 19 Jul 2022 04:40:38 GMT", ("x-next", "https://api.github.com/y"));
        let replay = Replay::default()
            .dated("Tue, 24 Nov 2026 12:00:00 GMT")
            .answer("GET", "/x?a=1&b=2", 502, &[("date", date)], json!({"error": "Server Error"}))
            .answer("GET", "/x?b=2&a=1", 200, &[next], json!([]));
        let replaying = replay.start().await.unwrap();
        let mut statuses = Vec::new();
        for _ in 0..3 {
            let answer = get(&format!("{}/x?b=2&a=1", replaying.url()), &[]).await.unwrap();
            statuses.push(answer.status);
            let expected = if answer.status == 502 { date } else { "Tue, 24 Nov 2026 12:00:00 GMT" };
            assert_eq!(answer.header("date"), Some(expected));
            if answer.status == 200 {
                assert_eq!(answer.header("x-next"), Some(format!("{}/y", replaying.url()).as_str()));
            }
        }
        assert_eq!(statuses, [502, 200, 200]);
        assert_eq!(get(&format!("{}/x?a=1", replaying.url()), &[]).await.unwrap().status, 501);
        assert_eq!(replaying.unmatched()[0].target, "/x?a=1");
    }
}
