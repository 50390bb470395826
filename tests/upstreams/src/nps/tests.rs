//! The simulated service answers as the recorded one does.

use serde_json::Value;

use super::*;
use crate::fetch::{self, get};
use crate::organisation::survey::{Invitation, Response, Survey};

const WINDOW: &str = "/api/v1/nps/metrics?start_date=2026-06-01T00:00:00&end_date=2026-06-30T23:59:59.999999";
const FAILED: &str = r#"{"detail":"Failed to calculate NPS metrics"}"#;

async fn simulation(make: Make, responses: &[(&str, u8)]) -> Simulation {
    let mut organisation = Organisation::generate(1, "2026-07-01T12:00:00Z".parse().unwrap());
    let response = |(at, score): &(&str, u8)| Response { at: at.parse().unwrap(), score: *score };
    let invitations = vec![Invitation { at: "2026-06-08T08:00:00Z".parse().unwrap(), sent: 2 }];
    organisation.survey = Survey { invitations, responses: responses.iter().map(response).collect() };
    Simulation::start(Arc::new(organisation), Options { make, ..Options::default() }).await.unwrap()
}

async fn ask(simulation: &Simulation, target: &str) -> fetch::Answer {
    get(&format!("{}{target}", simulation.url()), &[]).await.unwrap()
}

async fn metrics(simulation: &Simulation, target: &str) -> Value {
    let answer = ask(simulation, target).await;
    assert_eq!(answer.status, 200, "{target}");
    answer.json().unwrap()
}

#[tokio::test]
async fn both_bounds_count_and_the_rate_may_exceed_100() {
    let responses = [
        ("2026-06-01T00:00:00Z", 9),
        ("2026-06-02T00:00:00Z", 8),
        ("2026-06-03T00:00:00Z", 3),
        ("2026-06-30T00:00:00Z", 6),
    ];
    let simulation = simulation(Make::Original, &responses).await;
    let found = metrics(&simulation, "/api/v1/nps/metrics?start_date=2026-06-01&end_date=2026-06-30T00:00:00").await;
    let expected = json!({
        "nps_score": -25.0, "total_responses": 4, "promoters": 1, "passives": 1, "detractors": 2, "response_rate": 200.0,
        "period_start": "2026-06-01T00:00:00", "period_end": "2026-06-30T00:00:00",
    });
    assert_eq!(found, expected);
    assert_eq!(metrics(&simulation, WINDOW).await["period_end"], "2026-06-30T23:59:59.999999");
}

#[tokio::test]
async fn an_empty_and_a_reversed_window_score_0() {
    let simulation = simulation(Make::Original, &[("2026-06-02T00:00:00Z", 9)]).await;
    for window in [
        "/api/v1/nps/metrics?start_date=2026-01-01&end_date=2026-01-31",
        "/api/v1/nps/metrics?start_date=2026-06-30&end_date=2026-06-01",
    ] {
        let found = metrics(&simulation, window).await;
        assert_eq!(
            (&found["nps_score"], &found["total_responses"], &found["response_rate"]),
            (&json!(0.0), &json!(0), &json!(0.0))
        );
    }
}

#[tokio::test]
async fn the_original_reads_two_naive_dates_and_nothing_else() {
    let simulation = simulation(Make::Original, &[]).await;
    for target in [
        "/api/v1/nps/metrics",
        "/api/v1/nps/metrics?start_date=2026-06-01T00:00:00",
        "/api/v1/nps/metrics?start_date=2026-06-01T00:00:00Z&end_date=2026-06-30T00:00:00Z",
        "/api/v1/nps/metrics?start_date=2026-06-01T00:00:00%2B00:00&end_date=2026-06-30T00:00:00",
    ] {
        let answer = ask(&simulation, target).await;
        assert_eq!((answer.status, answer.body.as_slice()), (500, FAILED.as_bytes()), "{target}");
    }
    assert_eq!(ask(&simulation, "/api/v1/nps/metrics?start_date=soon&end_date=2026-06-30").await.status, 422);
}

#[tokio::test]
async fn a_repaired_one_reads_a_zone_and_echoes_it() {
    let simulation = simulation(Make::Repaired, &[("2026-06-02T00:00:00Z", 9)]).await;
    assert_eq!(ask(&simulation, WINDOW).await.status, 500);
    let aware = WINDOW.replace("&end", "Z&end") + "Z";
    let found = metrics(&simulation, &aware).await;
    assert_eq!((&found["period_start"], &found["promoters"]), (&json!("2026-06-01T00:00:00Z"), &json!(1)));
}

#[tokio::test]
async fn health_is_200_even_without_a_database() {
    let simulation = simulation(Make::Original, &[]).await;
    assert_eq!(ask(&simulation, WINDOW).await.status, 200);
    simulation.set_database(false);
    let health = ask(&simulation, "/health").await;
    assert_eq!((health.status, health.json().unwrap()["database_connected"].clone()), (200, json!(false)));
    assert_eq!(ask(&simulation, WINDOW).await.status, 500);
}

#[tokio::test]
async fn nobody_knows_what_will_be_answered() {
    let simulation = simulation(Make::Original, &[("2026-06-02T00:00:00Z", 9), ("2026-06-20T00:00:00Z", 9)]).await;
    simulation.set_now("2026-06-10T00:00:00Z".parse().unwrap());
    assert_eq!(metrics(&simulation, WINDOW).await["total_responses"], 1);
}

#[tokio::test]
async fn what_is_not_known_is_501_and_metrics_lead_elsewhere() {
    let simulation = simulation(Make::Defective, &[]).await;
    assert_eq!(ask(&simulation, "/api/v1/survey/generate").await.status, 501);
    let moved = ask(&simulation, "/metrics").await;
    assert_eq!((moved.status, moved.header("location")), (307, Some("/metrics/")));
    assert_eq!(ask(&simulation, WINDOW).await.status, 500);
    assert_eq!(simulation.requests().len(), 3);
}
