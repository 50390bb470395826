//! Folders, organisation folders, multibranch projects and jobs: what there is at an instant, and where.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::View;
use super::builds::{self, BuildOf};
use super::tree::Tree;
use crate::organisation::delivery::{JobKind, Pipeline, Revision, Runner};

pub(super) const MAIN: &str = "main";

/// By full name; names of branches are encoded in it.
pub(super) type Items<'a> = BTreeMap<String, Item<'a>>;

#[derive(Clone, Copy)]
pub(super) enum Item<'a> {
    Folder(&'static str),
    Job(Job<'a>),
}

#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) pipeline: &'a Pipeline,
    /// Of a multibranch project.
    pub(super) branch: Option<&'a str>,
}

impl<'a> Job<'a> {
    fn class(self) -> &'static str {
        match self.pipeline.runner {
            Runner::Jenkins(JobKind::Freestyle) => "hudson.model.FreeStyleProject",
            _ => "org.jenkinsci.plugins.workflow.job.WorkflowJob",
        }
    }

    /// Whether it builds that.
    pub(super) fn is_of(self, revision: &Revision) -> bool {
        self.branch.is_none_or(|branch| branch == branch_of(revision))
    }
}

/// Everything that exists at `view.now`.
pub(super) fn items(view: View<'_>) -> Items<'_> {
    let mut items = Items::new();
    for pipeline in &view.organisation.delivery.pipelines {
        let Some(item) = of_pipeline(pipeline) else { continue };
        for (end, _) in pipeline.name.match_indices('/') {
            items.entry(pipeline.name[..end].to_owned()).or_insert(Item::Folder(folder_class(&pipeline.name[..end])));
        }
        items.insert(pipeline.name.clone(), item);
        for branch in branches(view, pipeline) {
            let full_name = format!("{}/{}", pipeline.name, encoded(branch));
            items.insert(full_name, Item::Job(Job { pipeline, branch: Some(branch) }));
        }
    }
    items
}

/// What has that full name, without looking at everything else.
pub(super) fn item<'a>(view: View<'a>, full_name: &str) -> Option<Item<'a>> {
    view.organisation.delivery.pipelines.iter().find_map(|pipeline| {
        let itself = of_pipeline(pipeline)?;
        if pipeline.name == full_name {
            return Some(itself);
        }
        let is_above = pipeline.name.strip_prefix(full_name).is_some_and(|rest| rest.starts_with('/'));
        if is_above {
            return Some(Item::Folder(folder_class(full_name)));
        }
        let wanted = full_name.strip_prefix(&pipeline.name)?.strip_prefix('/')?;
        let branch = branches(view, pipeline).into_iter().find(|branch| encoded(branch) == wanted)?;
        Some(Item::Job(Job { pipeline, branch: Some(branch) }))
    })
}

fn of_pipeline(pipeline: &Pipeline) -> Option<Item<'_>> {
    let Runner::Jenkins(kind) = pipeline.runner else { return None };
    let project = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject";
    let is_project = kind == JobKind::Multibranch;
    Some(if is_project { Item::Folder(project) } else { Item::Job(Job { pipeline, branch: None }) })
}

/// Of a multibranch project, those that were ever built.
fn branches<'a>(view: View<'_>, pipeline: &'a Pipeline) -> BTreeSet<&'a str> {
    let is_project = pipeline.runner == Runner::Jenkins(JobKind::Multibranch);
    let begun = pipeline.attempts.iter().filter(|attempt| is_project && attempt.started_at <= view.now);
    begun.map(|attempt| branch_of(&attempt.revision)).collect()
}

pub(super) fn branch_of(revision: &Revision) -> &str {
    match revision {
        Revision::Landed(_) => MAIN,
        Revision::Branch { name, .. } => name,
    }
}

fn folder_class(full_name: &str) -> &'static str {
    match full_name {
        "cobalt" => "jenkins.branch.OrganizationFolder",
        _ => "com.cloudbees.hudson.plugins.folder.Folder",
    }
}

/// What may not stand in a file's name is encoded.
fn encoded(branch: &str) -> String {
    branch
        .chars()
        .map(|c| match c {
            '/' | '%' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => format!("%{:02X}", u32::from(c)),
            c => c.to_string(),
        })
        .collect()
}

/// A folder, or the root; what lies in it only where it is asked for.
pub(super) fn folder(view: View<'_>, items: &Items<'_>, full_name: &str, class: &str, tree: &Tree) -> Value {
    let mut fields = named(view, full_name, class);
    fields.extend([
        ("mode".to_owned(), json!("NORMAL")),
        ("description".to_owned(), Value::Null),
        ("healthReport".to_owned(), json!([])),
        ("primaryView".to_owned(), json!({ "_class": "hudson.model.AllView", "name": "all" })),
    ]);
    if let Some(below) = tree.below("jobs") {
        let inside = items.iter().filter(|(name, _)| match name.rsplit_once('/') {
            Some((parent, _)) => parent == full_name,
            None => full_name.is_empty(),
        });
        let jobs = inside.map(|(name, item)| match item {
            Item::Folder(class) => folder(view, items, name, class, below),
            Item::Job(job) => self::job(view, *job, name, below),
        });
        fields.insert("jobs".to_owned(), jobs.collect());
    }
    Value::Object(fields)
}

/// A job; its builds only where they are asked for, since each is read from disk.
pub(super) fn job(view: View<'_>, job: Job<'_>, full_name: &str, tree: &Tree) -> Value {
    let visible = builds::visible(view, job);
    let mut fields = named(view, full_name, job.class());
    fields.extend([
        ("buildable".to_owned(), json!(true)),
        ("color".to_owned(), json!(if visible.is_empty() { "notbuilt" } else { "blue" })),
        ("nextBuildNumber".to_owned(), json!(visible.first().map_or(1, |build| build.attempt.number + 1))),
    ]);
    let is_finished = |build: &&BuildOf<'_>| build.attempt.finished_at <= view.now;
    let single = [
        ("lastBuild", visible.first()),
        ("lastCompletedBuild", visible.iter().find(is_finished)),
        ("firstBuild", visible.last()),
    ];
    for (name, found) in single.into_iter().filter(|(name, _)| tree.below(name).is_some()) {
        let shown = found.map_or(Value::Null, |build| builds::build(view, job, full_name, build));
        fields.insert(name.to_owned(), shown);
    }
    for (name, most) in [("builds", 100), ("allBuilds", usize::MAX)] {
        if tree.below(name).is_some() {
            let shown = visible.iter().take(most).map(|build| builds::build(view, job, full_name, build));
            fields.insert(name.to_owned(), shown.collect());
        }
    }
    Value::Object(fields)
}

fn named(view: View<'_>, full_name: &str, class: &str) -> Map<String, Value> {
    let name = full_name.rsplit('/').next().unwrap_or_default();
    let path: String = full_name.split('/').map(|name| format!("job/{}/", name.replace('%', "%25"))).collect();
    Map::from_iter([
        ("_class".to_owned(), json!(class)),
        ("name".to_owned(), json!(name)),
        ("fullName".to_owned(), json!(full_name)),
        ("displayName".to_owned(), json!(name.replace("%2F", "/"))),
        ("url".to_owned(), json!(format!("{}{path}", view.options.root))),
    ])
}
