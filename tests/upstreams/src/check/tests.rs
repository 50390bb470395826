//! Held against a twin of the oracle that speaks HTTP.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Json;
use axum::routing::get;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::*;
use crate::oracle::Atom;
use crate::organisation::Organisation;

type Asked = BTreeMap<String, String>;

/// Answers as the oracle does, with `wrong` added to the organisation's pull requests.
struct Twin {
    organisation: Organisation,
    atoms: Vec<Atom>,
    wrong: i64,
}

fn oracle(organisation: &Organisation) -> Oracle<'_> {
    Oracle::new(organisation, organisation.end, organisation.end, SignedDuration::from_hours(36))
}

fn range(asked: &Asked) -> Range {
    let date = |name: &str| asked.get(name).map(|date| date.parse().unwrap());
    match (asked.get("time_range").map(String::as_str), date("from"), date("to")) {
        (Some("24h"), ..) => Range::Day,
        (Some("7d"), ..) => Range::Week,
        (Some("30d"), ..) => Range::Month,
        (Some("90d"), ..) => Range::Quarter,
        (_, Some(from), Some(to)) => Range::Dates { from, to },
        _ => panic!("{asked:?}"),
    }
}

impl Twin {
    fn answer(&self, told: impl FnOnce(&Answered<'_>) -> Value, asked: &Asked) -> Value {
        let oracle = oracle(&self.organisation);
        let answers = Answers::new(&oracle, &self.atoms);
        let scope = asked.get("team").map_or(Scope::Organisation, |team| Scope::Cell(team.clone()));
        let mut answer = told(&answers.about(&scope).over(range(asked)));
        if let (Scope::Organisation, Some(count)) = (&scope, answer["pull_requests_count"].as_i64()) {
            answer["pull_requests_count"] = json!(count + self.wrong);
        }
        answer
    }
}

async fn report(wrong: i64) -> Report {
    let end: Timestamp = "2026-07-01T12:00:00Z".parse().unwrap();
    let organisation = Organisation::generate(1, end);
    let twin = Arc::new(Twin { atoms: oracle(&organisation).atoms(), organisation: organisation.clone(), wrong });
    let router = Router::new()
        .route(
            "/api/v1/metrics/space/{dimension}",
            get(async |State(twin): State<Arc<Twin>>, Path(dimension): Path<String>, Query(asked): Query<Asked>| {
                Json(match dimension.as_str() {
                    "health" => twin.answer(|told| told.health(), &asked),
                    dimension => twin.answer(|told| told.dimension(dimension), &asked),
                })
            }),
        )
        .route(
            "/api/v1/metrics/space/{dimension}/trend",
            get(async |State(twin): State<Arc<Twin>>, Path(dimension): Path<String>, Query(asked): Query<Asked>| {
                Json(twin.answer(|told| told.trend(&dimension), &asked))
            }),
        )
        .route(
            "/api/v1/explain/{metric}",
            get(async |State(twin): State<Arc<Twin>>, Path(metric): Path<String>, Query(asked): Query<Asked>| {
                Json(twin.answer(|told| told.explain(&metric), &asked))
            }),
        )
        .route(
            "/api/v1/metrics/space",
            get(async |State(twin): State<Arc<Twin>>, Query(asked): Query<Asked>| {
                let answer =
                    |dimension: &&str| ((*dimension).to_owned(), twin.answer(|told| told.dimension(dimension), &asked));
                Json(Value::Object(DIMENSIONS.iter().map(answer).collect()))
            }),
        )
        .with_state(twin);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let report = check(&url, &oracle(&organisation)).await.unwrap();
    server.abort();
    report
}

#[tokio::test]
async fn a_twin_passes_and_a_miscount_is_found() {
    let right = report(0).await;
    assert!(right.passed(), "{} differ, {} figures", right.different(), right.figures());
    assert!(right.table().contains("pull_requests_count"), "{}", right.table());
    let wrong = report(1).await;
    assert!(!wrong.passed());
    let first = wrong.comparisons.iter().find(|comparison| !comparison.differences.is_empty()).unwrap();
    assert!(first.to_string().contains("pull_requests_count: answered"), "{first}");
}

/// What a host tells that has brought what is expected, with one feed's run edited.
fn status(organisation: &Organisation, edited: &str, edit: impl Fn(&mut Value)) -> collected::Status {
    let from = organisation.end - crate::oracle::LOOK_BACK + SignedDuration::from_secs(5);
    let feeds = collected::FEEDS.iter().chain(&["github/releases"]).map(|name| {
        let (source, feed) = name.split_once('/').unwrap();
        let facts: serde_json::Map<String, Value> = collected::expected(organisation, name, from)
            .into_iter()
            .map(|(kind, count)| (kind.to_owned(), json!(count)))
            .collect();
        let mut told = json!({
            "source": source,
            "feed": feed,
            "last_run": { "outcome": "ok", "rejected": 0, "problems": 0, "details": { "facts": facts } },
            "covered": { "from": from.to_string() },
        });
        if *name == edited {
            edit(&mut told);
        }
        told
    });
    serde_json::from_value(json!({ "feeds": feeds.collect::<Vec<_>>() })).unwrap()
}

#[test]
fn a_first_collection_passes_and_each_way_to_miss_something_is_found() {
    let organisation = Organisation::generate(1, "2026-07-01T12:00:00Z".parse().unwrap());
    let differing = |edited: &str, edit: &dyn Fn(&mut Value)| -> Vec<String> {
        let feeds = collected::collected(&organisation, &status(&organisation, edited, edit));
        let differing = feeds.into_iter().filter(|feed| !feed.differences.is_empty());
        differing.map(|feed| format!("{}: {}", feed.name, feed.differences.join("; "))).collect()
    };
    assert_eq!(differing("", &|_| {}), Vec::<String>::new());
    let check = |edited: &str, path: &str, value: Value, expected: &str| {
        let told = differing(edited, &|feed| *feed.pointer_mut(path).unwrap() = value.clone());
        assert_eq!(told, [format!("{edited}: {expected}")]);
    };
    let answers = "/last_run/details/facts/survey_response";
    check("nps/responses", answers, json!(1), "survey_response: brought 1, expected 400");
    let builds = "/last_run/details/facts";
    check("github/releases", builds, json!({ "build": 2 }), "build: brought 2, expected none");
    check("jenkins/builds", "/last_run", Value::Null, "was never run");
    check("jenkins/builds", "/covered", Value::Null, "covers nothing");
    check(
        "jenkins/builds",
        "/last_run/problems",
        json!(1),
        "ended `ok`, 0 rejected, 1 problems; expected `ok` and none",
    );
    check(
        "mattermost/posts",
        "/covered/from",
        json!("2026-06-01T00:00:00Z"),
        "covers what is since 2026-06-01T00:00:00Z, expected about 2026-04-02T12:00:00Z",
    );
    let told = differing("github/commits", &|feed| feed["feed"] = json!("other"));
    assert_eq!(told[1..], ["github/commits: is not collected at all"], "{told:?}");
}
