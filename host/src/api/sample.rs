//! `/api/v1/metrics/samples/{metric}`: what plugins measure themselves, of the whole organization alone.

use axum::extract::State;
use axum::response::Response;

use super::problem::Code;
use super::question::{NamedSample, Period};
use super::schema::NotModified;
use super::shelf::Page;
use super::space::{JSON, json};
use super::validator::Known;
use super::{Desk, Problem};
use crate::metrics::SampleAnswer;

/// A plugin's own metric
///
/// Of the whole organization, and only where the operator has granted it.
#[utoipa::path(
    get, path = "/api/v1/metrics/samples/{metric}", operation_id = "get_sample", tag = "metrics",
    params(NamedSample, Period),
    responses((status = 200, description = "The metric.", body = SampleAnswer), NotModified),
)]
pub(super) async fn sample(
    State(desk): State<Desk>,
    NamedSample(name): NamedSample,
    period: Period,
    known: Known,
) -> Result<Response, Problem> {
    let snapshot = desk.shelf.snapshot()?;
    let answers = &snapshot.answers;
    let answer = answers
        .sample(&name, period.range)
        .ok_or_else(|| Problem::unknown(Code::UnknownMetric, "metric", &name, answers.sample_names()))?;
    let page = Page::Sample(name, period.range);
    known.or_give(snapshot.tag(&page), JSON, || snapshot.rendered(page, |_| Ok(json(&answer))))
}
