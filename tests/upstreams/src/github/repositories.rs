//! Repository objects in full, twice in every pull request.

use serde_json::{Map, Value, json};

use super::View;
use super::people::{WEB, owner};
use crate::organisation::Repository;

/// Name of the URL field, and what follows the repository's own URL in it.
const URLS: [(&str, &str); 38] = [
    ("forks_url", "/forks"),
    ("keys_url", "/keys{/key_id}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("teams_url", "/teams"),
    ("hooks_url", "/hooks"),
    ("issue_events_url", "/issues/events{/number}"),
    ("events_url", "/events"),
    ("assignees_url", "/assignees{/user}"),
    ("branches_url", "/branches{/branch}"),
    ("tags_url", "/tags"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("trees_url", "/git/trees{/sha}"),
    ("statuses_url", "/statuses/{sha}"),
    ("languages_url", "/languages"),
    ("stargazers_url", "/stargazers"),
    ("contributors_url", "/contributors"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("commits_url", "/commits{/sha}"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("comments_url", "/comments{/number}"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("contents_url", "/contents/{+path}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("merges_url", "/merges"),
    ("archive_url", "/{archive_format}{/ref}"),
    ("downloads_url", "/downloads"),
    ("issues_url", "/issues{/number}"),
    ("pulls_url", "/pulls{/number}"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("labels_url", "/labels{/name}"),
    ("releases_url", "/releases{/id}"),
    ("deployments_url", "/deployments"),
    ("url", ""),
    ("code_scanning_url", "/code-scanning/alerts"),
];

/// The form that lists and pull requests carry.
pub(super) fn repository(view: &View<'_>, repository: &Repository) -> Value {
    let url = format!("{}/repos/{}", view.base, repository.name);
    let web = format!("{WEB}/{}", repository.name);
    let bare = repository.name.split_once('/').map_or(repository.name.as_str(), |(_, bare)| bare);
    let pushed_at = repository
        .pushes
        .iter()
        .take_while(|push| push.at <= view.now)
        .last()
        .map_or(repository.created_at, |push| push.at);
    let mut object = Map::new();
    for (name, rest) in URLS {
        object.insert(name.to_owned(), Value::from(format!("{url}{rest}")));
    }
    let own = json!({
        "id": repository.id,
        "node_id": format!("R_kgDO{:08X}", repository.id),
        "name": bare,
        "full_name": repository.name,
        "private": true,
        "owner": owner(view),
        "html_url": web,
        "description": format!("Everything about {bare}"),
        "fork": false,
        "created_at": repository.created_at.to_string(),
        "updated_at": pushed_at.to_string(),
        "pushed_at": pushed_at.to_string(),
        "git_url": format!("git://github.example.invalid/{}.git", repository.name),
        "ssh_url": format!("git@github.example.invalid:{}.git", repository.name),
        "clone_url": format!("{web}.git"),
        "svn_url": web,
        "homepage": null,
        "size": 4711,
        "stargazers_count": 3,
        "watchers_count": 3,
        "language": "Rust",
        "forks_count": 0,
        "open_issues_count": 12,
        "visibility": "private",
        "default_branch": DEFAULT_BRANCH,
    });
    let usual = json!({
        "has_issues": true,
        "has_projects": true,
        "has_downloads": true,
        "has_wiki": false,
        "has_pages": false,
        "has_discussions": false,
        "mirror_url": null,
        "archived": false,
        "disabled": false,
        "license": {
            "key": "apache-2.0",
            "name": "Apache License 2.0",
            "spdx_id": "Apache-2.0",
            "url": format!("{}/licenses/apache-2.0", view.base),
            "node_id": "MDc6TGljZW5zZTI=",
        },
        "allow_forking": true,
        "is_template": false,
        "web_commit_signoff_required": false,
        "topics": [],
        "forks": 0,
        "open_issues": 12,
        "watchers": 3,
    });
    for more in [own, usual] {
        if let Value::Object(more) = more {
            object.extend(more);
        }
    }
    Value::Object(object)
}

/// The form of `GET /repos/{owner}/{name}`.
pub(super) fn repository_in_full(view: &View<'_>, of: &Repository) -> Value {
    let mut object = repository(view, of);
    object["permissions"] = json!({"admin": false, "maintain": false, "push": false, "triage": false, "pull": true});
    object["temp_clone_token"] = Value::from("");
    object["organization"] = owner(view);
    object["network_count"] = Value::from(0);
    object["subscribers_count"] = Value::from(9);
    object
}

pub(super) const DEFAULT_BRANCH: &str = "main";
