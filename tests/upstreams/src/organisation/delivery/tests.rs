//! What was delivered is deterministic, consistent with the repositories, and odd in every way that CI servers are.

use std::collections::{HashMap, HashSet};

use super::*;

fn organisation(seed: u64) -> Organisation {
    Organisation::generate(seed, "2026-07-01T12:00:00Z".parse().unwrap())
}

fn attempts(organisation: &Organisation) -> impl Iterator<Item = (&Pipeline, &Attempt)> {
    organisation
        .delivery
        .pipelines
        .iter()
        .flat_map(|pipeline| pipeline.attempts.iter().map(move |attempt| (pipeline, attempt)))
}

fn successes(organisation: &Organisation) -> impl Iterator<Item = &Deployment> {
    organisation.delivery.deployments.iter().filter(|deployment| deployment.result == DeploymentResult::Success)
}

#[test]
fn the_same_seed_delivers_the_same() {
    assert_eq!(organisation(3).delivery, organisation(3).delivery);
    assert_ne!(organisation(3).delivery, organisation(4).delivery);
}

#[test]
fn nothing_finishes_before_it_began_or_builds_what_had_not_landed() {
    let organisation = organisation(1);
    for (pipeline, attempt) in attempts(&organisation) {
        assert!(attempt.started_at <= attempt.finished_at);
        assert!(organisation.start <= attempt.started_at && attempt.started_at < organisation.end);
        if let Revision::Landed(commit) = attempt.revision {
            let head = organisation.repositories[pipeline.repository].head_at(attempt.started_at);
            assert!(commit <= head.unwrap(), "{}#{}", pipeline.name, attempt.number);
        }
        if let Some(tests) = attempt.tests {
            assert!(tests.failed + tests.skipped <= tests.total);
        }
        if let Some(coverage) = attempt.coverage {
            assert!(coverage.lines_covered <= coverage.lines_total);
        }
    }
}

#[test]
fn numbers_ascend_in_each_job_and_begin_anew_with_it() {
    let organisation = organisation(1);
    for pipeline in &organisation.delivery.pipelines {
        let mut last: HashMap<(bool, Option<&str>), (u32, u32)> = HashMap::new();
        for attempt in &pipeline.attempts {
            let branch = match &attempt.revision {
                Revision::Branch { name, .. } if pipeline.runner == Runner::Jenkins(JobKind::Multibranch) => {
                    Some(name.as_str())
                }
                _ => None,
            };
            let anew = pipeline.recreated_at.is_some_and(|at| attempt.started_at >= at);
            let before = last.entry((anew, branch)).or_default();
            if attempt.attempt == 1 {
                assert!(before.0 == 0 || attempt.number == before.0 + 1, "{}#{}", pipeline.name, attempt.number);
                *before = (attempt.number, 1);
            } else {
                assert_eq!(pipeline.runner, Runner::Actions);
            }
        }
        if pipeline.recreated_at.is_some() {
            assert_eq!(last[&(true, None)].0 as usize + last[&(false, None)].0 as usize, pipeline.attempts.len());
        }
    }
}

#[test]
fn a_run_begun_again_has_the_same_number_and_revision_and_begins_after_it_ended() {
    let organisation = organisation(1);
    let mut runs: HashMap<u64, Vec<&Attempt>> = HashMap::new();
    for (_, attempt) in attempts(&organisation) {
        runs.entry(attempt.id).or_default().push(attempt);
    }
    assert!(runs.values().any(|run| run.len() == 3));
    for run in runs.values() {
        for (pair, attempt) in run.windows(2).zip(1..) {
            assert_eq!((pair[0].attempt, pair[1].attempt), (attempt, attempt + 1));
            assert_eq!((pair[0].number, &pair[0].revision), (pair[1].number, &pair[1].revision));
            assert!(pair[0].finished_at < pair[1].started_at);
        }
    }
}

#[test]
fn a_deployment_lies_in_its_attempt_and_delivers_what_had_landed() {
    let organisation = organisation(1);
    for deployment in &organisation.delivery.deployments {
        let repository = &organisation.repositories[deployment.repository];
        assert!(deployment.started_at <= deployment.finished_at);
        assert!(deployment.head <= repository.head_at(deployment.started_at).unwrap());
        assert!(deployment.first_delivers.end <= deployment.head + 1 || deployment.first_delivers.is_empty());
        let (Deployer::Job { pipeline, attempt } | Deployer::Stage { pipeline, attempt, .. }) = deployment.deployer
        else {
            continue;
        };
        let pipeline = organisation.delivery.pipeline(pipeline);
        let attempt = &pipeline.attempts[attempt];
        assert_eq!(pipeline.repository, deployment.repository);
        assert_eq!(attempt.revision, Revision::Landed(deployment.head));
        assert!(attempt.started_at <= deployment.started_at && deployment.finished_at <= attempt.finished_at);
    }
}

#[test]
fn each_commit_is_first_delivered_once_and_in_order() {
    let organisation = organisation(1);
    let mut finished: Vec<&Deployment> = organisation.delivery.deployments.iter().collect();
    finished.sort_by_key(|deployment| deployment.finished_at);
    let mut delivered: HashMap<(&str, Environment), usize> = HashMap::new();
    for deployment in finished {
        let until = delivered.entry((&deployment.service, deployment.environment)).or_default();
        assert_eq!(deployment.first_delivers.start, *until);
        if deployment.result == DeploymentResult::Failure || deployment.rolls_back.is_some() {
            assert!(deployment.first_delivers.is_empty());
        }
        *until = deployment.first_delivers.end;
    }
}

#[test]
fn a_rollback_undoes_the_latest_success_before_it() {
    let organisation = organisation(1);
    let mut count = 0;
    for rollback in &organisation.delivery.deployments {
        let Some(undone) = rollback.rolls_back else { continue };
        let latest = successes(&organisation)
            .filter(|other| other.rolls_back.is_none() && other.finished_at <= rollback.started_at)
            .filter(|other| other.service == rollback.service && other.environment == rollback.environment)
            .max_by_key(|other| other.finished_at);
        assert_eq!(latest, Some(organisation.delivery.deployment(undone)));
        count += 1;
    }
    assert!(count > 10, "{count}");
}

#[test]
fn an_incident_opens_after_what_caused_it_and_has_a_number_of_its_own() {
    let organisation = organisation(1);
    let mut numbers = HashSet::new();
    for incident in &organisation.delivery.incidents {
        assert!(incident.opened_at < organisation.end);
        assert!(incident.resolved_at.is_none_or(|at| at > incident.opened_at && at < organisation.end));
        if let Some(cause) = incident.caused_by {
            let cause = organisation.delivery.deployment(cause);
            assert_eq!((&cause.service, cause.environment), (&incident.service, Environment::Production));
            assert!(cause.finished_at < incident.opened_at);
        }
        let changes = &organisation.repositories[incident.repository].changes;
        assert!(changes.iter().all(|change| change.number != incident.number));
        assert!(numbers.insert((incident.repository, incident.number)));
    }
}

#[test]
fn every_oddity_of_delivery_occurs() {
    for seed in 1..=3 {
        let organisation = organisation(seed);
        let delivery = &organisation.delivery;
        let day = jiff::SignedDuration::from_hours(24);
        let of = |runner: Runner| attempts(&organisation).filter(move |(pipeline, _)| pipeline.runner == runner);
        for kind in [JobKind::Freestyle, JobKind::Pipeline, JobKind::Multibranch] {
            assert!(of(Runner::Jenkins(kind)).count() > 100, "{kind:?}");
        }
        for result in [BuildResult::Success, BuildResult::Failure, BuildResult::Unstable, BuildResult::Aborted] {
            assert!(attempts(&organisation).any(|(_, attempt)| attempt.result == result), "{result:?}");
        }
        let long = attempts(&organisation)
            .filter(|(_, attempt)| attempt.finished_at.duration_since(attempt.started_at) > day)
            .count();
        assert!(long > 10, "{long} run for days");
        let unfinished = attempts(&organisation).filter(|(_, attempt)| attempt.finished_at > organisation.end).count();
        assert!(unfinished > 0, "some still run at the end");
        let many = |pipeline: &Pipeline| {
            pipeline.attempts.iter().filter(|attempt| matches!(attempt.revision, Revision::Landed(_))).count() > 200
        };
        assert!(delivery.pipelines.iter().any(many), "more builds than a page shows");
        let slash =
            |attempt: &Attempt| matches!(&attempt.revision, Revision::Branch { name, .. } if name.contains(['/', '%']));
        assert!(attempts(&organisation).any(|(_, attempt)| slash(attempt)), "branch with a slash");
        let stage_and_build = |stage: DeploymentResult, build: BuildResult| {
            delivery.deployments.iter().any(|deployment| match deployment.deployer {
                Deployer::Stage { pipeline, attempt, .. } => {
                    deployment.result == stage && delivery.pipeline(pipeline).attempts[attempt].result == build
                }
                _ => false,
            })
        };
        assert!(stage_and_build(DeploymentResult::Failure, BuildResult::Success), "a failed stage in a good build");
        assert!(stage_and_build(DeploymentResult::Success, BuildResult::Failure), "a good stage in a failed build");
        let deployers = |count: fn(&Deployer) -> bool| {
            let count = successes(&organisation).filter(|deployment| count(&deployment.deployer)).count();
            assert!(count > 50, "{count} deployments");
        };
        deployers(|deployer| matches!(deployer, Deployer::Job { .. }));
        deployers(|deployer| matches!(deployer, Deployer::Stage { .. }));
        deployers(|deployer| matches!(deployer, Deployer::GitHub));
        let incidents = &delivery.incidents;
        assert!(incidents.iter().any(|incident| incident.resolved_at.is_none()), "an open incident");
        assert!(incidents.iter().any(|incident| incident.caused_by.is_none()), "an incident that nothing caused");
        let mut causes = HashSet::new();
        let twice = incidents.iter().filter_map(|incident| incident.caused_by).any(|cause| !causes.insert(cause));
        assert!(twice, "two incidents of one deployment");
    }
}
