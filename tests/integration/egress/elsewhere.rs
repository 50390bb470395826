//! Other origins that the operator named are read without the credential; the rest is not connected to.

use quintant_tests::{Log, TOKEN, guest_source};
use quintant_upstreams::requests::Request;
use quintant_upstreams::script::{Answer, Script, Scripted};

use super::{host, outcome, run};

const GOOD: &str = "2xx and told";

async fn other() -> Scripted {
    Script::new().on("/file", Answer::new(200, GOOD)).start().await.unwrap()
}

/// A run that follows `url` from an endpoint with a credential.
async fn follow(home: &Scripted, also: &[&str], url: &str) -> (String, Option<String>) {
    let endpoint = format!(
        "url = \"{}\"\nauth = {{ bearer = {{ file = \"github.token\" }} }}\nnetworks = [\"127.0.0.0/8\"]\nalso = {also:?}",
        home.url()
    );
    let host = host(&guest_source(&endpoint, &format!("behaviour = \"follow\"\nurl = \"{url}\""))).await;
    let summary = run(&host).await;
    host.finish().await;
    (summary.outcome, summary.code)
}

/// As a stranger asks.
fn assert_stranger(requests: &[Request]) {
    assert!(!requests.is_empty());
    for request in requests {
        assert_eq!(request.authorization, None);
        assert!(request.header("accept").is_some(), "{request:?}");
        assert!(request.header("x-api-key").is_none(), "{request:?}");
    }
}

#[tokio::test]
async fn a_url_of_a_named_origin_is_read_as_a_stranger() {
    let (home, other) = (Script::new().start().await.unwrap(), other().await);
    let came = follow(&home, &[other.url()], &format!("{}/file?sig=1", other.url())).await;
    assert_eq!(came, ("ok".to_owned(), None));
    assert_eq!(other.requests()[0].target, "/file?sig=1");
    assert_stranger(&other.requests());
    assert_eq!(home.connections(), 0);
}

#[tokio::test]
async fn a_redirect_to_a_named_origin_is_followed_as_a_stranger() {
    let other = other().await;
    let redirect = Answer::new(302, "").header("location", &format!("{}/file", other.url()));
    let home = Script::new().on("/x", redirect).start().await.unwrap();
    let came = follow(&home, &[other.url()], &format!("{}/x", home.url())).await;
    assert_eq!(came, ("ok".to_owned(), None));
    assert_eq!(home.requests()[0].authorization, Some(format!("Bearer {TOKEN}")));
    assert!(home.requests()[0].header("x-api-key").is_some());
    assert_stranger(&other.requests());
}

#[tokio::test]
async fn whoever_leads_away_cannot_lead_the_credential_back() {
    // The two know each other's address only once both listen.
    let back = Script::new().on("/back", Answer::new(302, "").header("location", "{origin}/file"));
    let back = back.on("/file", Answer::new(200, GOOD)).start().await.unwrap();
    let lead_back = Answer::new(302, "").header("location", &format!("{}/file", back.url()));
    let other = Script::new().on("/away", lead_back).start().await.unwrap();
    let came = follow(&back, &[other.url()], &format!("{}/away", other.url())).await;
    assert_eq!(came, ("ok".to_owned(), None));
    assert_stranger(&back.requests());
}

#[tokio::test]
async fn what_is_not_named_is_not_connected_to_and_the_line_is_told() {
    let log = Log::capture();
    let (named, other) = (other().await, other().await);
    let redirect = Answer::new(302, "").header("location", &format!("{}/file", other.url()));
    let home = Script::new().on("/x", redirect).start().await.unwrap();
    for url in [format!("{}/file", other.url()), format!("{}/x", home.url())] {
        let came = follow(&home, &[named.url()], &url).await;
        assert_eq!(came, ("failed".to_owned(), Some("permanent".to_owned())), "{url}");
        log.assert_line(&["WARN", &format!("the source leads to `{}`, which is neither", other.url())]);
    }
    assert_eq!((named.connections(), other.connections()), (0, 0));
}

#[tokio::test]
async fn a_named_origins_limit_outlasts_the_run() {
    let limited = Answer::new(429, "").header("retry-after", "3600");
    let other = Script::new().on("/file", limited).start().await.unwrap();
    let home = Script::new().start().await.unwrap();
    let endpoint = format!("url = \"{}\"\nnetworks = [\"127.0.0.0/8\"]\nalso = [\"{}\"]", home.url(), other.url());
    let host = host(&guest_source(&endpoint, &format!("behaviour = \"follow\"\nurl = \"{}/file\"", other.url()))).await;
    assert_eq!(outcome(&run(&host).await), ("failed", Some("rate_limited")));
    assert_eq!(outcome(&run(&host).await), ("failed", Some("rate_limited")));
    assert_eq!(other.requests().len(), 1, "the second run knows");
    host.finish().await;
}
