//! `quintant serve`: answers at once, collects as soon as there is a database, drains on a signal.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::build::{App, BuildError, Setup};
use super::collect::Collector;
use super::reload::Reload;
use crate::api::{self, Bounds, Readiness, Reloads, Shelf};
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

    /// Serves and collects until cancelled; then stops in order. With `reload` it goes on with a new configuration whenever there is one.
    pub async fn run(self, cancel: CancellationToken, reload: Option<Reload>) -> Result<(), ServeError> {
        let Self { mut app, listener, readiness } = self;
        let (shelf, reloads) = (Shelf::default(), Reloads::default());
        let router = app.router_with(readiness.clone(), shelf.clone(), reloads.clone());
        let stop = cancel.clone().cancelled_owned();
        let server = api::serve(listener, router, Bounds::default(), stop);
        let collector = async {
            let worked = work(&mut app, &readiness, &shelf, &cancel, reload, &reloads).await;
            if worked.is_err() {
                cancel.cancel();
            }
            worked
        };
        let (served, worked) = tokio::select! {
            done = async { tokio::join!(server, collector) } => done,
            () = async { cancel.cancelled().await; tokio::time::sleep(DRAIN_LIMIT).await } => (Ok(()), Ok(())),
        };
        app.close().await.map_err(ServeError::Stop)?;
        worked.map_err(BuildError::Store)?;
        served.map_err(ServeError::Server)
    }
}

/// Waits until the database is there and at this program's schema, then collects until cancelled, by the newest configuration.
async fn work(
    app: &mut App,
    readiness: &Readiness,
    shelf: &Shelf,
    cancel: &CancellationToken,
    mut reload: Option<Reload>,
    reloads: &Reloads,
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
    while let Some(setup) = until_renewed(app, shelf, cancel, reload.as_mut(), reloads).await {
        app.take_over(setup);
        shelf.list(app.setup.listed());
    }
    Ok(())
}

/// Collects until there is a new configuration, which is handed back once everything has stopped; `None` when cancelled.
async fn until_renewed(
    app: &App,
    shelf: &Shelf,
    cancel: &CancellationToken,
    reload: Option<&mut Reload>,
    reloads: &Reloads,
) -> Option<Setup> {
    let round = cancel.child_token();
    let mut collecting = pin!(collect(app, shelf, &round));
    let renewed = async {
        match reload {
            Some(reload) => reload.next(&app.setup, reloads).await,
            None => std::future::pending().await,
        }
    };
    let setup = tokio::select! {
        () = &mut collecting => return None,
        setup = renewed => setup,
    };
    round.cancel();
    collecting.await;
    Some(setup)
}

/// Works and keeps the answers fresh until cancelled.
async fn collect(app: &App, shelf: &Shelf, cancel: &CancellationToken) {
    let collector = Collector::new(app, cancel.clone());
    tokio::select! {
        () = collector.work() => {}
        () = keep_fresh(app, shelf) => {}
    }
}

async fn open(app: &App, shelf: &Shelf) -> Result<(), StoreError> {
    shelf.list(app.setup.listed());
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
    let mut notices = app.store().reader().notices().await?;
    loop {
        shelf.put(app.answers().await?);
        notices.next().await?;
    }
}
