//! Held against a twin of the oracle that speaks HTTP.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Json;
use axum::routing::get;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::*;
use crate::oracle::Atom;
use crate::organisation::Organisation;

type Asked = std::collections::BTreeMap<String, String>;

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
    fn answers(&self, asked: &Asked) -> (Value, Value) {
        let oracle = oracle(&self.organisation);
        let answers = Answers { oracle: &oracle, atoms: &self.atoms };
        let scope = asked.get("team").map_or(Scope::Organisation, |team| Scope::Cell(team.clone()));
        let mut activity = answers.activity(range(asked), &scope);
        if let (Scope::Organisation, Some(count)) = (&scope, activity["pull_requests_count"].as_i64()) {
            activity["pull_requests_count"] = json!(count + self.wrong);
        }
        (activity, answers.communication(range(asked), &scope))
    }
}

async fn report(wrong: i64) -> Report {
    let end: Timestamp = "2026-07-01T12:00:00Z".parse().unwrap();
    let organisation = Organisation::generate(1, end);
    let twin = Arc::new(Twin { atoms: oracle(&organisation).atoms(), organisation: organisation.clone(), wrong });
    let router = Router::new()
        .route(
            "/api/v1/metrics/space/activity",
            get(async |State(twin): State<Arc<Twin>>, Query(asked): Query<Asked>| Json(twin.answers(&asked).0)),
        )
        .route(
            "/api/v1/metrics/space/communication",
            get(async |State(twin): State<Arc<Twin>>, Query(asked): Query<Asked>| Json(twin.answers(&asked).1)),
        )
        .route(
            "/api/v1/metrics/space",
            get(async |State(twin): State<Arc<Twin>>, Query(asked): Query<Asked>| {
                let (activity, communication) = twin.answers(&asked);
                Json(json!({"activity": activity, "communication": communication}))
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
