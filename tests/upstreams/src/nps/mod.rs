//! The survey service of a made-up organisation, with every quirk that the real one has; real HTTP on loopback.

mod metrics;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::json;

use crate::loopback::{Answer, Asked, Loopback, parts};
use crate::organisation::Organisation;
use crate::requests::Request;

/// How the service is made, and how it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Make {
    /// Reads dates without a zone, and both of them; everything else is a 500.
    #[default]
    Original,
    /// Reads dates with a zone only, and echoes them with `Z`.
    Repaired,
    /// Answers 500 to every window, and calls itself healthy.
    Defective,
}

/// How the simulated service is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Port 0 takes any free one.
    pub listen: SocketAddr,
    pub make: Make,
}

impl Default for Options {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), make: Make::default() }
    }
}

/// A running service; it ends when this is dropped.
pub struct Simulation {
    world: Arc<World>,
    server: Loopback,
}

struct World {
    organisation: Arc<Organisation>,
    make: Make,
    state: Mutex<Moving>,
}

struct Moving {
    now: Timestamp,
    has_database: bool,
}

impl Simulation {
    /// Starts at the organisation's end.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(organisation: Arc<Organisation>, options: Options) -> io::Result<Self> {
        let state = Mutex::new(Moving { now: organisation.end, has_database: true });
        let world = Arc::new(World { organisation, make: options.make, state });
        let answering = Arc::clone(&world);
        let server = Loopback::start(options.listen, move |asked| answering.answer(asked)).await?;
        Ok(Self { world, server })
    }

    /// What an operator would configure as the endpoint's URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.server.url
    }

    /// Every later answer knows what was answered up to `now`.
    pub fn set_now(&self, now: Timestamp) {
        self.world.moving().now = now;
    }

    /// Takes the database away, or gives it back.
    pub fn set_database(&self, has_database: bool) {
        self.world.moving().has_database = has_database;
    }

    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }
}

impl World {
    fn moving(&self) -> MutexGuard<'_, Moving> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, asked: &Asked<'_>) -> Answer {
        let (now, has_database) = {
            let moving = self.moving();
            (moving.now, moving.has_database)
        };
        let (path, query) = parts(asked.target);
        let answer = match (asked.method, path) {
            ("GET", "/health") => Answer::json(
                200,
                &json!({
                    "status": if has_database { "healthy" } else { "degraded" },
                    "service": "nps-survey-service",
                    "version": "1.0.0",
                    "database_connected": has_database,
                }),
            ),
            ("GET", "/api/v1/nps/metrics") => match metrics::metrics(&self.organisation.survey, self.make, &query, now)
            {
                _ if !has_database => failed(),
                Some(answer) => answer,
                None => failed(),
            },
            ("GET", "/metrics") => {
                Answer { status: 307, headers: vec![("location", "/metrics/".to_owned())], body: vec![] }
            }
            (_, "/health" | "/api/v1/nps/metrics" | "/metrics") => {
                Answer::json(405, &json!({ "detail": "Method Not Allowed" }))
            }
            (method, path) => Answer::json(
                501,
                &json!({ "detail": format!("the simulated survey service does not know {method} {path}") }),
            ),
        };
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now);
        answer.with("date", date.expect("the story lies in this era")).with("server", "uvicorn")
    }
}

fn failed() -> Answer {
    Answer::json(500, &json!({ "detail": "Failed to calculate NPS metrics" }))
}
