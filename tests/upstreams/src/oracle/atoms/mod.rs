//! Decides, for one family of one span, what is released: counts what there was and who stands behind it, and nothing more clever.

mod days;
mod systems;
mod talk;
mod voices;
mod work;

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::Oracle;
use super::delivered::{Broken, Built, Deployed, builds, deployments, incidents};
use super::durations::Durations;
use super::facts::{Landed, Merged, Reviewed, landed, merged, reviewed};
use super::shipped::{Shipped, shipped};
use super::spans::{ORGANIZATION, Span, UNASSIGNED};
use super::spoken::{Posted, posts};

/// What one span of one cell tells of one family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atom {
    pub span: Span,
    pub family: &'static str,
    /// The instrument of a survey; empty for everything else.
    pub facet: &'static str,
    /// Without those that are withheld.
    pub measures: BTreeMap<&'static str, Measure>,
    /// How much there was of what the family counts, told or not.
    pub truth: i64,
}

/// A sum and how many observations it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    pub total: i64,
    pub count: i64,
    /// Its parts are too few people's, or tell how many people there are: only the quotient is told.
    pub alone: bool,
    /// Where it is a sum of some.
    pub durations: Durations,
}

type Measures = BTreeMap<&'static str, Measure>;

impl Atom {
    #[must_use]
    pub fn total(&self, component: &str) -> Option<i64> {
        self.measures.get(component).map(|measure| measure.total)
    }
}

impl Measure {
    fn count(count: i64) -> Self {
        Self::of(count, count)
    }

    fn of(total: i64, count: i64) -> Self {
        Self { total, count, alone: false, durations: Durations::default() }
    }

    /// A sum of seconds.
    fn lasting(total: i64, count: i64, durations: Durations) -> Self {
        Self { durations, ..Self::of(total, count) }
    }

    fn alone(self) -> Self {
        Self { alone: true, ..self }
    }
}

/// Everything that can be known.
struct Facts<'a> {
    merged: Vec<Merged>,
    reviewed: Vec<Reviewed>,
    landed: Vec<Landed>,
    shipped: Vec<Shipped>,
    builds: Vec<Built<'a>>,
    deployments: Vec<Deployed<'a>>,
    incidents: Vec<Broken<'a>>,
    posts: Vec<Posted>,
}

impl<'a> Facts<'a> {
    fn of(oracle: &Oracle<'a>) -> Self {
        let (merged, deployments) = (merged(oracle), deployments(oracle));
        Self {
            reviewed: reviewed(oracle),
            landed: landed(oracle),
            shipped: shipped(oracle, &merged, &deployments),
            builds: builds(oracle),
            incidents: incidents(oracle, &deployments),
            posts: posts(oracle),
            merged,
            deployments,
        }
    }
}

/// What days tell of what ran, where they are told.
pub(super) fn days(oracle: &Oracle<'_>, dates: &[Date]) -> Vec<Measures> {
    let facts = Facts::of(oracle);
    dates.iter().map(|date| days::day(oracle, &facts, *date)).collect()
}

pub(super) fn atoms(oracle: &Oracle<'_>, spans: &[Span]) -> Vec<Atom> {
    let facts = Facts::of(oracle);
    let of_spans = spans.iter().flat_map(|span| of_span(oracle, &facts, span));
    of_spans.chain(voices::surveys(oracle)).collect()
}

fn of_span(oracle: &Oracle<'_>, facts: &Facts<'_>, span: &Span) -> Vec<Atom> {
    let (sources, mut found) = (oracle.sources, Vec::new());
    let mut add = |family, facet, (truth, mut measures): (i64, Measures)| {
        if span.withheld {
            measures.clear();
        }
        found.push(Atom { span: span.clone(), family, facet, measures, truth });
    };
    if span.cell != ORGANIZATION {
        add("change", "", work::change(oracle, facts, span));
        add("review", "", work::review(oracle, facts, span));
        add("commit", "", work::commit(oracle, facts, span));
        add("active", "", work::active(oracle, facts, span));
        if sources.deploys() {
            add("lead_time", "", work::lead_time(oracle, facts, span));
        }
        if sources.posts {
            add("usage", "", talk::usage(oracle, facts, span));
        }
    }
    // What is only seen when one looks is known from the first look on.
    let is_seen = oracle.calendar.midnight(span.start) >= oracle.looks[0];
    if span.cell == ORGANIZATION && (sources.copilot || sources.counters) && is_seen {
        add("tally", "", talk::tally(oracle, span));
    }
    if span.cell != UNASSIGNED {
        if oracle.hears_all_of(span) {
            let (reports, facets) = voices::friction(oracle, span);
            for (facet, measures) in facets {
                add("friction", facet, (if facet.is_empty() { reports } else { 0 }, measures));
            }
        }
        if sources.deploys() {
            add("build", "", systems::build(oracle, facts, span));
            add("deployment", "", systems::deployment(oracle, facts, span));
        }
        if sources.delivery {
            add("incident", "", systems::incident(oracle, facts, span));
        }
        if sources.nps && oracle.surveyed_through() >= oracle.calendar.midnight(span.end()) + oracle.settle {
            // Asked, whatever the instrument; the service's answers name no team.
            add("survey", "", (0, Measures::new()));
            // A campaign that hardly anybody answered is as one that was not.
            let (answers, measures) = talk::survey(oracle, span);
            if span.cell == ORGANIZATION && !measures.is_empty() {
                add("survey", "nps", (answers, measures));
            }
        }
    }
    found
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).expect("counts of a story are small")
}
