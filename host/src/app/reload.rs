//! A new configuration for a host that runs: checked first, taken over whole or not at all.

use std::path::PathBuf;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::build::{BuildError, Setup};
use crate::api::Reloads;
use crate::config::{Config, Difference};

/// Why the host goes on as it is.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReloadError {
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error("{} cannot be changed while the host runs; restart it", .0.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "))]
    Fixed(Vec<&'static str>),
}

/// Where a new configuration comes from: its file, whenever SIGHUP says so.
pub struct Reload {
    path: PathBuf,
    hangups: Signal,
}

impl Reload {
    /// From now on SIGHUP no longer ends the process.
    pub fn new(path: PathBuf) -> std::io::Result<Self> {
        Ok(Self { path, hangups: signal(SignalKind::hangup())? })
    }

    /// Waits until there is one that can be taken over; what cannot is said and counted.
    pub(super) async fn next(&mut self, running: &Setup, reloads: &Reloads) -> Setup {
        loop {
            if self.hangups.recv().await.is_none() {
                std::future::pending::<()>().await;
            }
            let read = self.read(running).await;
            reloads.note(read.is_ok());
            let path = self.path.display();
            match read {
                Ok((setup, difference)) => {
                    tracing::info!("`{path}` is read again: {difference}");
                    if !difference.changed.is_empty() || !setup.has_plugins_of(running) {
                        return setup;
                    }
                }
                Err(error) => {
                    tracing::error!("`{path}` is not taken over, what was read before goes on: {error}");
                }
            }
        }
    }

    async fn read(&self, running: &Setup) -> Result<(Setup, Difference), ReloadError> {
        let config = Config::load(&self.path).map_err(BuildError::Config)?;
        let difference = running.config.difference(&config);
        if !difference.fixed.is_empty() {
            return Err(ReloadError::Fixed(difference.fixed));
        }
        Ok((running.with(config).await?, difference))
    }
}
