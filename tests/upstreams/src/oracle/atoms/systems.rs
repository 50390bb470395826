//! Builds, deployments and incidents, which carry no people: they share the verdict of the team's changes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use super::super::Oracle;
use super::super::delivered::{Broken, Built, Deployed};
use super::super::durations::Durations;
use super::super::people::owner;
use super::super::spans::{ORGANIZATION, Span};
use super::work::changes_are_told;
use super::{Facts, Measure, Measures, whole};
use crate::organisation::delivery::{BuildResult, DeploymentId};

/// So far back the state at a span's end is looked for.
const WEEKS_OF_A_STATE: i64 = 13;
const DAYS_OF_A_WEEK: i64 = 7;

fn is_told(oracle: &Oracle<'_>, facts: &Facts<'_>, span: &Span) -> bool {
    !span.withheld && (span.cell == ORGANIZATION || changes_are_told(oracle, facts, span))
}

fn is_of(span: &Span, team: Option<&str>) -> bool {
    span.holds_of_team(span.start, team)
}

/// The weeks up to the span's end, from and to.
fn before_the_end(oracle: &Oracle<'_>, span: &Span) -> (Timestamp, Timestamp) {
    let first = span.end() - WEEKS_OF_A_STATE.weeks();
    (oracle.calendar.midnight(first), oracle.calendar.midnight(span.end()))
}

pub(super) fn build(oracle: &Oracle<'_>, facts: &Facts<'_>, span: &Span) -> (i64, Measures) {
    let own: Vec<&Built<'_>> = facts.builds.iter().filter(|build| is_of(span, build.team)).collect();
    let has = |build: &&&Built<'_>, result: BuildResult| build.result == result;
    let inside =
        || own.iter().filter(|build| span.holds_of_team(oracle.calendar.week_of(build.finished_at), build.team));
    let good = inside().filter(|build| has(build, BuildResult::Success)).count();
    let all = inside().filter(|build| !has(build, BuildResult::Aborted)).count();

    let (from, to) = before_the_end(oracle, span);
    let mut newest: BTreeMap<&str, (Timestamp, (i64, i64))> = BTreeMap::new();
    for build in own.iter().filter(|build| from <= build.finished_at && build.finished_at < to) {
        let Some(lines) = build.lines else { continue };
        let known = newest.entry(&build.pipeline).or_insert((build.finished_at, lines));
        if known.0 <= build.finished_at {
            *known = (build.finished_at, lines);
        }
    }

    let mut measures = Measures::new();
    if is_told(oracle, facts, span) {
        measures.insert("builds", Measure::of(whole(good), whole(all)));
        if !newest.is_empty() {
            let sum = |part: fn(&(i64, i64)) -> i64| newest.values().map(|(_, lines)| part(lines)).sum();
            measures.insert("covered_lines", Measure::of(sum(|lines| lines.0), sum(|lines| lines.1)));
        }
    }
    (whole(all), measures)
}

pub(super) fn deployment(oracle: &Oracle<'_>, facts: &Facts<'_>, span: &Span) -> (i64, Measures) {
    let own: Vec<&Deployed<'_>> =
        facts.deployments.iter().filter(|deployment| span.holds_of_team(deployment.week, deployment.team)).collect();
    let all = whole(own.len());
    let forward: Vec<&&Deployed<'_>> = own.iter().filter(|deployment| !deployment.is_rollback).collect();
    let mut measures = Measures::new();
    if is_told(oracle, facts, span) {
        measures.insert("deployments", Measure::count(whole(forward.len())));
        let days: BTreeSet<(&str, Date)> = forward
            .iter()
            .map(|deployment| (deployment.service, oracle.calendar.date_of(deployment.finished_at)))
            .collect();
        let mut services = configured_services(oracle, span);
        if span.cell == ORGANIZATION {
            services.extend(own.iter().map(|deployment| deployment.service));
        }
        let possible = whole(services.len()) * DAYS_OF_A_WEEK * span.weeks;
        measures.insert("deployment_days", Measure::of(whole(days.len()), possible));
        let guilty = guilty(facts);
        let failed = own.iter().filter(|deployment| guilty.contains(&deployment.id)).count();
        if oracle.sources.delivery || facts.deployments.iter().any(|deployment| deployment.is_rollback) {
            measures.insert("failed_deployments", Measure::of(whole(failed), all));
        }
        // Nothing in the story is unplanned but what brings something back.
        measures.insert("rework", Measure::of(all - whole(forward.len()), all));
    }
    (all, measures)
}

/// Of a `[[service]]` each: what the repositories become that the cell's teams own.
fn configured_services<'a>(oracle: &Oracle<'a>, span: &Span) -> BTreeSet<&'a str> {
    let organisation = oracle.organisation;
    let pipelines = organisation.delivery.pipelines.iter();
    let own = pipelines.filter(|pipeline| {
        let team = owner(organisation, &organisation.repositories[pipeline.repository].name);
        team.is_some() && is_of(span, team)
    });
    own.map(|pipeline| pipeline.service.as_str()).collect()
}

/// Those that broke something: an incident followed, or they were undone.
pub(super) fn guilty(facts: &Facts<'_>) -> BTreeSet<DeploymentId> {
    let broke = facts.incidents.iter().filter_map(|incident| incident.caused_by);
    broke.chain(facts.deployments.iter().filter_map(|deployment| deployment.undoes)).collect()
}

/// Whether the phase of an incident lies in the span, and was seen.
fn holds(oracle: &Oracle<'_>, span: &Span, incident: &Broken<'_>, at: Timestamp) -> bool {
    oracle.knows(at) && span.holds_of_team(oracle.calendar.week_of(at), incident.team)
}

/// From what caused it until it was resolved, of each incident that was resolved in the span.
fn recoveries(oracle: &Oracle<'_>, facts: &Facts<'_>, span: &Span) -> Vec<i64> {
    let mut seconds = Vec::new();
    for incident in facts.incidents.iter().filter(|incident| is_of(span, incident.team)) {
        if let Some(at) = incident.resolved_at.filter(|at| holds(oracle, span, incident, *at))
            && let Some(cause) = incident.caused_by
        {
            let cause = facts.deployments.iter().find(|deployment| deployment.id == cause).expect("it was found there");
            seconds.push(at.as_second() - cause.finished_at.as_second());
        }
    }
    seconds.retain(|seconds| *seconds >= 0);
    seconds
}

pub(super) fn incident(oracle: &Oracle<'_>, facts: &Facts<'_>, span: &Span) -> (i64, Measures) {
    let (mut opened, mut open) = (0, 0);
    let (from, to) = before_the_end(oracle, span);
    for incident in facts.incidents.iter().filter(|incident| is_of(span, incident.team)) {
        opened += i64::from(holds(oracle, span, incident, incident.opened_at));
        let is_recent = oracle.knows(incident.opened_at) && (from..to).contains(&incident.opened_at);
        open += i64::from(is_recent && incident.resolved_at.is_none_or(|at| at >= to));
    }
    let mut measures = Measures::new();
    if is_told(oracle, facts, span) {
        let recovered = recoveries(oracle, facts, span);
        let (sum, count) = (recovered.iter().sum(), whole(recovered.len()));
        measures.insert("recovery", Measure::lasting(sum, count, Durations::of_machines(recovered)));
        measures.insert("open_incidents", Measure::count(open));
    }
    (opened, measures)
}
