//! All services of one organisation side by side, each showing the same instant of the same story.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;

use crate::configuration::{Chat, Options, Pipelines};
use crate::organisation::Organisation;
use crate::{github, jenkins, mattermost, nps};

/// Running services; they end when this is dropped.
pub struct Services {
    pub github: github::Simulation,
    pub jenkins: jenkins::Simulation,
    pub mattermost: mattermost::Simulation,
    pub nps: nps::Simulation,
}

impl Services {
    /// Starts all of them at the organisation's end: GitHub listens on that address, the others on the ports after it. Port 0
    /// takes any free ones.
    ///
    /// # Errors
    /// When an address cannot be listened on.
    pub async fn start(organisation: Arc<Organisation>, first: SocketAddr) -> io::Result<Self> {
        let [github, jenkins, mattermost, nps] = addresses(first)?;
        let organisation = || Arc::clone(&organisation);
        let github = github::Options { listen: github, ..github::Options::default() };
        let jenkins = jenkins::Options { listen: jenkins, ..jenkins::Options::default() };
        let mattermost = mattermost::Options { listen: mattermost, ..mattermost::Options::default() };
        let nps = nps::Options { listen: nps, ..nps::Options::default() };
        Ok(Self {
            github: github::Simulation::start(organisation(), github).await?,
            jenkins: jenkins::Simulation::start(organisation(), jenkins).await?,
            mattermost: mattermost::Simulation::start(organisation(), mattermost).await?,
            nps: nps::Simulation::start(organisation(), nps).await?,
        })
    }

    /// Every later answer shows the organisation as of `now`.
    pub fn set_now(&self, now: Timestamp) {
        self.github.set_now(now);
        self.jenkins.set_now(now);
        self.mattermost.set_now(now);
        self.nps.set_now(now);
    }

    /// Each by the name of its source.
    #[must_use]
    pub fn urls(&self) -> [(&'static str, &str); 4] {
        [
            ("github", self.github.url()),
            ("jenkins", self.jenkins.url()),
            ("mattermost", self.mattermost.url()),
            ("nps", self.nps.url()),
        ]
    }

    /// A configuration with all of them as sources. Chat is read post by post: a first reading of counters would tell nothing yet.
    #[must_use]
    pub fn configured(&self, options: Options) -> Options {
        Options {
            jenkins: Some(Pipelines { url: self.jenkins.url().to_owned(), login: jenkins::Options::default().login() }),
            mattermost: Some(Chat {
                url: self.mattermost.url().to_owned(),
                token: mattermost::TOKEN.to_owned(),
                mode: "posts".to_owned(),
            }),
            nps: Some(self.nps.url().to_owned()),
            ..options
        }
    }
}

fn addresses(first: SocketAddr) -> io::Result<[SocketAddr; 4]> {
    let mut addresses = [first; 4];
    if first.port() != 0 {
        for (address, number) in addresses.iter_mut().zip(0..) {
            let port = first.port().checked_add(number).ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidInput, "four ports are needed: begin at 65532 at most")
            })?;
            address.set_port(port);
        }
    }
    Ok(addresses)
}
