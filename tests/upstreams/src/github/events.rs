//! Issue events of a pull request; what only its timeline shows, such as comments and reviews, is not among them.

use serde_json::{Value, json};

use super::View;
use super::people::account;
use crate::organisation::{Change, Event, EventKind, Repository};

pub(super) fn events<'a>(view: &View<'_>, change: &'a Change) -> Vec<&'a Event> {
    change.events.iter().filter(|event| event.at <= view.now && event.kind != EventKind::Commented).collect()
}

pub(super) fn event(view: &View<'_>, repository: &Repository, event: &Event) -> Value {
    let url = format!("{}/repos/{}", view.base, repository.name);
    let (name, commit) = match event.kind {
        EventKind::ReadyForReview => ("ready_for_review", None),
        EventKind::ConvertToDraft => ("convert_to_draft", None),
        EventKind::Closed => ("closed", None),
        EventKind::Reopened => ("reopened", None),
        EventKind::Merged { commit } => ("merged", Some(repository.commits[commit].sha.as_str())),
        EventKind::Labeled => ("labeled", None),
        EventKind::ReviewDismissed => ("review_dismissed", None),
        EventKind::HeadRefDeleted => ("head_ref_deleted", None),
        EventKind::Commented => ("commented", None),
    };
    let mut object = json!({
        "id": event.id,
        "node_id": format!("E_lADO{:010X}", event.id),
        "url": format!("{url}/issues/events/{}", event.id),
        "actor": account(view, event.actor),
        "event": name,
        "commit_id": commit,
        "commit_url": commit.map(|sha| format!("{url}/commits/{sha}")),
        "created_at": event.at.to_string(),
        "performed_via_github_app": null,
    });
    if event.kind == EventKind::Labeled {
        object["label"] = json!({"name": "enhancement", "color": "a2eeef"});
    }
    object
}
