//! The listing of issues as of an instant: incidents, and pull requests, which are issues too.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::View;
use super::people::{WEB, account, owner};
use super::pulls::{Direction, status};
use crate::organisation::delivery::Incident;
use crate::organisation::{Change, Event, EventKind, Repository};

pub(super) enum Issue<'a> {
    Incident(&'a Incident),
    Change(&'a Change),
}

/// What is asked for; more than that is not known.
pub(super) struct Wanted<'a> {
    pub(super) label: Option<&'a str>,
    pub(super) since: Option<Timestamp>,
    pub(super) direction: Direction,
}

/// By latest update.
pub(super) fn list<'a>(view: &View<'a>, of: &'a Repository, wanted: &Wanted<'_>) -> Vec<Issue<'a>> {
    let incidents = view.organisation.delivery.incidents.iter();
    let incidents = incidents
        .filter(|incident| view.is(incident.repository, of) && incident.opened_at <= view.now)
        .map(Issue::Incident);
    let changes = of.changes.iter().filter(|change| change.opened_at <= view.now).map(Issue::Change);
    let mut issues: Vec<Issue<'a>> = incidents
        .chain(changes)
        .filter(|issue| wanted.since.is_none_or(|since| issue.updated_at(view) >= since))
        .filter(|issue| {
            let is_wanted = |label: &str| issue.labels(view).iter().any(|name| name.eq_ignore_ascii_case(label));
            wanted.label.is_none_or(is_wanted)
        })
        .collect();
    issues.sort_by_key(|issue| (issue.updated_at(view), issue.number()));
    if wanted.direction == Direction::Descending {
        issues.reverse();
    }
    issues
}

impl Issue<'_> {
    fn number(&self) -> u32 {
        match self {
            Self::Incident(incident) => incident.number,
            Self::Change(change) => change.number,
        }
    }

    fn closed_at(&self, view: &View<'_>) -> Option<Timestamp> {
        match self {
            Self::Incident(incident) => incident.resolved_at.filter(|at| *at <= view.now),
            Self::Change(change) => status(change, view.now).closed_at,
        }
    }

    fn opened_at(&self) -> Timestamp {
        match self {
            Self::Incident(incident) => incident.opened_at,
            Self::Change(change) => change.opened_at,
        }
    }

    fn updated_at(&self, view: &View<'_>) -> Timestamp {
        match self {
            Self::Incident(_) => self.closed_at(view).unwrap_or(self.opened_at()),
            Self::Change(change) => status(change, view.now).updated_at,
        }
    }

    fn labels(&self, view: &View<'_>) -> Vec<String> {
        match self {
            Self::Incident(incident) => vec!["incident".to_owned(), format!("severity: {}", incident.severity.name())],
            Self::Change(change) => {
                let is_labelled = |event: &Event| event.kind == EventKind::Labeled && event.at <= view.now;
                if change.events.iter().any(is_labelled) { vec!["enhancement".to_owned()] } else { Vec::new() }
            }
        }
    }
}

pub(super) fn issue(view: &View<'_>, of: &Repository, issue: &Issue<'_>) -> Value {
    let number = issue.number();
    let repository = format!("{}/repos/{}", view.base, of.name);
    let url = format!("{repository}/issues/{number}");
    let closed_at = issue.closed_at(view);
    let labels: Vec<Value> = (1..)
        .zip(issue.labels(view))
        .map(|(position, name)| {
            let id = of.id + position;
            json!({"id": id, "node_id": format!("LA_kwDO{id:010X}"), "url": format!("{repository}/labels/{name}"), "name": name, "color": "a2eeef", "default": false, "description": null})
        })
        .collect();
    let mut object = json!({
        "url": url,
        "repository_url": repository,
        "labels_url": format!("{url}/labels{{/name}}"),
        "comments_url": format!("{url}/comments"),
        "events_url": format!("{url}/events"),
        "number": number,
        "labels": labels,
        "state": if closed_at.is_some() { "closed" } else { "open" },
        "locked": false,
        "assignee": null,
        "assignees": [],
        "milestone": null,
        "comments": 0,
        "created_at": issue.opened_at().to_string(),
        "updated_at": issue.updated_at(view).to_string(),
        "closed_at": closed_at.map(|at| at.to_string()),
        "author_association": "MEMBER",
        "active_lock_reason": null,
        "performed_via_github_app": null,
        "state_reason": closed_at.map(|_| "completed"),
    });
    let (id, title, body, user) = match issue {
        Issue::Incident(incident) => (incident.id, "Something is broken".to_owned(), None, owner(view)),
        // The issue of a pull request has an id of its own.
        Issue::Change(change) => {
            (change.id + 7, change.title.clone(), change.body.clone(), account(view, change.author))
        }
    };
    (object["id"], object["title"], object["body"], object["user"]) = (id.into(), title.into(), body.into(), user);
    object["node_id"] = format!("I_kwDO{id:010X}").into();
    let place = if let Issue::Change(change) = issue {
        let pull = format!("{repository}/pulls/{number}");
        let merged_at = status(change, view.now).merged.map(|(event, _)| event.at.to_string());
        object["pull_request"] =
            json!({"url": pull, "html_url": format!("{WEB}/{}/pull/{number}", of.name), "merged_at": merged_at});
        "pull"
    } else {
        "issues"
    };
    object["html_url"] = format!("{WEB}/{}/{place}/{number}", of.name).into();
    object
}
