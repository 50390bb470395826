//! Every kind of request that GitHub is asked, once, written down to be checked against GitHub's own descriptions.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;

use expect_test::expect;
use jiff::SignedDuration;
use quintant_tests::{TOKEN, simulation_end};
use quintant_upstreams::fetch;
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::requests::Request;
use serde_json::{Value, json};

use crate::graphql::{host, simulation};

/// What the plugin says itself; the rest is the host's.
const HEADERS: [&str; 4] = ["accept", "content-type", "if-none-match", "x-github-api-version"];

/// Where the recording goes; needs `QUINTANT_TEST_RECORDING`, which `cargo xtask test` sets.
fn recording() -> PathBuf {
    std::env::var_os("QUINTANT_TEST_RECORDING").expect("run the tests with `cargo xtask test`").into()
}

/// The target as the description knows it: links lead to repositories by id, which it leaves out.
fn by_name(simulation: &Simulation, target: &str) -> String {
    let Some(rest) = target.strip_prefix("/repositories/") else { return target.to_owned() };
    let (id, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let repositories = &simulation.organisation().repositories;
    let repository = repositories.iter().find(|repository| repository.id.to_string() == id).unwrap();
    format!("/repos/{}{rest}", repository.name)
}

/// The same for requests that differ in a name, a number, a revision or an instant.
fn kind(target: &str) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let plain = |word: &str| !word.contains(|c: char| c.is_ascii_digit());
    let segments: Vec<&str> = path.split('/').collect();
    let is_name = |at: usize| match segments[1] {
        "orgs" => at == 2 || at == 4 && segments[3] == "teams",
        _ => (2..=3).contains(&at),
    };
    let path: Vec<&str> = segments
        .iter()
        .enumerate()
        .map(|(at, segment)| if plain(segment) && !is_name(at) { segment } else { "*" })
        .collect();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(name, value)| format!("{name}={}", if plain(value) { value } else { "*" }));
    format!("{}?{}", path.join("/"), pairs.collect::<Vec<_>>().join("&"))
}

fn headers(request: &Request) -> BTreeMap<&str, &str> {
    HEADERS.into_iter().filter_map(|name| Some((name, request.header(name)?))).collect()
}

async fn answer(simulation: &Simulation, request: &Request) -> Value {
    let url = format!("{}{}", simulation.url(), request.target);
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("User-Agent", "test"), ("Authorization", bearer.as_str())];
    fetch::post(&url, &headers, &request.body).await.unwrap().json().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_github_is_asked_is_written_down() {
    let simulation = simulation(Options { points_per_hour: 1_000_000, ..Options::default() }).await;
    let keys = tempfile::tempdir().unwrap();
    let first = simulation_end() - SignedDuration::from_hours(7 * 24);
    for mode in ["graphql", "rest"] {
        let settings = format!(
            "pull_requests_by = \"{mode}\"\npage_size = 20\norganizations = [\"acme\"]\nteams = true\ncopilot = true"
        );
        let host = host(&simulation, keys.path(), &settings, first, &[]).await;
        for now in [first, simulation_end()] {
            simulation.set_now(now);
            host.set_now(now);
            let summaries = host.collect().await;
            // It has no Copilot, which is told.
            assert!(summaries.iter().all(|summary| summary.code.is_none()), "{summaries:?}");
        }
        let mut session = host.app.setup.sources[0].start(&host.app.setup.config.calendar).await.unwrap();
        session.check(simulation_end()).await.unwrap();
        drop(session);
        host.finish().await;
    }

    let (mut rest, mut graphql) = (BTreeMap::new(), BTreeMap::new());
    for request in simulation.requests() {
        if request.method == "POST" {
            let body: Value = serde_json::from_str(&request.body).unwrap();
            let Value::Object(mut recorded) = body else { panic!("{}", request.body) };
            let from = if recorded["variables"]["after"].is_null() { "from the start" } else { "further on" };
            let kind = format!("{} {from}", recorded["operationName"].as_str().unwrap());
            if let Entry::Vacant(place) = graphql.entry(kind) {
                recorded.insert("answer".to_owned(), answer(&simulation, &request).await);
                place.insert(recorded);
            }
        } else {
            let target = by_name(&simulation, &request.target);
            let headers = headers(&request);
            let kind = format!("{} {}", kind(&target), headers.keys().copied().collect::<Vec<_>>().join(" "));
            rest.entry(kind)
                .or_insert_with(|| json!({ "method": request.method, "target": target, "headers": headers }));
        }
    }
    expect![[r#"
        [
            "/orgs/*/copilot/billing? accept x-github-api-version",
            "/orgs/*/repos?type=all&sort=full_name&per_page=* accept x-github-api-version",
            "/orgs/*/teams/*/members?role=all&per_page=* accept x-github-api-version",
            "/orgs/*/teams?per_page=* accept x-github-api-version",
            "/rate_limit? accept x-github-api-version",
            "/repos/*/*/actions/runs?created=*&exclude_pull_requests=true&per_page=* accept x-github-api-version",
            "/repos/*/*/actions/runs?per_page=* accept x-github-api-version",
            "/repos/*/*/commits?per_page=* accept if-none-match x-github-api-version",
            "/repos/*/*/commits?per_page=* accept x-github-api-version",
            "/repos/*/*/commits?sha=*&per_page=*&since=* accept x-github-api-version",
            "/repos/*/*/commits?sha=*&per_page=*&since=*&page=* accept x-github-api-version",
            "/repos/*/*/compare/*?per_page=* accept x-github-api-version",
            "/repos/*/*/compare/*?per_page=*&page=* accept x-github-api-version",
            "/repos/*/*/deployments?per_page=* accept if-none-match x-github-api-version",
            "/repos/*/*/deployments?per_page=* accept x-github-api-version",
            "/repos/*/*/issues/*/events?per_page=* accept x-github-api-version",
            "/repos/*/*/issues?state=all&sort=updated&direction=asc&since=*&per_page=* accept x-github-api-version",
            "/repos/*/*/issues?state=all&sort=updated&direction=asc&since=*&per_page=*&labels=incident accept x-github-api-version",
            "/repos/*/*/issues?state=all&sort=updated&direction=desc&per_page=* accept if-none-match x-github-api-version",
            "/repos/*/*/issues?state=all&sort=updated&direction=desc&per_page=* accept x-github-api-version",
            "/repos/*/*/issues?state=all&sort=updated&per_page=* accept x-github-api-version",
            "/repos/*/*/pulls/*/reviews?per_page=* accept x-github-api-version",
            "/repos/*/*/pulls/*/reviews?per_page=*&page=* accept x-github-api-version",
            "/repos/*/*/pulls?state=all&sort=updated&direction=desc&per_page=* accept if-none-match x-github-api-version",
            "/repos/*/*/pulls?state=all&sort=updated&direction=desc&per_page=* accept x-github-api-version",
            "/repos/*/*/pulls?state=all&sort=updated&direction=desc&per_page=*&page=* accept x-github-api-version",
            "/repos/*/*? accept x-github-api-version",
            "MoreReviews further on",
            "PullRequests from the start",
            "PullRequests further on",
        ]"#]].assert_eq(&format!("{:#?}", rest.keys().chain(graphql.keys()).collect::<Vec<_>>()));
    let recorded = json!({
        "rest": rest.into_values().collect::<Vec<_>>(),
        "graphql": graphql.into_values().collect::<Vec<_>>(),
    });
    std::fs::create_dir_all(recording().parent().unwrap()).unwrap();
    std::fs::write(recording(), recorded.to_string()).unwrap();
}
