//! Answers a second of a served host, against a handler that gives the same bytes and does nothing else on the same server.

#![allow(clippy::unwrap_used, reason = "a benchmark that unwraps in vain fails at the right line")]

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::routing::get;
use quintant::api::{Bounds, serve};
use quintant_tests::bench::{Bound, median, tell};
use quintant_tests::{Database, Host, HostOptions, SEED, Served, simulation_end};
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::organisation::Organisation;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tracing_subscriber::EnvFilter;

const PATH: &str = "/api/v1/metrics/space";
const CONNECTIONS: usize = 64;
const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_secs(1);

/// What one round of all connections has seen.
struct Round {
    answers_a_second: f64,
    latencies: Vec<Duration>,
}

/// The client has a thread of its own; so have the two servers together, of which one works at a time.
fn main() {
    // As the program does, but to nowhere: spans cost what they cost there.
    tracing_subscriber::fmt().with_env_filter(EnvFilter::new("info,sqlx=warn")).with_writer(std::io::sink).init();
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let client = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (served, database, _folder) = server.block_on(released_host());
    let host: SocketAddr = served.url("").trim_start_matches("http://").parse().unwrap();
    let (_, body) = server.block_on(served.get(PATH));
    tell("http_space_bytes", body.len() as f64, &Bound::None);
    let constant = server.block_on(constant(body));

    let (mut of_host, mut of_constant) = (Vec::new(), Vec::new());
    client.block_on(round(host));
    client.block_on(round(constant));
    for _ in 0..ROUNDS {
        of_host.push(client.block_on(round(host)));
        of_constant.push(client.block_on(round(constant)));
    }
    let ratios = of_host.iter().zip(&of_constant);
    let mut ratios: Vec<f64> =
        ratios.map(|(host, constant)| host.answers_a_second / constant.answers_a_second).collect();
    ratios.sort_by(f64::total_cmp);
    for (name, rounds) in [("space", of_host), ("constant", of_constant)] {
        let rate = rounds.iter().map(|round| Duration::from_secs_f64(1.0 / round.answers_a_second)).collect();
        tell(&format!("http_{name}_a_second"), (1.0 / median(rate).as_secs_f64()).round(), &Bound::None);
        let mut latencies: Vec<Duration> = rounds.into_iter().flat_map(|round| round.latencies).collect();
        latencies.sort();
        for (percent, label) in [(50, "p50"), (99, "p99")] {
            let latency = latencies[latencies.len() * percent / 100];
            tell(&format!("http_{name}_{label}_ms"), latency.as_secs_f64() * 1000.0, &Bound::None);
        }
    }
    tell("http_space_against_constant", ratios[ROUNDS / 2], &Bound::AtLeast(0.6));
    server.block_on(served.stop());
    server.block_on(database.drop_now());
}

async fn released_host() -> (Served, Database, tempfile::TempDir) {
    let organisation = Organisation::generate(SEED, simulation_end());
    let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
    let simulation = Simulation::start(Arc::new(organisation), options).await.unwrap();
    let host = Host::for_organisation(simulation.organisation(), simulation.url(), HostOptions::default()).await;
    host.collect().await;
    assert!(host.release().await > 0);
    let (served, database, folder) = host.serve().await;
    served.wait_for("/readyz", |status, _| status == 200).await;
    (served, database, folder)
}

/// The same server with one handler and nothing around it; it ends with the program.
async fn constant(body: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let body = Bytes::from(body);
    let handler = move || async move { ([(header::CONTENT_TYPE, "application/json")], body) };
    tokio::spawn(serve(listener, Router::new().route(PATH, get(handler)), Bounds::default(), pending()));
    address
}

async fn round(server: SocketAddr) -> Round {
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        streams.push(TcpStream::connect(server).await.unwrap());
    }
    let began = Instant::now();
    let mut connections = JoinSet::new();
    for stream in streams {
        connections.spawn(ask_until(stream, began + ROUND));
    }
    let mut latencies = Vec::new();
    while let Some(seen) = connections.join_next().await {
        latencies.extend(seen.unwrap());
    }
    Round { answers_a_second: latencies.len() as f64 / began.elapsed().as_secs_f64(), latencies }
}

/// One question after the other. Reads no more of an answer than its length, so that the server is what is measured.
async fn ask_until(mut stream: TcpStream, end: Instant) -> Vec<Duration> {
    let request = format!("GET {PATH} HTTP/1.1\r\nHost: quintant\r\n\r\n");
    let mut latencies = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    while Instant::now() < end {
        let began = Instant::now();
        stream.write_all(request.as_bytes()).await.unwrap();
        let (mut read, mut expected) = (0, None);
        while expected.is_none_or(|expected| read < expected) {
            let more = stream.read(&mut buffer[read..]).await.unwrap();
            assert!(more > 0, "the server left");
            read += more;
            expected = expected.or_else(|| whole_length(&buffer[..read]));
        }
        assert_eq!(Some(read), expected);
        latencies.push(began.elapsed());
    }
    latencies
}

/// Head and body together, once the head is there.
fn whole_length(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    Some(head + length.parse::<usize>().unwrap())
}
