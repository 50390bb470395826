//! Just enough HTTP/1.1 to read requests and to write answers, good and bad ones.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::{Answer, Behaviour};

const LONGEST_HEAD: usize = 64 * 1024;

pub(super) struct Asked {
    pub(super) method: String,
    pub(super) target: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    /// The client wants no second request on this connection.
    pub(super) closes: bool,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> Option<String> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }
}

/// Whether the connection can be used again.
#[derive(PartialEq, Eq)]
pub(super) enum Then {
    KeepAlive,
    Close,
}

/// None when the client has gone. `buffer` keeps what was read beyond the request.
pub(super) async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Asked>> {
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if buffer.len() > LONGEST_HEAD {
            return Err(invalid("a request head of more than 64 KiB"));
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err(invalid("a request line without a path"));
    };
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let closes = words.next() == Some("HTTP/1.0")
        || headers.iter().any(|(name, value)| name == "connection" && value.eq_ignore_ascii_case("close"));
    let mut asked =
        Asked { method: method.to_owned(), target: target.to_owned(), headers, body: String::new(), closes };
    let length: usize = asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while buffer.len() < end.saturating_add(length) {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    asked.body = String::from_utf8_lossy(&buffer[end..end + length]).into_owned();
    buffer.drain(..end + length);
    Ok(Some(asked))
}

pub(super) struct Sender<'a> {
    pub(super) stream: &'a mut TcpStream,
    pub(super) sent: &'a AtomicU64,
}

impl Sender<'_> {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.sent.fetch_add(bytes.len() as u64, Ordering::SeqCst);
        Ok(())
    }

    /// Waits until the client gives up.
    async fn hang(&mut self) -> io::Result<Then> {
        let mut ignored = [0; 1024];
        while self.stream.read(&mut ignored).await? > 0 {}
        Ok(Then::Close)
    }
}

pub(super) async fn send(sender: &mut Sender<'_>, answer: &Answer, origin: &str) -> io::Result<Then> {
    let body = match std::str::from_utf8(&answer.body) {
        Ok(text) => text.replace("{origin}", origin).into_bytes(),
        Err(_) => answer.body.clone(),
    };
    let of_length = |length: u64| head(answer, origin, Some(&format!("content-length: {length}")));
    let honest = of_length(body.len() as u64);
    match &answer.behaviour {
        Behaviour::Honest | Behaviour::HonestOnceHealed => {
            sender.write(&[honest.as_bytes(), &body].concat()).await?;
            return Ok(Then::KeepAlive);
        }
        Behaviour::CloseMidBody { after } => {
            let part = body.get(..*after).unwrap_or(&body);
            sender.write(&[honest.as_bytes(), part].concat()).await?;
        }
        Behaviour::CloseAtOnce => {}
        Behaviour::Hang => return sender.hang().await,
        Behaviour::HangAfterHead => {
            sender.write(honest.as_bytes()).await?;
            return sender.hang().await;
        }
        Behaviour::EndlessHead => {
            sender.write(head(answer, origin, None).trim_end().as_bytes()).await?;
            for number in 0_u64.. {
                sender.write(format!("\r\nx-filler-{number}: {number:064}").as_bytes()).await?;
            }
        }
        Behaviour::SlowBytes { pause } => slowly(sender, &[honest.as_bytes(), &body].concat(), *pause).await?,
        Behaviour::EndlessChunks => {
            sender.write(head(answer, origin, Some("transfer-encoding: chunked")).as_bytes()).await?;
            let chunk = [format!("{:x}\r\n", body.len()).as_bytes(), &body, b"\r\n"].concat();
            loop {
                sender.write(&chunk).await?;
            }
        }
        Behaviour::Long { bytes } => {
            sender.write(of_length(*bytes).as_bytes()).await?;
            let mut left = *bytes;
            while left > 0 && !body.is_empty() {
                let part = usize::try_from(left).map_or(body.len(), |left| left.min(body.len()));
                sender.write(&body[..part]).await?;
                left -= part as u64;
            }
        }
        Behaviour::WrongLength { declared } => sender.write(&[of_length(*declared).as_bytes(), &body].concat()).await?,
        Behaviour::Raw => sender.write(&body).await?,
    }
    Ok(Then::Close)
}

async fn slowly(sender: &mut Sender<'_>, bytes: &[u8], pause: Duration) -> io::Result<()> {
    for byte in bytes {
        sender.write(&[*byte]).await?;
        sleep(pause).await;
    }
    Ok(())
}

fn head(answer: &Answer, origin: &str, more: Option<&str>) -> String {
    let mut head = format!("HTTP/1.1 {} {}\r\n", answer.status, reason(answer.status));
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {}\r\n", value.replace("{origin}", origin)));
    }
    if let Some(more) = more {
        head.push_str(more);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    head
}

fn reason(status: u16) -> &'static str {
    match status {
        200..=299 => "OK",
        300..=399 => "Elsewhere",
        400..=499 => "Refused",
        _ => "Failed",
    }
}
