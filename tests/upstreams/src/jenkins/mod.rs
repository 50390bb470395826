//! Jenkins' JSON API for a made-up organisation, as of an instant that a test can move; real HTTP on loopback.

mod answer;
mod builds;
mod coverage;
mod items;
mod route;
mod stages;
#[cfg(test)]
mod tests;
mod tree;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request as HttpRequest, State};
use axum::http::HeaderValue;
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use self::answer::Answer;
pub use self::builds::is_kept;
pub use self::coverage::shown;
use crate::organisation::{Organisation, folder, suffix};
use crate::requests::{Request, RequestLog};

pub const USER: &str = "quintant";
pub const TOKEN: &str = "11simulatedjenkinstoken";

/// How the simulated service is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Port 0 takes any free one.
    pub listen: SocketAddr,
    /// The context path.
    pub prefix: String,
    /// What `url` fields begin with, whatever the address really is.
    pub root: String,
    pub user: String,
    pub token: String,
    /// Whether the plugin that tells stages is installed.
    pub tells_stages: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            prefix: "/jenkins".to_owned(),
            root: "http://0.0.0.0:8080/".to_owned(),
            user: USER.to_owned(),
            token: TOKEN.to_owned(),
            tells_stages: true,
        }
    }
}

impl Options {
    /// What stands after `Authorization: Basic`.
    #[must_use]
    pub fn login(&self) -> String {
        BASE64_STANDARD.encode(format!("{}:{}", self.user, self.token))
    }
}

/// What an operator would set for this organisation.
#[must_use]
pub fn settings() -> serde_json::Value {
    serde_json::json!({ "deployments": [
        { "job": "birch/deploy/*-staging", "service": "birch-$1", "environment": "staging" },
        { "job": "birch/deploy/*-production", "service": "birch-$1" },
        { "job": "birch/deploy/*-rollback", "service": "birch-$1", "rollback": true },
        { "job": "ember/api to *", "service": "ember-api", "environment": "$1" },
        { "job": "ember/api back", "service": "ember-api", "rollback": true },
        { "job": "cobalt/*", "stage": "Deploy to *", "service": "$1", "environment": "$2" },
        { "job": "cobalt/*", "stage": "Roll back *", "service": "$1", "environment": "$2", "rollback": true },
        { "job": "amber/*", "stage": "Deploy to *", "service": "amber-$1", "environment": "$2" },
        { "job": "amber/*", "stage": "Roll back *", "service": "amber-$1", "environment": "$2", "rollback": true },
        { "job": "dune/platform/*", "stage": "Deploy to *", "service": "dune-$1", "environment": "$2" },
        { "job": "dune/platform/*", "stage": "Roll back *", "service": "dune-$1", "environment": "$2", "rollback": true },
    ] })
}

/// As [`settings`], of an organisation with so many divisions.
#[must_use]
pub fn settings_of(divisions: usize) -> serde_json::Value {
    let first = settings();
    let rules = first["deployments"].as_array().into_iter().flatten();
    let rules: Vec<serde_json::Value> = (0..divisions)
        .flat_map(|division| {
            rules.clone().map(move |rule| {
                let mut rule = rule.clone();
                let text = |name: &str| rule[name].as_str().unwrap_or_default().to_owned();
                let (job, service) = (folder(division) + &text("job"), text("service") + &suffix(division));
                (rule["job"], rule["service"]) = (job.into(), service.into());
                rule
            })
        })
        .collect();
    serde_json::json!({ "deployments": rules })
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
    now: Mutex<Timestamp>,
}

/// The organisation as one request sees it.
#[derive(Clone, Copy)]
struct View<'a> {
    organisation: &'a Organisation,
    options: &'a Options,
    now: Timestamp,
}

impl Simulation {
    /// Starts at the organisation's end.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(organisation: Arc<Organisation>, options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let base = format!("http://{}{}", listener.local_addr()?, options.prefix);
        let now = Mutex::new(organisation.end);
        let world = Arc::new(World { organisation, options, base, log: RequestLog::default(), now });
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
        *self.world.now()
    }

    /// Every later answer shows the organisation as of `now`.
    pub fn set_now(&self, now: Timestamp) {
        *self.world.now() = now;
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
    fn now(&self) -> MutexGuard<'_, Timestamp> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(State(world): State<Arc<World>>, request: HttpRequest) -> Response {
    let uri = request.uri();
    let target = uri.path_and_query().map_or_else(|| uri.path().to_owned(), |target| target.as_str().to_owned());
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = request.headers();
    let authorization = headers.get("authorization").map(text);
    let view = View { organisation: &world.organisation, options: &world.options, now: *world.now() };
    let answer = answer::answer(view, request.method(), &target, authorization.as_deref());
    world.log.add(Request {
        at: Instant::now(),
        method: request.method().to_string(),
        target: target.clone(),
        status: answer.status,
        authorization,
        headers: headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: String::new(),
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
