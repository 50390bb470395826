//! Gathers attempts and deployments as they are made up, and puts them in the order of time at the end.

use std::collections::HashMap;

use jiff::Timestamp;

use super::super::hours::{DAY, WEEK};
use super::super::random::Random;
use super::plots::{Deploys, Plot};
use super::{
    Attempt, BuildResult, Delivery, Deployer, Deployment, DeploymentId, DeploymentResult, Environment, Incident,
    JobKind, Pipeline, PipelineId, Purpose, Revision, Runner,
};

/// Ids here are positions in the order of making; [`Drafts::finish`] puts everything in the order of time.
pub(super) struct Drafts {
    pub(super) random: Random,
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) pipelines: Vec<Pipeline>,
    /// Where each pipeline's numbers begin.
    first_numbers: Vec<u32>,
    pub(super) deployments: Vec<Deployment>,
    next_run_id: u64,
}

impl Drafts {
    pub(super) fn new(random: Random, start: Timestamp, end: Timestamp) -> Self {
        Self {
            random,
            start: start.as_second(),
            end: end.as_second(),
            pipelines: Vec::new(),
            first_numbers: Vec::new(),
            deployments: Vec::new(),
            next_run_id: 9_400_000_001,
        }
    }

    pub(super) fn build_pipeline(&mut self, plot: &Plot) -> PipelineId {
        let pipeline = self.pipeline(plot, plot.pipeline, plot.runner, Purpose::Build);
        let recreated_at = self.start + 14 * WEEK + self.random.between(0, DAY);
        let made = &mut self.pipelines[pipeline.0];
        made.keeps = plot.keeps;
        made.recreated_at = plot.recreated.then(|| instant(recreated_at));
        pipeline
    }

    fn pipeline(&mut self, plot: &Plot, name: &str, runner: Runner, purpose: Purpose) -> PipelineId {
        self.pipelines.push(Pipeline {
            name: plot.job(name),
            repository: plot.position(),
            service: plot.service(),
            runner,
            purpose,
            attempts: Vec::new(),
            keeps: None,
            recreated_at: None,
        });
        let first = if plot.recreated { 1 } else { self.random.between(1, 400) };
        self.first_numbers.push(u32::try_from(first).expect("a small positive number"));
        PipelineId(self.pipelines.len() - 1)
    }

    /// The jobs that deploy to staging, to production, and back.
    pub(super) fn deploy_jobs(&mut self, plot: &Plot) -> Vec<PipelineId> {
        let Deploys::Jobs(names) = plot.deploys else { return Vec::new() };
        let purposes =
            [Purpose::Deploy(Environment::Staging), Purpose::Deploy(Environment::Production), Purpose::RollBack];
        names
            .iter()
            .zip(purposes)
            .map(|(name, purpose)| self.pipeline(plot, name, Runner::Jenkins(JobKind::Freestyle), purpose))
            .collect()
    }

    pub(super) fn attempt(
        &mut self,
        pipeline: PipelineId,
        revision: Revision,
        from: i64,
        to: i64,
        result: BuildResult,
    ) -> usize {
        self.next_run_id += 7;
        let attempts = &mut self.pipelines[pipeline.0].attempts;
        attempts.push(Attempt {
            id: self.next_run_id,
            number: 0,
            attempt: 1,
            revision,
            started_at: instant(from),
            finished_at: instant(to),
            result,
            tests: None,
            coverage: None,
        });
        attempts.len() - 1
    }

    pub(super) fn deployment(
        &mut self,
        deployer: Deployer,
        (pipeline, environment): (PipelineId, Environment),
        head: usize,
        (from, to): (i64, i64),
        result: DeploymentResult,
    ) -> usize {
        let pipeline = &self.pipelines[pipeline.0];
        self.deployments.push(Deployment {
            id: 0,
            service: pipeline.service.clone(),
            repository: pipeline.repository,
            environment,
            deployer,
            started_at: instant(from),
            finished_at: instant(to),
            result,
            head,
            first_delivers: 0..0,
            rolls_back: None,
        });
        self.deployments.len() - 1
    }

    /// Brings production back to what an earlier deployment had put there, by the means that `undone` was made with.
    pub(super) fn roll_back(&mut self, undone: usize, head: usize, at: i64) -> usize {
        let took = self.random.between(60, 480);
        let (from, to) = (at, at + took);
        let bad = self.deployments[undone].clone();
        let (pipeline, deployer) = match bad.deployer {
            Deployer::Stage { pipeline, .. } => {
                let attempt = self.attempt(pipeline, Revision::Landed(head), from - 20, to + 10, BuildResult::Success);
                (pipeline, Deployer::Stage { pipeline, attempt, stage: "Roll back production" })
            }
            Deployer::Job { .. } => {
                let pipeline = self.found(bad.repository, Purpose::RollBack);
                let attempt = self.attempt(pipeline, Revision::Landed(head), from, to, BuildResult::Success);
                (pipeline, Deployer::Job { pipeline, attempt })
            }
            Deployer::GitHub => (self.found(bad.repository, Purpose::Build), Deployer::GitHub),
        };
        let made =
            self.deployment(deployer, (pipeline, Environment::Production), head, (from, to), DeploymentResult::Success);
        self.deployments[made].rolls_back = Some(DeploymentId(undone));
        made
    }

    fn found(&self, repository: usize, purpose: Purpose) -> PipelineId {
        let found = self
            .pipelines
            .iter()
            .position(|pipeline| pipeline.repository == repository && pipeline.purpose == purpose)
            .expect("what deploys with jobs has one for each purpose");
        PipelineId(found)
    }

    pub(super) fn finish(mut self, mut incidents: Vec<Incident>) -> Delivery {
        let mut moved = Vec::new();
        for (pipeline, first) in self.pipelines.iter_mut().zip(self.first_numbers) {
            moved.push(put_in_order(pipeline, first));
        }
        for deployment in &mut self.deployments {
            if let Deployer::Job { pipeline, attempt } | Deployer::Stage { pipeline, attempt, .. } =
                &mut deployment.deployer
            {
                *attempt = moved[pipeline.0][attempt];
            }
        }
        let mut order: Vec<usize> = (0..self.deployments.len()).collect();
        order.sort_by_key(|&draft| self.deployments[draft].started_at);
        let place: HashMap<usize, usize> = order.iter().enumerate().map(|(place, &draft)| (draft, place)).collect();
        let renamed = |id: DeploymentId| DeploymentId(place[&id.0]);
        let mut deployments: Vec<Deployment> = order.iter().map(|&draft| self.deployments[draft].clone()).collect();
        for (deployment, id) in deployments.iter_mut().zip((1_310_000_017..).step_by(11)) {
            deployment.id = id;
            deployment.rolls_back = deployment.rolls_back.map(renamed);
        }
        first_deliveries(&mut deployments);
        for incident in &mut incidents {
            incident.caused_by = incident.caused_by.map(renamed);
        }
        Delivery { pipelines: self.pipelines, deployments, incidents }
    }
}

/// Sorts and numbers a pipeline's attempts; answers where each of them went.
fn put_in_order(pipeline: &mut Pipeline, first: u32) -> HashMap<usize, usize> {
    let mut attempts: Vec<(usize, Attempt)> = std::mem::take(&mut pipeline.attempts).into_iter().enumerate().collect();
    if let Some(recreated_at) = pipeline.recreated_at {
        attempts.retain(|(_, attempt)| attempt.started_at >= recreated_at || attempt.finished_at < recreated_at);
    }
    attempts.sort_by_key(|(_, attempt)| attempt.started_at);
    let mut next: HashMap<Option<String>, u32> = HashMap::from([(None, first)]);
    let mut runs: HashMap<u64, u32> = HashMap::new();
    let mut anew = pipeline.recreated_at;
    for (_, attempt) in &mut attempts {
        if anew.is_some_and(|recreated_at| attempt.started_at >= recreated_at) {
            next.clear();
            anew = None;
        }
        let job = match &attempt.revision {
            Revision::Branch { name, .. } if pipeline.runner == Runner::Jenkins(JobKind::Multibranch) => {
                Some(name.clone())
            }
            _ => None,
        };
        attempt.number = *runs.entry(attempt.id).or_insert_with(|| {
            let next = next.entry(job).or_insert(1);
            *next += 1;
            *next - 1
        });
    }
    let places = attempts.iter().enumerate().map(|(place, (draft, _))| (*draft, place)).collect();
    pipeline.attempts = attempts.into_iter().map(|(_, attempt)| attempt).collect();
    places
}

fn first_deliveries(deployments: &mut [Deployment]) {
    let mut order: Vec<usize> = (0..deployments.len()).collect();
    order.sort_by_key(|&position| deployments[position].finished_at);
    let mut delivered: HashMap<(String, Environment), usize> = HashMap::new();
    for position in order {
        let deployment = &mut deployments[position];
        let until = delivered.entry((deployment.service.clone(), deployment.environment)).or_default();
        let from = *until;
        if deployment.result == DeploymentResult::Success {
            *until = from.max(deployment.head + 1);
        }
        deployment.first_delivers = from..*until;
    }
}

pub(super) fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("the story lies in this era")
}
