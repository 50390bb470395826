//! `/api/v1/metrics/space`: the five dimensions under the field names that clients know.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use jiff::civil::Date;
use serde::Serialize;

use super::{Problem, Shelf};
use crate::metrics::{Answer, Answers, Scope, TimeRange};
use crate::model::{Dimension, Withheld};
use crate::schedule::Clock;

const PARAMETERS: [&str; 4] = ["time_range", "from", "to", "team"];

#[derive(Clone)]
pub(super) struct Desk {
    pub(super) shelf: Shelf,
    pub(super) clock: Clock,
}

type Parameters = Result<Query<Vec<(String, String)>>, QueryRejection>;

/// All five dimensions.
#[derive(Serialize)]
pub(super) struct Space {
    satisfaction: Answer,
    performance: Answer,
    activity: Answer,
    communication: Answer,
    efficiency: Answer,
    /// Null until three dimensions are present.
    health_score: Option<f64>,
    withheld: BTreeMap<&'static str, Withheld>,
    time_range: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<String>,
    timestamp: String,
}

pub(super) async fn all(State(desk): State<Desk>, parameters: Parameters) -> Result<Json<Space>, Problem> {
    let parameters = known(parameters)?;
    let answers = desk.shelf.answers()?;
    let (range, scope) = question(&parameters, &answers)?;
    let answer = |dimension| answers.dimension(dimension, range, &scope);
    Ok(Json(Space {
        satisfaction: answer(Dimension::Satisfaction),
        performance: answer(Dimension::Performance),
        activity: answer(Dimension::Activity),
        communication: answer(Dimension::Communication),
        efficiency: answer(Dimension::Efficiency),
        health_score: None,
        withheld: BTreeMap::from([("health_score", Withheld::InsufficientData)]),
        time_range: range.as_str(),
        team: parameters.get("team").cloned(),
        timestamp: desk.clock.now().to_string(),
    }))
}

pub(super) async fn one(
    State(desk): State<Desk>,
    dimension: Result<Path<String>, PathRejection>,
    parameters: Parameters,
) -> Result<Json<Answer>, Problem> {
    let dimension = dimension.ok().and_then(|Path(name)| Dimension::from_name(&name)).ok_or_else(|| {
        let known = Dimension::ALL.iter().map(|dimension| dimension.as_str().to_owned()).collect();
        Problem::bad_request("unknown_dimension", "there is no such dimension", known)
    })?;
    let parameters = known(parameters)?;
    let answers = desk.shelf.answers()?;
    let (range, scope) = question(&parameters, &answers)?;
    Ok(Json(answers.dimension(dimension, range, &scope)))
}

/// What was given; nothing unknown and nothing twice is passed over in silence.
fn known(parameters: Parameters) -> Result<BTreeMap<String, String>, Problem> {
    let refused = |code, detail| Problem::bad_request(code, detail, PARAMETERS.map(str::to_owned).to_vec());
    let Query(given) = parameters.map_err(|_| refused("bad_query", "the query cannot be read"))?;
    let mut known = BTreeMap::new();
    for (name, value) in given {
        if !PARAMETERS.contains(&name.as_str()) {
            return Err(refused("unknown_parameter", "there is no such parameter"));
        }
        if known.insert(name, value).is_some() {
            return Err(refused("repeated_parameter", "each parameter is given once"));
        }
    }
    Ok(known)
}

fn question(parameters: &BTreeMap<String, String>, answers: &Answers) -> Result<(TimeRange, Scope), Problem> {
    let scope = match parameters.get("team") {
        None => Scope::Organization,
        Some(team) => answers
            .scope(team)
            .map_err(|unknown| Problem::bad_request("unknown_team", "there is no such team", unknown.known))?,
    };
    Ok((range(parameters)?, scope))
}

fn range(parameters: &BTreeMap<String, String>) -> Result<TimeRange, Problem> {
    let given = |name| parameters.get(name).map(String::as_str);
    match (given("time_range"), given("from"), given("to")) {
        (None, None, None) => Ok(TimeRange::Month),
        (Some(name), None, None) => TimeRange::from_name(name).ok_or_else(|| {
            let allowed = TimeRange::NAMES.map(str::to_owned).to_vec();
            Problem::bad_request(
                "unknown_time_range",
                "there is no such time range; `from` and `to` take any dates",
                allowed,
            )
        }),
        (None, Some(from), Some(to)) => {
            let date = |text: &str| {
                text.parse::<Date>().map_err(|_| {
                    Problem::bad_request(
                        "bad_date",
                        "`from` and `to` are dates such as `2026-01-05`; `to` is the day after the last",
                        Vec::new(),
                    )
                })
            };
            let (from, to) = (date(from)?, date(to)?);
            if from >= to {
                return Err(Problem::bad_request(
                    "bad_date",
                    "`from` must lie before `to`, which is the day after the last",
                    Vec::new(),
                ));
            }
            Ok(TimeRange::Dates { from, to })
        }
        _ => Err(Problem::bad_request(
            "ambiguous_time_range",
            "give either `time_range` or both `from` and `to`",
            ["time_range", "from", "to"].map(str::to_owned).to_vec(),
        )),
    }
}
