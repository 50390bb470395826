//! What every request and every answer has: an id, a line in the log, headers that keep browsers from harm, fewer bytes.

use std::io::Read;

use axum::body::Body;
use axum::http::{HeaderMap, Request, header};
use flate2::read::GzDecoder;
use quintant_tests::{Host, Log};
use serde_json::Value;
use tower::ServiceExt;

use crate::api::fresh_host;

const SPACE: &str = "/api/v1/metrics/space";

async fn ask(host: &Host, path: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap, Vec<u8>) {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = host.app.router().await.unwrap().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    (parts.status.as_u16(), parts.headers, body.to_vec())
}

#[tokio::test]
async fn a_request_is_known_by_its_id() {
    let host = fresh_host().await;
    let log = Log::capture();
    for (path, status) in [(SPACE, 200), ("/api/v1/metrics/space?time_range=1y", 400), ("/nothing/at-all", 404)] {
        let (answered, headers, body) = ask(&host, path, &[("x-request-id", "from-a.proxy_1")]).await;
        assert_eq!((answered, headers["x-request-id"].to_str().unwrap()), (status, "from-a.proxy_1"));
        if status != 200 {
            let problem: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(problem["request_id"], "from-a.proxy_1");
        }
    }
    log.assert_line(&["DEBUG", "from-a.proxy_1", "answered GET /api/v1/metrics/space with 200", "duration_ms"]);
    log.assert_line(&["DEBUG", "answered GET /api/v1/metrics/space with 400"]);
    log.assert_line(&["DEBUG", "answered GET none with 404"]);
    assert!(!log.text().contains("1y") && !log.text().contains("at-all"), "{}", log.text());

    let mut made = Vec::new();
    let long = "x".repeat(65);
    for given in ["", "two words", "<script>", "a\"b", long.as_str()] {
        let (_, headers, _) = ask(&host, SPACE, &[("x-request-id", given)]).await;
        made.push(headers["x-request-id"].to_str().unwrap().to_owned());
    }
    assert!(made.iter().all(|id| id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit())), "{made:?}");
    made.sort();
    made.dedup();
    assert_eq!(made.len(), 5);
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_run_framed_or_kept_by_a_browser() {
    let host = fresh_host().await;
    for (path, cached) in [
        (SPACE, "no-cache"),
        ("/metrics", "no-cache"),
        ("/openapi.json", "no-cache"),
        ("/health", "no-store"),
        ("/livez", "no-store"),
        ("/readyz", "no-store"),
        ("/nothing", "no-store"),
    ] {
        let (_, headers, _) = ask(&host, path, &[]).await;
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], "default-src 'none'; frame-ancestors 'none'", "{path}");
        assert_eq!(headers[header::CACHE_CONTROL], cached, "{path}");
    }
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_gzip_gets_the_same_in_fewer_bytes() {
    let host = fresh_host().await;
    for path in [SPACE, "/openapi.json"] {
        let (_, plain_headers, plain) = ask(&host, path, &[]).await;
        let (_, headers, packed) = ask(&host, path, &[("accept-encoding", "br, gzip")]).await;
        assert_eq!(headers[header::CONTENT_ENCODING], "gzip", "{path}");
        assert!(packed.len() < plain.len() / 2, "{path}: {} of {} bytes", packed.len(), plain.len());
        let mut unpacked = Vec::new();
        GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain, "{path}");
        for headers in [&headers, &plain_headers] {
            assert_eq!(headers.get_all(header::VARY).iter().collect::<Vec<_>>(), ["accept-encoding"], "{path}");
        }
        assert_eq!(headers[header::ETAG], plain_headers[header::ETAG], "{path}");
        let known = headers[header::ETAG].to_str().unwrap();
        for tags in [known, known.trim_start_matches("W/"), "\"other\", *"] {
            let asked = [("if-none-match", tags), ("accept-encoding", "gzip")];
            let (status, headers, body) = ask(&host, path, &asked).await;
            assert_eq!((status, body.len(), headers.get(header::CONTENT_ENCODING)), (304, 0, None), "{path}");
        }
    }
    for path in ["/livez", "/health", "/nothing"] {
        let (_, headers, _) = ask(&host, path, &[("accept-encoding", "gzip")]).await;
        assert!(!headers.contains_key(header::CONTENT_ENCODING), "{path}");
    }
    let (status, headers, _) = ask(&host, "/api/v1/metrics/space?time_range=1y", &[("if-none-match", "*")]).await;
    assert_eq!((status, headers.get(header::ETAG)), (400, None), "what cannot be answered is not known either");
    host.finish().await;
}
