//! `quintant serve`: answers at once, collects as soon as there is a database, drains on a signal.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::build::{App, BuildError};
use super::collect::Collector;
use crate::api::{self, Bounds, Readiness, Shelf};
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
        let shelf = Shelf::default();
        let router = app.router_with(readiness.clone(), shelf.clone());
        let stop = cancel.clone().cancelled_owned();
        let server = api::serve(listener, router, Bounds::default(), stop);
        let collector = async {
            let collected = collect(&app, &readiness, &shelf, &cancel).await;
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

/// Waits until the database is there and at this program's schema, then works and keeps the answers fresh until cancelled.
async fn collect(
    app: &App,
    readiness: &Readiness,
    shelf: &Shelf,
    cancel: &CancellationToken,
) -> Result<(), StoreError> {
    loop {
        match open(app, shelf).await {
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
    let collector = Collector::new(app, cancel.clone());
    tokio::select! {
        () = collector.work() => {}
        () = keep_fresh(app, shelf) => {}
    }
    Ok(())
}

async fn open(app: &App, shelf: &Shelf) -> Result<(), StoreError> {
    app.prepare_database().await?;
    shelf.put(app.answers().await?);
    Ok(())
}

/// Reads the answers anew after every release, whichever host made it. While the database is away the last ones stay.
async fn keep_fresh(app: &App, shelf: &Shelf) {
    loop {
        if let Err(error) = follow_releases(app, shelf).await {
            tracing::error!(error = &error as &dyn std::error::Error, "the answers may be old: {error}");
        }
        tokio::time::sleep(PAUSE_BEFORE_NEXT_TRY).await;
    }
}

async fn follow_releases(app: &App, shelf: &Shelf) -> Result<(), StoreError> {
    let mut notices = app.store().notices().await?;
    loop {
        shelf.put(app.answers().await?);
        notices.next().await?;
    }
}
