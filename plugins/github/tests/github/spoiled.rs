//! Recorded payloads with fields that are gone, null or of another type: each item is read or counted, and nothing panics.

use quintant_plugin_github::GitHub;
use quintant_sdk::http::Target;
use quintant_sdk::prelude::*;
use quintant_sdk::testing::{Source, spoiled};
use serde_json::{Value, json};

const SEEDS: u64 = 200;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// What GitHub answers to a path; the feed's own items among it are spoiled by the seed.
fn answer(path: &str, feed: &str, seed: u64) -> Value {
    let list = |text: &str| parsed(text);
    let spoil = |value: Value, of: &str| if of == feed { spoiled(&value, seed) } else { value };
    let end = path.rsplit('/').next().unwrap_or_default();
    match end {
        "pulls" => spoil(list(include_str!("../fixtures/pulls.json")), "pull_requests"),
        "reviews" => spoil(list(include_str!("../fixtures/reviews.json")), "pull_requests"),
        "events" => json!([{ "event": "ready_for_review", "created_at": "2011-01-26T19:01:12Z" }]),
        "commits" => spoil(list(include_str!("../fixtures/commits.json")), "commits"),
        "deployments" => spoil(list(include_str!("../fixtures/deployments.json")), "deployments"),
        "statuses" => spoil(list(include_str!("../fixtures/deployment_statuses.json")), "deployments"),
        "runs" => {
            let mut runs = parsed(include_str!("../fixtures/workflow_runs.json"));
            let completed = parsed(include_str!("../fixtures/completed_run.json"));
            runs["workflow_runs"].as_array_mut().unwrap().push(completed);
            spoil(runs, "workflow_runs")
        }
        "issues" => {
            let labelled = parsed(include_str!("../fixtures/labelled_issue.json"));
            spoil(json!([labelled, parsed(include_str!("../fixtures/issues.json"))[0]]), "incidents")
        }
        "releases" => spoil(list(include_str!("../fixtures/releases.json")), "releases"),
        "teams" => spoil(json!([{ "id": 1, "slug": "a", "parent": { "id": 2 } }]), "teams"),
        "members" => spoil(json!([{ "id": 7, "login": "user7", "type": "User" }]), "teams"),
        "billing" => spoil(list(include_str!("../fixtures/copilot_billing.json")), "copilot"),
        "organization-1-day?day=1970-01-01" => {
            spoil(json!({ "download_links": ["https://elsewhere.test/f"] }), "copilot")
        }
        "repos" => json!([{ "full_name": "octo/app" }]),
        _ => json!({ "id": 42, "default_branch": "main" }),
    }
}

fn source(feed: &'static str, seed: u64) -> Source<GitHub> {
    let settings = json!({
        "organizations": ["octo"], "pull_requests_by": "rest", "incident_labels": ["bug"], "teams": true, "copilot": true,
        "releases_as_deployments": "production", "incident_severity_prefix": "b",
    });
    Source::new(settings, move |request| match &request.target {
        Target::Path(path) if path.contains("?day=") && !path.contains("=1970-01-01") => Ok(Response::new(204)),
        Target::Path(path) => Ok(Response::new(200).body(answer(path, feed, seed).to_string())),
        Target::Url(_) => Ok(Response::new(200).body("{\"daily_active_users\": 7}")),
    })
}

#[test]
fn each_is_read_or_counted() {
    for feed in
        ["pull_requests", "commits", "deployments", "workflow_runs", "incidents", "releases", "teams", "copilot"]
    {
        let (mut read, mut counted, mut refused) = (0, 0, 0);
        for seed in 0..SEEDS {
            match source(feed, seed).window(0, 1_767_225_600_000).drain(feed, None) {
                Ok(pages) => {
                    read += pages.iter().map(|page| page.facts.len()).sum::<usize>();
                    counted += pages.iter().map(|page| page.problems.len()).sum::<usize>();
                }
                // A document that is no list, or lacks what it is asked for.
                Err(Error::Permanent(message)) => {
                    assert!(
                        message.contains("not the expected JSON") && !message.contains("octocat"),
                        "{feed} {seed}: {message}"
                    );
                    refused += 1;
                }
                Err(error) => panic!("{feed} {seed}: {error}"),
            }
        }
        assert!(read > 0 && counted + refused > 0, "{feed}: {read} read, {counted} counted, {refused} refused");
    }
}
