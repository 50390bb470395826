//! The smallest HTTP client that does: one request over plain HTTP, one connection, for `check` and for tests.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// # Errors
    /// When the body is not JSON.
    pub fn json(&self) -> serde_json::Result<serde_json::Value> {
        serde_json::from_slice(&self.body)
    }
}

/// # Errors
/// When `url` is not `http://HOST[:PORT]/…`, nobody listens, or the answer is not HTTP or does not end within a minute.
pub async fn get(url: &str, headers: &[(&str, &str)]) -> io::Result<Answer> {
    send("GET", url, headers, "").await
}

/// # Errors
/// As [`get`].
pub async fn post(url: &str, headers: &[(&str, &str)], body: &str) -> io::Result<Answer> {
    send("POST", url, headers, body).await
}

async fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> io::Result<Answer> {
    let unfit = || {
        io::Error::new(io::ErrorKind::InvalidInput, format!("`{url}` is not a URL like `http://127.0.0.1:8000/path`"))
    };
    let rest = url.strip_prefix("http://").ok_or_else(unfit)?;
    let (authority, path) =
        rest.split_once('/').map_or((rest, String::new()), |(authority, path)| (authority, path.to_owned()));
    let address = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
    // Version 1.0 keeps the answer free of chunks and ends it with the connection.
    let mut request = format!("{method} /{path} HTTP/1.0\r\nHost: {authority}\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        request.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    request.push_str("\r\n");
    request.push_str(body);
    let bytes = timeout(PATIENCE, exchange(&address, request.as_bytes())).await.map_err(|_| {
        io::Error::new(io::ErrorKind::TimedOut, format!("`{url}` did not answer within {PATIENCE:?}"))
    })??;
    parse(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("`{url}` did not answer with HTTP")))
}

async fn exchange(address: &str, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    Ok(bytes)
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    Some(Answer { status, headers, body: bytes[end + 4..].to_vec() })
}
