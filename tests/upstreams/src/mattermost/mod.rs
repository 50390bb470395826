//! Mattermost's API v4 for a made-up organisation, as of an instant that a test can move; real HTTP on loopback.

mod analytics;
mod answer;
mod listings;
mod posts;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::Timestamp;

use crate::loopback::Loopback;
use crate::organisation::Organisation;
use crate::organisation::chat::Post;
use crate::requests::Request;

/// What the bot account's is by default.
pub const TOKEN: &str = "simulated-mattermost-token";
/// Of a system administrator.
pub const ADMINISTRATOR_TOKEN: &str = "simulated-administrator-token";

/// How the simulated server is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Port 0 takes any free one.
    pub listen: SocketAddr,
    /// Of a bot account that is in every team.
    pub token: String,
    /// The largest page, whatever is asked for.
    pub largest_page: usize,
    /// Requests a second; none: the limiter is off, as it is by default.
    pub requests_per_second: Option<u64>,
    /// Each time after so many requests others have used up the second.
    pub crowded_after: Option<u64>,
    pub reset: Reset,
    /// The licence hides older posts.
    pub history_from: Option<Timestamp>,
    /// With more users than that, analytics are switched off.
    pub most_users_for_statistics: usize,
}

/// What `X-Ratelimit-Reset` tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reset {
    /// Seconds until then, as the server really does.
    #[default]
    Seconds,
    /// Seconds since 1970 and no `Retry-After`, as the documentation prints it.
    Epoch,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            token: TOKEN.to_owned(),
            largest_page: 200,
            requests_per_second: None,
            crowded_after: None,
            reset: Reset::default(),
            history_from: None,
            most_users_for_statistics: 2500,
        }
    }
}

/// A running server; it ends when this is dropped.
pub struct Simulation {
    world: Arc<World>,
    server: Loopback,
}

struct World {
    organisation: Arc<Organisation>,
    options: Options,
    /// The posts of each channel, oldest first, as positions.
    posts_of: Vec<Vec<usize>>,
    /// Where each post is, by its id.
    position_of: HashMap<String, usize>,
    state: Mutex<Moving>,
}

struct Moving {
    now: Timestamp,
    /// When the second began in which requests are counted, and how many there were.
    second: (Instant, u64),
    since_crowded: u64,
}

impl Simulation {
    /// Starts at the organisation's end.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(organisation: Arc<Organisation>, options: Options) -> io::Result<Self> {
        let chat = &organisation.chat;
        let mut posts_of = vec![Vec::new(); chat.channels.len()];
        let mut position_of = HashMap::with_capacity(chat.posts.len());
        for (position, post) in chat.posts.iter().enumerate() {
            posts_of[post.channel.0].push(position);
            position_of.insert(post.id.clone(), position);
        }
        let state = Mutex::new(Moving { now: organisation.end, second: (Instant::now(), 0), since_crowded: 0 });
        let listen = options.listen;
        let world = Arc::new(World { organisation, options, posts_of, position_of, state });
        let answering = Arc::clone(&world);
        let server = Loopback::start(listen, move |asked| answer::answer(&answering, asked)).await?;
        Ok(Self { world, server })
    }

    /// What an operator would configure as the endpoint's URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.server.url
    }

    #[must_use]
    pub fn organisation(&self) -> &Organisation {
        &self.world.organisation
    }

    /// Every later answer shows the server as of `now`.
    pub fn set_now(&self, now: Timestamp) {
        self.world.moving().now = now;
    }

    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }
}

impl World {
    fn post(&self, id: &str) -> Option<&Post> {
        self.position_of.get(id).map(|position| &self.organisation.chat.posts[*position])
    }

    fn moving(&self) -> MutexGuard<'_, Moving> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
