//! The server below the routes: connections, and how long and how many they may be. Knows no route.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const MOST_HEADERS: usize = 64;
/// Of a request's line and headers together.
const LARGEST_HEAD_BYTES: usize = 32 * 1024;
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// How much may be asked, and for how long.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// From one answer, or from connecting, to the end of the next request's headers. Then the connection is closed.
    pub headers_within: Duration,
    pub answer_within: Duration,
    /// Further ones wait to be accepted.
    pub connections: usize,
    /// Questions in work; further ones are refused. Probes have as many places of their own.
    pub at_once: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            headers_within: Duration::from_secs(30),
            answer_within: Duration::from_secs(10),
            connections: 1024,
            at_once: 256,
        }
    }
}

/// Answers until `stop` is done, and finishes what has begun.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(bounds.headers_within)
        .max_headers(MOST_HEADERS)
        .max_header_size(LARGEST_HEAD_BYTES)
        .max_buf_size(2 * LARGEST_HEAD_BYTES);
    let service = TowerToHyperService::new(router);
    let places = Arc::new(Semaphore::new(bounds.connections));
    let shutdown = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await.expect("nobody closes the semaphore");
            (accept(&listener).await, place)
        };
        let (stream, place) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        let connection = shutdown.watch(http.serve_connection(TokioIo::new(stream), service.clone()));
        connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = &error as &dyn std::error::Error, "a connection broke: {error}");
            }
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    shutdown.shutdown().await;
    Ok(())
}

/// The next connection; waits while there can be none.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!("a connection may be slow: {error}");
                }
                return stream;
            }
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::error!("no connection can be accepted: {error}");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
