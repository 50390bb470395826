//! A simulated GitHub: listings with `Link` paging and ETags, commits as a graph, faults on demand.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use quintant_plugin_github::GitHub;
use quintant_sdk::http::Target;
use quintant_sdk::instant::format_rfc3339;
use quintant_sdk::prelude::*;
use quintant_sdk::testing::Source;
use serde_json::{Value, json};

use crate::history::History;

pub(crate) const ORIGIN: &str = "https://api.test";
pub(crate) const DATE: &str = "Thu, 01 Jan 2026 00:00:00 GMT";
pub(crate) const NOW: Instant = 1_767_225_600_000;

type Fault = dyn Fn(&str) -> Option<Result<Response, HttpError>>;

/// What the repositories hold. `octo/app` has id 42, every other one an id of its own.
#[derive(Default)]
pub(crate) struct GitHubServer {
    pub(crate) pulls: BTreeMap<u32, Value>,
    pub(crate) reviews: BTreeMap<u32, Vec<Value>>,
    pub(crate) events: BTreeMap<u32, Vec<Value>>,
    pub(crate) history: History,
    /// Other listings of a repository, by what follows its name in the path.
    pub(crate) lists: BTreeMap<String, Vec<Value>>,
    /// Single things of a repository, likewise.
    pub(crate) objects: BTreeMap<String, Value>,
    pub(crate) issues: Vec<Value>,
    /// Other listings of an organization, by what follows `/orgs/` in the path.
    pub(crate) shared: BTreeMap<String, Vec<Value>>,
    /// Repositories by organization.
    pub(crate) organizations: BTreeMap<String, Vec<Value>>,
    /// Workflow runs, newest first.
    pub(crate) runs: Vec<Value>,
    pub(crate) fault: Option<Box<Fault>>,
    /// It tells no date; else it is always [`NOW`].
    pub(crate) is_dateless: bool,
    /// Every request, as path and query.
    pub(crate) seen: Vec<String>,
}

pub(crate) type Shared = Rc<RefCell<GitHubServer>>;

pub(crate) fn shared(server: GitHubServer) -> Shared {
    Rc::new(RefCell::new(server))
}

/// A source that reads `repositories` from `server`, by REST alone.
pub(crate) fn source(server: &Shared, repositories: &[&str], page_size: u32) -> Source<GitHub> {
    configured(server, json!({ "repositories": repositories, "page_size": page_size, "pull_requests_by": "rest" }))
}

/// A source with these settings that reads from `server`.
pub(crate) fn configured(server: &Shared, settings: Value) -> Source<GitHub> {
    let server = Rc::clone(server);
    Source::new(settings, move |request| server.borrow_mut().answer(request))
}

impl GitHubServer {
    pub(crate) fn answer(&mut self, request: &HttpRequest) -> Result<Response, HttpError> {
        let header =
            |name: &str| request.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone());
        assert_eq!(header("accept").as_deref(), Some("application/vnd.github+json"));
        assert_eq!(header("x-github-api-version").as_deref(), Some("2022-11-28"));
        let mut url = match &request.target {
            Target::Path(path) => path.clone(),
            Target::Url(url) => url.strip_prefix(ORIGIN).unwrap().to_owned(),
        };
        for (index, (name, value)) in request.query.iter().enumerate() {
            url += &format!("{}{name}={value}", if index == 0 { '?' } else { '&' });
        }
        self.seen.push(url.clone());
        if let Some(answer) = self.fault.as_ref().and_then(|fault| fault(&url)) {
            return answer;
        }
        let response = self.route(&url);
        let etag = format!(
            "\"{:x}\"",
            response.body.iter().fold(7_u64, |hash, byte| { hash.wrapping_mul(31).wrapping_add(u64::from(*byte)) })
        );
        let fresh = header("if-none-match").is_some_and(|known| known == etag);
        let response = if fresh { Response::new(304) } else { response };
        let response = response.with("etag", etag);
        Ok(if self.is_dateless { response } else { response.with("date", DATE) })
    }

    fn route(&self, url: &str) -> Response {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let query: BTreeMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let path = path
            .strip_prefix("/repositories/42")
            .map_or_else(|| path.to_owned(), |rest| format!("/repos/octo/app{rest}"));
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match parts.as_slice() {
            ["rate_limit"] => json_body(include_str!("../fixtures/rate_limit.json")),
            ["orgs", rest @ ..] if self.shared.contains_key(&rest.join("/")) => {
                let rest = rest.join("/");
                paged(self.shared[&rest].clone(), &format!("/orgs/{rest}"), &query, Value::Array)
            }
            ["orgs", organization, "repos"] => match self.organizations.get(*organization) {
                Some(items) => paged(items.clone(), &format!("/orgs/{organization}/repos"), &query, Value::Array),
                None => not_found(),
            },
            ["repos", _, name] => {
                let id = if *name == "app" { 42 } else { name.len() };
                json_body(
                    &json!({ "id": id, "full_name": format!("octo/{name}"), "default_branch": "main" }).to_string(),
                )
            }
            ["repos", _, _, "pulls"] => {
                let mut pulls: Vec<Value> = self.pulls.values().cloned().collect();
                pulls.sort_by_key(|pull| std::cmp::Reverse(pull["updated_at"].to_string()));
                paged(pulls, "/pulls", &query, Value::Array)
            }
            ["repos", _, _, "pulls", number, "reviews"] => {
                let reviews = self.reviews.get(&number.parse().unwrap()).cloned();
                paged(reviews.unwrap_or_default(), &format!("/pulls/{number}/reviews"), &query, Value::Array)
            }
            ["repos", _, _, "issues", number, "events"] => {
                let events = self.events.get(&number.parse().unwrap()).cloned();
                paged(events.unwrap_or_default(), &format!("/issues/{number}/events"), &query, Value::Array)
            }
            ["repos", _, _, "commits"] if self.history.head.is_empty() => {
                Response::new(409).body(r#"{"message":"Git Repository is empty."}"#)
            }
            ["repos", _, _, "commits"] => {
                let head = query.get("sha").unwrap_or(&self.history.head.as_str()).to_string();
                let since = query.get("since").and_then(|since| instant::parse_rfc3339(since));
                let listed = self.history.listing(&head, since.unwrap_or(Instant::MIN));
                paged(listed, "/commits", &query, Value::Array)
            }
            ["repos", _, _, "compare", range] => {
                let (base, head) = range.split_once("...").unwrap();
                match self.history.comparison(base, head) {
                    Some(commits) => paged(
                        commits,
                        &format!("/compare/{range}"),
                        &query,
                        |items| json!({ "commits": items, "files": [{ "patch": "…" }] }),
                    ),
                    None => not_found(),
                }
            }
            ["repos", _, _, "issues"] => self.issues(&query),
            ["repos", _, _, "actions", "runs"] => self.runs(&query),
            ["repos", _, _, rest @ ..] => {
                let rest = rest.join("/");
                match (self.lists.get(&rest), self.objects.get(&rest)) {
                    (Some(items), _) => paged(items.clone(), &format!("/{rest}"), &query, Value::Array),
                    (None, Some(object)) => json_body(&object.to_string()),
                    (None, None) => not_found(),
                }
            }
            _ => not_found(),
        }
    }
}

impl GitHubServer {
    fn issues(&self, query: &BTreeMap<&str, &str>) -> Response {
        assert_eq!((query["state"], query["sort"]), ("all", "updated"));
        let is_wanted = |issue: &&Value| {
            let updated_at = issue["updated_at"].as_str().unwrap();
            let labels = issue["labels"].as_array().unwrap();
            query.get("since").is_none_or(|since| updated_at >= *since)
                && query.get("labels").is_none_or(|wanted| {
                    labels.iter().any(|label| label["name"].as_str().unwrap().eq_ignore_ascii_case(wanted))
                })
        };
        let mut issues: Vec<Value> = self.issues.iter().filter(is_wanted).cloned().collect();
        issues.sort_by_key(|issue| (issue["updated_at"].to_string(), issue["number"].as_u64()));
        if query["direction"] == "desc" {
            issues.reverse();
        }
        paged(issues, "/issues", query, Value::Array)
    }

    /// Those created in the dates that are asked for; never more than a thousand, whatever is counted.
    fn runs(&self, query: &BTreeMap<&str, &str>) -> Response {
        assert_eq!(query.get("exclude_pull_requests"), Some(&"true"));
        let created = query["created"];
        let (from, to) = match created.split_once("..") {
            Some((from, to)) => (from, to),
            None => (created.strip_prefix(">=").unwrap(), "9999-12-31T23:59:59Z"),
        };
        let is_in = |run: &&Value| (from..=to).contains(&run["created_at"].as_str().unwrap());
        let mut runs: Vec<Value> = self.runs.iter().filter(is_in).cloned().collect();
        let count = runs.len();
        runs.truncate(1_000);
        paged(runs, "/actions/runs", query, |runs| json!({ "total_count": count, "workflow_runs": runs }))
    }
}

fn not_found() -> Response {
    Response::new(404).body(r#"{"message":"Not Found"}"#)
}

fn json_body(text: &str) -> Response {
    Response::new(200).with("content-type", "application/json").body(text)
}

fn paged(items: Vec<Value>, path: &str, query: &BTreeMap<&str, &str>, wrap: impl Fn(Vec<Value>) -> Value) -> Response {
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let (page, size) = (number("page").unwrap_or(1), number("per_page").unwrap_or(30));
    let last = items.len() <= page * size;
    let items: Vec<Value> = items.into_iter().skip((page - 1) * size).take(size).collect();
    let response = json_body(&wrap(items).to_string());
    if last {
        return response;
    }
    let rest: String =
        query.iter().filter(|(name, _)| **name != "page").map(|(name, value)| format!("{name}={value}&")).collect();
    let url = format!("{ORIGIN}/repositories/42{path}?{rest}page={}", page + 1);
    response.with("link", format!("<{url}>; rel=\"next\", <{url}0>; rel=\"last\""))
}

/// A pull request by user `author`, in days since 2025-12-01.
pub(crate) fn pull(number: u32, author: u64, updated: f64, merged: Option<f64>) -> Value {
    json!({
        "number": number,
        "state": if merged.is_some() { "closed" } else { "open" },
        "user": user(author),
        "created_at": day(0.5),
        "updated_at": day(updated),
        "closed_at": merged.map(day),
        "merged_at": merged.map(day),
        "merge_commit_sha": "c0ffee",
        "base": { "ref": "main", "repo": { "id": 42, "default_branch": "main" } },
        "head": { "repo": null },
    })
}

pub(crate) fn review(id: u64, reviewer: u64, state: &str, at: f64) -> Value {
    json!({ "id": id, "user": user(reviewer), "state": state, "submitted_at": day(at) })
}

pub(crate) fn event(name: &str, at: f64) -> Value {
    json!({ "id": 1, "event": name, "created_at": day(at) })
}

pub(crate) fn user(id: u64) -> Value {
    json!({ "id": id, "login": format!("user{id}"), "type": "User" })
}

#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
pub(crate) fn day(day: f64) -> String {
    format_rfc3339(1_764_547_200_000 + (day * 86_400_000.0) as i64)
}
