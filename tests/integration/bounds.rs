//! Nothing from outside takes for ever, comes in any number or of any size, and nothing that breaks says why to the client.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use quintant::api::{Bounds, guard, serve};
use quintant_tests::Log;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// Routes behind everything that ours are behind; `/hello` is a probe.
struct Guarded {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Guarded {
    async fn start(routes: Router, bounds: Bounds) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let stopped = async { stopped.await.unwrap() };
        let task = tokio::spawn(serve(listener, guard(routes, ["/hello".to_owned()].into(), &bounds), bounds, stopped));
        Self { address, stop: Some(stop), task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends these bytes and reads until the server closes.
    async fn send(&self, bytes: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_bytes()).await.unwrap();
        read_to_end(&mut stream).await
    }

    async fn get(&self, path: &str) -> String {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await
    }

    fn tell_to_stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    async fn finish(mut self) {
        if self.stop.is_some() {
            self.tell_to_stop();
        }
        self.task.await.unwrap().unwrap();
    }
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next().unwrap();
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn check_problem(answer: &str, status: u16, code: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    let problem: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!((&problem["code"], &problem["status"]), (&code.into(), &status.into()), "{answer}");
    assert_eq!(problem["request_id"].as_str(), header(answer, "x-request-id"), "{answer}");
}

fn hello() -> Router {
    Router::new().route("/hello", get(|| async { "hello" }))
}

#[tokio::test]
async fn what_panics_is_told_to_the_log_and_not_to_the_client() {
    let log = Log::capture();
    let routes = hello().route(
        "/broken",
        get(|| async {
            if true {
                panic!("the cause")
            }
        }),
    );
    let guarded = Guarded::start(routes, Bounds::default()).await;
    let answer = guarded.get("/broken").await;
    check_problem(&answer, 500, "internal");
    assert!(!answer.contains("the cause"), "{answer}");
    log.assert_line(&["ERROR", "a request panicked", "the cause", header(&answer, "x-request-id").unwrap()]);
    assert!(guarded.get("/hello").await.ends_with("hello"));
    guarded.finish().await;
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let routes = Router::new().route("/never", get(|| async { pending::<()>().await }));
    let bounds = Bounds { answer_within: Duration::from_millis(50), ..Bounds::default() };
    let guarded = Guarded::start(routes, bounds).await;
    let answer = guarded.get("/never").await;
    check_problem(&answer, 503, "timed_out");
    assert_eq!(header(&answer, "retry-after"), Some("1"));
    guarded.finish().await;
}

#[tokio::test]
async fn too_much_at_once_is_refused_and_others_are_answered() {
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let waits = {
        let (entered, leave) = (Arc::clone(&entered), Arc::clone(&leave));
        move || async move {
            entered.notify_one();
            leave.notified().await;
            "left"
        }
    };
    let bounds = Bounds { at_once: 1, ..Bounds::default() };
    let guarded = Guarded::start(hello().route("/waits", get(waits)), bounds).await;
    let mut first = guarded.connect().await;
    first.write_all(b"GET /waits HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    entered.notified().await;
    let refused = guarded.get("/waits").await;
    check_problem(&refused, 503, "overloaded");
    assert_eq!(header(&refused, "retry-after"), Some("1"));
    assert!(guarded.get("/hello").await.ends_with("hello"));
    leave.notify_one();
    assert!(read_to_end(&mut first).await.ends_with("left"));
    leave.notify_one();
    assert!(guarded.get("/waits").await.ends_with("left"));
    guarded.finish().await;
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let guarded = Guarded::start(hello(), Bounds::default()).await;
    check_problem(&guarded.get(&format!("/hello?{}", "x".repeat(4096))).await, 414, "uri_too_long");
    let large = "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 70000\r\n\r\n";
    check_problem(&guarded.send(large).await, 413, "body_too_large");
    let small = "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\n12345";
    assert!(guarded.send(small).await.ends_with("hello"));
    let many = "X-Header: 1\r\n".repeat(65);
    let long = format!("X-Header: {}\r\n", "1".repeat(40_000));
    for headers in [many, long] {
        let answer = guarded.send(&format!("GET /hello HTTP/1.1\r\nHost: x\r\n{headers}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    guarded.finish().await;
}

#[tokio::test]
async fn who_does_not_finish_the_headers_is_disconnected() {
    let bounds = Bounds { headers_within: Duration::from_millis(50), connections: 1, ..Bounds::default() };
    let guarded = Guarded::start(hello(), bounds).await;
    for bytes in ["", "GET /hello HTTP/1.1\r\nHost: x\r\n", "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"] {
        let answer = guarded.send(bytes).await;
        assert_eq!(answer.contains("hello"), bytes.ends_with("\r\n\r\n"), "{bytes}: {answer}");
    }
    guarded.finish().await;
}

#[tokio::test]
async fn more_connections_wait_until_one_ends() {
    let guarded = Guarded::start(hello(), Bounds { connections: 1, ..Bounds::default() }).await;
    let mut first = guarded.connect().await;
    first.write_all(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    first.readable().await.unwrap();
    let mut second = guarded.connect().await;
    second.write_all(b"GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let waited = tokio::time::timeout(Duration::from_millis(50), second.readable()).await;
    assert!(waited.is_err(), "it was answered beside the first");
    drop(first);
    assert!(read_to_end(&mut second).await.ends_with("hello"));
    guarded.finish().await;
}

#[tokio::test]
async fn who_stops_finishes_what_has_begun() {
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let waits = {
        let (entered, leave) = (Arc::clone(&entered), Arc::clone(&leave));
        move || async move {
            entered.notify_one();
            leave.notified().await;
            "left"
        }
    };
    let mut guarded = Guarded::start(Router::new().route("/waits", get(waits)), Bounds::default()).await;
    let idle = guarded.connect().await;
    let mut busy = guarded.connect().await;
    busy.write_all(b"GET /waits HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    entered.notified().await;
    guarded.tell_to_stop();
    idle.readable().await.unwrap();
    assert!(TcpStream::connect(guarded.address).await.is_err(), "it still listens");
    leave.notify_one();
    assert!(read_to_end(&mut busy).await.ends_with("left"));
    guarded.finish().await;
}
