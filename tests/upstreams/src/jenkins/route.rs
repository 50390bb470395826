//! Reads a path and a query; what is not known here is answered 501 and not guessed at.

use serde_json::{Value, json};

use super::View;
use super::builds::{self, BuildOf};
use super::items::{self, Item, Job};
use super::tree::Tree;
use super::{coverage, stages};

pub(super) enum Found {
    Json(Value),
    Nothing,
    /// What this service does not know.
    Unknown(String),
}

pub(super) fn found(view: View<'_>, target: &str) -> Found {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let Some(path) = path.strip_prefix(&view.options.prefix) else { return Found::Nothing };
    let query: Vec<(String, String)> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name, true), decoded(value, true)))
        .collect();
    let mut segments: Vec<String> = path.trim_matches('/').split('/').map(|segment| decoded(segment, false)).collect();
    let mut names = Vec::new();
    while segments.len() >= 2 && segments[0] == "job" {
        names.push(segments.remove(1));
        segments.remove(0);
    }
    let full_name = names.join("/");
    let rest: Vec<&str> = segments.iter().map(String::as_str).collect();
    if rest == ["whoAmI", "api", "json"] {
        let me = json!({ "_class": "hudson.security.WhoAmI", "anonymous": false, "authenticated": true,
            "name": view.options.user, "authorities": ["authenticated"] });
        return picked(&query, |_| me);
    }
    match (items::item(view, &full_name), rest.as_slice()) {
        (None, ["api", "json"]) if full_name.is_empty() => {
            picked(&query, |tree| items::folder(view, &items::items(view), "", "hudson.model.Hudson", tree))
        }
        (None, _) => Found::Nothing,
        (Some(Item::Folder(class)), ["api", "json"]) => {
            picked(&query, |tree| items::folder(view, &items::items(view), &full_name, class, tree))
        }
        (Some(Item::Job(job)), ["api", "json"]) => picked(&query, |tree| items::job(view, job, &full_name, tree)),
        (Some(Item::Job(job)), ["wfapi", "runs"]) => match query.is_empty() {
            true if tells_stages(view, job) => {
                let newest = builds::visible(view, job);
                Found::Json(newest.iter().take(10).map(|build| stages::describe(view, job, build)).collect())
            }
            true => Found::Nothing,
            false => Found::Unknown(target.to_owned()),
        },
        (Some(Item::Job(job)), [number, below @ ..]) => {
            let Ok(number) = number.parse::<u32>() else { return Found::Unknown(target.to_owned()) };
            let visible = builds::visible(view, job);
            let Some(build) = visible.iter().find(|build| build.attempt.number == number) else {
                return Found::Nothing;
            };
            below_build(view, job, (&full_name, build), below, &query)
        }
        _ => Found::Unknown(target.to_owned()),
    }
}

fn tells_stages(view: View<'_>, job: Job<'_>) -> bool {
    use crate::organisation::delivery::{JobKind, Runner};
    view.options.tells_stages && job.pipeline.runner != Runner::Jenkins(JobKind::Freestyle)
}

fn below_build(
    view: View<'_>,
    job: Job<'_>,
    (full_name, build): (&str, &BuildOf<'_>),
    below: &[&str],
    query: &[(String, String)],
) -> Found {
    match below {
        ["api", "json"] => picked(query, |_| builds::build(view, job, full_name, build)),
        ["wfapi", "describe"] if tells_stages(view, job) => Found::Json(stages::describe(view, job, build)),
        ["wfapi", "describe"] => Found::Nothing,
        [page @ .., "api", "json"] if ["coverage", "jacoco", "cobertura"].contains(&page[0]) => {
            let is_finished = build.attempt.finished_at <= view.now;
            match coverage::page(job.pipeline, build.attempt, page).filter(|_| is_finished) {
                Some(found) if page == ["cobertura"] => match query {
                    [(name, depth)] if name == "depth" && depth == "2" => Found::Json(found),
                    _ => Found::Unknown("cobertura without `depth=2`".to_owned()),
                },
                Some(found) => picked(query, |_| found),
                None => Found::Nothing,
            }
        }
        _ => Found::Unknown(format!("{below:?} of a build")),
    }
}

/// What `tree` picks; without one, Jenkins would tell everything, and nobody here wants that.
fn picked(query: &[(String, String)], whole: impl FnOnce(&Tree) -> Value) -> Found {
    let [(name, tree)] = query else { return Found::Unknown(format!("the parameters {query:?}")) };
    match Tree::parse(tree).filter(|_| name == "tree") {
        Some(tree) => Found::Json(tree.pick(&whole(&tree))),
        None => Found::Unknown(format!("the parameter `{name}={tree}`")),
    }
}

fn decoded(text: &str, is_form: bool) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 2;
            }
            (b'+', _) if is_form => decoded.push(b' '),
            (byte, _) => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
