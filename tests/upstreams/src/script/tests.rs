//! Every behaviour, seen from a plain socket.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::*;
use crate::fetch::get;

async fn raw(url: &str, path: &str, most: usize) -> Vec<u8> {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer t\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut bytes = vec![0; most];
    let mut filled = 0;
    while filled < most {
        match timeout(Duration::from_millis(300), stream.read(&mut bytes[filled..])).await {
            Ok(Ok(read)) if read > 0 => filled += read,
            _ => break,
        }
    }
    bytes.truncate(filled);
    bytes
}

#[tokio::test]
async fn rules_are_tried_in_order_and_the_rest_is_unknown() {
    let script = Script::new().on_nth("/pulls", 2, Answer::new(502, "<html>Bad gateway</html>")).on(
        "/pulls",
        Answer::json(200, &serde_json::json!([1])).header("link", "<{origin}/pulls?page=2>; rel=\"next\""),
    );
    let scripted = script.start().await.unwrap();
    let ask = async |path: &str| get(&format!("{}{path}", scripted.url()), &[]).await.unwrap();
    let first = ask("/pulls").await;
    assert_eq!((first.status, first.body.as_slice()), (200, b"[1]".as_slice()));
    assert_eq!(first.header("link"), Some(format!("<{}/pulls?page=2>; rel=\"next\"", scripted.url()).as_str()));
    assert_eq!(ask("/pulls?page=2").await.status, 502);
    assert_eq!(ask("/pulls?page=2").await.status, 200);
    assert_eq!(ask("/other").await.status, 501);
    let statuses: Vec<u16> = scripted.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [200, 502, 200, 501]);
}

#[tokio::test]
async fn what_waits_is_answered_once_healed() {
    let held = Answer::new(200, "[]").behaving(Behaviour::HonestOnceHealed);
    let scripted = Script::new().on("/pulls", held).start().await.unwrap();
    let url = format!("{}/pulls", scripted.url());
    let mut asking = std::pin::pin!(get(&url, &[]));
    assert!(timeout(Duration::from_millis(100), &mut asking).await.is_err());
    scripted.heal();
    assert_eq!(asking.await.unwrap().status, 200);
}

#[tokio::test]
async fn what_holds_until_healed_gives_way_to_the_next_rule() {
    let script = Script::new().until_healed("/pulls", Answer::new(502, "")).on("/pulls", Answer::new(200, "[]"));
    let scripted = script.start().await.unwrap();
    let ask = async || get(&format!("{}/pulls", scripted.url()), &[]).await.unwrap().status;
    assert_eq!((ask().await, ask().await), (502, 502));
    scripted.heal();
    assert_eq!(ask().await, 200);
}

#[tokio::test]
async fn an_answer_may_depend_on_the_credential() {
    let script =
        Script::new().on_credential("/pulls", "Bearer old", Answer::new(401, "")).on("/pulls", Answer::new(200, "[]"));
    let scripted = script.start().await.unwrap();
    let url = format!("{}/pulls", scripted.url());
    assert_eq!(get(&url, &[("Authorization", "Bearer old")]).await.unwrap().status, 401);
    assert_eq!(get(&url, &[("Authorization", "Bearer new")]).await.unwrap().status, 200);
    assert_eq!(get(&url, &[]).await.unwrap().status, 200);
    assert!(scripted.requests()[1].header("host").is_some());
}

#[tokio::test]
async fn bad_behaviour_is_as_told() {
    let answer = |behaviour: Behaviour| Answer::new(200, "0123456789").behaving(behaviour);
    let script = Script::new()
        .on("/mid", answer(Behaviour::CloseMidBody { after: 4 }))
        .on("/once", answer(Behaviour::CloseAtOnce))
        .on("/hang", answer(Behaviour::Hang))
        .on("/halfhang", answer(Behaviour::HangAfterHead))
        .on("/head", answer(Behaviour::EndlessHead))
        .on("/slow", answer(Behaviour::SlowBytes { pause: Duration::from_millis(1) }))
        .on("/chunks", answer(Behaviour::EndlessChunks))
        .on("/long", answer(Behaviour::Long { bytes: 1_000_000 }))
        .on("/wrong", answer(Behaviour::WrongLength { declared: 99 }))
        .on("/raw", answer(Behaviour::Raw));
    let scripted = script.start().await.unwrap();
    let url = scripted.url();
    let text = async |path: &str| String::from_utf8(raw(url, path, 4000).await).unwrap();
    let mid = text("/mid").await;
    assert!(mid.contains("content-length: 10\r\n") && mid.ends_with("\r\n\r\n0123"), "{mid}");
    assert_eq!(text("/once").await, "");
    assert_eq!(text("/hang").await, "");
    assert!(text("/halfhang").await.ends_with("\r\n\r\n"));
    let head = text("/head").await;
    assert!(head.len() == 4000 && !head.contains("\r\n\r\n"));
    assert!(text("/slow").await.ends_with("\r\n\r\n0123456789"));
    let chunks = text("/chunks").await;
    assert!(
        chunks.len() == 4000 && chunks.contains("transfer-encoding: chunked\r\n\r\na\r\n0123456789\r\na\r\n"),
        "{chunks}"
    );
    let long = raw(url, "/long", 2_000_000).await;
    assert!(long.len() > 1_000_000 && long.ends_with(b"0123456789"));
    let wrong = text("/wrong").await;
    assert!(wrong.contains("content-length: 99\r\n") && wrong.ends_with("\r\n\r\n0123456789"), "{wrong}");
    assert_eq!(text("/raw").await, "0123456789");
    assert!(scripted.requests().iter().all(|request| request.authorization.as_deref() == Some("Bearer t")));
    assert_eq!(scripted.connections(), 10);
    assert!(scripted.sent_bytes() > 1_000_000);
}
