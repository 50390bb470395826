//! Releases as GitHub lists them: by the date of their commit, newest first.

use serde_json::{Value, json};

use super::View;
use super::people::{WEB, owner};
use super::repositories::DEFAULT_BRANCH;
use crate::organisation::{Release, Repository, releases};

/// Those that were published; whoever may not push sees no draft.
pub(super) fn list(view: &View<'_>, of: &Repository) -> Vec<Release> {
    let mut published: Vec<Release> =
        releases(of).into_iter().filter(|release| release.published_at <= view.now).collect();
    published.sort_by_key(|release| std::cmp::Reverse((of.commits[release.commit].committed_at, release.id)));
    published
}

pub(super) fn release(view: &View<'_>, of: &Repository, release: &Release) -> Value {
    let commit = &of.commits[release.commit];
    let url = format!("{}/repos/{}/releases/{}", view.base, of.name, release.id);
    let archive = |kind: &str| format!("{}/repos/{}/{kind}/{}", view.base, of.name, release.tag);
    json!({
        "url": url,
        "assets_url": format!("{url}/assets"),
        "upload_url": format!("{url}/assets{{?name,label}}"),
        "html_url": format!("{WEB}/{}/releases/tag/{}", of.name, release.tag),
        "id": release.id,
        "node_id": format!("RE_kwDO{:010X}", release.id),
        "author": owner(view),
        "tag_name": release.tag,
        "target_commitish": if release.names_commit { commit.sha.as_str() } else { DEFAULT_BRANCH },
        "name": release.tag,
        "draft": false,
        "immutable": false,
        "prerelease": release.prerelease,
        "created_at": commit.committed_at.to_string(),
        "published_at": release.published_at.to_string(),
        "assets": [],
        "tarball_url": archive("tarball"),
        "zipball_url": archive("zipball"),
        "body": "",
    })
}
