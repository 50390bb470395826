//! What each pipeline did, push by push and night by night, and what came of it.

use super::super::hours::{DAY, HOUR, WEEK};
use super::super::{Push, Repository};
use super::drafts::{Drafts, instant};
use super::plots::{Deploys, Plot};
use super::{
    BuildResult, Coverage, Deployer, DeploymentResult, Environment, JobKind, PipelineId, Revision, Runner, Tests,
};

const MINUTE: i64 = 60;
const BRANCHES: [&str; 5] =
    ["feature/github-commands", "release/2026.05", "fix/100%-cpu", "feature/größe", "renovate/all-minor"];

/// A build of the default branch that went well.
struct Built {
    pipeline: PipelineId,
    attempt: usize,
    commit: usize,
    finished_at: i64,
}

pub(super) fn build(drafts: &mut Drafts, plot: &Plot, repositories: &[Repository]) {
    let repository = &repositories[plot.position()];
    let pipeline = drafts.build_pipeline(plot);
    let deploy_jobs = drafts.deploy_jobs(plot);
    let usual = drafts.random.between(3 * MINUTE, 18 * MINUTE);
    let lines = drafts.random.between(4_000, 30_000);
    let mut worker = Worker { drafts, plot, pipeline, usual, lines, share: 700 };
    for (at, commit) in worker.triggers(repository) {
        let Some(built) = worker.attempts_at(at, &Revision::Landed(commit)) else { continue };
        match plot.deploys {
            Deploys::Never => {}
            Deploys::Stages => worker.deploy_by_stages(&built),
            Deploys::Jobs(_) | Deploys::GitHub => worker.deploy_afterwards(&built, &deploy_jobs),
        }
    }
    if matches!(plot.runner, Runner::Jenkins(JobKind::Multibranch) | Runner::Actions) {
        worker.branches(repository);
    }
    if plot.nightly {
        worker.nights(repository);
    }
}

/// Makes one plot's attempts.
struct Worker<'a> {
    drafts: &'a mut Drafts,
    plot: &'a Plot,
    pipeline: PipelineId,
    /// Seconds that a build takes.
    usual: i64,
    lines: i64,
    /// Of the lines, those that tests cover, in thousandths.
    share: i64,
}

impl Worker<'_> {
    /// When the default branch's head is built, and which commit that is: pushes that come close together are built as one.
    fn triggers(&mut self, repository: &Repository) -> Vec<(i64, usize)> {
        let pushes: Vec<&Push> =
            repository.pushes.iter().filter(|push| push.at.as_second() >= self.drafts.start).collect();
        let mut triggers = Vec::new();
        for (position, push) in pushes.iter().enumerate() {
            let at = push.at.as_second();
            let soon = pushes.get(position + 1).is_some_and(|next| next.at.as_second() < at + 90);
            if !soon && self.drafts.random.permille(930) {
                triggers.push((at + self.drafts.random.between(3, 80), push.head));
            }
        }
        triggers
    }

    /// Builds it, again where it failed and somebody cared; answers the build that went well.
    fn attempts_at(&mut self, at: i64, revision: &Revision) -> Option<Built> {
        let mut at = at;
        let mut run = None;
        for attempt in 1..=3 {
            if at >= self.drafts.end {
                return None;
            }
            let (position, finished_at) = self.attempt(at, revision.clone());
            let actions = self.plot.runner == Runner::Actions;
            let made = &mut self.drafts.pipelines[self.pipeline.0].attempts[position];
            let run = *run.get_or_insert(made.id);
            if actions {
                made.id = run;
                made.attempt = attempt;
            }
            match (made.result, revision) {
                (BuildResult::Success, Revision::Landed(commit)) => {
                    return Some(Built { pipeline: self.pipeline, attempt: position, commit: *commit, finished_at });
                }
                (BuildResult::Failure, _) if self.drafts.random.permille(450) => {
                    at = finished_at + self.drafts.random.between(2 * MINUTE, 2 * HOUR);
                }
                _ => return None,
            }
        }
        None
    }

    fn attempt(&mut self, at: i64, revision: Revision) -> (usize, i64) {
        let random = &mut self.drafts.random;
        let mut result = match random.between(0, 99) {
            0..=8 => BuildResult::Failure,
            9..=11 => BuildResult::Aborted,
            12..=15 => BuildResult::Unstable,
            _ => BuildResult::Success,
        };
        if result == BuildResult::Unstable && self.plot.runner == Runner::Actions {
            result = BuildResult::Failure;
        }
        let mut took = self.usual * random.between(700, 1600) / 1000;
        match result {
            // Somebody looks after days only.
            BuildResult::Aborted if random.permille(250) => took = random.between(20 * HOUR, 5 * DAY),
            BuildResult::Failure | BuildResult::Aborted => took = took * random.between(100, 900) / 1000,
            BuildResult::Success if random.permille(6) => took = random.between(3 * HOUR, 2 * DAY),
            BuildResult::Success | BuildResult::Unstable => {}
        }
        let position = self.drafts.attempt(self.pipeline, revision, at, at + took, result);
        let measured = match result {
            BuildResult::Success | BuildResult::Unstable => true,
            BuildResult::Failure => self.drafts.random.permille(500),
            BuildResult::Aborted => false,
        };
        if measured {
            let tests = self.tests(result);
            let coverage = (self.plot.coverage && result != BuildResult::Failure).then(|| self.coverage());
            let attempt = &mut self.drafts.pipelines[self.pipeline.0].attempts[position];
            attempt.tests = Some(tests);
            attempt.coverage = coverage;
        }
        (position, at + took)
    }

    fn tests(&mut self, result: BuildResult) -> Tests {
        let failed = if result == BuildResult::Success { 0 } else { self.drafts.random.between(1, 6) };
        let skipped = self.drafts.random.between(0, 4);
        let total = self.lines / 20 + failed + skipped;
        Tests { failed: small(failed), skipped: small(skipped), total: small(total) }
    }

    fn coverage(&mut self) -> Coverage {
        self.lines += self.drafts.random.between(-20, 60);
        self.share = (self.share + self.drafts.random.between(-5, 6)).clamp(500, 900);
        Coverage { lines_covered: small(self.lines * self.share / 1000), lines_total: small(self.lines) }
    }

    /// Staging first, then production in less than half of the cases, sometimes after days of waiting for somebody's word.
    fn deploy_by_stages(&mut self, built: &Built) {
        let mut at = built.finished_at;
        let mut result = BuildResult::Success;
        let mut stages = vec![(Environment::Staging, "Deploy to staging", 30)];
        if self.drafts.random.permille(450) {
            stages.push((Environment::Production, "Deploy to production", 50));
        }
        for (environment, stage, fails) in stages {
            if environment == Environment::Production {
                at += if self.drafts.random.permille(80) {
                    self.drafts.random.between(6 * HOUR, 4 * DAY)
                } else {
                    self.drafts.random.between(5, 20 * MINUTE)
                };
            }
            let to = at + self.drafts.random.between(MINUTE, 8 * MINUTE);
            let failed = self.drafts.random.permille(fails);
            let outcome = if failed { DeploymentResult::Failure } else { DeploymentResult::Success };
            let deployer = Deployer::Stage { pipeline: built.pipeline, attempt: built.attempt, stage };
            self.drafts.deployment(deployer, (built.pipeline, environment), built.commit, (at, to), outcome);
            at = to;
            if failed {
                // One in three pipelines catches the error, and ends well.
                if self.drafts.random.permille(667) {
                    result = BuildResult::Failure;
                }
                break;
            }
            if self.drafts.random.permille(20) {
                // What comes after the deployment went wrong.
                result = BuildResult::Failure;
            }
        }
        let finished_at = at + self.drafts.random.between(2, 30);
        let attempt = &mut self.drafts.pipelines[built.pipeline.0].attempts[built.attempt];
        attempt.finished_at = instant(finished_at);
        attempt.result = result;
    }

    /// By a job of its own, or by GitHub where there is none.
    fn deploy_afterwards(&mut self, built: &Built, jobs: &[PipelineId]) {
        let mut at = built.finished_at + self.drafts.random.between(5, MINUTE);
        for (position, environment) in [Environment::Staging, Environment::Production].into_iter().enumerate() {
            if environment == Environment::Production {
                if !self.drafts.random.permille(450) {
                    return;
                }
                at += self.drafts.random.between(10 * MINUTE, 20 * HOUR);
            }
            if at >= self.drafts.end {
                return;
            }
            let to = at + self.drafts.random.between(MINUTE, 15 * MINUTE);
            let result = match self.drafts.random.between(0, 99) {
                0..=4 => BuildResult::Failure,
                5..=7 if !jobs.is_empty() => BuildResult::Aborted,
                _ => BuildResult::Success,
            };
            let deployer = match jobs.get(position) {
                None => Deployer::GitHub,
                Some(&pipeline) => {
                    let revision = Revision::Landed(built.commit);
                    let attempt = self.drafts.attempt(pipeline, revision, at, to, result);
                    Deployer::Job { pipeline, attempt }
                }
            };
            let outcome = match result {
                BuildResult::Success => DeploymentResult::Success,
                BuildResult::Failure => DeploymentResult::Failure,
                BuildResult::Unstable | BuildResult::Aborted => return,
            };
            self.drafts.deployment(deployer, (built.pipeline, environment), built.commit, (at, to), outcome);
            if outcome == DeploymentResult::Failure {
                return;
            }
            at = to;
        }
    }

    /// The branches of changes, and some that nobody opens a change for.
    fn branches(&mut self, repository: &Repository) {
        for change in &repository.changes {
            for (at, sha) in &change.heads {
                let delay = self.drafts.random.between(3, 80);
                let revision = Revision::Branch { name: change.branch.clone(), sha: sha.clone() };
                self.attempts_at(at.as_second() + delay, &revision);
            }
        }
        let name = *self.drafts.random.pick(&BRANCHES);
        let mut at = self.drafts.start + self.drafts.random.between(DAY, 9 * WEEK);
        while at < self.drafts.end {
            let revision = Revision::Branch { name: name.to_owned(), sha: self.drafts.random.sha() };
            self.attempts_at(at, &revision);
            at += self.drafts.random.between(HOUR, 3 * WEEK);
        }
    }

    fn nights(&mut self, repository: &Repository) {
        let mut midnight = (self.drafts.start / DAY + 1) * DAY;
        while midnight + 3 * HOUR < self.drafts.end {
            let at = midnight + HOUR + self.drafts.random.between(0, HOUR);
            if let Some(head) = repository.head_at(instant(at)) {
                self.attempts_at(at, &Revision::Landed(head));
            }
            midnight += DAY;
        }
    }
}

fn small(count: i64) -> u32 {
    u32::try_from(count).expect("a small count that is not negative")
}
