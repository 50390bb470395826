//! What ran on one day, whoever's it is: counted from its midnight to the next.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use super::super::Oracle;
use super::super::durations::Durations;
use super::super::people::owner;
use super::systems::guilty;
use super::{Facts, Measure, Measures, whole};
use crate::organisation::delivery::BuildResult;

pub(super) fn day(oracle: &Oracle<'_>, facts: &Facts<'_>, date: Date) -> Measures {
    let (from, to) = (oracle.calendar.midnight(date), oracle.calendar.midnight(date + 1.day()));
    let is_today = |at: Timestamp| from <= at && at < to;
    let mut measures = Measures::new();

    let finished = || facts.builds.iter().filter(|build| is_today(build.finished_at));
    let good = finished().filter(|build| build.result == BuildResult::Success).count();
    let all = finished().filter(|build| build.result != BuildResult::Aborted).count();
    measures.insert("builds", Measure::of(whole(good), whole(all)));
    let mut newest: BTreeMap<&str, (Timestamp, (i64, i64))> = BTreeMap::new();
    for build in facts.builds.iter().filter(|build| build.finished_at < to) {
        let is_newer = newest.get(build.pipeline.as_str()).is_none_or(|(known, _)| *known <= build.finished_at);
        if let Some(lines) = build.lines.filter(|_| is_newer) {
            newest.insert(&build.pipeline, (build.finished_at, lines));
        }
    }
    if !newest.is_empty() {
        let sum = |part: fn(&(i64, i64)) -> i64| newest.values().map(|(_, lines)| part(lines)).sum();
        measures.insert("covered_lines", Measure::of(sum(|lines| lines.0), sum(|lines| lines.1)));
    }

    let deployed: Vec<_> = facts.deployments.iter().filter(|deployment| is_today(deployment.finished_at)).collect();
    let forward = || deployed.iter().filter(|deployment| !deployment.is_rollback);
    let services: BTreeSet<&str> = forward().map(|deployment| deployment.service).collect();
    let guilty = guilty(facts);
    let broke = deployed.iter().filter(|deployment| guilty.contains(&deployment.id)).count();
    let (all, ahead) = (whole(deployed.len()), whole(forward().count()));
    measures.insert("deployments", Measure::count(ahead));
    let possible = services.union(&owned_services(oracle)).count();
    measures.insert("deployment_days", Measure::of(whole(services.len()), whole(possible)));
    measures.insert("failed_deployments", Measure::of(whole(broke), all));
    measures.insert("rework", Measure::of(all - ahead, all));

    let (mut recovered, mut open) = (Vec::new(), 0);
    for incident in &facts.incidents {
        let is_open = incident.opened_at < to && incident.resolved_at.is_none_or(|at| at >= to);
        open += i64::from(is_open && oracle.knows(incident.opened_at));
        if let (Some(at), Some(cause)) = (incident.resolved_at.filter(|at| is_today(*at)), incident.caused_by) {
            let cause = facts.deployments.iter().find(|deployment| deployment.id == cause).expect("it was found there");
            recovered.push(at.as_second() - cause.finished_at.as_second());
        }
    }
    recovered.retain(|seconds| *seconds >= 0);
    let (sum, count) = (recovered.iter().sum(), whole(recovered.len()));
    measures.insert("recovery", Measure::lasting(sum, count, Durations::of_machines(recovered)));
    measures.insert("open_incidents", Measure::count(open));
    measures
}

/// Of a `[[service]]` each: those that any team answers for.
fn owned_services<'a>(oracle: &Oracle<'a>) -> BTreeSet<&'a str> {
    let organisation = oracle.organisation;
    let owned = organisation.delivery.pipelines.iter().filter(|pipeline| {
        let repository = &organisation.repositories[pipeline.repository].name;
        owner(organisation, repository).is_some()
    });
    owned.map(|pipeline| pipeline.service.as_str()).collect()
}
