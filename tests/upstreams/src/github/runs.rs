//! Workflow runs as of an instant, each in its latest attempt, and its earlier attempts one by one.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::View;
use super::people::{WEB, owner};
use super::repositories::{DEFAULT_BRANCH, repository};
use crate::organisation::Repository;
use crate::organisation::delivery::{Attempt, BuildResult, Pipeline, Revision, Runner};

/// No more of a filtered listing can be paged through.
pub(super) const MOST_LISTED: usize = 1_000;

/// One attempt at a run.
pub(super) struct Run<'a> {
    pipeline: &'a Pipeline,
    /// Of the first attempt.
    created_at: Timestamp,
    attempt: &'a Attempt,
}

/// What `created` asks for: both ends count, in whole seconds.
pub(super) struct Created {
    from: Timestamp,
    to: Timestamp,
}

impl Created {
    /// `>=FROM` or `FROM..TO`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (from, to) = match text.strip_prefix(">=") {
            Some(from) => (from, None),
            None => text.split_once("..").map(|(from, to)| (from, Some(to)))?,
        };
        Some(Self { from: from.parse().ok()?, to: to.map_or(Some(Timestamp::MAX), |to| to.parse().ok())? })
    }
}

/// Every run that had begun, newest first.
pub(super) fn list<'a>(view: &View<'a>, of: &Repository, created: Option<&Created>) -> Vec<Run<'a>> {
    let mut runs: Vec<Run<'a>> = Vec::new();
    for run in attempts(view, of) {
        // Attempts stand in the order in which they began.
        match runs.iter_mut().find(|known| known.attempt.id == run.attempt.id) {
            Some(known) => known.attempt = run.attempt,
            None => runs.push(run),
        }
    }
    runs.retain(|run| created.is_none_or(|created| (created.from..=created.to).contains(&run.created_at)));
    runs.sort_by_key(|run| std::cmp::Reverse((run.created_at, run.attempt.id)));
    runs
}

/// That attempt at a run.
pub(super) fn find<'a>(view: &View<'a>, of: &Repository, id: &str, attempt: &str) -> Option<Run<'a>> {
    let (id, number): (u64, u32) = (id.parse().ok()?, attempt.parse().ok()?);
    let all: Vec<Run<'a>> = attempts(view, of).into_iter().filter(|run| run.attempt.id == id).collect();
    let created_at = all.first()?.created_at;
    let found = all.into_iter().find(|run| run.attempt.attempt == number)?;
    Some(Run { created_at, ..found })
}

fn attempts<'a>(view: &View<'a>, of: &Repository) -> Vec<Run<'a>> {
    let pipelines = view.organisation.delivery.pipelines.iter();
    let pipelines = pipelines.filter(|pipeline| pipeline.runner == Runner::Actions && view.is(pipeline.repository, of));
    pipelines
        .flat_map(|pipeline| {
            let begun = pipeline.attempts.iter().filter(|attempt| attempt.started_at <= view.now);
            begun.map(move |attempt| Run { pipeline, created_at: attempt.started_at, attempt })
        })
        .collect()
}

pub(super) fn run(view: &View<'_>, of: &Repository, run: &Run<'_>) -> Value {
    let Run { pipeline, created_at, attempt } = run;
    let url = format!("{}/repos/{}/actions/runs/{}", view.base, of.name, attempt.id);
    let is_done = attempt.finished_at <= view.now;
    let conclusion = match attempt.result {
        BuildResult::Success => "success",
        BuildResult::Failure if attempt.id.is_multiple_of(5) => "timed_out",
        BuildResult::Failure | BuildResult::Unstable => "failure",
        BuildResult::Aborted => "cancelled",
    };
    let (event, branch) = match &attempt.revision {
        Revision::Landed(_) => ("push", DEFAULT_BRANCH),
        Revision::Branch { name, .. } => ("pull_request", name.as_str()),
    };
    let sha = pipeline.sha(view.organisation, attempt);
    let updated_at = if is_done { attempt.finished_at } else { attempt.started_at };
    let workflow_id = of.id * 3 + 1;
    let own = json!({
        "id": attempt.id,
        "name": pipeline.name,
        "node_id": format!("WFR_kwLO{:010X}", attempt.id),
        "check_suite_id": attempt.id + 1,
        "head_branch": branch,
        "head_sha": sha,
        "path": format!(".github/workflows/{}.yml", pipeline.name),
        "run_number": attempt.number,
        "event": event,
        "display_title": "Make the queue safer",
        "status": if is_done { "completed" } else { "in_progress" },
        "conclusion": is_done.then_some(conclusion),
        "workflow_id": workflow_id,
        "url": url,
        "html_url": format!("{WEB}/{}/actions/runs/{}", of.name, attempt.id),
        "pull_requests": [],
        "created_at": created_at.to_string(),
        "updated_at": updated_at.to_string(),
        "actor": owner(view),
        "run_attempt": attempt.attempt,
        "run_started_at": attempt.started_at.to_string(),
        "triggering_actor": owner(view),
    });
    let more = json!({
        "jobs_url": format!("{url}/jobs"),
        "logs_url": format!("{url}/logs"),
        "artifacts_url": format!("{url}/artifacts"),
        "cancel_url": format!("{url}/cancel"),
        "rerun_url": format!("{url}/rerun"),
        "previous_attempt_url": (attempt.attempt > 1).then(|| format!("{url}/attempts/{}", attempt.attempt - 1)),
        "workflow_url": format!("{}/repos/{}/actions/workflows/{workflow_id}", view.base, of.name),
        "head_commit": {"id": sha, "tree_id": sha, "message": "Make the queue safer", "timestamp": created_at.to_string(), "author": null, "committer": null},
        "repository": repository(view, of),
        "head_repository": repository(view, of),
    });
    match (own, more) {
        (Value::Object(mut own), Value::Object(more)) => {
            own.extend(more);
            Value::Object(own)
        }
        (own, _) => own,
    }
}
