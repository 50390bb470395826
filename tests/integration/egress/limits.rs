//! A source's limits are kept by all of its feeds and runs.

use std::time::Duration;

use jiff::SignedDuration;
use quintant::plugin::CollectRequest;
use quintant_tests::{Log, github_source, guest_source, simulation_end};
use quintant_upstreams::script::{Answer, Behaviour, Script};
use serde_json::json;

use super::{host, outcome, quiet, run};

const PULLS: &str = "/repos/octo/app/pulls?";

#[tokio::test]
async fn what_one_feed_has_learnt_holds_for_the_others_and_for_the_next_run() {
    let limited = Answer::new(429, "").header("retry-after", "3600");
    let scripted = quiet(Script::new().on(PULLS, limited)).start().await.unwrap();
    let host = host(&github_source(scripted.url(), "repositories = [\"octo/app\"]")).await;
    for _ in 0..2 {
        for summary in host.collect().await {
            assert_eq!(outcome(&summary), ("failed", Some("rate_limited")));
            let wait = summary.retry_at.unwrap().duration_since(simulation_end());
            assert!(wait <= SignedDuration::from_hours(1) && wait > SignedDuration::from_mins(59), "{wait}");
        }
    }
    assert_eq!(scripted.requests().len(), 1);
    host.finish().await;
}

#[tokio::test]
async fn a_refusal_that_says_nothing_is_asked_again_ever_later() {
    let log = Log::capture();
    let scripted = quiet(Script::new().on(PULLS, Answer::new(429, "limit exceeded"))).start().await.unwrap();
    let host = host(&github_source(scripted.url(), "repositories = [\"octo/app\"]")).await;
    let summary = run(&host).await;
    assert_eq!(summary.retry_at, Some(simulation_end() + SignedDuration::from_secs(60)));
    log.assert_line(&["the source asks for fewer requests", "http.status=429", "wait_seconds=60"]);
    assert_eq!((summary.requests, summary.retries, summary.waited_seconds), (1, 0, 0));
    host.finish().await;
}

#[tokio::test]
async fn a_reset_in_seconds_is_waited_for_and_the_wait_is_counted() {
    // As Mattermost tells it: seconds from now, not from 1970.
    let refused =
        Answer::new(429, "limit exceeded").header("x-ratelimit-remaining", "0").header("x-ratelimit-reset", "1");
    let scripted = quiet(Script::new().on_nth(PULLS, 1, refused)).start().await.unwrap();
    let host = host(&github_source(scripted.url(), "repositories = [\"octo/app\"]")).await;
    let summary = run(&host).await;
    assert_eq!(outcome(&summary), ("ok", None));
    assert_eq!((summary.requests, summary.retries, summary.waited_seconds), (2, 1, 1));
    let asked = scripted.requests();
    assert!(asked[1].at.duration_since(asked[0].at) >= Duration::from_secs(1));
    let stored = "SELECT requests * 10000::bigint + retries * 100 + waited_seconds FROM app.run ORDER BY id LIMIT 1";
    assert_eq!(host.database.numbers(stored).await, [20_101]);
    host.finish().await;
}

#[tokio::test]
async fn the_operators_requests_per_hour_are_kept() {
    let scripted = Script::new().on("/x", Answer::new(200, "")).start().await.unwrap();
    let endpoint = format!("url = \"{}\"\nnetworks = [\"127.0.0.0/8\"]\nrequests_per_hour = 2", scripted.url());
    let settings = format!("behaviour = \"follow\"\nurl = \"{}/x\"", scripted.url());
    let host = host(&guest_source(&endpoint, &settings)).await;
    assert_eq!(outcome(&run(&host).await), ("ok", None));
    assert_eq!(outcome(&run(&host).await), ("ok", None));
    let third = run(&host).await;
    assert_eq!(outcome(&third), ("failed", Some("rate_limited")));
    let wait = third.retry_at.unwrap().duration_since(simulation_end());
    assert!((SignedDuration::from_mins(59)..=SignedDuration::from_mins(61)).contains(&wait), "{wait}");
    assert_eq!(scripted.requests().len(), 2);
    host.finish().await;
}

#[tokio::test]
async fn the_operator_cannot_allow_more_than_the_plugin() {
    let text = github_source("https://api.github.com", "repositories = [\"octo/app\"]")
        .replace("networks = ", "requests_per_hour = 4000000000\nnetworks = ");
    let refusal = quintant_tests::Host::refusal(&text).await;
    assert!(
        refusal.starts_with("error: endpoint `api`: `requests_per_hour` is 4000000000; the plugin allows at most "),
        "{refusal}"
    );
}

#[tokio::test]
async fn the_credential_with_most_left_is_used() {
    let left = |left: &str| {
        Answer::json(200, &json!([])).header("x-ratelimit-remaining", left).header("x-ratelimit-reset", "3000")
    };
    let script = Script::new().on_credential(PULLS, "Bearer first-of-two", left("10")).on_credential(
        PULLS,
        "Bearer second-of-two",
        left("500"),
    );
    let scripted = quiet(script).start().await.unwrap();
    let text = github_source(scripted.url(), "repositories = [\"octo/app\"]");
    let text = text.replace("{ file = \"github.token\" }", "[{ file = \"one.token\" }, { file = \"two.token\" }]");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("one.token"), "first-of-two").unwrap();
    std::fs::write(folder.path().join("two.token"), "second-of-two").unwrap();
    let text = text.replace("\"one.", &format!("\"{}/one.", folder.path().display()));
    let host = host(&text.replace("\"two.", &format!("\"{}/two.", folder.path().display()))).await;
    for _ in 0..6 {
        assert_eq!(outcome(&run(&host).await), ("ok", None));
    }
    let mut used: Vec<String> = scripted.requests().into_iter().filter_map(|request| request.authorization).collect();
    assert_eq!(used[..2], ["Bearer first-of-two", "Bearer second-of-two"], "nothing is known yet");
    assert!(used.split_off(2).iter().all(|token| token == "Bearer second-of-two"));
    host.finish().await;
}

#[tokio::test]
async fn one_credential_has_one_request_on_the_way() {
    let pause = Duration::from_millis(2);
    let slow = Answer::new(200, " ".repeat(100)).behaving(Behaviour::SlowBytes { pause });
    let scripted = Script::new().on("/x", slow).start().await.unwrap();
    let endpoint = format!("url = \"{}\"\nnetworks = [\"127.0.0.0/8\"]", scripted.url());
    let settings = format!("behaviour = \"follow\"\nurl = \"{}/x\"", scripted.url());
    let host = host(&guest_source(&endpoint, &settings)).await;
    let setup = &host.app.setup;
    let feed = &setup.sources[0].feeds[0].name;
    // Sessions, since a lease would keep whole runs apart.
    let ask = async || {
        let mut session = setup.sources[0].start(&setup.config.calendar).await.unwrap();
        let now = simulation_end();
        session
            .collect(CollectRequest { feed, cursor: None, from: now, until: now, now, most_facts: 1 })
            .await
            .unwrap();
    };
    tokio::join!(ask(), ask(), ask());
    let asked = scripted.requests();
    assert_eq!(asked.len(), 3);
    for pair in asked.windows(2) {
        let between = pair[1].at.duration_since(pair[0].at);
        assert!(between >= pause * 100, "the next was sent after {between:?}, before the last was answered");
    }
    host.finish().await;
}
