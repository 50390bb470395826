//! Reads the builds of a job, newest first, and makes facts of those that have finished.

use quintant_sdk::fact;
use quintant_sdk::instant::DAY;
use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::api::{Api, Loss, Stop};
use crate::coverage::{Lines, Memory};
use crate::deployments::{self, Meaning, Newest, Stage, Starters};
use crate::job::Job;
use crate::payload::{BUILD, Build, Builds, CheckedOut, SoftList, State};
use crate::rollbacks::Rollbacks;
use crate::settings::Settings;

const STRETCH: usize = 100;
/// `builds` goes no further; what is older only `allBuilds` shows, which Jenkins reads from disk.
const NEWEST: usize = 100;
/// So many of the last builds are asked for again, to see whether builds before them went away meanwhile.
const OVERLAP: usize = 10;
/// What began longer before the window is not looked for there, unless it is among the newest.
pub const LONGEST_BUILD: Instant = 7 * DAY;

/// A build that had not finished when it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    #[serde(flatten)]
    pub job: Job,
    #[serde(rename = "i")]
    pub number: u32,
    #[serde(rename = "t")]
    pub started_at: Instant,
}

/// Where the reading of a job stopped.
#[derive(Debug, Serialize, Deserialize)]
pub struct Position {
    job: Job,
    offset: usize,
    /// Only builds below this number are still to be read.
    below: Option<u32>,
}

impl Position {
    #[must_use]
    pub fn start(job: Job) -> Self {
        Self { job, offset: 0, below: None }
    }

    #[must_use]
    pub fn job(&self) -> &Job {
        &self.job
    }
}

/// What is to be read, and what was.
pub struct Reader<'a> {
    pub api: &'a Api<'a>,
    pub settings: &'a Settings,
    pub page: &'a mut Page,
    pub coverage: &'a mut Memory,
    pub rollbacks: &'a mut Rollbacks,
    pub starters: &'a mut Starters,
    /// What the last scan waited for: this one has read it again already.
    pub waited: &'a [Waiting],
    pub waiting: &'a mut Vec<Waiting>,
    /// Jenkins cannot tell stages: its plugin is missing.
    pub lacks_stages: &'a mut bool,
    pub window: Window,
    /// Builds that began before are not looked for.
    pub floor: Instant,
    pub now: Instant,
    pub most_facts: usize,
    pub most_requests: u32,
}

impl Reader<'_> {
    /// Whether the call has done enough.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.page.facts.len() >= self.most_facts || self.api.requests() >= self.most_requests
    }

    /// Reads a stretch of a job, and moves `position` on build by build; whether there is more.
    ///
    /// # Errors
    /// When the job cannot be read on.
    pub fn stretch(&mut self, position: &mut Position) -> Result<bool, Stop> {
        let job = position.job.clone();
        let is_newest = position.offset < NEWEST;
        let start = position.offset.saturating_sub(if position.below.is_some() { OVERLAP } else { 0 });
        let (list, end) = if is_newest { ("builds", NEWEST) } else { ("allBuilds", start + STRETCH) };
        let response = self.api.json(&job.path(), &format!("{list}[{BUILD}]{{{start},{end}}}"))?;
        let answer = response.json::<Builds>()?;
        let list = if is_newest { answer.builds } else { answer.all_builds };
        let Some(builds) = list.0 else {
            self.page.reject(Some(&job.full_name), 1);
            return Ok(false);
        };
        let first = builds.iter().find_map(|build| build.0.as_ref()?.number.0);
        if start > 0 && position.below.zip(first).is_some_and(|(below, first)| first < below) {
            // Builds went away before this stretch, and as many may have slipped out of sight.
            position.offset = start.saturating_sub(STRETCH);
            return Ok(true);
        }
        let newest = if start == 0 && builds.len() > 1 { self.newest(&job)? } else { Newest::default() };
        let listed = start + builds.len();
        let mut is_old = false;
        for (build, index) in builds.iter().zip(start..) {
            let read = build.0.as_ref().and_then(|build| Some((build, build.read()?)));
            let number = build.0.as_ref().and_then(|build| build.number.0);
            if position.below.zip(number).is_some_and(|(below, number)| number >= below) {
                continue;
            }
            if let Some((build, read)) = read {
                is_old |= read.1 < self.floor;
                if is_old && !is_newest {
                    return Ok(false);
                }
                if !self.has_waited(&job, read.0, read.1) {
                    self.build(&job, build, read, &newest)?;
                }
            } else {
                self.page.reject(Some(&job.full_name), 1);
            }
            position.offset = index + 1;
            position.below = number.or(position.below);
            if self.is_full() && position.offset < listed {
                return Ok(true);
            }
        }
        position.offset = listed;
        Ok(builds.len() == end - start && !is_old)
    }

    /// Reads a build that was waited for.
    ///
    /// # Errors
    /// When it cannot be read now.
    pub fn again(&mut self, waiting: &Waiting) -> Result<(), Stop> {
        let path = format!("{}/{}", waiting.job.path(), waiting.number);
        let build: Build = match self.api.json(&path, BUILD) {
            Ok(response) => response.json()?,
            // Discarded, or deleted with its job.
            Err(Stop::Here(Loss::NotFound)) => return Ok(()),
            Err(stop) => return Err(stop),
        };
        let Some(read) = build.read() else {
            self.page.reject(Some(&waiting.job.full_name), 1);
            return Ok(());
        };
        if (read.0, read.1) != (waiting.number, waiting.started_at) {
            // The job was made anew: its builds are found as new ones.
            return Ok(());
        }
        self.build(&waiting.job, &build, read, &Newest::default())
    }

    /// Takes in the builds of a branch that came with the listing of branches.
    ///
    /// # Errors
    /// When one of them cannot be read to its end.
    pub fn branch(&mut self, job: &Job, builds: &SoftList<Build>) -> Result<(), Stop> {
        for build in builds.0.iter().flatten() {
            match build.0.as_ref().and_then(|build| Some((build, build.read()?))) {
                Some((_, read)) if self.has_waited(job, read.0, read.1) => {}
                Some((build, read)) => self.build(job, build, read, &Newest::default())?,
                None => self.page.reject(Some(&job.full_name), 1),
            }
        }
        Ok(())
    }

    /// Where the look-back is read, the stages of the newest builds come together; later there is mostly one new build.
    fn newest(&mut self, job: &Job) -> Result<Newest, Stop> {
        let is_first = self.floor < self.window.start;
        let deploys = matches!(deployments::meaning(self.settings, job, true), Meaning::Stages(_));
        if !is_first || !deploys || !job.has_stages || *self.lacks_stages {
            return Ok(Newest::default());
        }
        let newest = Newest::of(self.api, job)?;
        if newest.is_none() {
            self.stages_are_missing();
        }
        Ok(newest.unwrap_or_default())
    }

    fn stages_are_missing(&mut self) {
        *self.lacks_stages = true;
        self.page.problem(ProblemKind::NotFound, Some("stages (plugin `pipeline-rest-api`)"));
    }

    fn has_waited(&self, job: &Job, number: u32, started_at: Instant) -> bool {
        self.waited
            .iter()
            .any(|waited| (waited.number, waited.started_at) == (number, started_at) && waited.job == *job)
    }

    fn build(&mut self, job: &Job, build: &Build, read: (u32, Instant, State), newest: &Newest) -> Result<(), Stop> {
        let (number, started_at, state) = read;
        let ended_at = match state {
            State::Finished { at, .. } => Some(at),
            State::Running => None,
        };
        // What ends after this call's now is told by a later one; but nothing is waited for to fill a stretch of the past.
        let is_to_come = ended_at.is_none_or(|at| at >= self.window.end);
        let is_past = self.window.end < self.now;
        if ended_at.is_some_and(|at| at < self.window.start) || is_past && started_at >= self.window.end {
            return Ok(());
        }
        self.waiting.retain(|waiting| waiting.number != number || waiting.job != *job);
        if is_to_come && !is_past {
            self.waiting.push(Waiting { job: job.clone(), number, started_at });
        }
        let is_library = |repository: &str| self.settings.libraries.iter().any(|pattern| pattern.matches(repository));
        let checked_out = build.checked_out(is_library);
        let on_default_branch = self.is_on_default_branch(job, checked_out.as_ref());
        let key = format!("{}#{number}@{started_at}", job.full_name);
        let settings = self.settings;
        match (deployments::meaning(settings, job, on_default_branch), state) {
            (Meaning::Deployment(target), State::Finished { at, result }) if !is_to_come => {
                if let Some(result) = target.result(result) {
                    let head = self.starters.head(self.api, &settings.libraries, build)?;
                    let mut deployment = target.deployment(key, result, started_at);
                    deployment.shas = if head.is_none() { build.changes() } else { Vec::new() };
                    self.push(deployment, at, head);
                }
            }
            (Meaning::Deployment(_), _) => {}
            (meaning, _) => {
                if let Meaning::Stages(rules) = meaning
                    && job.has_stages
                    && !*self.lacks_stages
                {
                    let stages = deployments::stages(self.api, job, number, &rules, newest)?;
                    self.stages(stages, &key, checked_out.as_ref());
                }
                if let State::Finished { at, result } = state
                    && !is_to_come
                {
                    let mut built = fact::Build::new(job.pipeline(), number, result, started_at);
                    built.on_default_branch = on_default_branch;
                    built.sha = checked_out.and_then(|found| found.sha);
                    built.tests_failed = build.tests_failed();
                    (built.lines_covered, built.lines_total) = self.lines(job, &built, build)?.unzip();
                    self.page.push(key, at, built);
                }
            }
        }
        Ok(())
    }

    fn is_on_default_branch(&self, job: &Job, checked_out: Option<&CheckedOut>) -> bool {
        if let Some(branch) = job.branch() {
            return self.settings.is_default_branch(&branch);
        }
        let mut named =
            checked_out.iter().flat_map(|found| &found.branches).filter(|name| !is_detached(name)).peekable();
        named.peek().is_none() || named.any(|name| self.settings.is_default_branch(name))
    }

    /// Stages count when they end, also of a build that goes on, and however that ends.
    fn stages(&mut self, stages: Option<Vec<Stage>>, key: &str, checked_out: Option<&CheckedOut>) {
        let Some(stages) = stages else { return self.stages_are_missing() };
        for stage in stages {
            if (self.window.start..self.window.end).contains(&stage.at) {
                let id = format!("{key}/{}", stage.id);
                let deployment = stage.target.deployment(id, stage.result, stage.started_at);
                self.push(deployment, stage.at, checked_out.cloned());
            }
        }
    }

    fn push(&mut self, mut deployment: Deployment, at: Instant, head: Option<CheckedOut>) {
        if deployment.rollback && self.rollbacks.wait(&deployment, at, head.as_ref()) {
            return;
        }
        let is_good = deployment.deployment_result == DeploymentResult::Success && !deployment.rollback;
        if is_good && self.settings.knows_rollbacks() {
            self.rollbacks.good(&deployment, at);
        }
        if let Some(head) = head {
            (deployment.repo, deployment.head_sha) = (head.repository, head.sha);
        }
        self.page.push(deployment.key(), at, deployment);
    }

    fn lines(&mut self, job: &Job, built: &fact::Build, build: &Build) -> Result<Option<Lines>> {
        let is_measured = matches!(built.build_result, BuildResult::Success | BuildResult::Unstable);
        if !self.settings.coverage || !built.on_default_branch || !is_measured {
            return Ok(None);
        }
        if let Some(lines) = build.lines() {
            return Ok(Some(lines));
        }
        let path = format!("{}/{}", job.path(), built.number);
        self.coverage.lines(self.api, (job.pipeline(), &path), self.now, self.page)
    }
}

/// Git names no branch then.
fn is_detached(name: &str) -> bool {
    ["detached", "HEAD"].contains(&name)
}
