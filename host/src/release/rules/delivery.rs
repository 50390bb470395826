//! What runs: builds, deployments, incidents. Nobody is in them, so a true 0 is told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::Date;

use super::group::histogram_of_machines;
use super::{Cell, Measures, count};
use crate::model::{
    BuildResult, Calendar, Component, EntityKey, Family, FinishedBuild, FinishedDeployment, KnownIncident,
    LineCoverage, Measure, ServiceName, Span, TeamName, Week,
};
use crate::release::delivery::days;
use crate::release::{Facts, Failures};

/// What ran in some days, and whose it is.
pub(in crate::release) struct Machines<'a> {
    pub facts: &'a Facts,
    pub failures: &'a Failures,
    pub calendar: &'a Calendar,
    pub services: &'a [(ServiceName, TeamName)],
    /// Whether any source brings incidents.
    pub has_incidents: bool,
    /// The cell that is looked at; without one whatever ran.
    pub span: Option<&'a Span>,
    /// From the first day up to, not including, the second.
    pub days: Range<Date>,
}

impl<'a> Cell<'a> {
    pub(super) fn machines(&self) -> Machines<'a> {
        Machines {
            facts: self.evidence.facts,
            failures: &self.evidence.failures,
            calendar: self.ground.calendar,
            services: &self.ground.terms.services,
            has_incidents: self.ground.has_incidents,
            span: Some(self.span),
            days: self.span.start.monday()..self.span.end().monday(),
        }
    }
}

impl Machines<'_> {
    /// Of a family of systems; of people's families machines have nothing.
    pub(in crate::release) fn measures(&self, family: Family) -> Measures {
        match family {
            Family::Build => self.builds(),
            Family::Deployment => self.deployments(),
            Family::Incident => self.incidents(),
            _ => Measures::new(),
        }
    }

    fn instants(&self) -> Range<Timestamp> {
        self.calendar.start_of_day(self.days.start)..self.calendar.start_of_day(self.days.end)
    }

    /// Whether what a team runs is looked at.
    fn holds(&self, team: Option<&TeamName>) -> bool {
        self.span.is_none_or(|span| span.holds(team))
    }

    fn builds(&self) -> Measures {
        let instants = self.instants();
        let of_team = || self.facts.builds.iter().filter(|build| self.holds(build.owner.as_ref()));
        let finished: Vec<&FinishedBuild> = of_team().filter(|build| instants.contains(&build.at)).collect();
        let good = finished.iter().filter(|build| build.result == BuildResult::Success).count();
        let mut measures = Measures::from([(Component::Builds, Measure::of(count(good), count(finished.len())))]);
        // A pipeline has a key in each epoch: all its builds are found under the oldest one.
        let older: HashMap<EntityKey, EntityKey> =
            of_team().filter_map(|build| Some((build.pipeline.key, build.pipeline.earlier?))).collect();
        let oldest = |key: EntityKey| older.get(&key).copied().unwrap_or(key);
        let newest: BTreeMap<EntityKey, LineCoverage> = of_team()
            .filter(|build| build.at < instants.end)
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
        let is_newest = build.week.epoch() == Week::of_date(self.days.start).epoch();
        if is_newest { oldest(build.pipeline.key) } else { build.pipeline.key }
    }

    fn deployments(&self) -> Measures {
        let (deployments, instants) = (&self.facts.deployments, self.instants());
        let here: Vec<(usize, &FinishedDeployment)> = deployments
            .iter()
            .enumerate()
            .filter(|(_, deployment)| self.holds(deployment.owner.as_ref()) && instants.contains(&deployment.at))
            .collect();
        let all = count(here.len());
        let forward = here.iter().map(|(_, deployment)| *deployment).filter(|deployment| !deployment.rollback);
        let (deployed_days, unnamed) = days(forward.clone(), self.calendar);
        let named = self.services.iter().filter(|(_, team)| self.holds(Some(team))).count();
        let days_of_all = count(named + unnamed) * i64::from((self.days.end - self.days.start).get_days());
        let mut measures = Measures::from([
            (Component::Deployments, Measure::count(count(forward.count()))),
            (Component::DeploymentDays, Measure::of(count(deployed_days), days_of_all)),
        ]);
        let is_rework = |(_, deployment): &&(usize, &FinishedDeployment)| deployment.rollback || deployment.unplanned;
        measures.insert(Component::Rework, Measure::of(count(here.iter().filter(is_rework).count()), all));
        // Where nobody tells of failures, that none is known says nothing.
        if self.has_incidents || deployments.iter().any(|deployment| deployment.rollback) {
            let failed = here.iter().filter(|(index, _)| self.failures.is_failed(*index)).count();
            measures.insert(Component::FailedDeployments, Measure::of(count(failed), all));
        }
        measures
    }

    fn incidents(&self) -> Measures {
        let (mut recoveries, mut resolved) = (Vec::new(), BTreeSet::new());
        let Range { start, end } = self.instants();
        let incidents = || self.facts.incidents.iter().enumerate();
        for (position, incident) in incidents() {
            let Some(at) = incident.resolved_at.filter(|at| *at < end) else { continue };
            resolved.extend(std::iter::once(incident.incident.key).chain(incident.incident.earlier));
            let cause = self.failures.cause_of(position);
            if self.holds(incident.owner.as_ref())
                && start <= at
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
            incident.resolved_at.is_none() && self.holds(incident.owner.as_ref()) && is_open(incident)
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
