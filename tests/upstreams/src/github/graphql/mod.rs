//! The GraphQL API: prices a query, answers it from the same organisation, and misbehaves as the real one can. What it does
//! not know it answers 501.

mod connection;
mod fields;
mod objects;
mod price;
mod query;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use self::objects::Scene;
use self::price::{MOST_NODES, price};
use super::answer::{Answer, date};
use super::{View, World};

/// How the API behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    #[default]
    Honest,
    /// More pull requests a page than this take too long: 502 and 504 in turn.
    TimesOutAbove(u64),
    /// Of more pull requests a page than this the last one is left out, and `errors` say so.
    LosesPartAbove(u64),
    /// Says no with this status, whatever is asked.
    Refuses(u16),
}

/// Where it is found: an enterprise server has it beside its REST API, not below.
pub(super) fn path(prefix: &str) -> String {
    format!("{}/graphql", prefix.trim_end_matches("/v3"))
}

/// Why a query is not answered with data alone.
#[derive(Debug)]
enum Refusal {
    /// Nobody taught the simulation this.
    Unknown(String),
    /// What the real service says among `errors`, and of which kind that is.
    Error { kind: Option<&'static str>, path: Value, message: String },
}

impl Refusal {
    fn invalid(message: String) -> Self {
        Self::Error { kind: None, path: Value::Null, message }
    }
}

pub(super) fn answer(world: &World, view: &View<'_>, body: &[u8]) -> Answer {
    let mood = world.moving().mood;
    match mood {
        Mood::Refuses(status) => plain(world, view, status, &json!({ "message": "Not for you" })),
        _ => match answered(world, view, body, mood) {
            Ok((status, value)) => plain(world, view, status, &value),
            Err(Refusal::Unknown(what)) => {
                plain(world, view, 501, &json!({ "message": format!("the simulated GitHub does not know {what}") }))
            }
            Err(Refusal::Error { kind, path, message }) => {
                let mut error = json!({ "message": message, "locations": [{ "line": 1, "column": 1 }] });
                if let Some(kind) = kind {
                    error["type"] = kind.into();
                }
                if !path.is_null() {
                    error["path"] = path;
                }
                plain(world, view, 200, &json!({ "errors": [error] }))
            }
        },
    }
}

fn answered(world: &World, view: &View<'_>, body: &[u8], mood: Mood) -> Result<(u16, Value), Refusal> {
    let selections = query::read(body).map_err(Refusal::invalid)?;
    let price = price(&selections);
    if price.nodes > MOST_NODES {
        let message = format!(
            "This query requests up to {} possible nodes which exceeds the maximum limit of {MOST_NODES}.",
            price.nodes
        );
        return Err(Refusal::Error { kind: Some("MAX_NODE_LIMIT_EXCEEDED"), path: Value::Null, message });
    }
    let (limit, remaining, reset_at) = {
        let mut moving = world.moving();
        moving.begin_hour();
        let limit = world.options.points_per_hour;
        let left = limit.saturating_sub(moving.points);
        if left < price.points {
            let message = "API rate limit exceeded for user ID 39652352.".to_owned();
            return Err(Refusal::Error { kind: Some("RATE_LIMITED"), path: Value::Null, message });
        }
        moving.points += price.points;
        (limit, left - price.points, moving.reset_at(view.now))
    };
    let mut scene = Scene { view, limit, price, remaining, reset_at, most_pulls: 0, errors: Vec::new() };
    let mut data = scene.query(&selections)?;
    let asked = scene.most_pulls;
    let mut errors = scene.errors;
    match mood {
        Mood::TimesOutAbove(most) if asked > most => {
            let mut moving = world.moving();
            moving.time_outs += 1;
            let status = if moving.time_outs.is_multiple_of(2) { 504 } else { 502 };
            let message = "We couldn't respond to your request in time. Sorry about that. Please try resubmitting your request and contact us if the problem persists.";
            return Ok((status, json!({ "message": message })));
        }
        Mood::LosesPartAbove(most) if asked > most => {
            let edges = data.pointer_mut("/repository/pullRequests/edges").and_then(Value::as_array_mut);
            let (at, last) = edges.and_then(|edges| edges.iter_mut().enumerate().next_back()).ok_or_else(|| {
                Refusal::Unknown("how to lose part of something else than `pullRequests.edges`".to_owned())
            })?;
            *last = Value::Null;
            errors.push(json!({
                "message": "Something went wrong while executing your query. This may be the result of a timeout, or it could be a GitHub bug.",
                "path": ["repository", "pullRequests", "edges", at],
            }));
        }
        _ => {}
    }
    let mut value = json!({ "data": data });
    if !errors.is_empty() {
        value["errors"] = Value::Array(errors);
    }
    Ok((200, value))
}

fn plain(world: &World, view: &View<'_>, status: u16, body: &Value) -> Answer {
    let moving = world.moving();
    let limit = world.options.points_per_hour;
    let headers = vec![
        ("date", date(view.now)),
        ("content-type", "application/json; charset=utf-8".to_owned()),
        ("x-github-media-type", "github.v4; format=json".to_owned()),
        ("x-ratelimit-limit", limit.to_string()),
        ("x-ratelimit-remaining", limit.saturating_sub(moving.points).to_string()),
        ("x-ratelimit-used", moving.points.to_string()),
        ("x-ratelimit-reset", moving.reset_at(view.now).as_second().to_string()),
        ("x-ratelimit-resource", "graphql".to_owned()),
    ];
    Answer { status, headers, body: body.to_string().into_bytes() }
}
