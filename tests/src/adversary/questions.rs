//! Everything that can be asked of a host, as its own description lists it: a route or a parameter that nobody asks about fails.

use quintant::api::Router;
use quintant::model::{Dimension, Metric};
use serde_json::Value;

use super::hosted::see;
use super::world::World;

/// What a question may be narrowed by.
const PARAMETERS: [&str; 7] = ["time_range", "from", "to", "team", "dimension", "metric", "If-None-Match"];

/// How many windows are asked of each route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breadth {
    /// Every one.
    Every,
    /// Of all five dimensions at once every one; of each other route those that have names, and others in turn.
    Some,
}

/// Method and address of each question, for so many weeks that are over.
pub async fn questions(
    world: &World,
    router: &Router,
    cells: &[String],
    over: i32,
    breadth: Breadth,
) -> Vec<(&'static str, String)> {
    let named: Vec<String> = ["24h", "7d", "30d", "90d"].map(|range| format!("time_range={range}")).into();
    let day = |week: i32| world.first.plus(week).monday();
    let dated: Vec<String> = (0..over)
        .flat_map(|first| (first + 1..=over).map(move |end| (first, end)))
        .map(|(first, end)| format!("from={}&to={}", day(first), day(end)))
        .collect();
    let mut scopes = vec![String::new()];
    scopes.extend(cells.iter().map(|cell| format!("&team={}", cell.replace('+', "%2B"))));
    let of_windows = |place: &str, windows: &[&String]| -> Vec<String> {
        let scopes = &scopes;
        windows.iter().flat_map(|window| scopes.iter().map(move |scope| format!("{place}?{window}{scope}"))).collect()
    };
    let all: Vec<&String> = named.iter().chain(&dated).collect();
    let mut turn = 0;
    let mut in_turn = |place: &str| -> Vec<String> {
        if breadth == Breadth::Every {
            return of_windows(place, &all);
        }
        turn += 1;
        let other = &dated[(7 * turn + usize::try_from(over).unwrap()) % dated.len()];
        of_windows(place, &named.iter().skip(1).chain([other]).collect::<Vec<_>>())
    };
    let document = see(router, "GET", "/openapi.json").await.json();
    let mut questions = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            check_parameters(path, operation);
            let places: Vec<String> = match (method.as_str(), path.as_str()) {
                (
                    "post",
                    "/api/v1/surveys/pulse/submit"
                    | "/api/v1/surveys/nps/submit"
                    | "/api/v1/surveys/annual/submit"
                    | "/api/v1/friction/log",
                ) => {
                    questions.push(("POST", path.clone()));
                    continue;
                }
                (
                    "get",
                    "/health" | "/livez" | "/readyz" | "/metrics" | "/openapi.json" | "/api/v1/teams"
                    | "/api/v1/sources",
                ) => vec![path.clone()],
                ("get", "/api/v1/metrics/space") => of_windows(path, &all),
                ("get", "/api/v1/metrics/space/health") => in_turn(path),
                ("get", "/api/v1/metrics/space/{dimension}" | "/api/v1/metrics/space/{dimension}/trend") => {
                    Dimension::ALL
                        .iter()
                        .flat_map(|dimension| in_turn(&path.replace("{dimension}", dimension.as_str())))
                        .collect()
                }
                ("get", "/api/v1/explain/{metric}") => {
                    Metric::ALL.iter().flat_map(|metric| in_turn(&path.replace("{metric}", metric.as_str()))).collect()
                }
                // None is granted here; what is there is said.
                ("get", "/api/v1/metrics/samples/{metric}") => {
                    ["queue_length", "focus_hours"].map(|metric| path.replace("{metric}", metric)).into()
                }
                _ => panic!(
                    "nobody attacks {method} {path}: say here how it is asked, and in `sums.rs` what its numbers add up"
                ),
            };
            questions.extend(places.into_iter().map(|place| ("GET", place)));
        }
    }
    // What is not in the document, and what is refused.
    let others = ["/", "/surveys/pulse", "/surveys/nps", "/surveys/annual", "/api/v1/metrics/space?team=nobody"];
    questions.extend(others.map(|other| ("GET", other.to_owned())));
    questions
}

fn check_parameters(path: &str, operation: &Value) {
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap();
        assert!(PARAMETERS.contains(&name), "nobody attacks the parameter `{name}` of {path}");
    }
}
