//! `/api/v1/metrics/space/health`: the health score, and what it rests on.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::question::Question;
use super::schema::{self, NotModified};
use super::shelf::Page;
use super::validator::Known;
use super::{Desk, Problem};
use crate::metrics::{Answers, DimensionHealth, Health, Scope, Status, TimeRange, Window};
use crate::model::Dimension;

/// The health as a whole.
#[derive(Serialize, ToSchema)]
pub(super) struct Score {
    /// 0 to 100, the higher the better; null with status `insufficient_data`.
    #[schema(required, minimum = 0, maximum = 100)]
    health_score: Option<f64>,
    #[schema(inline)]
    status: Status,
    /// The dimension with the lowest score.
    #[schema(value_type = Option<String>, required)]
    weakest: Option<Dimension>,
    /// How many dimensions are known, of five.
    #[schema(minimum = 0, maximum = 5)]
    dimensions_known: usize,
    /// How much of all weight is known, in percent.
    #[schema(minimum = 0, maximum = 100)]
    coverage: f64,
    /// The score if everything that is missing were worth 0.
    #[schema(minimum = 0, maximum = 100)]
    low: f64,
    /// The score if everything that is missing were worth 100.
    #[schema(minimum = 0, maximum = 100)]
    high: f64,
    /// Each of the five dimensions by its name.
    #[schema(value_type = BTreeMap<String, DimensionHealth>)]
    dimensions: BTreeMap<Dimension, DimensionHealth>,
    window: Window,
    #[schema(value_type = schema::TimeRangeName)]
    time_range: &'static str,
    /// Whom it is about; not there for the whole organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    team: Option<String>,
    // Last, so that everything before is rendered once.
    /// When it was asked.
    #[schema(format = DateTime)]
    timestamp: String,
}

/// The health score
///
/// What each metric that is shown is worth, between published anchors; `/api/v1/explain/{metric}` tells them. A dimension is the
/// weighted mean of its metrics, and null where less than half of its weight is known; the whole is the mean of the dimensions, by
/// `health.weights` of the configuration, and null where fewer than three are known, or none of `satisfaction` and `efficiency`. Volumes are worth nothing.
#[utoipa::path(
    get, path = "/api/v1/metrics/space/health", operation_id = "get_health_score", tag = "metrics",
    params(Question),
    responses((status = 200, description = "The score, its parts and its bounds.", body = Score), NotModified),
)]
pub(super) async fn health(State(desk): State<Desk>, question: Question, known: Known) -> Result<Response, Problem> {
    desk.answer_at(&question, &known, Page::Health, score)
}

/// Without its timestamp.
fn score(answers: &Answers, range: TimeRange, scope: Scope) -> Score {
    let (health, window) = answers.health(range, &scope);
    let Health { score, status, dimensions, weakest, dimensions_known, coverage, low, high } = health;
    Score {
        health_score: score,
        status,
        weakest,
        dimensions_known,
        coverage,
        low,
        high,
        dimensions,
        window,
        time_range: range.as_str(),
        team: scope.into_team(),
        timestamp: String::new(),
    }
}
