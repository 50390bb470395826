//! What runs: builds, deployments, incidents. Nobody is in them, so a true 0 is told.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::group::histogram_of_machines;
use super::{Cell, Measures, count};
use crate::model::{
    BuildResult, Component, EntityKey, FinishedBuild, FinishedDeployment, KnownIncident, LineCoverage, Measure,
};
use crate::release::delivery::days;

const DAYS_PER_WEEK: i64 = 7;

impl Cell<'_> {
    pub(super) fn builds(&self) -> Measures {
        let of_team = || self.evidence.facts.builds.iter().filter(|build| self.span.holds(build.owner.as_ref()));
        let finished: Vec<&FinishedBuild> = of_team().filter(|build| self.span.contains(build.week)).collect();
        let good = finished.iter().filter(|build| build.result == BuildResult::Success).count();
        let mut measures = Measures::from([(Component::Builds, Measure::of(count(good), count(finished.len())))]);
        // A pipeline has a key in each epoch: all its builds are found under the oldest one.
        let older: HashMap<EntityKey, EntityKey> =
            of_team().filter_map(|build| Some((build.pipeline.key, build.pipeline.earlier?))).collect();
        let oldest = |key: EntityKey| older.get(&key).copied().unwrap_or(key);
        let newest: BTreeMap<EntityKey, LineCoverage> = of_team()
            .filter(|build| build.week < self.span.end())
            .filter_map(|build| Some((self.pipeline(build, &oldest), build.coverage?)))
            .collect();
        if !newest.is_empty() {
            let covered = newest.values().map(|lines| i64::from(lines.covered)).sum();
            let total = newest.values().map(|lines| i64::from(lines.total)).sum();
            measures.insert(Component::CoveredLines, Measure::of(covered, total));
        }
        measures
    }

    /// Under the key of the epoch before, so that a pipeline is one over an epoch's boundary: facts reach back over one.
    fn pipeline(&self, build: &FinishedBuild, oldest: &impl Fn(EntityKey) -> EntityKey) -> EntityKey {
        let is_newest = build.week.epoch() == self.span.start.epoch();
        if is_newest { oldest(build.pipeline.key) } else { build.pipeline.key }
    }

    pub(super) fn deployments(&self) -> Measures {
        let deployments = &self.evidence.facts.deployments;
        let here: Vec<(usize, &FinishedDeployment)> = deployments
            .iter()
            .enumerate()
            .filter(|(_, deployment)| self.holds(deployment.owner.as_ref(), deployment.week))
            .collect();
        let all = count(here.len());
        let forward = here.iter().map(|(_, deployment)| *deployment).filter(|deployment| !deployment.rollback);
        let (deployed_days, unnamed) = days(forward.clone(), self.ground.calendar);
        let named = self.ground.terms.services.iter().filter(|(_, team)| self.span.teams.contains(team)).count();
        let days_of_all = count(named + unnamed) * i64::from(self.span.weeks) * DAYS_PER_WEEK;
        let mut measures = Measures::from([
            (Component::Deployments, Measure::count(count(forward.count()))),
            (Component::DeploymentDays, Measure::of(count(deployed_days), days_of_all)),
        ]);
        let is_rework = |(_, deployment): &&(usize, &FinishedDeployment)| deployment.rollback || deployment.unplanned;
        measures.insert(Component::Rework, Measure::of(count(here.iter().filter(is_rework).count()), all));
        // Where nobody tells of failures, that none is known says nothing.
        if self.ground.has_incidents || deployments.iter().any(|deployment| deployment.rollback) {
            let failed = here.iter().filter(|(index, _)| self.evidence.failures.is_failed(*index)).count();
            measures.insert(Component::FailedDeployments, Measure::of(count(failed), all));
        }
        measures
    }

    pub(super) fn incidents(&self) -> Measures {
        let (mut recoveries, mut resolved) = (Vec::new(), BTreeSet::new());
        let end = self.ground.calendar.start_of(self.span.end());
        let incidents = || self.evidence.facts.incidents.iter().enumerate();
        for (position, incident) in incidents() {
            let Some(at) = incident.resolved_at.filter(|at| *at < end) else { continue };
            resolved.extend(std::iter::once(incident.incident.key).chain(incident.incident.earlier));
            let cause = self.evidence.failures.cause_of(position);
            if self.holds(incident.owner.as_ref(), incident.week)
                && let Some(cause) = cause.filter(|cause| *cause <= at)
            {
                recoveries.push(at.as_second() - cause.as_second());
            }
        }
        let is_open = |incident: &KnownIncident| {
            let names = [Some(incident.incident.key), incident.incident.earlier];
            incident.opened_at < end && !names.into_iter().flatten().any(|key| resolved.contains(&key))
        };
        let open = incidents().map(|(_, incident)| incident).filter(|incident| {
            incident.resolved_at.is_none() && self.span.holds(incident.owner.as_ref()) && is_open(incident)
        });
        let measure = Measure {
            histogram: Some(histogram_of_machines(recoveries.iter().copied())),
            ..Measure::of(recoveries.iter().sum(), count(recoveries.len()))
        };
        Measures::from([
            (Component::OpenIncidents, Measure::count(count(open.count()))),
            (Component::Recovery, measure),
        ])
    }
}
