//! Finds what a path and a query ask for: the list, the object, the place it moved to, or a refusal.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::commits::{commit, compare, list, named};
use super::events::{event, events};
use super::issues::{self, Wanted, issue};
use super::paging::{page, page_of};
use super::pulls::{Direction, Sort, find, pull, pull_in_full, review, reviews};
use super::repositories::{DEFAULT_BRANCH, repository_in_full};
use super::route::{Place, Query, Resource, Route};
use super::runs::{self, Created};
use super::{View, World, deployments, pulls, releases, shared};
use crate::organisation::Repository;

const COMPARED_AT_ONCE: usize = 250;

/// What a resource has to say, before it becomes an answer.
pub(super) struct Found {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) link: Option<String>,
    pub(super) location: Option<String>,
}

impl Found {
    pub(super) fn object(body: Value) -> Self {
        Self { status: 200, body, link: None, location: None }
    }

    pub(super) fn list(body: Vec<Value>, link: Option<String>) -> Self {
        Self { status: 200, body: Value::Array(body), link, location: None }
    }

    pub(super) fn refusal(status: u16, message: &str) -> Self {
        let body = json!({"message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string()});
        Self { status, body, link: None, location: None }
    }

    pub(super) fn unknown(what: &str) -> Self {
        Self::refusal(501, &format!("the simulated GitHub does not know {what}"))
    }

    pub(super) fn nothing() -> Self {
        Self::refusal(404, "Not Found")
    }
}

pub(super) fn found(world: &World, view: &View<'_>, target: &str) -> Found {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let Some(route) = path.strip_prefix(world.options.prefix.as_str()).and_then(Route::of) else {
        return Found::unknown(&format!("the path `{path}`"));
    };
    let query = match Query::of(&route, query) {
        Ok(query) => query,
        Err(name) => return Found::unknown(&format!("the query parameter `{name}` of `{path}`")),
    };
    match route {
        Route::User => Found::object(
            json!({"login": "quintant-reader", "id": 39_652_352, "type": "User", "site_admin": false, "name": null}),
        ),
        Route::RateLimit => rate_limit(world, view.now),
        Route::In(organization, resource) => shared::found(world, view, organization, &resource, &query),
        Route::Of(place, resource) => match place_of(view, &place) {
            Located::Here(_) if world.options.lacks.contains(&resource.permission()) => {
                Found::refusal(403, "Resource not accessible by personal access token")
            }
            Located::Here(repository) => of_repository(view, repository, &resource, &query),
            Located::Moved(repository) => moved(view, repository, &place, target, world),
            Located::Nowhere => Found::nothing(),
        },
    }
}

enum Located<'a> {
    Here(&'a Repository),
    /// Asked for by its former name.
    Moved(&'a Repository),
    Nowhere,
}

fn place_of<'a>(view: &View<'a>, place: &Place<'_>) -> Located<'a> {
    let repositories = &view.organisation.repositories;
    let found = match place {
        Place::Id(id) => repositories.iter().find(|repository| repository.id.to_string() == *id),
        Place::Name(name) => {
            let former = |repository: &&Repository| {
                repository.former_name.as_ref().is_some_and(|former| former.eq_ignore_ascii_case(name))
            };
            if let Some(moved) = repositories.iter().find(former) {
                return Located::Moved(moved);
            }
            repositories.iter().find(|repository| repository.name.eq_ignore_ascii_case(name))
        }
    };
    found.map_or(Located::Nowhere, Located::Here)
}

fn moved(view: &View<'_>, repository: &Repository, place: &Place<'_>, target: &str, world: &World) -> Found {
    let Place::Name(name) = place else {
        return Found::nothing();
    };
    let rest = target.get(world.options.prefix.len() + "/repos/".len() + name.len()..).unwrap_or_default();
    let location = format!("{}/repositories/{}{rest}", view.base, repository.id);
    let body = json!({
        "message": "Moved Permanently",
        "url": location,
        "documentation_url": "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects",
    });
    Found { status: 301, body, link: None, location: Some(location) }
}

fn rate_limit(world: &World, now: Timestamp) -> Found {
    let moving = world.moving();
    let limit = world.options.requests_per_hour;
    let core = json!({
        "limit": limit,
        "used": moving.used,
        "remaining": limit.saturating_sub(moving.used),
        "reset": moving.reset_at(now).as_second(),
        "resource": "core",
    });
    Found::object(json!({"resources": {"core": core}, "rate": core}))
}

fn of_repository(view: &View<'_>, repository: &Repository, resource: &Resource<'_>, query: &Query) -> Found {
    let by_id = format!("{}/repositories/{}", view.base, repository.id);
    match resource {
        Resource::Repository => Found::object(repository_in_full(view, repository)),
        Resource::Commits => commits(view, repository, query, &by_id),
        Resource::Compare { base, head } => comparison(view, repository, (base, head), query, &by_id),
        Resource::Pulls => pull_list(view, repository, query, &by_id),
        Resource::Pull(number) => match find(view, repository, number) {
            Some(change) => Found::object(pull_in_full(view, repository, change)),
            None => Found::nothing(),
        },
        Resource::Reviews(number) => {
            let Some(change) = find(view, repository, number) else {
                return Found::nothing();
            };
            let all = reviews(view, change);
            let page = page(&all, query, &format!("{by_id}/pulls/{number}/reviews"));
            Found::list(page.items.iter().map(|item| review(view, repository, change, item)).collect(), page.link)
        }
        Resource::Events(number) => {
            let Some(change) = find(view, repository, number) else {
                return Found::nothing();
            };
            let all = events(view, change);
            let page = page(&all, query, &format!("{by_id}/issues/{number}/events"));
            Found::list(page.items.iter().map(|item| event(view, repository, item)).collect(), page.link)
        }
        Resource::Deployments => {
            let all = deployments::list(view, repository);
            let page = page(&all, query, &format!("{by_id}/deployments"));
            let items = page.items.iter().map(|item| deployments::deployment(view, repository, item));
            Found::list(items.collect(), page.link)
        }
        Resource::Statuses(id) => {
            let Some(deployment) = deployments::find(view, repository, id) else {
                return Found::nothing();
            };
            let all = deployments::statuses(view, repository, deployment);
            let page = page(&all, query, &format!("{by_id}/deployments/{id}/statuses"));
            let items = page.items.iter().map(|item| deployments::status(view, repository, deployment, item));
            Found::list(items.collect(), page.link)
        }
        Resource::Runs => run_list(view, repository, query, &by_id),
        Resource::Attempt { run, attempt } => match runs::find(view, repository, run, attempt) {
            Some(run) => Found::object(runs::run(view, repository, &run)),
            None => Found::nothing(),
        },
        Resource::Releases => {
            let all = releases::list(view, repository);
            let page = page(&all, query, &format!("{by_id}/releases"));
            let items = page.items.iter().map(|item| releases::release(view, repository, item));
            Found::list(items.collect(), page.link)
        }
        Resource::Issues => issue_list(view, repository, query, &by_id),
    }
}

fn run_list(view: &View<'_>, repository: &Repository, query: &Query, by_id: &str) -> Found {
    let created = match query.get("created").map(|text| (text, Created::read(text))) {
        None => None,
        Some((_, Some(created))) => Some(created),
        Some((text, None)) => return Found::unknown(&format!("the dates `{text}`")),
    };
    let mut all = runs::list(view, repository, created.as_ref());
    let count = all.len();
    if created.is_some() {
        all.truncate(runs::MOST_LISTED);
    }
    let page = page(&all, query, &format!("{by_id}/actions/runs"));
    let items: Vec<Value> = page.items.iter().map(|item| runs::run(view, repository, item)).collect();
    Found { link: page.link, ..Found::object(json!({"total_count": count, "workflow_runs": items})) }
}

fn issue_list(view: &View<'_>, repository: &Repository, query: &Query, by_id: &str) -> Found {
    let direction = match query.get("direction") {
        None | Some("desc") => Direction::Descending,
        Some("asc") => Direction::Ascending,
        Some(other) => return Found::unknown(&format!("the direction `{other}`")),
    };
    if (query.get("state"), query.get("sort")) != (Some("all"), Some("updated")) {
        return Found::unknown("issues by another state than `all` or sorted by other than `updated`");
    }
    let Ok(since) = query.get("since").map(str::parse::<Timestamp>).transpose() else {
        return Found::refusal(422, "since must be a timestamp like 2026-01-31T00:00:00Z.");
    };
    let all = issues::list(view, repository, &Wanted { label: query.get("labels"), since, direction });
    let page = page(&all, query, &format!("{by_id}/issues"));
    Found::list(page.items.iter().map(|item| issue(view, repository, item)).collect(), page.link)
}

fn commits(view: &View<'_>, repository: &Repository, query: &Query, by_id: &str) -> Found {
    if repository.head_at(view.now).is_none() {
        return Found::refusal(409, "Git Repository is empty.");
    }
    let Some(head) = named(view, repository, query.get("sha").unwrap_or(DEFAULT_BRANCH)) else {
        return Found::nothing();
    };
    let instant = |name: &str| query.get(name).map(str::parse::<Timestamp>).transpose();
    let (Ok(since), Ok(until)) = (instant("since"), instant("until")) else {
        return Found::refusal(422, "since and until must be timestamps like 2026-01-31T00:00:00Z.");
    };
    let all = list(repository, head, since, until);
    let page = page(&all, query, &format!("{by_id}/commits"));
    Found::list(page.items.iter().map(|&position| commit(view, repository, position)).collect(), page.link)
}

fn comparison(
    view: &View<'_>,
    repository: &Repository,
    (base, head): (&str, &str),
    query: &Query,
    by_id: &str,
) -> Found {
    let (Some(base_at), Some(head_at)) = (named(view, repository, base), named(view, repository, head)) else {
        return Found::nothing();
    };
    let comparison = compare(repository, base_at, head_at);
    let ends = format!("{base}...{head}");
    let url = format!("{by_id}/compare/{ends}");
    let page = if query.get("per_page").is_some() {
        page(&comparison.commits, query, &url)
    } else {
        page_of(&comparison.commits, COMPARED_AT_ONCE, query, &url)
    };
    let first = query.get("page").is_none_or(|page| page == "1");
    let mut found = Found::object(comparison.object(view, repository, &ends, page.items, first));
    found.link = page.link;
    found
}

fn pull_list(view: &View<'_>, repository: &Repository, query: &Query, by_id: &str) -> Found {
    let open = match query.get("state").unwrap_or("open") {
        "open" => Some(true),
        "closed" => Some(false),
        "all" => None,
        other => return Found::unknown(&format!("the state `{other}`")),
    };
    let sort = match query.get("sort").unwrap_or("created") {
        "created" => Sort::Created,
        "updated" => Sort::Updated,
        other => return Found::unknown(&format!("the sort `{other}`")),
    };
    let usual = if sort == Sort::Created { "desc" } else { "asc" };
    let direction = match query.get("direction").unwrap_or(usual) {
        "asc" => Direction::Ascending,
        "desc" => Direction::Descending,
        other => return Found::unknown(&format!("the direction `{other}`")),
    };
    let all = pulls::list(view, repository, open, sort, direction);
    let page = page(&all, query, &format!("{by_id}/pulls"));
    Found::list(page.items.iter().map(|change| pull(view, repository, change)).collect(), page.link)
}
