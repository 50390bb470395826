//! `/api/v1/explain/{metric}`: how one figure came about.

use axum::extract::State;
use axum::response::Response;

use super::question::{NamedMetric, Question};
use super::schema::NotModified;
use super::shelf::Page;
use super::validator::Known;
use super::{Desk, Problem};
use crate::metrics::Explanation;

/// One figure, explained
///
/// What it means, what is divided by what, over which weeks, what it is worth in the health score, and what protects the people
/// behind it. It tells no number of people.
#[utoipa::path(
    get, path = "/api/v1/explain/{metric}", operation_id = "get_explanation", tag = "metrics",
    params(NamedMetric, Question),
    responses((status = 200, description = "The figure and what it rests on.", body = Explanation), NotModified),
)]
pub(super) async fn explain(
    State(desk): State<Desk>,
    NamedMetric(metric): NamedMetric,
    question: Question,
    known: Known,
) -> Result<Response, Problem> {
    let page = |range, scope| Page::Explanation(metric, range, scope);
    desk.answer(&question, &known, page, |answers, range, scope| answers.explain(metric, range, &scope))
}
