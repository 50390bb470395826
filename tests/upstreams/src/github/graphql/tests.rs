//! The GraphQL API over real HTTP: its prices and pages are those that are documented, and what it does not know it says.

use std::collections::HashSet;
use std::sync::Arc;

use super::*;
use crate::fetch::{self, Answer as Fetched};
use crate::github::{Options, Simulation, TOKEN};
use crate::organisation::{EventKind, Organisation};

const END: &str = "2026-07-01T12:00:00Z";
const LIST: &str = "query($n: Int!, $after: String) { rateLimit { cost nodeCount remaining } repository(owner: \"acme\", name: \"amber-legacy\") {
    pullRequests(first: $n, after: $after, orderBy: { field: UPDATED_AT, direction: DESC }) { totalCount pageInfo { hasNextPage endCursor }
    nodes { number updatedAt state author { __typename login } reviews(first: 30) { nodes { author { login } } } commits(first: 1) { totalCount } } } } }";

async fn simulation(options: Options) -> Simulation {
    let organisation = Arc::new(Organisation::generate(1, END.parse().unwrap()));
    Simulation::start(organisation, options).await.unwrap()
}

async fn ask(simulation: &Simulation, query: &str, variables: Value) -> Fetched {
    ask_as(simulation, TOKEN, query, variables).await
}

async fn ask_as(simulation: &Simulation, token: &str, query: &str, variables: Value) -> Fetched {
    let bearer = format!("Bearer {token}");
    let headers = [("User-Agent", "test"), ("Authorization", bearer.as_str())];
    let url = format!("{}/graphql", simulation.url().trim_end_matches("/v3"));
    fetch::post(&url, &headers, &json!({ "query": query, "variables": variables }).to_string()).await.unwrap()
}

/// The message of the first error of an answer without data.
async fn complaint(simulation: &Simulation, query: &str, variables: Value) -> String {
    let answer = ask(simulation, query, variables).await;
    let body = answer.json().unwrap();
    assert_eq!((answer.status, body.get("data")), (200, None), "{body}");
    body["errors"][0]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn pages_bring_every_pull_request_once_newest_update_first() {
    for prefix in ["", "/api/v3"] {
        let simulation = simulation(Options { prefix: prefix.to_owned(), ..Options::default() }).await;
        let gateway = simulation.organisation().repositories.iter().find(|known| known.former_name.is_some()).unwrap();
        let (mut numbers, mut dates) = (Vec::new(), Vec::new());
        let mut after = Value::Null;
        loop {
            let body = ask(&simulation, LIST, json!({ "n": 7, "after": after })).await.json().unwrap();
            let page = &body["data"]["repository"]["pullRequests"];
            assert_eq!(page["totalCount"], gateway.changes.len());
            for node in page["nodes"].as_array().unwrap() {
                numbers.push(node["number"].as_u64().unwrap());
                dates.push(node["updatedAt"].as_str().unwrap().to_owned());
                assert_eq!(node["commits"], json!({ "totalCount": 1 }));
            }
            after = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        assert_eq!(numbers.len(), gateway.changes.len());
        assert_eq!(numbers.iter().collect::<HashSet<_>>().len(), numbers.len());
        assert!(dates.is_sorted_by(|newer, older| newer >= older));
    }
}

#[tokio::test]
async fn a_page_goes_on_at_its_place_though_the_list_has_moved() {
    let simulation = simulation(Options::default()).await;
    let late: jiff::Timestamp = END.parse().unwrap();
    simulation.set_now(late - jiff::SignedDuration::from_hours(24 * 20));
    let numbers = |body: &Value| -> Vec<u64> {
        let nodes = body["data"]["repository"]["pullRequests"]["nodes"].as_array().unwrap().clone();
        nodes.iter().map(|node| node["number"].as_u64().unwrap()).collect()
    };
    let whole = numbers(&ask(&simulation, LIST, json!({ "n": 10 })).await.json().unwrap());
    let first = ask(&simulation, LIST, json!({ "n": 3 })).await.json().unwrap();
    let cursor = &first["data"]["repository"]["pullRequests"]["pageInfo"]["endCursor"];
    simulation.set_now(late);
    let rest = numbers(&ask(&simulation, LIST, json!({ "n": 10, "after": cursor })).await.json().unwrap());
    let stayed: Vec<u64> = whole[3..].iter().copied().filter(|number| rest.contains(number)).collect();
    assert!(!stayed.is_empty() && rest.starts_with(&stayed), "{whole:?} became {rest:?}");
}

#[tokio::test]
async fn points_and_nodes_follow_the_documented_formulas() {
    let simulation = simulation(Options::default()).await;
    for (first, points, nodes) in [(1, 1, 32), (50, 1, 1600), (100, 2, 3200)] {
        let body = ask(&simulation, LIST, json!({ "n": first })).await.json().unwrap();
        let told = &body["data"]["rateLimit"];
        assert_eq!((told["cost"].as_u64(), told["nodeCount"].as_u64()), (Some(points), Some(nodes)), "{first}");
    }
    assert_eq!(simulation.points(), 4);
    let deep = LIST.replace(
        "commits(first: 1) { totalCount }",
        "reviews(first: 100) { nodes { reviews(first: 100) { totalCount } } }",
    );
    let complaint = complaint(&simulation, &deep, json!({ "n": 100 })).await;
    assert!(complaint.contains("1013100 possible nodes"), "{complaint}");
}

#[tokio::test]
async fn accounts_are_named_as_graphql_names_them() {
    let simulation = simulation(Options::default()).await;
    let text = String::from_utf8(ask(&simulation, LIST, json!({ "n": 100 })).await.body).unwrap();
    assert!(
        text.contains(r#"{"__typename":"User","login":"dev-"#) && !text.contains("[bot]") && !text.contains("ghost")
    );
    let organisation = simulation.organisation();
    let drafts = organisation
        .repositories
        .iter()
        .flat_map(|repository| &repository.changes)
        .filter(|change| change.events.iter().any(|event| event.kind == EventKind::ReadyForReview));
    assert!(drafts.count() > 10, "there is something for timelines to tell");
}

#[tokio::test]
async fn what_is_wrong_is_said_as_the_real_service_says_it() {
    let simulation = simulation(Options { points_per_hour: 3, ..Options::default() }).await;
    assert_eq!(ask_as(&simulation, "other", LIST, json!({ "n": 1 })).await.status, 401);
    assert!(complaint(&simulation, "query {", json!({})).await.starts_with("Parse error"));
    assert_eq!(complaint(&simulation, LIST, json!({})).await, "Variable $n of type Int! was provided invalid value");
    assert_eq!(complaint(&simulation, LIST, json!({ "n": 1, "x": 2 })).await, "Variable $x is not declared");
    let unknown = ask(&simulation, &LIST.replace("updatedAt", "bodyText"), json!({ "n": 1 })).await;
    assert_eq!(unknown.status, 501);
    assert!(String::from_utf8(unknown.body).unwrap().contains("the field `bodyText` of `PullRequest`"));
    let gone = ask(&simulation, &LIST.replace("amber-legacy", "nowhere"), json!({ "n": 1 })).await.json().unwrap();
    assert_eq!((&gone["data"]["repository"], &gone["errors"][0]["type"]), (&Value::Null, &json!("NOT_FOUND")));
    let spent = ask(&simulation, LIST, json!({ "n": 100 })).await;
    let body = spent.json().unwrap();
    assert_eq!((spent.status, &body["errors"][0]["type"]), (200, &json!("RATE_LIMITED")), "{body}");
    assert!(spent.header("x-ratelimit-reset").is_some());
}

#[tokio::test]
async fn moods_are_those_of_the_real_service() {
    let simulation = simulation(Options::default()).await;
    simulation.set_mood(Mood::TimesOutAbove(10));
    let mut statuses = Vec::new();
    for first in [11, 11, 10] {
        statuses.push(ask(&simulation, LIST, json!({ "n": first })).await.status);
    }
    assert_eq!(statuses, [502, 504, 200]);
    simulation.set_mood(Mood::Refuses(403));
    assert_eq!(ask(&simulation, LIST, json!({ "n": 1 })).await.status, 403);
    simulation.set_mood(Mood::LosesPartAbove(1));
    let edges =
        LIST.replace("nodes { number updatedAt state", "edges { node { number").replace(" } } } }", " } } } } }");
    let body = ask(&simulation, &edges, json!({ "n": 2 })).await.json().unwrap();
    let page = &body["data"]["repository"]["pullRequests"]["edges"];
    assert_eq!(
        (page[0].is_null(), page[1].is_null(), body["errors"].as_array().unwrap().len()),
        (false, true, 1),
        "{body}"
    );
}

#[tokio::test]
async fn comments_are_counted_at_a_price_and_only_where_they_are_included() {
    let simulation = simulation(Options::default()).await;
    let repository = &simulation.organisation().repositories[0];
    let (owner, name) = repository.name.split_once('/').unwrap();
    let query = "query($owner: String!, $name: String!, $all: Boolean!) { rateLimit { cost } repository(owner: $owner, name: $name) {
        pullRequests(first: 100, orderBy: { field: UPDATED_AT, direction: DESC }) { nodes { number
            comments(first: 100) @include(if: $all) { totalCount nodes { author { login } } }
            reviews(first: 30) { nodes { state comments @include(if: $all) { totalCount } } } } } } }";
    let told = async |all: bool| {
        let variables = json!({ "owner": owner, "name": name, "all": all });
        ask(&simulation, query, variables).await.json().unwrap()["data"].clone()
    };
    let (without, with) = (told(false).await, told(true).await);
    assert_eq!((&without["rateLimit"]["cost"], &with["rateLimit"]["cost"]), (&1.into(), &32.into()));
    assert!(!without.to_string().contains("comments"));
    for pull in with["repository"]["pullRequests"]["nodes"].as_array().unwrap() {
        let change = repository.changes.iter().find(|change| pull["number"] == change.number).unwrap();
        let own = change.events.iter().filter(|event| event.kind == EventKind::Commented).count();
        assert_eq!(pull["comments"]["totalCount"], own + change.comments.len());
        let on_lines = pull["reviews"]["nodes"].as_array().unwrap().iter();
        let on_lines: u64 = on_lines.map(|review| review["comments"]["totalCount"].as_u64().unwrap()).sum();
        assert_eq!(on_lines, change.reviews.iter().map(|review| u64::from(review.comments)).sum::<u64>());
    }
}
