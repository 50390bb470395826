//! One job's builds at an instant: which are kept, and what each looks like.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::View;
use super::coverage;
use super::items::{Job, branch_of};
use crate::organisation::delivery::{Attempt, BuildResult, JobKind, Pipeline, Purpose, Revision, Runner};

pub(super) struct BuildOf<'a> {
    pub(super) attempt: &'a Attempt,
    /// Position in [`Pipeline::attempts`].
    pub(super) position: usize,
    /// The one before it in this job, kept or not.
    before: Option<&'a Attempt>,
}

/// Newest first.
pub(super) fn visible<'a>(view: View<'a>, job: Job<'a>) -> Vec<BuildOf<'a>> {
    let pipeline = job.pipeline;
    let mut builds = Vec::new();
    let mut before = None;
    for (position, attempt) in pipeline.attempts.iter().enumerate() {
        if job.is_of(&attempt.revision) {
            if is_kept(pipeline, position, view.now) {
                builds.push(BuildOf { attempt, position, before });
            }
            before = Some(attempt);
        }
    }
    builds.reverse();
    builds
}

/// Whether an attempt has begun and is neither discarded nor gone with its job at that instant.
#[must_use]
pub fn is_kept(pipeline: &Pipeline, position: usize, now: Timestamp) -> bool {
    let attempt = &pipeline.attempts[position];
    if attempt.started_at > now {
        return false;
    }
    if pipeline.recreated_at.is_some_and(|at| at <= now && attempt.started_at < at) {
        return false;
    }
    let is_multibranch = pipeline.runner == Runner::Jenkins(JobKind::Multibranch);
    let branch = branch_of(&attempt.revision);
    let of_the_same_job = |other: &&Attempt| !is_multibranch || branch_of(&other.revision) == branch;
    let newer = pipeline.attempts[position + 1..].iter().filter(|other| other.started_at <= now);
    pipeline.keeps.is_none_or(|keeps| attempt.finished_at > now || newer.filter(of_the_same_job).count() < keeps)
}

pub(super) fn build(view: View<'_>, job: Job<'_>, full_name: &str, build: &BuildOf<'_>) -> Value {
    let attempt = build.attempt;
    let is_running = attempt.finished_at > view.now;
    let result = match attempt.result {
        _ if is_running => Value::Null,
        BuildResult::Success => json!("SUCCESS"),
        BuildResult::Failure => json!("FAILURE"),
        BuildResult::Unstable => json!("UNSTABLE"),
        BuildResult::Aborted => json!("ABORTED"),
    };
    let is_freestyle = job.pipeline.runner == Runner::Jenkins(JobKind::Freestyle);
    let changes = changes(view, job, build);
    let took = attempt.finished_at.as_millisecond() - attempt.started_at.as_millisecond();
    let class =
        if is_freestyle { "hudson.model.FreeStyleBuild" } else { "org.jenkinsci.plugins.workflow.job.WorkflowRun" };
    let mut fields = json!({
        "_class": class,
        "number": attempt.number,
        "id": attempt.number.to_string(),
        "displayName": format!("#{}", attempt.number),
        "fullDisplayName": format!("{full_name} #{}", attempt.number),
        "building": is_running,
        "inProgress": is_running,
        "result": result,
        "timestamp": attempt.started_at.as_millisecond(),
        "duration": if is_running { 0 } else { took },
        "estimatedDuration": 600_000,
        "keepLog": false,
        "description": null,
        "url": format!("{}job/{full_name}/{}/", view.options.root, attempt.number),
        "actions": actions(view, job, attempt, is_running),
        "culprits": [{ "absoluteUrl": format!("{}user/somebody", view.options.root), "fullName": "Somebody" }],
    });
    if is_freestyle {
        fields["changeSet"] =
            json!({ "_class": "hudson.plugins.git.GitChangeSetList", "kind": "git", "items": changes });
    } else {
        // A pipeline that checks out twice tells the same changes twice.
        let set = json!({ "_class": "hudson.plugins.git.GitChangeSetList", "kind": "git", "items": changes });
        fields["changeSets"] = if changes.is_empty() { json!([]) } else { json!([set, set]) };
    }
    fields
}

fn actions(view: View<'_>, job: Job<'_>, attempt: &Attempt, is_running: bool) -> Value {
    let mut actions = vec![json!({})];
    match upstream(job, attempt, view) {
        Some((project, number)) => actions.push(json!({
            "_class": "hudson.model.CauseAction",
            "causes": [{
                "_class": "hudson.model.Cause$UpstreamCause",
                "shortDescription": format!("Started by upstream project \"{project}\" build number {number}"),
                "upstreamProject": project,
                "upstreamBuild": number,
                "upstreamUrl": "job/elsewhere/",
            }],
        })),
        None => {
            actions.push(json!({
                "_class": "hudson.model.CauseAction",
                "causes": [{ "_class": "hudson.model.Cause$UserIdCause", "shortDescription": "Started by user Somebody",
                    "userId": "somebody", "userName": "Somebody" }],
            }));
            actions.push(git(view, job, attempt));
        }
    }
    actions.extend([json!({}), Value::Null]);
    if let Some(tests) = attempt.tests.filter(|_| !is_running) {
        actions.push(json!({
            "_class": "hudson.tasks.junit.TestResultAction",
            "failCount": tests.failed,
            "skipCount": tests.skipped,
            "totalCount": tests.total,
            "urlName": "testReport",
        }));
    }
    actions.extend(coverage::action(job.pipeline, attempt).filter(|_| !is_running));
    Value::Array(actions)
}

fn git(view: View<'_>, job: Job<'_>, attempt: &Attempt) -> Value {
    let repository = &view.organisation.repositories[job.pipeline.repository];
    let sha = job.pipeline.sha(view.organisation, attempt);
    let branch = branch_of(&attempt.revision);
    let remote = if job.branch.is_some() { "" } else { "refs/remotes/origin/" };
    let revision = json!({ "SHA1": sha, "branch": [{ "SHA1": sha, "name": format!("{remote}{branch}") }] });
    json!({
        "_class": "hudson.plugins.git.util.BuildData",
        "buildsByBranchName": { branch: { "_class": "hudson.plugins.git.util.Build", "buildNumber": attempt.number,
            "buildResult": null, "revision": revision } },
        "lastBuiltRevision": revision,
        "remoteUrls": [format!("https://git.example.invalid/{}.git", repository.name)],
        "scmName": "",
    })
}

/// Deploy jobs that check nothing out are started by the build that they deploy.
fn upstream<'a>(job: Job<'_>, attempt: &Attempt, view: View<'a>) -> Option<(&'a str, u32)> {
    let checks_nothing_out = job.pipeline.purpose != Purpose::Build && job.pipeline.name.contains("/deploy/");
    let pipelines = &view.organisation.delivery.pipelines;
    let builds = pipelines
        .iter()
        .find(|other| other.purpose == Purpose::Build && other.repository == job.pipeline.repository)
        .filter(|_| checks_nothing_out)?;
    let built = builds.attempts.iter().rfind(|built| {
        built.revision == attempt.revision
            && built.result == BuildResult::Success
            && built.finished_at <= attempt.started_at
    })?;
    Some((&builds.name, built.number))
}

fn changes(view: View<'_>, job: Job<'_>, build: &BuildOf<'_>) -> Vec<Value> {
    let commits = &view.organisation.repositories[job.pipeline.repository].commits;
    let (Revision::Landed(head), Some(Revision::Landed(before))) =
        (&build.attempt.revision, build.before.map(|before| &before.revision))
    else {
        return Vec::new();
    };
    let new = commits.iter().take(head + 1).skip(before + 1);
    new.map(|commit| {
        json!({
            "_class": "hudson.plugins.git.GitChangeSet",
            "commitId": commit.sha,
            "timestamp": commit.committed_at.as_millisecond(),
            "author": { "absoluteUrl": format!("{}user/somebody", view.options.root), "fullName": commit.author.name },
            "authorEmail": commit.author.email,
            "comment": commit.message,
            "msg": commit.message,
            "affectedPaths": [],
        })
    })
    .collect()
}
