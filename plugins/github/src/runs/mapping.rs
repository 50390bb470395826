//! From an attempt of a workflow run to a build. Pure.

use quintant_sdk::prelude::*;

use crate::runs::payload::Run;
use crate::settings::Repository;

/// The build that a completed attempt was, with its key and its end. None: it has not ended, or built nothing, as what was
/// skipped or waits for somebody. The key outlives a rename: GitHub gives each id once.
#[must_use]
pub fn build(run: &Run, repository: &Repository, default_branch: Option<&str>) -> Option<(String, Instant, Build)> {
    let result = match run.conclusion.as_deref().filter(|_| run.is_completed())? {
        "success" => BuildResult::Success,
        "failure" | "timed_out" | "startup_failure" => BuildResult::Failure,
        "cancelled" => BuildResult::Aborted,
        _ => return None,
    };
    let started_at = run.run_started_at.0.unwrap_or(run.created_at.0);
    let mut build = Build::new(pipeline(run, repository), run.run_number, result, started_at);
    build.attempt = run.attempt();
    build.sha.clone_from(&run.head_sha);
    // A pull request from a fork may come from a branch of the same name.
    let is_push = run.event.as_deref() == Some("push");
    build.on_default_branch = is_push && run.head_branch.is_some() && run.head_branch.as_deref() == default_branch;
    Some((format!("{}.{}", run.id, build.attempt), run.updated_at.0, build))
}

/// `owner/name/` and the workflow's file, or its name where GitHub has made it up.
fn pipeline(run: &Run, repository: &Repository) -> String {
    let file = run.path.as_deref().map(|path| path.split_once('@').map_or(path, |(path, _)| path));
    let file = file.and_then(|path| path.rsplit('/').next()).filter(|file| !file.is_empty());
    let name = file.or(run.name.as_deref().filter(|name| !name.is_empty()));
    match (name, run.workflow_id) {
        (Some(name), _) => format!("{repository}/{name}"),
        (None, Some(id)) => format!("{repository}/{id}"),
        (None, None) => repository.to_string(),
    }
}
