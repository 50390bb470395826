//! What clients are answered: the shapes that they know, and problems that tell what would be right.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, header};
use expect_test::expect;
use quintant_tests::{Host, HostOptions, SEED, github_source, simulation_end};
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::organisation::Organisation;
use serde_json::{Value, json};
use tower::ServiceExt;

/// The fields of the service that this one replaces.
const FIELDS: [(&str, &[&str]); 5] = [
    ("satisfaction", &["nps_score", "satisfaction_rating", "burnout_percentage", "response_count"]),
    (
        "performance",
        &[
            "deployment_frequency",
            "lead_time_hours",
            "change_failure_rate",
            "mttr_minutes",
            "build_success_rate",
            "test_coverage",
        ],
    ),
    (
        "activity",
        &[
            "commits_count",
            "pull_requests_count",
            "code_reviews_count",
            "active_developers_count",
            "ai_tool_adoption_rate",
            "platform_usage_count",
        ],
    ),
    (
        "communication",
        &[
            "avg_review_time_hours",
            "pr_comments_avg",
            "cross_team_prs",
            "mattermost_messages",
            "constructive_feedback_rate",
        ],
    ),
    (
        "efficiency",
        &[
            "flow_state_days",
            "valuable_work_percentage",
            "friction_incidents",
            "context_switches",
            "cognitive_load_avg",
        ],
    ),
];

/// What stands beside them.
const MORE_FIELDS: [(&str, &[&str]); 5] = [
    ("satisfaction", &["response_rate"]),
    ("performance", &["deployment_rework_rate", "open_incidents"]),
    ("activity", &["active_share"]),
    ("communication", &["unreviewed_merge_rate"]),
    ("efficiency", &["friction_per_100_devs_30d"]),
];

struct Answered {
    status: u16,
    content_type: String,
    allow: Option<String>,
    body: String,
}

/// One request to the router.
async fn ask(host: &Host, method: Method, path: &str) -> Answered {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let response = host.app.router().await.unwrap().oneshot(request).await.unwrap();
    let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (content_type, allow) = (header(header::CONTENT_TYPE).unwrap(), header(header::ALLOW));
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Answered { status, content_type, allow, body: String::from_utf8(body.to_vec()).unwrap() }
}

/// A host with two teams that has not collected anything.
pub(crate) async fn fresh_host() -> Host {
    let teams = "[[team]]\nname = \"payments\"\nowns = [\"octo/payments-*\"]\n[[team]]\nname = \"search\"\n";
    let source = github_source("http://127.0.0.1:9", "repositories = [\"octo/payments-api\"]");
    Host::for_text(&format!("{source}{teams}"), HostOptions::default()).await
}

/// A host that has collected and released a whole organisation.
pub(crate) async fn released_host() -> Host {
    let organisation = Organisation::generate(SEED, simulation_end());
    let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
    let simulation = Simulation::start(Arc::new(organisation), options).await.unwrap();
    let host = Host::for_organisation(simulation.organisation(), simulation.url(), HostOptions::default()).await;
    host.collect().await;
    assert!(host.release().await > 0);
    host
}

async fn check_problem(host: &Host, path: &str, code: &str, detail: &str, allowed: &[&str]) {
    let Answered { status, content_type, body, .. } = ask(host, Method::GET, path).await;
    assert_eq!((status, content_type.as_str()), (400, "application/problem+json"), "{path}: {body}");
    let problem: Value = serde_json::from_str(&body).unwrap();
    let mut expected = json!({
        "type": "about:blank", "title": "the request cannot be answered", "status": 400, "code": code, "detail": detail,
        "request_id": problem["request_id"],
    });
    if !allowed.is_empty() {
        expected["allowed"] = json!(allowed);
    }
    assert_eq!(problem, expected, "{path}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unknown_is_refused_with_what_is_allowed() {
    const RANGES: &[&str] = &["24h", "7d", "30d", "90d"];
    const PARAMETERS: &[&str] = &["time_range", "from", "to", "team"];
    let host = fresh_host().await;
    let unknown_range = "there is no such time range; `from` and `to` take any dates";
    let bad_date = "`from` and `to` are dates such as `2026-01-05`; `to` is the day after the last";
    let ambiguous = "give either `time_range` or both `from` and `to`";
    for (query, code, detail, allowed) in [
        ("time_range=31d", "unknown_time_range", unknown_range, RANGES),
        ("time_range=", "unknown_time_range", unknown_range, RANGES),
        ("time_range=%FF", "unknown_time_range", unknown_range, RANGES),
        (
            "team=Payments",
            "unknown_team",
            "there is no such team; did you mean `payments`?",
            &["payments", "search", "unassigned"],
        ),
        ("range=30d", "unknown_parameter", "there is no such parameter", PARAMETERS),
        ("time_range=7d&time_range=30d", "repeated_parameter", "each parameter is given once", PARAMETERS),
        ("from=2026-10-05&to=yesterday", "bad_date", bad_date, &[]),
        ("from=-000001-10-05&to=2026-10-05", "bad_date", bad_date, &[]),
        ("from=20261005&to=20261019", "bad_date", bad_date, &[]),
        ("from=2026-10-05", "ambiguous_time_range", ambiguous, &PARAMETERS[..3]),
        ("to=2026-10-05", "ambiguous_time_range", ambiguous, &PARAMETERS[..3]),
        ("time_range=7d&from=2026-10-05&to=2026-11-02", "ambiguous_time_range", ambiguous, &PARAMETERS[..3]),
    ] {
        for place in ["", "/activity"] {
            check_problem(&host, &format!("/api/v1/metrics/space{place}?{query}"), code, detail, allowed).await;
        }
    }
    let dimensions = FIELDS.map(|(dimension, _)| dimension);
    for (name, hint) in [("productivity", ""), ("Activity", "; did you mean `activity`?"), ("%FF", "")] {
        for rest in ["", "/trend"] {
            let path = format!("/api/v1/metrics/space/{name}{rest}");
            let detail = format!("there is no such dimension{hint}");
            check_problem(&host, &path, "unknown_dimension", &detail, &dimensions).await;
        }
    }
    let metrics: Vec<&str> =
        FIELDS.iter().zip(MORE_FIELDS).flat_map(|((_, known), (_, more))| known.iter().chain(more)).copied().collect();
    for (name, hint) in [("commit_counts", "; did you mean `commits_count`?"), ("velocity", ""), ("%FF", "")] {
        let detail = format!("there is no such metric{hint}");
        check_problem(&host, &format!("/api/v1/explain/{name}"), "unknown_metric", &detail, &metrics).await;
    }
    check_problem(&host, "/api/v1/metrics/samples/queue", "unknown_metric", "there is no such metric", &[]).await;
    let path = "/api/v1/metrics/samples/queue?team=search";
    check_problem(&host, path, "unknown_parameter", "there is no such parameter", &PARAMETERS[..3]).await;
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_a_problem_too() {
    let host = fresh_host().await;
    for (path, detail) in [
        ("/nothing", "there is nothing at this path; the metrics are at `/api/v1/metrics/space`"),
        ("/api/v1/metrics", "there is nothing at this path; the metrics are at `/api/v1/metrics/space`"),
        (
            "/health/",
            "there is nothing at this path; the metrics are at `/api/v1/metrics/space`; paths here do not end in `/`",
        ),
    ] {
        let Answered { status, content_type, body, .. } = ask(&host, Method::GET, path).await;
        assert_eq!((status, content_type.as_str()), (404, "application/problem+json"), "{path}");
        let problem: Value = serde_json::from_str(&body).unwrap();
        let expected = json!({
            "type": "about:blank", "title": "not found", "status": 404, "code": "not_found", "detail": detail,
            "request_id": problem["request_id"],
        });
        assert_eq!(problem, expected, "{path}");
    }
    for path in [
        "/health",
        "/livez",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/api/v1/metrics/space",
        "/api/v1/metrics/space/activity",
        "/api/v1/metrics/space/activity/trend",
        "/api/v1/metrics/space/health",
        "/api/v1/metrics/samples/queue",
        "/api/v1/explain/commits_count",
        "/api/v1/teams",
    ] {
        let Answered { status, content_type, allow, body } = ask(&host, Method::POST, path).await;
        assert_eq!((status, content_type.as_str()), (405, "application/problem+json"), "{path}");
        assert_eq!(allow.as_deref(), Some("GET,HEAD"), "{path}");
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&problem["status"], &problem["code"]), (&json!(405), &json!("method_not_allowed")), "{path}");
    }
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_has_the_shape_that_clients_know() {
    let host = fresh_host().await;
    let (status, health) = host.get("/health").await;
    assert_eq!(status, 200);
    let timestamp = simulation_end().to_string();
    assert_eq!(health, json!({ "status": "healthy", "service": "space-metrics", "timestamp": timestamp }));
    assert_eq!(host.get_text("/livez").await, (200, "ok\n".to_owned()));
    assert_eq!(host.get_text("/readyz").await, (200, "ok\n".to_owned()));
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_any_release_everything_is_null_with_a_reason() {
    let host = fresh_host().await;
    let (status, space) = host.get("/api/v1/metrics/space").await;
    assert_eq!(status, 200);
    expect![[r#"
        {
          "activity": {
            "active_developers_count": null,
            "active_share": null,
            "ai_tool_adoption_rate": null,
            "code_reviews_count": null,
            "commits_count": null,
            "details": {},
            "platform_usage_count": null,
            "pull_requests_count": null,
            "window": {
              "as_of": null,
              "from": null,
              "to": null,
              "weeks_covered": 0,
              "weeks_total": 0
            },
            "withheld": {
              "active_developers_count": "not_covered",
              "active_share": "not_covered",
              "ai_tool_adoption_rate": "no_source",
              "code_reviews_count": "not_covered",
              "commits_count": "not_covered",
              "platform_usage_count": "no_source",
              "pull_requests_count": "not_covered"
            }
          },
          "communication": {
            "avg_review_time_hours": null,
            "constructive_feedback_rate": null,
            "cross_team_prs": null,
            "details": {},
            "mattermost_messages": null,
            "pr_comments_avg": null,
            "unreviewed_merge_rate": null,
            "window": {
              "as_of": null,
              "from": null,
              "to": null,
              "weeks_covered": 0,
              "weeks_total": 0
            },
            "withheld": {
              "avg_review_time_hours": "not_covered",
              "constructive_feedback_rate": "no_source",
              "cross_team_prs": "not_covered",
              "mattermost_messages": "no_source",
              "pr_comments_avg": "not_covered",
              "unreviewed_merge_rate": "not_covered"
            }
          },
          "efficiency": {
            "cognitive_load_avg": null,
            "context_switches": null,
            "details": {},
            "flow_state_days": null,
            "friction_incidents": null,
            "friction_per_100_devs_30d": null,
            "valuable_work_percentage": null,
            "window": {
              "as_of": null,
              "from": null,
              "to": null,
              "weeks_covered": 0,
              "weeks_total": 0
            },
            "withheld": {
              "cognitive_load_avg": "no_source",
              "context_switches": "no_source",
              "flow_state_days": "no_source",
              "friction_incidents": "no_source",
              "friction_per_100_devs_30d": "no_source",
              "valuable_work_percentage": "no_source"
            }
          },
          "health_score": null,
          "performance": {
            "build_success_rate": null,
            "change_failure_rate": null,
            "deployment_frequency": null,
            "deployment_rework_rate": null,
            "details": {},
            "lead_time_hours": null,
            "mttr_minutes": null,
            "open_incidents": null,
            "test_coverage": null,
            "window": {
              "as_of": null,
              "from": null,
              "to": null,
              "weeks_covered": 0,
              "weeks_total": 0
            },
            "withheld": {
              "build_success_rate": "no_source",
              "change_failure_rate": "no_source",
              "deployment_frequency": "no_source",
              "deployment_rework_rate": "no_source",
              "lead_time_hours": "no_source",
              "mttr_minutes": "no_source",
              "open_incidents": "no_source",
              "test_coverage": "no_source"
            }
          },
          "satisfaction": {
            "burnout_percentage": null,
            "details": {},
            "nps_score": null,
            "response_count": null,
            "response_rate": null,
            "satisfaction_rating": null,
            "window": {
              "as_of": null,
              "from": null,
              "to": null,
              "weeks_covered": 0,
              "weeks_total": 0
            },
            "withheld": {
              "burnout_percentage": "no_source",
              "nps_score": "no_source",
              "response_count": "no_source",
              "response_rate": "no_source",
              "satisfaction_rating": "no_source"
            }
          },
          "time_range": "30d",
          "timestamp": "2026-11-24T12:00:00Z",
          "withheld": {
            "health_score": "insufficient_data"
          }
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&space).unwrap());
    for (dimension, fields) in FIELDS {
        let (_, alone) = host.get(&format!("/api/v1/metrics/space/{dimension}")).await;
        assert_eq!(alone, space[dimension]);
        for field in fields {
            assert!(alone[field].is_null() && alone["withheld"][field].is_string(), "{field}: {alone}");
        }
    }
    let (_, metrics) = host.get_text("/metrics").await;
    let series: Vec<&str> = metrics.lines().filter(|line| !line.starts_with('#')).collect();
    let build = format!("quintant_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    assert_eq!(series, [&build, "quintant_config_last_reload_successful 1"]);
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_have_the_fields_that_clients_know() {
    let host = released_host().await;
    let (status, space) = host.get("/api/v1/metrics/space").await;
    assert_eq!(status, 200);
    for key in ["health_score", "time_range", "timestamp"] {
        assert!(space.get(key).is_some(), "{key}: {space}");
    }
    assert_eq!(space["time_range"], "30d");
    assert_eq!(space["timestamp"], simulation_end().to_string());
    assert_eq!(host.get("/api/v1/metrics/space?time_range=30d").await.1, space);
    for ((dimension, fields), (_, more)) in FIELDS.into_iter().zip(MORE_FIELDS) {
        let path = format!("/api/v1/metrics/space/{dimension}");
        let (status, alone) = host.get(&path).await;
        assert_eq!((status, &alone), (200, &space[dimension]));
        assert_eq!(host.get(&format!("{path}?time_range=30d")).await.1, alone);
        let keys: Vec<&str> = alone.as_object().unwrap().keys().map(String::as_str).collect();
        let mut known: Vec<&str> =
            fields.iter().chain(more).copied().chain(["window", "withheld", "details"]).collect();
        known.sort_unstable();
        assert_eq!(keys, known);
        for field in fields.iter().chain(more) {
            let (value, reason) = (&alone[field], alone["withheld"].get(field));
            assert!(value.is_null() == reason.is_some() && (value.is_null() || value.is_number()), "{field}: {alone}");
            assert_eq!(value.is_null(), alone["details"].get(field).is_none(), "{field}: {alone}");
            let (_, explained) = host.get(&format!("/api/v1/explain/{field}")).await;
            let detail = alone["details"].get(field).unwrap_or(&Value::Null);
            assert_eq!((&explained["value"], &explained["detail"]), (value, detail), "{field}");
            assert_eq!(
                (explained["withheld"].as_str(), &explained["dimension"]),
                (reason.and_then(Value::as_str), &json!(dimension))
            );
        }
        assert_eq!((&alone["window"]["weeks_total"], &alone["window"]["to"]), (&json!(4), &json!("2026-11-23")));
    }
    assert!(space["activity"]["commits_count"].as_i64().unwrap() > 0, "{space}");
    host.finish().await;
}

/// Each series by its name and labels, and each family's type.
fn exposition(text: &str) -> (BTreeMap<String, f64>, BTreeMap<String, String>) {
    let (mut series, mut types) = (BTreeMap::new(), BTreeMap::new());
    for line in text.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            types.insert(name.to_owned(), kind.to_owned());
        } else if !line.starts_with('#') {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(series.insert(name.to_owned(), value.parse().unwrap()).is_none(), "`{name}` is there twice");
        }
    }
    (series, types)
}

/// Each series of the replaced service, and the field that it shows.
pub(crate) const GAUGES: [(&str, &str, &str); 16] = [
    ("space_nps_score", "satisfaction", "nps_score"),
    ("space_satisfaction_rating", "satisfaction", "satisfaction_rating"),
    ("space_burnout_percentage", "satisfaction", "burnout_percentage"),
    ("space_deployment_frequency", "performance", "deployment_frequency"),
    ("space_lead_time_hours", "performance", "lead_time_hours"),
    ("space_change_failure_rate", "performance", "change_failure_rate"),
    ("space_mttr_minutes", "performance", "mttr_minutes"),
    ("space_active_developers", "activity", "active_developers_count"),
    ("space_ai_adoption_rate", "activity", "ai_tool_adoption_rate"),
    ("space_review_time_hours", "communication", "avg_review_time_hours"),
    ("space_pr_comments_avg", "communication", "pr_comments_avg"),
    ("space_cross_team_collaboration", "communication", "cross_team_prs"),
    ("space_flow_state_days", "efficiency", "flow_state_days"),
    ("space_valuable_work_percentage", "efficiency", "valuable_work_percentage"),
    ("space_cognitive_load", "efficiency", "cognitive_load_avg"),
    ("space_friction_incidents", "efficiency", "friction_incidents"),
];

/// Beside them the same in base units: how many of them one of what is shown is.
const IN_BASE_UNITS: [(&str, &str, &str, f64); 7] = [
    ("space_burnout_ratio", "satisfaction", "burnout_percentage", 0.01),
    ("space_lead_time_seconds", "performance", "lead_time_hours", 3600.0),
    ("space_change_failure_ratio", "performance", "change_failure_rate", 0.01),
    ("space_recovery_time_seconds", "performance", "mttr_minutes", 60.0),
    ("space_ai_adoption_ratio", "activity", "ai_tool_adoption_rate", 0.01),
    ("space_review_time_seconds", "communication", "avg_review_time_hours", 3600.0),
    ("space_valuable_work_ratio", "efficiency", "valuable_work_percentage", 0.01),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_show_each_released_cell_and_no_other() {
    let host = released_host().await;
    let Answered { status, content_type, body, .. } = ask(&host, Method::GET, "/metrics").await;
    assert_eq!((status, content_type.as_str()), (200, "text/plain; version=0.0.4"));
    let (mut series, types) = exposition(&body);
    for (name, kind) in &types {
        assert_eq!(kind, if name.ends_with("_total") { "counter" } else { "gauge" }, "{name}");
    }

    let (_, teams) = host.get("/api/v1/teams").await;
    let cells = teams["teams"].as_array().unwrap().iter().map(|cell| cell["name"].as_str().unwrap());
    let (mut present, mut absent) = (0, 0);
    for cell in cells.chain([""]) {
        let ask = async |place: &str, range: &str| {
            let team = if cell.is_empty() { String::new() } else { format!("&team={}", cell.replace('+', "%2B")) };
            host.get(&format!("/api/v1/metrics/space{place}?{range}{team}")).await.1
        };
        let month = ask("", "time_range=30d").await;
        let ever = ask("", "from=2026-01-05&to=2026-12-28").await;
        let health = ask("/health", "time_range=30d").await;
        assert_eq!(health["health_score"], month["health_score"]);
        let mut expected = vec![
            ("space_devex_health_score", &health["health_score"]),
            ("space_commits_total", &ever["activity"]["commits_count"]),
            ("space_pull_requests_total", &ever["activity"]["pull_requests_count"]),
        ];
        expected.extend(GAUGES.map(|(name, dimension, field)| (name, &month[dimension][field])));
        for (name, value) in expected {
            let shown = series.remove(&format!("{name}{{team=\"{cell}\"}}"));
            assert_eq!(shown, value.as_f64(), "{name} of `{cell}`");
            *if shown.is_some() { &mut present } else { &mut absent } += 1;
        }
        for (name, dimension, field, unit) in IN_BASE_UNITS {
            let shown = series.remove(&format!("{name}{{team=\"{cell}\"}}"));
            let expected = month[dimension][field].as_f64().map(|value| value * unit);
            let is_same = match (shown, expected) {
                (Some(shown), Some(expected)) => (shown - expected).abs() < 1e-9 * expected.abs().max(1.0),
                (shown, expected) => shown == expected,
            };
            assert!(is_same, "{name} of `{cell}` is {shown:?} and not {expected:?}");
        }
    }
    assert!(present > 10 && absent > 0, "{present} series, {absent} withheld");
    series.retain(|name, _| !name.starts_with("quintant_"));
    assert_eq!(series, BTreeMap::new());
    host.finish().await;
}

#[tokio::test]
async fn a_dimension_weighs_what_the_configuration_says() {
    let source = github_source("http://127.0.0.1:9", "repositories = [\"acme/app\"]");
    let host = Host::for_text(&(source + "[health.weights]\nefficiency = 2.5\n"), HostOptions::default()).await;
    let (_, health) = host.get("/api/v1/metrics/space/health").await;
    let weights: Vec<&Value> = health["dimensions"].as_object().unwrap().values().map(|part| &part["weight"]).collect();
    assert_eq!(health["dimensions"]["efficiency"]["weight"], json!(2.5));
    assert_eq!(weights.iter().filter(|weight| weight.is_null()).count(), 4, "{health}");
    host.finish().await;
}
