//! `/api/v1/metrics/space`: the five dimensions under the field names that clients know.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::question::{NamedDimension, Question};
use super::schema::{self, NotModified};
use super::shelf::Page;
use super::validator::Known;
use super::{Desk, Problem};
use crate::metrics::{Answer, Answers, Scope, TimeRange};
use crate::model::{Dimension, Withheld};

pub(super) const JSON: &str = "application/json";

/// All five dimensions.
#[derive(Serialize, ToSchema)]
pub(super) struct Space {
    #[schema(value_type = schema::Satisfaction)]
    satisfaction: Answer,
    #[schema(value_type = schema::Performance)]
    performance: Answer,
    #[schema(value_type = schema::Activity)]
    activity: Answer,
    #[schema(value_type = schema::Communication)]
    communication: Answer,
    #[schema(value_type = schema::Efficiency)]
    efficiency: Answer,
    /// Null until three dimensions are known, one of them by surveys; then 0 to 100, the higher the better.
    #[schema(required, minimum = 0, maximum = 100)]
    health_score: Option<f64>,
    #[schema(value_type = schema::WithheldScore)]
    withheld: BTreeMap<&'static str, Withheld>,
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

/// All five dimensions
///
/// Every figure is computed from what was released, in whole weeks.
#[utoipa::path(
    get, path = "/api/v1/metrics/space", operation_id = "get_space", tag = "metrics",
    params(Question),
    responses((status = 200, description = "The five dimensions.", body = Space), NotModified),
)]
pub(super) async fn all(State(desk): State<Desk>, question: Question, known: Known) -> Result<Response, Problem> {
    desk.answer_at(&question, &known, Page::Space, space)
}

/// One dimension
///
/// The same as in the answer for all five.
#[utoipa::path(
    get, path = "/api/v1/metrics/space/{dimension}", operation_id = "get_dimension", tag = "metrics",
    params(NamedDimension, Question),
    responses((status = 200, description = "The dimension.", body = schema::AnyDimension), NotModified),
)]
pub(super) async fn one(
    State(desk): State<Desk>,
    NamedDimension(dimension): NamedDimension,
    question: Question,
    known: Known,
) -> Result<Response, Problem> {
    let page = |range, scope| Page::Dimension(dimension, range, scope);
    desk.answer(&question, &known, page, |answers, range, scope| answers.dimension(dimension, range, &scope))
}

/// Without its timestamp.
fn space(answers: &Answers, range: TimeRange, scope: Scope) -> Space {
    let health_score = answers.health(range, &scope).0.score;
    let answer = |dimension| answers.dimension(dimension, range, &scope);
    Space {
        satisfaction: answer(Dimension::Satisfaction),
        performance: answer(Dimension::Performance),
        activity: answer(Dimension::Activity),
        communication: answer(Dimension::Communication),
        efficiency: answer(Dimension::Efficiency),
        health_score,
        withheld: health_score.is_none().then_some(("health_score", Withheld::InsufficientData)).into_iter().collect(),
        time_range: range.as_str(),
        team: scope.into_team(),
        timestamp: String::new(),
    }
}

impl Desk {
    /// The page that answers a question, which is rendered once for all who ask the same.
    pub(super) fn answer<T: Serialize>(
        &self,
        question: &Question,
        known: &Known,
        page: impl FnOnce(TimeRange, Scope) -> Page,
        body: impl FnOnce(&Answers, TimeRange, Scope) -> T,
    ) -> Result<Response, Problem> {
        self.given(question, known, page, body, |undated| undated)
    }

    /// As [`Desk::answer`], of a body whose last field is an empty timestamp.
    pub(super) fn answer_at<T: Serialize>(
        &self,
        question: &Question,
        known: &Known,
        page: impl FnOnce(TimeRange, Scope) -> Page,
        body: impl FnOnce(&Answers, TimeRange, Scope) -> T,
    ) -> Result<Response, Problem> {
        self.given(question, known, page, body, |undated| dated(&undated, &self.clock.now().to_string()))
    }

    fn given<T: Serialize>(
        &self,
        question: &Question,
        known: &Known,
        page: impl FnOnce(TimeRange, Scope) -> Page,
        body: impl FnOnce(&Answers, TimeRange, Scope) -> T,
        finish: impl FnOnce(Bytes) -> Bytes,
    ) -> Result<Response, Problem> {
        let snapshot = self.shelf.snapshot()?;
        let scope = question.scope(&snapshot.answers)?;
        let page = page(question.range, scope.clone());
        known.or_give(snapshot.tag(&page), JSON, || {
            snapshot.rendered(page, |answers| Ok(json(&body(answers, question.range, scope)))).map(finish)
        })
    }
}

/// An instant needs no escaping, and goes where its empty text ends, which is the last field's.
pub(super) fn dated(undated: &[u8], timestamp: &str) -> Bytes {
    let before = undated.strip_suffix(b"\"}").expect("the timestamp is the last field");
    Bytes::from([before, timestamp.as_bytes(), b"\"}"].concat())
}

pub(super) fn json(answer: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(answer).expect("an answer has string keys and finite numbers")
}
