//! A server that misbehaves as told: rules over plain TCP and a tiny HTTP/1.1 of its own, so that it can also break the protocol.

#[cfg(test)]
mod tests;
mod wire;

use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::requests::{Request, RequestLog};

/// What to answer. `{origin}` in headers and in bodies that are text becomes the server's own `http://…`.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// Sent as they are, repeated ones too; `content-length` is added where the behaviour sends one.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub behaviour: Behaviour,
}

/// How the answer is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// As HTTP wants it.
    Honest,
    /// The same, once the script is healed.
    HonestOnceHealed,
    /// Head, then this many bytes of the body, then the connection is closed.
    CloseMidBody { after: usize },
    /// Closed without a byte.
    CloseAtOnce,
    /// Never a byte, and never closed.
    Hang,
    /// Head, then nothing more.
    HangAfterHead,
    /// Header lines without an end.
    EndlessHead,
    /// One byte of head and body at a time, with this pause after each.
    SlowBytes { pause: Duration },
    /// Chunks without an end, each holding the body once.
    EndlessChunks,
    /// Declares this length, sends the body over and over until it is reached, and closes.
    Long { bytes: u64 },
    /// Declares this length whatever the body's is, sends the body once, and closes.
    WrongLength { declared: u64 },
    /// The body instead of an HTTP answer.
    Raw,
}

impl Answer {
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), behaviour: Behaviour::Honest }
    }

    #[must_use]
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::new(status, body.to_string()).header("content-type", "application/json; charset=utf-8")
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn behaving(mut self, behaviour: Behaviour) -> Self {
        self.behaviour = behaviour;
        self
    }
}

struct Rule {
    prefix: String,
    applies: Applies,
    answer: Answer,
    asked: AtomicUsize,
}

/// To which of the requests with its prefix a rule applies.
enum Applies {
    Always,
    /// Counted from 1.
    Nth(usize),
    UntilHealed,
    /// That came with this `Authorization`.
    With(String),
}

/// Rules in the order in which they are tried; what fits none is answered 501.
#[derive(Default)]
pub struct Script {
    rules: Vec<Rule>,
}

impl Script {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every request whose path and query begin with `prefix`.
    #[must_use]
    pub fn on(self, prefix: &str, answer: Answer) -> Self {
        self.rule(prefix, Applies::Always, answer)
    }

    /// Only the `nth` request whose path and query begin with `prefix`, counted from 1.
    #[must_use]
    pub fn on_nth(self, prefix: &str, nth: usize, answer: Answer) -> Self {
        self.rule(prefix, Applies::Nth(nth), answer)
    }

    /// Every request whose path and query begin with `prefix`, until [`Scripted::heal`].
    #[must_use]
    pub fn until_healed(self, prefix: &str, answer: Answer) -> Self {
        self.rule(prefix, Applies::UntilHealed, answer)
    }

    /// Every request whose path and query begin with `prefix` and whose `Authorization` is this.
    #[must_use]
    pub fn on_credential(self, prefix: &str, authorization: &str, answer: Answer) -> Self {
        self.rule(prefix, Applies::With(authorization.to_owned()), answer)
    }

    fn rule(mut self, prefix: &str, applies: Applies, answer: Answer) -> Self {
        self.rules.push(Rule { prefix: prefix.to_owned(), applies, answer, asked: AtomicUsize::new(0) });
        self
    }

    /// # Errors
    /// When no port of loopback is free.
    pub async fn start(self) -> io::Result<Scripted> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let stage = Arc::new(Stage {
            rules: self.rules,
            origin: format!("http://{}", listener.local_addr()?),
            is_healed: watch::Sender::new(false),
            log: RequestLog::default(),
            connections: AtomicUsize::new(0),
            sent_bytes: AtomicU64::new(0),
            last_error: Mutex::new(None),
        });
        let server = tokio::spawn(accept(listener, Arc::clone(&stage)));
        Ok(Scripted { stage, server })
    }
}

/// A script being played; it ends, with all its connections, when this is dropped.
pub struct Scripted {
    stage: Arc<Stage>,
    server: JoinHandle<()>,
}

impl Scripted {
    #[must_use]
    pub fn url(&self) -> &str {
        &self.stage.origin
    }

    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.stage.log.all()
    }

    /// From now on the rules that hold until then are passed over, and what waited is answered.
    pub fn heal(&self) {
        self.stage.is_healed.send_replace(true);
    }

    /// How often somebody connected, with or without asking anything.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.stage.connections.load(Ordering::SeqCst)
    }

    /// Bytes of answers that the clients' side took.
    #[must_use]
    pub fn sent_bytes(&self) -> u64 {
        self.stage.sent_bytes.load(Ordering::SeqCst)
    }

    /// How the last connection that did not end well ended.
    #[must_use]
    pub fn last_error(&self) -> Option<String> {
        self.stage.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.server.abort();
    }
}

struct Stage {
    rules: Vec<Rule>,
    origin: String,
    is_healed: watch::Sender<bool>,
    log: RequestLog,
    connections: AtomicUsize,
    sent_bytes: AtomicU64,
    last_error: Mutex<Option<String>>,
}

impl Stage {
    fn answer_to(&self, asked: &wire::Asked) -> Option<&Answer> {
        let (target, authorization) = (asked.target.as_str(), asked.header("authorization"));
        let mut chosen = None;
        // Every fitting rule counts the request, also behind the one that answers it.
        for rule in self.rules.iter().filter(|rule| target.starts_with(&rule.prefix)) {
            let asked = rule.asked.fetch_add(1, Ordering::SeqCst) + 1;
            let applies = match &rule.applies {
                Applies::Always => true,
                Applies::Nth(nth) => *nth == asked,
                Applies::UntilHealed => !*self.is_healed.borrow(),
                Applies::With(wanted) => authorization.as_ref() == Some(wanted),
            };
            if chosen.is_none() && applies {
                chosen = Some(&rule.answer);
            }
        }
        chosen
    }
}

async fn accept(listener: TcpListener, stage: Arc<Stage>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        stage.connections.fetch_add(1, Ordering::SeqCst);
        connections.spawn(converse(stream, Arc::clone(&stage)));
    }
}

async fn converse(mut stream: TcpStream, stage: Arc<Stage>) {
    if let Err(error) = exchanges(&mut stream, &stage).await {
        *stage.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
    }
}

async fn exchanges(stream: &mut TcpStream, stage: &Stage) -> io::Result<()> {
    let mut buffer = Vec::new();
    while let Some(asked) = wire::read(stream, &mut buffer).await? {
        let closes = asked.closes;
        let unknown = Answer::new(501, format!("no rule for `{} {}`", asked.method, asked.target));
        let answer = stage.answer_to(&asked).unwrap_or(&unknown);
        stage.log.add(Request {
            at: Instant::now(),
            status: answer.status,
            authorization: asked.header("authorization"),
            method: asked.method,
            target: asked.target,
            headers: asked.headers,
            body: asked.body,
        });
        if answer.behaviour == Behaviour::HonestOnceHealed {
            stage.is_healed.subscribe().wait_for(|is_healed| *is_healed).await.map_err(io::Error::other)?;
        }
        let mut sender = wire::Sender { stream, sent: &stage.sent_bytes };
        if wire::send(&mut sender, answer, &stage.origin).await? == wire::Then::Close || closes {
            return Ok(());
        }
    }
    Ok(())
}
