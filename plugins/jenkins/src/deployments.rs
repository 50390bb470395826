//! What of a build is a deployment: the whole of it, or some of its stages.

use std::collections::BTreeMap;

use quintant_sdk::prelude::*;
use serde::Deserialize;

use crate::api::{Api, ENDPOINT, Loss, Stop};
use crate::job::{self, Job};
use crate::pattern::Pattern;
use crate::payload::{Build, Builds, CheckedOut, REVISION, Soft, SoftList};
use crate::settings::{Rule, Settings, Unstable};

/// A deploy job may be started by one that was started by the one that built.
const FURTHEST_UPSTREAM: usize = 3;
/// As many as Jenkins lists without reading all from disk.
const STARTERS: usize = 100;

/// What one rule makes of one job or stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub service: String,
    pub environment: String,
    pub rollback: bool,
    unstable: Unstable,
}

impl Target {
    fn new(rule: &Rule, job: &Job, captures: &[&str]) -> Option<Self> {
        let service = match &rule.service {
            Some(template) => template.fill(captures)?,
            None => job.pipeline().to_owned(),
        };
        let environment = rule.environment.fill(captures)?;
        let is_named = !service.is_empty() && !environment.is_empty();
        is_named.then_some(Self { service, environment, rollback: rule.rollback, unstable: rule.unstable })
    }

    /// None where it counts neither as done nor as failed.
    #[must_use]
    pub fn result(&self, result: BuildResult) -> Option<DeploymentResult> {
        match (result, self.unstable) {
            (BuildResult::Success, _) | (BuildResult::Unstable, Unstable::Success) => Some(DeploymentResult::Success),
            (BuildResult::Failure, _) | (BuildResult::Unstable, Unstable::Failure) => Some(DeploymentResult::Failure),
            (BuildResult::Aborted, _) | (BuildResult::Unstable, Unstable::Ignored) => None,
        }
    }

    /// A deployment that ended so; what it deployed is to be added.
    #[must_use]
    pub fn deployment(&self, id: String, result: DeploymentResult, started_at: Instant) -> Deployment {
        let (service, environment) = (self.service.clone(), self.environment.clone());
        let mut deployment = Deployment::new(DeploymentRef { service, environment, id }, result, started_at);
        deployment.rollback = self.rollback;
        deployment
    }
}

/// How the builds of a job are to be taken.
pub enum Meaning<'a> {
    Build,
    /// Every one deploys, and none is a build.
    Deployment(Target),
    /// Stages that these rules name deploy.
    Stages(Vec<&'a Rule>),
}

/// By the first rule that fits the job.
#[must_use]
pub fn meaning<'a>(settings: &'a Settings, job: &Job, on_default_branch: bool) -> Meaning<'a> {
    let fits = |rule: &&Rule| (on_default_branch || rule.any_branch) && rule.job.matches(job.pipeline());
    let rules: Vec<&Rule> = settings.deployments.iter().filter(fits).collect();
    match rules.first() {
        Some(rule) if rule.stage.is_none() => {
            let captures = rule.job.captures(job.pipeline()).unwrap_or_default();
            Target::new(rule, job, &captures).map_or(Meaning::Build, Meaning::Deployment)
        }
        Some(_) => Meaning::Stages(rules.into_iter().filter(|rule| rule.stage.is_some()).collect()),
        None => Meaning::Build,
    }
}

/// Whether any rule may fit a job of that name.
#[must_use]
pub fn may_deploy(rule: &Rule, job: &Job) -> bool {
    rule.job.matches(job.pipeline())
}

/// A stage that ended.
pub struct Stage {
    pub id: String,
    pub target: Target,
    pub result: DeploymentResult,
    pub started_at: Instant,
    pub at: Instant,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Description {
    id: Soft<String>,
    stages: SoftList<RawStage>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct RawStage {
    id: Soft<String>,
    name: Soft<String>,
    status: Soft<String>,
    #[serde(rename = "startTimeMillis")]
    started_at: Soft<Instant>,
    #[serde(rename = "durationMillis")]
    duration: Soft<i64>,
}

/// What the newest builds of a job say of their stages, by number. Jenkins tells about ten at once, and knows no more of it.
#[derive(Default)]
pub struct Newest(BTreeMap<u32, Description>);

impl Newest {
    /// None where Jenkins cannot tell stages at all.
    ///
    /// # Errors
    /// As [`Api::get`], but for that.
    pub fn of(api: &Api<'_>, job: &Job) -> Result<Option<Self>, Stop> {
        let listed: SoftList<Description> = match api.get(runs(job)) {
            Ok(response) => response.json()?,
            Err(Stop::Here(Loss::NotFound)) => return Ok(None),
            Err(stop) => return Err(stop),
        };
        let numbered = |build: &Description| Some((build.id.0.as_ref()?.parse().ok()?, build.clone()));
        Ok(Some(Self(listed.iter().filter_map(numbered).collect())))
    }
}

/// What a build's stages have deployed so far; none where Jenkins cannot tell stages at all.
///
/// # Errors
/// As [`Api::get`], but for stages that are gone with their build.
pub fn stages(
    api: &Api<'_>,
    job: &Job,
    number: u32,
    rules: &[&Rule],
    newest: &Newest,
) -> Result<Option<Vec<Stage>>, Stop> {
    let deployed =
        |build: &Description| build.stages.iter().filter_map(|stage| stage.deployed(job, rules)).collect::<Vec<_>>();
    if let Some(known) = newest.0.get(&number) {
        return Ok(Some(deployed(known)));
    }
    let path = format!("{}/{number}/wfapi/describe", job.path());
    match api.get(HttpRequest::get(ENDPOINT, path)) {
        Ok(response) => Ok(Some(deployed(&response.json()?))),
        Err(Stop::Here(Loss::NotFound)) => match api.get(runs(job)) {
            Ok(_) => Ok(Some(Vec::new())),
            Err(Stop::Here(Loss::NotFound)) => Ok(None),
            Err(stop) => Err(stop),
        },
        Err(stop) => Err(stop),
    }
}

fn runs(job: &Job) -> HttpRequest {
    HttpRequest::get(ENDPOINT, format!("{}/wfapi/runs", job.path()))
}

impl RawStage {
    fn deployed(&self, job: &Job, rules: &[&Rule]) -> Option<Stage> {
        let name = self.name.0.as_deref()?;
        let result = match self.status.0.as_deref()? {
            "SUCCESS" => BuildResult::Success,
            "FAILED" => BuildResult::Failure,
            "UNSTABLE" => BuildResult::Unstable,
            _ => return None,
        };
        let target = rules.iter().find_map(|rule| {
            let of_stage = rule.stage.as_ref()?.captures(name)?;
            let captures = [rule.job.captures(job.pipeline())?, of_stage].concat();
            Target::new(rule, job, &captures)
        })?;
        let started_at = self.started_at.0.filter(|at| *at >= 0)?;
        let at =
            self.duration.0.filter(|duration| *duration >= 0).and_then(|duration| started_at.checked_add(duration))?;
        let result = target.result(result)?;
        let id = self.id.0.clone().unwrap_or_else(|| name.to_owned());
        Some(Stage { id, target, result, started_at, at })
    }
}

/// Builds that started others, as far as they were read in this call. The first of a job is asked for alone; whoever needs a second one
/// needs more of them, and gets the newest together.
#[derive(Default)]
pub struct Starters {
    read: BTreeMap<(String, u32), Build>,
    /// Jobs of which one was read, and whether the newest were.
    jobs: BTreeMap<String, bool>,
}

impl Starters {
    /// What a deploy job deployed: what it checked out, or else the build that started it, or one further up.
    ///
    /// # Errors
    /// When the build that started it cannot be read now.
    pub fn head(&mut self, api: &Api<'_>, libraries: &[Pattern], build: &Build) -> Result<Option<CheckedOut>, Stop> {
        let is_library = |repository: &str| libraries.iter().any(|pattern| pattern.matches(repository));
        let mut found = build.checked_out(is_library);
        let mut upstream = build.upstream().map(|(project, number)| (project.to_owned(), number));
        for _ in 0..FURTHEST_UPSTREAM {
            let Some(starter) = upstream.filter(|_| found.is_none()) else { break };
            let build = match self.build(api, &starter) {
                Ok(build) => build,
                Err(Stop::Here(Loss::NotFound | Loss::Forbidden | Loss::TooLarge)) => break,
                Err(stop) => return Err(stop),
            };
            found = build.checked_out(is_library);
            upstream = build.upstream().map(|(project, number)| (project.to_owned(), number));
        }
        Ok(found)
    }

    fn build(&mut self, api: &Api<'_>, starter: &(String, u32)) -> Result<&Build, Stop> {
        if !self.read.contains_key(starter) && self.jobs.get(&starter.0) == Some(&false) {
            self.jobs.insert(starter.0.clone(), true);
            let tree = format!("builds[number,{REVISION}]{{0,{STARTERS}}}");
            let builds = api.json(&job::path(&starter.0), &tree)?.json::<Builds>()?.builds;
            for build in builds.0.into_iter().flatten().filter_map(|build| build.0) {
                if let Some(number) = build.number.0 {
                    self.read.insert((starter.0.clone(), number), build);
                }
            }
        }
        if !self.read.contains_key(starter) {
            let build = api.json(&format!("{}/{}", job::path(&starter.0), starter.1), REVISION)?.json()?;
            self.jobs.entry(starter.0.clone()).or_insert(false);
            self.read.insert(starter.clone(), build);
        }
        Ok(&self.read[starter])
    }
}
