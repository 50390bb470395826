//! `quintant serve`: answers at once, collects as soon as there is a database, drains on a signal.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::build::{App, BuildError};
use super::collect::Collector;
use crate::api::{self, Readiness};
use crate::store::StoreError;
use crate::store::embedded::EmbeddedError;

const PAUSE_BEFORE_NEXT_TRY: Duration = Duration::from_secs(1);
const DRAIN_LIMIT: Duration = Duration::from_secs(20);

/// Why serving ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on `{address}`: {reason}; is another program using the port?")]
    Listen { address: SocketAddr, reason: std::io::Error },
    #[error("the server failed: {0}")]
    Server(std::io::Error),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error("the embedded database could not be stopped: {0}")]
    Stop(EmbeddedError),
}

/// A host that listens.
pub struct Server {
    app: App,
    listener: TcpListener,
    readiness: Readiness,
}

impl Server {
    pub async fn bind(app: App) -> Result<Self, ServeError> {
        let address = app.setup.config.listen;
        match TcpListener::bind(address).await {
            Ok(listener) => Ok(Self { app, listener, readiness: Readiness::default() }),
            Err(reason) => {
                app.close().await.map_err(ServeError::Stop)?;
                Err(ServeError::Listen { address, reason })
            }
        }
    }

    pub fn address(&self) -> Result<SocketAddr, ServeError> {
        self.listener.local_addr().map_err(ServeError::Server)
    }

    /// Serves and collects until cancelled; then stops in order.
    pub async fn run(self, cancel: CancellationToken) -> Result<(), ServeError> {
        let Self { app, listener, readiness } = self;
        let router = app.router_with(readiness.clone());
        let stop = cancel.clone().cancelled_owned();
        let server = api::serve(listener, router, stop);
        let collector = async {
            let collected = collect(&app, &readiness, &cancel).await;
            if collected.is_err() {
                cancel.cancel();
            }
            collected
        };
        let (served, collected) = tokio::select! {
            done = async { tokio::join!(server, collector) } => done,
            () = async { cancel.cancelled().await; tokio::time::sleep(DRAIN_LIMIT).await } => (Ok(()), Ok(())),
        };
        app.close().await.map_err(ServeError::Stop)?;
        collected.map_err(BuildError::Store)?;
        served.map_err(ServeError::Server)
    }
}

/// Waits until the database is there and at this program's schema, then works until cancelled.
async fn collect(app: &App, readiness: &Readiness, cancel: &CancellationToken) -> Result<(), StoreError> {
    loop {
        match app.prepare_database().await {
            Ok(()) => break,
            Err(error) if !error.is_outage() => return Err(error),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the database is not ready: {error}");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE_BEFORE_NEXT_TRY) => {}
            () = cancel.cancelled() => return Ok(()),
        }
    }
    readiness.set_ready();
    Collector::new(app, cancel.clone()).work().await;
    Ok(())
}
