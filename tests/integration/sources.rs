//! `GET /api/v1/sources`: how collecting goes, and nothing about what was collected.

use expect_test::expect;
use jiff::SignedDuration;
use quintant_tests::{Host, HostOptions, emitting_sources, guest_sources, simulation_end};
use quintant_upstreams::script::{Answer, Script, Scripted};
use serde_json::{Value, json};

const SOURCES: &str = "/api/v1/sources";

/// What an upstream lists that has never seen anything.
fn nothing() -> Answer {
    Answer::json(200, &json!({ "facts": [] }))
}

async fn upstream(work: Answer) -> Scripted {
    Script::new().on("/work", work).on("/rest", nothing()).start().await.unwrap()
}

/// What is told a minute later, when runs that ended are seen.
async fn told(host: &Host) -> Value {
    let now = host.app.setup.clock.now();
    host.set_now(now + SignedDuration::from_mins(1));
    let (status, told) = host.get(SOURCES).await;
    assert_eq!(status, 200, "{told}");
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn each_source_is_told_with_its_feeds_and_how_they_went() {
    let (well, refused) = (upstream(nothing()).await, upstream(Answer::new(401, "")).await);
    let text = emitting_sources(&[("code", well.url(), "interval = \"2h\""), ("chat", refused.url(), "")]);
    let host = Host::for_text(&text, HostOptions::default()).await;
    host.collect_from("code").await;
    host.collect_from("chat").await;
    let text = serde_json::to_string_pretty(&told(&host).await).unwrap();
    expect![[r#"
        {
          "as_of": "2026-11-24T12:01:00Z",
          "sources": [
            {
              "feeds": [
                {
                  "covered_through": "2026-11-24T12:00:00Z",
                  "interval_seconds": 7200,
                  "last_run": {
                    "code": null,
                    "outcome": "ok",
                    "started": "2026-11-24T12:00:00Z"
                  },
                  "name": "work",
                  "next_run": "2026-11-24T14:02:00Z",
                  "quarantined": false,
                  "throttled": false
                },
                {
                  "covered_through": "2026-11-24T12:00:00Z",
                  "interval_seconds": 7200,
                  "last_run": {
                    "code": null,
                    "outcome": "ok",
                    "started": "2026-11-24T12:00:00Z"
                  },
                  "name": "rest",
                  "next_run": "2026-11-24T14:09:00Z",
                  "quarantined": false,
                  "throttled": false
                }
              ],
              "name": "code",
              "plugin": "emitting",
              "plugin_version": "0.1.0"
            },
            {
              "feeds": [
                {
                  "covered_through": null,
                  "interval_seconds": 3600,
                  "last_run": {
                    "code": "permanent",
                    "outcome": "failed",
                    "started": "2026-11-24T12:00:00Z"
                  },
                  "name": "work",
                  "next_run": "2026-11-24T13:04:00Z",
                  "quarantined": false,
                  "throttled": false
                },
                {
                  "covered_through": "2026-11-24T12:00:00Z",
                  "interval_seconds": 3600,
                  "last_run": {
                    "code": null,
                    "outcome": "ok",
                    "started": "2026-11-24T12:00:00Z"
                  },
                  "name": "rest",
                  "next_run": "2026-11-24T13:05:00Z",
                  "quarantined": false,
                  "throttled": false
                }
              ],
              "name": "chat",
              "plugin": "emitting",
              "plugin_version": "0.1.0"
            }
          ]
        }
    "#]]
    .assert_eq(&(text + "\n"));
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_was_never_read_is_told_as_due_at_once() {
    let well = upstream(nothing()).await;
    let host = Host::for_text(&emitting_sources(&[("code", well.url(), "")]), HostOptions::default()).await;
    let feed = &told(&host).await["sources"][0]["feeds"][0];
    assert_eq!([&feed["last_run"], &feed["next_run"], &feed["covered_through"]], [&Value::Null; 3]);
    host.finish().await;
}

/// Whoever asks all the time could otherwise tell how long a run takes, and so how much there was to read.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_shows_when_the_minute_that_it_ended_in_is_over() {
    let well = upstream(nothing()).await;
    let now = simulation_end() + SignedDuration::from_secs(20);
    let host =
        Host::for_text(&emitting_sources(&[("code", well.url(), "")]), HostOptions { now, ..HostOptions::default() })
            .await;
    host.collect().await;
    let last_run = async || host.get(SOURCES).await.1["sources"][0]["feeds"][0]["last_run"].clone();
    assert_eq!(last_run().await, Value::Null);
    host.set_now(now + SignedDuration::from_secs(39));
    assert_eq!(last_run().await, Value::Null);
    host.set_now(now + SignedDuration::from_secs(40));
    assert_eq!(last_run().await, json!({ "started": "2026-11-24T12:00:00Z", "outcome": "ok", "code": null }));
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_throttled_or_in_quarantine_is_told_as_such() {
    let limited = upstream(Answer::new(429, "").header("retry-after", "600")).await;
    let host = Host::for_text(&emitting_sources(&[("code", limited.url(), "")]), HostOptions::default()).await;
    host.collect().await;
    let feed = &told(&host).await["sources"][0]["feeds"][0];
    assert_eq!((&feed["throttled"], &feed["last_run"]["code"]), (&json!(true), &json!("rate_limited")), "{feed}");
    host.set_now(simulation_end() + SignedDuration::from_mins(30));
    assert_eq!(told(&host).await["sources"][0]["feeds"][0]["throttled"], false);
    host.finish().await;

    let host = Host::for_text(&guest_sources("http://127.0.0.1:9", &["trap"]), HostOptions::default()).await;
    for strike in 1..=3 {
        host.collect().await;
        let feed = &told(&host).await["sources"][0]["feeds"][0];
        assert_eq!(feed["quarantined"], strike == 3, "{feed}");
    }
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_asked_once_a_minute_and_not_for_who_has_the_answer() {
    let well = upstream(nothing()).await;
    let host = Host::for_text(&emitting_sources(&[("code", well.url(), "")]), HostOptions::default()).await;
    let router = host.app.router().await.unwrap();
    let ask = async |tag: Option<&str>| {
        use tower::ServiceExt;
        let mut request = axum::http::Request::get(SOURCES);
        if let Some(tag) = tag {
            request = request.header("if-none-match", tag);
        }
        let response = router.clone().oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
        let tag = response.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned());
        (response.status().as_u16(), tag)
    };
    let (status, tag) = ask(None).await;
    assert_eq!(status, 200);
    // A minute later nothing has happened.
    host.set_now(simulation_end() + SignedDuration::from_mins(1));
    assert_eq!(ask(tag.as_deref()).await, (304, tag.clone()));
    host.collect().await;
    assert_eq!(ask(tag.as_deref()).await.0, 304, "what happened since shows in the next minute");
    host.set_now(simulation_end() + SignedDuration::from_mins(2));
    let (status, newer) = ask(tag.as_deref()).await;
    assert!(status == 200 && newer != tag, "{status} {newer:?}");
    host.app.store().close().await;
    assert_eq!(ask(None).await.0, 200, "it is known for this minute");
    host.set_now(simulation_end() + SignedDuration::from_mins(3));
    assert_eq!(ask(None).await.0, 503);
    host.database.drop_now().await;
}
