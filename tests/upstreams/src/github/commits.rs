//! The default branch's commits, as a list and as the difference between two of them.

use std::collections::{BinaryHeap, HashSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::View;
use super::people::{WEB, committer, web_flow};
use crate::organisation::{Change, Commit, Repository};

/// Commits reachable from `head`, newest first as `git log` orders them: never a parent before its child.
pub(super) fn log(repository: &Repository, head: usize, without: &HashSet<usize>) -> Vec<usize> {
    let mut waiting = BinaryHeap::new();
    let mut seen = HashSet::new();
    let mut ordered = Vec::new();
    let dated = |position: usize| (repository.commits[position].committed_at, position);
    if !without.contains(&head) {
        seen.insert(head);
        waiting.push(dated(head));
    }
    while let Some((_, position)) = waiting.pop() {
        ordered.push(position);
        for &parent in &repository.commits[position].parents {
            if !without.contains(&parent) && seen.insert(parent) {
                waiting.push(dated(parent));
            }
        }
    }
    ordered
}

pub(super) fn reachable(repository: &Repository, head: usize) -> HashSet<usize> {
    log(repository, head, &HashSet::new()).into_iter().collect()
}

/// The commits of a list request; `until` and `since` look at committer dates, as the real service does.
pub(super) fn list(
    repository: &Repository,
    head: usize,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Vec<usize> {
    let mut commits = log(repository, head, &HashSet::new());
    commits.retain(|&position| {
        let at = repository.commits[position].committed_at;
        since.is_none_or(|since| at >= since) && until.is_none_or(|until| at <= until)
    });
    commits
}

/// Where a branch began.
pub(super) struct FirstCommit {
    pub(super) sha: String,
    pub(super) authored_at: Timestamp,
    pub(super) committed_at: Timestamp,
}

/// The oldest commit of a change: of the branch that its merge kept, else of the first head that it had.
pub(super) fn first_commit(repository: &Repository, change: &Change) -> FirstCommit {
    let merged = change.merge().map(|(_, commit)| repository.commits[commit].parents.as_slice());
    if let Some(&[base, tip]) = merged
        && let Some(&first) = log(repository, tip, &reachable(repository, base)).last()
    {
        let Commit { sha, authored_at, committed_at, .. } = &repository.commits[first];
        return FirstCommit { sha: sha.clone(), authored_at: *authored_at, committed_at: *committed_at };
    }
    let (pushed_at, sha) = change.heads.first().expect("a change has a head from the beginning");
    let age = SignedDuration::from_mins(i64::from(change.number) * 37 % 3000 + 1);
    FirstCommit { sha: sha.clone(), authored_at: *pushed_at - age, committed_at: *pushed_at }
}

/// When it says that it was written.
#[must_use]
pub fn first_commit_authored_at(repository: &Repository, change: &Change) -> Timestamp {
    first_commit(repository, change).authored_at
}

pub(super) struct Comparison {
    pub(super) base: usize,
    pub(super) merge_base: Option<usize>,
    pub(super) behind_by: usize,
    /// Oldest first.
    pub(super) commits: Vec<usize>,
}

pub(super) fn compare(repository: &Repository, base: usize, head: usize) -> Comparison {
    let of_base = reachable(repository, base);
    let of_head = reachable(repository, head);
    let mut commits = log(repository, head, &of_base);
    commits.reverse();
    let merge_base = log(repository, base, &HashSet::new()).into_iter().find(|position| of_head.contains(position));
    Comparison { base, merge_base, behind_by: of_base.difference(&of_head).count(), commits }
}

impl Comparison {
    pub(super) fn object(
        &self,
        view: &View<'_>,
        repository: &Repository,
        ends: &str,
        shown: &[usize],
        with_files: bool,
    ) -> Value {
        let status = match (self.commits.len(), self.behind_by) {
            (0, 0) => "identical",
            (0, _) => "behind",
            (_, 0) => "ahead",
            _ => "diverged",
        };
        let api = format!("{}/repos/{}/compare/{ends}", view.base, repository.name);
        let web = format!("{WEB}/{}/compare/{ends}", repository.name);
        let mut object = json!({
            "url": api,
            "html_url": web,
            "permalink_url": web,
            "diff_url": format!("{web}.diff"),
            "patch_url": format!("{web}.patch"),
            "base_commit": commit(view, repository, self.base),
            "merge_base_commit": self.merge_base.map(|position| commit(view, repository, position)),
            "status": status,
            "ahead_by": self.commits.len(),
            "behind_by": self.behind_by,
            "total_commits": self.commits.len(),
            "commits": shown.iter().map(|&position| commit(view, repository, position)).collect::<Vec<_>>(),
        });
        if with_files {
            object["files"] = json!([]);
        }
        object
    }
}

/// The commit that a branch name or a sha names, as of the view's instant.
pub(super) fn named(view: &View<'_>, repository: &Repository, name: &str) -> Option<usize> {
    let head = repository.head_at(view.now)?;
    if name == super::repositories::DEFAULT_BRANCH || name == "HEAD" {
        return Some(head);
    }
    let position = repository.commits.iter().position(|commit| commit.sha == name)?;
    reachable(repository, head).contains(&position).then_some(position)
}

pub(super) fn commit(view: &View<'_>, repository: &Repository, position: usize) -> Value {
    let commit = &repository.commits[position];
    let url = format!("{}/repos/{}", view.base, repository.name);
    let web = format!("{WEB}/{}/commit", repository.name);
    let sha = &commit.sha;
    let tree: String = sha.chars().rev().collect();
    let parents: Vec<Value> = commit
        .parents
        .iter()
        .map(|&parent| {
            let sha = &repository.commits[parent].sha;
            json!({"sha": sha, "url": format!("{url}/commits/{sha}"), "html_url": format!("{web}/{sha}")})
        })
        .collect();
    json!({
        "sha": sha,
        "node_id": format!("C_kwDO{sha}"),
        "commit": {
            "author": {"name": commit.author.name, "email": commit.author.email, "date": commit.authored_at.to_string()},
            "committer": committed(commit),
            "message": commit.message,
            "tree": {"sha": tree, "url": format!("{url}/git/trees/{tree}")},
            "url": format!("{url}/git/commits/{sha}"),
            "comment_count": 0,
            "verification": {"verified": commit.by_web, "reason": if commit.by_web { "valid" } else { "unsigned" }, "signature": null, "payload": null, "verified_at": null},
        },
        "url": format!("{url}/commits/{sha}"),
        "html_url": format!("{web}/{sha}"),
        "comments_url": format!("{url}/commits/{sha}/comments"),
        "author": committer(view, &commit.author),
        "committer": if commit.by_web { web_flow(view) } else { committer(view, &commit.author) },
        "parents": parents,
    })
}

fn committed(commit: &Commit) -> Value {
    let (name, email) = if commit.by_web {
        ("GitHub", "noreply@github.com")
    } else {
        (commit.author.name.as_str(), commit.author.email.as_str())
    };
    json!({"name": name, "email": email, "date": commit.committed_at.to_string()})
}
