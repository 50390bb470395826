//! Pull requests and their reviews as of an instant: whatever happened later is not there yet.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::View;
use super::people::{WEB, account, owner};
use super::repositories::{DEFAULT_BRANCH, repository};
use crate::organisation::{AccountId, Change, Event, EventKind, Repository, Review, ReviewState};

/// What a change had become by an instant.
pub(super) struct Status<'a> {
    pub(super) open: bool,
    pub(super) draft: bool,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) merged: Option<(&'a Event, usize)>,
    pub(super) updated_at: Timestamp,
}

pub(super) fn status(change: &Change, now: Timestamp) -> Status<'_> {
    let mut status = Status {
        open: true,
        draft: change.opened_as_draft,
        closed_at: None,
        merged: None,
        updated_at: change.opened_at,
    };
    for event in change.events.iter().filter(|event| event.at <= now) {
        match event.kind {
            EventKind::ReadyForReview => status.draft = false,
            EventKind::ConvertToDraft => status.draft = true,
            EventKind::Closed => (status.open, status.closed_at) = (false, Some(event.at)),
            EventKind::Reopened => (status.open, status.closed_at) = (true, None),
            EventKind::Merged { commit } => status.merged = Some((event, commit)),
            EventKind::Labeled | EventKind::Commented | EventKind::ReviewDismissed | EventKind::HeadRefDeleted => {}
        }
        status.updated_at = status.updated_at.max(event.at);
    }
    // A pending review is its author's alone until it is submitted.
    let submitted = change
        .reviews
        .iter()
        .filter(|review| review.at <= now && review.state != ReviewState::Pending)
        .map(|review| review.at);
    let pushed = change.heads.iter().map(|(at, _)| *at).filter(|at| *at <= now);
    let commented = change.comments.iter().map(|comment| comment.at).filter(|at| *at <= now);
    status.updated_at = submitted.chain(pushed).chain(commented).fold(status.updated_at, Timestamp::max);
    status
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Created,
    Updated,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Ascending,
    Descending,
}

/// `open`: none for both.
pub(super) fn list<'a>(
    view: &View<'_>,
    of: &'a Repository,
    open: Option<bool>,
    sort: Sort,
    direction: Direction,
) -> Vec<&'a Change> {
    let mut changes: Vec<(Timestamp, &Change)> = of
        .changes
        .iter()
        .filter(|change| change.opened_at <= view.now)
        .map(|change| (change, status(change, view.now)))
        .filter(|(_, status)| open.is_none_or(|open| open == status.open))
        .map(|(change, status)| (if sort == Sort::Created { change.opened_at } else { status.updated_at }, change))
        .collect();
    changes.sort_by_key(|(at, change)| (*at, change.number));
    if direction == Direction::Descending {
        changes.reverse();
    }
    changes.into_iter().map(|(_, change)| change).collect()
}

pub(super) fn find<'a>(view: &View<'_>, of: &'a Repository, number: &str) -> Option<&'a Change> {
    let number: u32 = number.parse().ok()?;
    of.changes.iter().find(|change| change.number == number && change.opened_at <= view.now)
}

/// The form that lists carry.
pub(super) fn pull(view: &View<'_>, of: &Repository, change: &Change) -> Value {
    let status = status(change, view.now);
    let number = change.number;
    let url = format!("{}/repos/{}", view.base, of.name);
    let pulls = format!("{url}/pulls/{number}");
    let issue = format!("{url}/issues/{number}");
    let web = format!("{WEB}/{}/pull/{number}", of.name);
    let head = change.heads.iter().take_while(|(at, _)| *at <= view.now).last().map_or("", |(_, sha)| sha);
    let author = account(view, change.author);
    let mut object = json!({
        "id": change.id,
        "node_id": format!("PR_kwDO{:010X}", change.id),
        "number": number,
        "state": if status.open { "open" } else { "closed" },
        "locked": false,
        "title": change.title,
        "user": author,
        "body": change.body,
        "created_at": change.opened_at.to_string(),
        "updated_at": status.updated_at.to_string(),
        "closed_at": status.closed_at.map(|at| at.to_string()),
        "merged_at": status.merged.map(|(event, _)| event.at.to_string()),
        "merge_commit_sha": merge_commit_sha(of, &status, head),
        "assignees": [],
        "assignee": null,
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": labels(view, of, change),
        "milestone": null,
        "draft": status.draft,
        "author_association": "MEMBER",
        "auto_merge": null,
        "active_lock_reason": null,
    });
    let repository = repository(view, of);
    let head_repository = if change.fork_deleted { Value::Null } else { repository.clone() };
    let base_sha = of.head_at(change.opened_at).map_or("", |position| of.commits[position].sha.as_str());
    object["head"] = json!({"label": format!("acme:{}", change.branch), "ref": change.branch, "sha": head, "user": author, "repo": head_repository});
    object["base"] = json!({"label": format!("acme:{DEFAULT_BRANCH}"), "ref": DEFAULT_BRANCH, "sha": base_sha, "user": owner(view), "repo": repository});
    let links = [
        ("self", "url", pulls.clone()),
        ("html", "html_url", web.clone()),
        ("issue", "issue_url", issue.clone()),
        ("comments", "comments_url", format!("{issue}/comments")),
        ("review_comments", "review_comments_url", format!("{pulls}/comments")),
        ("review_comment", "review_comment_url", format!("{url}/pulls/comments{{/number}}")),
        ("commits", "commits_url", format!("{pulls}/commits")),
        ("statuses", "statuses_url", format!("{url}/statuses/{head}")),
    ];
    for (link, name, url) in links {
        object["_links"][link]["href"] = Value::from(url.as_str());
        object[name] = Value::from(url);
    }
    object["diff_url"] = Value::from(format!("{web}.diff"));
    object["patch_url"] = Value::from(format!("{web}.patch"));
    object
}

/// The form of one pull request, which knows more than the list does.
pub(super) fn pull_in_full(view: &View<'_>, of: &Repository, change: &Change) -> Value {
    let status = status(change, view.now);
    let mut object = pull(view, of, change);
    let said = comments(view, change).len();
    let on_lines: u32 = reviews(view, change).iter().map(|review| review.comments).sum();
    let Size { additions, deletions, files } = size(change);
    let more = json!({
        "merged": status.merged.is_some(),
        "mergeable": if status.open { Value::Bool(true) } else { Value::Null },
        "rebaseable": if status.open { Value::Bool(true) } else { Value::Null },
        "mergeable_state": if status.open { "clean" } else { "unknown" },
        "merged_by": status.merged.map_or(Value::Null, |(event, _)| account(view, event.actor)),
        "comments": said,
        "review_comments": on_lines,
        "maintainer_can_modify": false,
        "commits": change.heads.iter().filter(|(at, _)| *at <= view.now).count(),
        "additions": additions,
        "deletions": deletions,
        "changed_files": files,
    });
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}

/// How much a change changes; nothing else depends on it, so that it is made up here.
pub(super) struct Size {
    pub(super) additions: u64,
    pub(super) deletions: u64,
    pub(super) files: u64,
}

pub(super) fn size(change: &Change) -> Size {
    let additions = u64::from(change.number) * 37 % 400 + 1;
    Size { additions, deletions: additions / 3, files: additions / 40 + 1 }
}

/// For an open one the test merge, as the real service keeps it.
fn merge_commit_sha(of: &Repository, status: &Status<'_>, head: &str) -> Value {
    match status.merged {
        Some((_, commit)) => Value::from(of.commits[commit].sha.as_str()),
        None => Value::from(head.chars().rev().collect::<String>()),
    }
}

fn labels(view: &View<'_>, of: &Repository, change: &Change) -> Value {
    if !change.events.iter().any(|event| event.kind == EventKind::Labeled && event.at <= view.now) {
        return json!([]);
    }
    json!([{
        "id": of.id + 1,
        "node_id": format!("LA_kwDO{:010X}", of.id + 1),
        "url": format!("{}/repos/{}/labels/enhancement", view.base, of.name),
        "name": "enhancement",
        "color": "a2eeef",
        "default": true,
        "description": "New feature or request",
    }])
}

/// What was said in the conversation: when, and by whom; oldest first.
pub(super) fn comments(view: &View<'_>, change: &Change) -> Vec<(Timestamp, Option<AccountId>)> {
    let own = change.events.iter().filter(|event| event.kind == EventKind::Commented);
    let own = own.map(|event| (event.at, event.actor));
    let all = own.chain(change.comments.iter().map(|comment| (comment.at, comment.author)));
    let mut all: Vec<_> = all.filter(|(at, _)| *at <= view.now).collect();
    all.sort_by_key(|(at, _)| *at);
    all
}

/// Those begun by the view's instant, oldest first.
pub(super) fn reviews<'a>(view: &View<'_>, change: &'a Change) -> Vec<&'a Review> {
    change.reviews.iter().filter(|review| review.at <= view.now).collect()
}

pub(super) fn review(view: &View<'_>, of: &Repository, change: &Change, review: &Review) -> Value {
    let dismissed = review.dismissed_at.is_some_and(|at| at <= view.now);
    let state = match review.state {
        ReviewState::Pending => "PENDING",
        _ if dismissed => "DISMISSED",
        ReviewState::Approved => "APPROVED",
        ReviewState::ChangesRequested => "CHANGES_REQUESTED",
        ReviewState::Commented => "COMMENTED",
    };
    let pull = format!("{}/repos/{}/pulls/{}", view.base, of.name, change.number);
    let web = format!("{WEB}/{}/pull/{}#pullrequestreview-{}", of.name, change.number, review.id);
    let head = change.heads.iter().take_while(|(at, _)| *at <= review.at).last().map_or("", |(_, sha)| sha);
    let mut object = json!({
        "id": review.id,
        "node_id": format!("PRR_kwDO{:010X}", review.id),
        "user": account(view, review.reviewer),
        "body": if review.state == ReviewState::Approved { "" } else { "Please have a look at the second function once more." },
        "state": state,
        "html_url": web,
        "pull_request_url": pull,
        "author_association": "MEMBER",
        "_links": {"html": {"href": web}, "pull_request": {"href": pull}},
        "submitted_at": review.at.to_string(),
        "commit_id": head,
    });
    if let (ReviewState::Pending, Value::Object(object)) = (review.state, &mut object) {
        object.remove("submitted_at");
    }
    object
}
