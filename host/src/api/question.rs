//! What a client may ask about: parsed here, once. Nothing unknown and nothing twice is passed over in silence.

use std::collections::BTreeMap;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use jiff::civil::Date;
use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

use super::Problem;
use super::problem::Code;
use crate::metrics::{Answers, Scope, TimeRange};
use crate::model::{Dimension, Metric};

const TIME_RANGE: &str = "time_range";
const FROM: &str = "from";
const TO: &str = "to";
const TEAM: &str = "team";
const OF_PERIOD: [&str; 3] = [TIME_RANGE, FROM, TO];
const OF_QUESTION: [&str; 4] = [TIME_RANGE, FROM, TO, TEAM];

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
            Some(team) => answers.scope(team).map_err(|unknown| {
                Problem::unknown(Code::UnknownTeam, "team", team, unknown.known.iter().map(String::as_str))
            }),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Question {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut given = given(parts, &OF_QUESTION)?;
        Ok(Self { range: range(&given)?, team: given.remove(TEAM) })
    }
}

/// A window of the whole organization.
#[derive(Debug)]
pub(super) struct Period {
    pub(super) range: TimeRange,
}

impl<S: Send + Sync> FromRequestParts<S> for Period {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self { range: range(&given(parts, &OF_PERIOD)?)? })
    }
}

fn given(parts: &Parts, known: &[&str]) -> Result<BTreeMap<String, String>, Problem> {
    let refused = |code, detail: &'static str| Problem::new(code, detail).allowing(known.iter().copied());
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
        .map_err(|_| refused(Code::BadQuery, "the query cannot be read"))?;
    let mut given = BTreeMap::new();
    for (name, value) in pairs {
        if !known.contains(&name.as_str()) {
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
            .allowing(OF_PERIOD)),
    }
}

/// Written in one way only, so that the window can be told in the same.
fn date(text: &str) -> Result<Date, Problem> {
    let detail = "`from` and `to` are dates such as `2026-01-05`; `to` is the day after the last";
    let date = text.parse().ok().filter(|date: &Date| date.to_string() == text && date.year() >= 0);
    date.ok_or_else(|| Problem::new(Code::BadDate, detail))
}

fn parameter(name: &str, place: ParameterIn, description: &str, schema: ObjectBuilder) -> Parameter {
    let is_of_path = place == ParameterIn::Path;
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(if is_of_path { Required::True } else { Required::False })
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

impl IntoParams for Period {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let date = || text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)));
        let query = |name, description, schema| parameter(name, ParameterIn::Query, description, schema);
        vec![
            query(
                TIME_RANGE,
                "The last released weeks: `7d` is one, `30d` are four, `90d` are thirteen. `24h` is taken for old \
                 clients and holds no whole week, so that every field is null; where `privacy.daily_system` is on, it tells what ran \
                 in the whole organization on the last day that was released, which `window` names. Not together with `from` \
                 and `to`.",
                text().enum_values(Some(TimeRange::NAMES)).default(Some(json!(TimeRange::default().as_str()))),
            ),
            query(FROM, "The first day. Only together with `to`. Snapped inward to whole weeks.", date()),
            query(TO, "The day after the last, later than `from`. Snapped inward to whole weeks.", date()),
        ]
    }
}

impl IntoParams for Question {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = Period::into_params(place);
        parameters.push(parameter(
            TEAM,
            ParameterIn::Query,
            "A team, a pool of small teams (their names joined by `+`, which a query writes as `%2B`), or \
             `unassigned` for the people without a team. Without it, the whole organization.",
            text().min_length(Some(1)),
        ));
        parameters
    }
}

/// What the path names; nothing where that cannot be read.
async fn named<S: Send + Sync>(parts: &mut Parts, state: &S) -> String {
    let name: Result<Path<String>, PathRejection> = Path::from_request_parts(parts, state).await;
    name.map_or_else(|_| String::new(), |Path(name)| name)
}

macro_rules! named {
    ($($(#[$doc:meta])* $type:ident($item:ident) = $name:literal, $code:ident, $description:literal;)+) => {
        $($(#[$doc])*
        pub(super) struct $type(pub(super) $item);

        impl<S: Send + Sync> FromRequestParts<S> for $type {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
                let name = named(parts, state).await;
                $item::from_name(&name)
                    .map(Self)
                    .ok_or_else(|| Problem::unknown(Code::$code, $name, &name, $item::ALL.map($item::as_str)))
            }
        }

        impl IntoParams for $type {
            fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                let names = text().enum_values(Some($item::ALL.map($item::as_str)));
                vec![parameter($name, ParameterIn::Path, $description, names)]
            }
        })+
    };
}

named! {
    /// The dimension that the path names.
    NamedDimension(Dimension) = "dimension", UnknownDimension, "One of the five dimensions of SPACE.";
    /// The metric that the path names.
    NamedMetric(Metric) = "metric", UnknownMetric, "A field of any dimension.";
}

/// The plugin's own metric that the path names; which there are, the snapshot knows.
pub(super) struct NamedSample(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for NamedSample {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(named(parts, state).await))
    }
}

impl IntoParams for NamedSample {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let description = "A metric that a plugin declares and `[source.samples]` grants.";
        vec![parameter("metric", ParameterIn::Path, description, text().min_length(Some(1)))]
    }
}
