//! `/api/v1/metrics/space/{dimension}/trend`: a dimension over time, with gaps where nothing is told.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::question::{NamedDimension, Question};
use super::schema::{self, NotModified};
use super::shelf::Page;
use super::validator::Known;
use super::{Desk, Problem};
use crate::metrics::{Point, Trend, Window};
use crate::model::Dimension;

/// A dimension over time.
#[derive(Serialize, ToSchema)]
#[schema(as = Trend)]
pub(super) struct Course {
    #[schema(value_type = String)]
    dimension: Dimension,
    /// Oldest first. A team's are its spans; the organization's are weeks, and lack teams whose spans are longer.
    #[schema(value_type = Vec<schema::AnyPoint>)]
    points: Vec<Point>,
    window: Window,
    #[schema(value_type = schema::TimeRangeName)]
    time_range: &'static str,
    /// Whom it is about; not there for the whole organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    team: Option<String>,
}

/// One dimension over time
///
/// Each point shows what is answered for its dates; a survey's score is shown where the survey ended and not carried on.
#[utoipa::path(
    get, path = "/api/v1/metrics/space/{dimension}/trend", operation_id = "get_trend", tag = "metrics",
    params(NamedDimension, Question),
    responses((status = 200, description = "The dimension's points.", body = Course), NotModified),
)]
pub(super) async fn trend(
    State(desk): State<Desk>,
    NamedDimension(dimension): NamedDimension,
    question: Question,
    known: Known,
) -> Result<Response, Problem> {
    let page = |range, scope| Page::Trend(dimension, range, scope);
    desk.answer(&question, &known, page, |answers, range, scope| {
        let Trend { points, window } = answers.trend(dimension, range, &scope);
        Course { dimension, points, window, time_range: range.as_str(), team: scope.into_team() }
    })
}
