//! A small Jenkins: folders and jobs with their builds, the newest 100 and all, and faults on demand; 501 to everything else.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use quintant_plugin_jenkins::Jenkins;
use quintant_sdk::http::Target;
use quintant_sdk::prelude::*;
use quintant_sdk::testing::Source;
use serde_json::{Map, Value, json};

/// 2026-01-01, which is the sdk's clock in tests.
pub(crate) const NOW: Instant = 1_767_225_600_000;
pub(crate) const HOUR: Instant = 3_600_000;
pub(crate) const DATE: &str = "Thu, 01 Jan 2026 00:00:00 GMT";

pub(crate) const FOLDER: &str = "com.cloudbees.hudson.plugins.folder.Folder";
pub(crate) const MULTIBRANCH: &str = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject";
pub(crate) const ORGANISATION: &str = "jenkins.branch.OrganizationFolder";
pub(crate) const PIPELINE: &str = "org.jenkinsci.plugins.workflow.job.WorkflowJob";
pub(crate) const FREESTYLE: &str = "hudson.model.FreeStyleProject";

type Fault = dyn Fn(&str) -> Option<Result<Response, HttpError>>;

#[derive(Default)]
pub(crate) struct JenkinsServer {
    /// By full name, the class; the root is not there.
    pub(crate) items: BTreeMap<String, &'static str>,
    /// By full name of the job, newest first.
    pub(crate) builds: BTreeMap<String, Vec<Value>>,
    /// By path below the root, other pages.
    pub(crate) pages: BTreeMap<String, Value>,
    pub(crate) fault: Option<Box<Fault>>,
    /// Every request, as path and query.
    pub(crate) seen: Vec<String>,
}

pub(crate) type Shared = Rc<RefCell<JenkinsServer>>;

impl JenkinsServer {
    pub(crate) fn with(items: &[(&str, &'static str)]) -> Self {
        let items = items.iter().map(|(name, class)| ((*name).to_owned(), *class)).collect();
        Self { items, ..Self::default() }
    }

    /// Adds a build on top of the job's others.
    pub(crate) fn build(&mut self, job: &str, build: Value) {
        self.builds.entry(job.to_owned()).or_default().insert(0, build);
    }

    pub(crate) fn shared(self) -> Shared {
        Rc::new(RefCell::new(self))
    }

    fn answer(&mut self, request: &HttpRequest) -> Result<Response, HttpError> {
        let Target::Path(path) = &request.target else { panic!("a URL was followed: {:?}", request.target) };
        assert_eq!(request.headers, [("accept".to_owned(), "application/json".to_owned())]);
        let tree = request.query.iter().find(|(name, _)| name == "tree").map_or("", |(_, tree)| tree);
        let personal = ["user", "author", "culprit", "shortDescription", "parameters", "url"];
        assert!(!personal.iter().any(|word| tree.to_lowercase().replace("remoteurls", "").contains(word)), "{tree}");
        self.seen.push(if tree.is_empty() { path.clone() } else { format!("{path}?{tree}") });
        if let Some(answer) = self.fault.as_ref().and_then(|fault| fault(self.seen.last().unwrap())) {
            return answer;
        }
        let response = match self.route(path, tree) {
            Some(found) => json_body(&found),
            None => Response::new(404).with("content-type", "text/html").body("<html>"),
        };
        Ok(response.with("date", DATE).with("x-jenkins", "2.541"))
    }

    fn route(&self, path: &str, tree: &str) -> Option<Value> {
        if let Some(page) = self.pages.get(path) {
            return Some(page.clone());
        }
        let item = path.strip_suffix("/api/json")?;
        if item.is_empty() && tree == "mode" {
            return Some(json!({ "_class": "hudson.model.Hudson", "mode": "NORMAL" }));
        }
        let names: Vec<String> = item.split("/job/").skip(1).map(decoded).collect();
        let name = names.join("/");
        if let Some((job, number)) = name.rsplit_once('/') {
            let builds = self.builds.get(job).into_iter().flatten();
            if let Some(build) = builds.into_iter().find(|build| build["number"].as_u64() == number.parse().ok()) {
                return Some(build.clone());
            }
        }
        if let Some(list) = ["builds", "allBuilds"].into_iter().find(|list| tree.starts_with(&format!("{list}["))) {
            self.items.get(&name)?;
            let all = self.builds.get(&name).cloned().unwrap_or_default();
            let shown = if list == "builds" { 100 } else { all.len() };
            let stretch = stretch(tree, all.into_iter().take(shown).collect());
            return Some(json!({ list: stretch, "url": "http://0.0.0.0:8080/" }));
        }
        let class = if name.is_empty() { "hudson.model.Hudson" } else { self.items.get(&name)? };
        let children = self.items.iter().filter(|(child, _)| match child.rsplit_once('/') {
            Some((parent, _)) => parent == name,
            None => name.is_empty(),
        });
        let most = tree.contains(",builds[").then_some(8);
        let jobs = children.map(|(child, class)| self.item(child, class, most)).collect();
        Some(json!({ "_class": class, "jobs": stretch(tree, jobs), "url": "http://0.0.0.0:8080/" }))
    }

    /// With so many of its newest builds, if any.
    fn item(&self, full_name: &str, class: &str, builds: Option<usize>) -> Value {
        let name = full_name.rsplit('/').next().unwrap();
        let mut item = Map::from_iter([
            ("_class".to_owned(), json!(class)),
            ("name".to_owned(), json!(name)),
            ("fullName".to_owned(), json!(full_name)),
            ("url".to_owned(), json!(format!("http://0.0.0.0:8080/job/{name}/"))),
        ]);
        if [FOLDER, MULTIBRANCH, ORGANISATION].contains(&class) {
            item.insert("jobs".to_owned(), json!([]));
        } else {
            let last = self.builds.get(full_name).and_then(|builds| builds.first());
            item.insert("lastBuild".to_owned(), last.cloned().unwrap_or_default());
            if let Some(most) = builds {
                let all = self.builds.get(full_name).into_iter().flatten();
                item.insert("builds".to_owned(), all.take(most).cloned().collect());
            }
        }
        Value::Object(item)
    }
}

/// The `{M,N}` that the tree ends with; M inclusive, N exclusive.
fn stretch(tree: &str, items: Vec<Value>) -> Vec<Value> {
    let (_, range) = tree.strip_suffix('}').unwrap().rsplit_once('{').unwrap();
    let (from, to) = range.split_once(',').unwrap();
    let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
    items.into_iter().skip(from).take(to - from).collect()
}

fn decoded(name: &str) -> String {
    let mut parts = name.split('%');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(part[2..].bytes());
    }
    String::from_utf8(bytes).unwrap()
}

pub(crate) fn json_body(value: &Value) -> Response {
    Response::new(200).with("content-type", "application/json;charset=utf-8").body(value.to_string())
}

pub(crate) fn html(status: u16) -> Result<Response, HttpError> {
    Ok(Response::new(status).with("content-type", "text/html;charset=utf-8").with("x-jenkins", "2.541").body("<html>"))
}

pub(crate) fn source(server: &Shared, settings: Value) -> Source<Jenkins> {
    let server = Rc::clone(server);
    Source::new(settings, move |request| server.borrow_mut().answer(request))
}

/// Reads everything, from a window that begins 30 days before `until`.
pub(crate) fn drain(server: &Shared, settings: Value, until: Instant, cursor: Option<&str>) -> Vec<Page> {
    let since = if cursor.is_none() { until - 720 * HOUR } else { until - 2 * HOUR };
    source(server, settings).window(since, until).drain("builds", cursor).unwrap()
}

pub(crate) fn cursor(pages: &[Page]) -> Option<&str> {
    pages.last().unwrap().cursor.as_deref()
}

/// A finished build that began so many hours before 2026 and took a minute.
pub(crate) fn built(number: u32, hours: Instant, result: &str) -> Value {
    json!({
        "number": number,
        "result": result,
        "building": false,
        "timestamp": NOW - hours * HOUR,
        "duration": 60_000,
        "url": "http://0.0.0.0:8080/job/x/1/",
        "actions": [{}, null, { "causes": [{ "userId": null }] }],
        "changeSets": [],
    })
}

pub(crate) fn running(number: u32, hours: Instant) -> Value {
    let mut build = built(number, hours, "");
    build["result"] = Value::Null;
    build["building"] = json!(true);
    build["duration"] = json!(0);
    build
}

/// The action that Git leaves.
pub(crate) fn git(sha: &str, branch: &str, repository: &str) -> Value {
    json!({
        "_class": "hudson.plugins.git.util.BuildData",
        "lastBuiltRevision": { "SHA1": sha, "branch": [{ "SHA1": sha, "name": branch }] },
        "remoteUrls": [format!("https://git.example.invalid/{repository}.git")],
    })
}

pub(crate) fn with_actions(mut build: Value, actions: impl IntoIterator<Item = Value>) -> Value {
    build["actions"].as_array_mut().unwrap().extend(actions);
    build
}
