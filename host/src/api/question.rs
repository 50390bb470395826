//! What a client may ask about: parsed here, once. Nothing unknown and nothing twice is passed over in silence.

use std::collections::BTreeMap;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use jiff::civil::Date;
use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Required, Schema};

use super::Problem;
use super::problem::Code;
use crate::metrics::{Answers, Scope, TimeRange};
use crate::model::Dimension;

const TIME_RANGE: &str = "time_range";
const FROM: &str = "from";
const TO: &str = "to";
const TEAM: &str = "team";
const PARAMETERS: [&str; 4] = [TIME_RANGE, FROM, TO, TEAM];

/// A window, and a team that may exist.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) range: TimeRange,
    team: Option<String>,
}

impl Question {
    /// Whom it is about, if that exists.
    pub(super) fn scope(&self, answers: &Answers) -> Result<Scope, Problem> {
        match &self.team {
            None => Ok(Scope::Organization),
            Some(team) => answers
                .scope(team)
                .map_err(|unknown| Problem::new(Code::UnknownTeam, "there is no such team").allowing(unknown.known)),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Question {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut given = given(parts)?;
        Ok(Self { range: range(&given)?, team: given.remove(TEAM) })
    }
}

fn given(parts: &Parts) -> Result<BTreeMap<String, String>, Problem> {
    let refused = |code, detail: &'static str| Problem::new(code, detail).allowing(PARAMETERS);
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
        .map_err(|_| refused(Code::BadQuery, "the query cannot be read"))?;
    let mut given = BTreeMap::new();
    for (name, value) in pairs {
        if !PARAMETERS.contains(&name.as_str()) {
            return Err(refused(Code::UnknownParameter, "there is no such parameter"));
        }
        if given.insert(name, value).is_some() {
            return Err(refused(Code::RepeatedParameter, "each parameter is given once"));
        }
    }
    Ok(given)
}

fn range(given: &BTreeMap<String, String>) -> Result<TimeRange, Problem> {
    let value = |name| given.get(name).map(String::as_str);
    match (value(TIME_RANGE), value(FROM), value(TO)) {
        (None, None, None) => Ok(TimeRange::default()),
        (Some(name), None, None) => TimeRange::from_name(name).ok_or_else(|| {
            Problem::new(Code::UnknownTimeRange, "there is no such time range; `from` and `to` take any dates")
                .allowing(TimeRange::NAMES)
        }),
        (None, Some(from), Some(to)) => {
            let (from, to) = (date(from)?, date(to)?);
            if from < to {
                Ok(TimeRange::Dates { from, to })
            } else {
                let detail = "`from` must lie before `to`, which is the day after the last";
                Err(Problem::new(Code::BadDate, detail))
            }
        }
        _ => Err(Problem::new(Code::AmbiguousTimeRange, "give either `time_range` or both `from` and `to`")
            .allowing([TIME_RANGE, FROM, TO])),
    }
}

/// Written in one way only, so that the window can be told in the same.
fn date(text: &str) -> Result<Date, Problem> {
    let detail = "`from` and `to` are dates such as `2026-01-05`; `to` is the day after the last";
    let date = text.parse().ok().filter(|date: &Date| date.to_string() == text && date.year() >= 0);
    date.ok_or_else(|| Problem::new(Code::BadDate, detail))
}

impl IntoParams for Question {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let date = || text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)));
        let parameter = |name: &str, description: &str, schema: ObjectBuilder| {
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Query)
                .required(Required::False)
                .description(Some(description))
                .schema(Some(schema))
                .build()
        };
        vec![
            parameter(
                TIME_RANGE,
                "The last released weeks: `7d` is one, `30d` are four, `90d` are thirteen. `24h` is taken for old \
                 clients and holds no whole week, so that every field is null. Not together with `from` and `to`.",
                text().enum_values(Some(TimeRange::NAMES)).default(Some(json!(TimeRange::default().as_str()))),
            ),
            parameter(FROM, "The first day. Only together with `to`. Snapped inward to whole weeks.", date()),
            parameter(TO, "The day after the last, later than `from`. Snapped inward to whole weeks.", date()),
            parameter(
                TEAM,
                "A team, a pool of small teams (their names joined by `+`, which a query writes as `%2B`), or \
                 `unassigned` for the people without a team. Without it, the whole organization.",
                text().min_length(Some(1)),
            ),
        ]
    }
}

/// The dimension that the path names.
pub(super) struct NamedDimension(pub(super) Dimension);

impl<S: Send + Sync> FromRequestParts<S> for NamedDimension {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let name: Result<Path<String>, PathRejection> = Path::from_request_parts(parts, state).await;
        let dimension = name.ok().and_then(|Path(name)| Dimension::from_name(&name));
        dimension.map(Self).ok_or_else(|| {
            Problem::new(Code::UnknownDimension, "there is no such dimension")
                .allowing(Dimension::ALL.map(Dimension::as_str))
        })
    }
}

impl IntoParams for NamedDimension {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let names =
            ObjectBuilder::new().schema_type(Type::String).enum_values(Some(Dimension::ALL.map(Dimension::as_str)));
        let parameter = ParameterBuilder::new()
            .name("dimension")
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some("One of the five dimensions of SPACE."))
            .schema(Some(RefOr::T(Schema::from(names))));
        vec![parameter.build()]
    }
}
