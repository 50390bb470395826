//! GitHub's REST and GraphQL interfaces for a made-up organisation, as of an instant that a test can move; real HTTP on loopback.

mod answer;
mod commits;
mod deployments;
mod events;
mod graphql;
mod issues;
mod paging;
mod people;
mod pulls;
mod releases;
mod repositories;
mod resources;
mod route;
mod runs;
mod shared;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::HeaderValue;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use self::answer::Answer;
pub use self::commits::first_commit_authored_at;
pub use self::graphql::Mood;
use crate::organisation::{Organisation, Repository};
use crate::requests::{Request, RequestLog};

const HOUR: Duration = Duration::from_secs(3600);
const LARGEST_BODY_BYTES: usize = 1 << 20;

pub const TOKEN: &str = "simulated-github-token";

/// How the simulated service is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Port 0 takes any free one.
    pub listen: SocketAddr,
    /// Path before every route: empty for github.com, `/api/v3` for an enterprise server.
    pub prefix: String,
    /// What `Authorization: Bearer` must carry.
    pub token: String,
    /// Requests an hour; answers 304 are free.
    pub requests_per_hour: u64,
    /// Points of GraphQL an hour.
    pub points_per_hour: u64,
    /// Where the files of reports are found, on another host than everything else; none: Copilot is not in use.
    pub downloads: Option<String>,
    /// What the credential may not read, as GitHub calls the permissions of fine-grained tokens: `deployments`, `actions`.
    pub lacks: &'static [&'static str],
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            prefix: String::new(),
            token: TOKEN.to_owned(),
            requests_per_hour: 15_000,
            points_per_hour: 5_000,
            downloads: None,
            lacks: &[],
        }
    }
}

/// A running service; it ends when this is dropped.
pub struct Simulation {
    world: Arc<World>,
    server: JoinHandle<()>,
}

struct World {
    organisation: Arc<Organisation>,
    options: Options,
    /// Scheme, host, port and prefix.
    base: String,
    log: RequestLog,
    state: Mutex<Moving>,
}

struct Moving {
    now: Timestamp,
    used: u64,
    points: u64,
    /// Of the rate limits. A real hour: a simulated clock that stands still must not lock its client out for ever.
    hour_began: Instant,
    mood: Mood,
    time_outs: u64,
}

impl Moving {
    fn begin_hour(&mut self) {
        if self.hour_began.elapsed() >= HOUR {
            (self.hour_began, self.used, self.points) = (Instant::now(), 0, 0);
        }
    }

    fn reset_at(&self, now: Timestamp) -> Timestamp {
        let left = HOUR.saturating_sub(self.hour_began.elapsed());
        now.saturating_add(SignedDuration::from_secs(left.as_secs().cast_signed())).expect("a duration is no calendar")
    }
}

/// The organisation as one request sees it.
struct View<'a> {
    organisation: &'a Organisation,
    base: &'a str,
    now: Timestamp,
}

impl View<'_> {
    /// Whether that position in the list of repositories is this one; a test may have left some out.
    fn is(&self, position: usize, repository: &Repository) -> bool {
        self.organisation.repositories.get(position).is_some_and(|found| found.id == repository.id)
    }
}

impl Simulation {
    /// Starts at the organisation's end.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(organisation: Arc<Organisation>, options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let base = format!("http://{}{}", listener.local_addr()?, options.prefix);
        let state = Mutex::new(Moving {
            now: organisation.end,
            used: 0,
            points: 0,
            hour_began: Instant::now(),
            mood: Mood::default(),
            time_outs: 0,
        });
        let world = Arc::new(World { organisation, options, base, log: RequestLog::default(), state });
        let router = Router::new().fallback(serve).with_state(Arc::clone(&world));
        let server = tokio::spawn(async move {
            // Serving ends with an error only if accepting does; a test then sees refused connections.
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Self { world, server })
    }

    /// What an operator would configure as the endpoint's URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.world.base
    }

    #[must_use]
    pub fn organisation(&self) -> &Organisation {
        &self.world.organisation
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.world.moving().now
    }

    /// Every later answer shows the organisation as of `now`.
    pub fn set_now(&self, now: Timestamp) {
        self.world.moving().now = now;
    }

    /// How GraphQL behaves from now on.
    pub fn set_mood(&self, mood: Mood) {
        self.world.moving().mood = mood;
    }

    /// Points of GraphQL that were spent in this hour.
    #[must_use]
    pub fn points(&self) -> u64 {
        self.world.moving().points
    }

    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.world.log.all()
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl World {
    fn moving(&self) -> MutexGuard<'_, Moving> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(State(world): State<Arc<World>>, request: HttpRequest) -> Response {
    let target = request
        .uri()
        .path_and_query()
        .map_or_else(|| request.uri().path().to_owned(), |target| target.as_str().to_owned());
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY_BYTES).await else {
        return respond(Answer { status: 413, headers: Vec::new(), body: Vec::new() });
    };
    let answer = answer::answer(&world, &parts.method, &target, &parts.headers, &body);
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    world.log.add(Request {
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
