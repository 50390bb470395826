//! What a span may tell. Every component and its complement rest on k distinct people in every role, or they are withheld.

mod code;
mod delivery;
mod friction;
mod group;
mod sample;
mod survey;
#[cfg(test)]
mod tests;
mod tools;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use delivery::Machines;
pub use survey::survey_measures;

use super::{Counted, Facts, Failures, Membership};
use crate::model::{
    Atom, Calendar, Component, Family, Measure, Pseudonym, SampleMetric, ServiceName, Span, TeamName, Week, Word,
};

/// A rule of release. All of them hold, always; a test goes without one to show what it protects from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// k distinct people of the roster behind what is told.
    Threshold,
    /// And behind what is left when it is taken away.
    Complement,
    /// In each role: authors and first reviewers alike.
    Roles,
    /// Nobody stands out of a sum, nobody has more than half of a mean.
    Dominance,
    /// Not everybody is alike, and beyond a percentile there are several people.
    Homogeneity,
    /// People are counted in fives.
    Floor,
    /// Teams of fewer than k people are pooled, or told nothing of.
    Pools,
    /// The smaller the cell, the longer its span.
    Spans,
    /// Friction is told from ten reports on, and a category that is too small goes into another one.
    Reports,
    /// What the roster's people are too few for is not told of the organization either.
    Organization,
    /// Families that can be taken from each other share a verdict.
    Verdict,
    /// What was told once is not told again, wherever the roster says now that it belongs.
    Freeze,
    /// A window holds a span wholly or not at all, and begins and ends with a week.
    Windows,
    /// That people did nothing is no number.
    Reasons,
    /// A plugin's own metric is told where the operator has granted it, and the last value of machines only.
    Grants,
}

/// The rules in force, with k.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// k: the fewest people that a figure rests on.
    pub minimum_group: usize,
    without: Option<Rule>,
}

impl Rules {
    pub const fn new(minimum_group: usize) -> Self {
        Self { minimum_group, without: None }
    }

    /// For tests alone: all the rules but one.
    #[doc(hidden)]
    #[must_use]
    pub const fn without(self, rule: Rule) -> Self {
        Self { without: Some(rule), ..self }
    }

    pub(crate) fn holds(&self, rule: Rule) -> bool {
        self.without != Some(rule)
    }
}

/// From so many rostered people on, what names nobody is told of the organization, and of teams without a source of changes.
pub(super) const ENOUGH_FOR_MACHINES: usize = 10;

/// By what atoms are decided, apart from facts.
pub struct Ground<'a> {
    pub rules: Rules,
    pub calendar: &'a Calendar,
    /// What the configuration says of metrics.
    pub terms: &'a MetricTerms,
    pub membership: &'a Membership<'a>,
    /// Whether any source brings changes: their verdict is then that of what runs, too.
    pub has_changes: bool,
    /// Whether any source brings incidents.
    pub has_incidents: bool,
}

/// What the configuration says of metrics.
#[derive(Debug, Clone, Default)]
pub struct MetricTerms {
    pub services: Vec<(ServiceName, TeamName)>,
    pub platform_tools: BTreeSet<Word>,
    /// Plugins' own metrics that may be kept.
    pub samples: Vec<SampleMetric>,
}

pub(super) type Measures = BTreeMap<Component, Measure>;
/// What is told about nothing in particular, and about facets.
pub(super) type Faceted = BTreeMap<Option<Word>, Measures>;

/// The facts of all spans that are due, joined.
pub struct Evidence<'a> {
    pub facts: &'a Facts,
    pub counted: Counted<'a>,
    pub failures: Failures,
}

impl<'a> Evidence<'a> {
    pub fn new(facts: &'a Facts, membership: &Membership<'_>) -> Self {
        let failures = Failures::of(&facts.deployments, &facts.incidents);
        Self { facts, counted: Counted::new(facts, membership), failures }
    }
}

/// Releases one family of a span: an atom of the whole, and one for each facet that is told. `has_told_changes` is the span's verdict on
/// changes.
pub fn atoms(
    family: Family,
    span: &Span,
    evidence: &Evidence<'_>,
    ground: &Ground<'_>,
    has_told_changes: bool,
) -> Vec<Atom> {
    let cell = Cell { span, evidence, ground };
    let shares_verdict = match family {
        Family::Commit | Family::LeadTime => has_told_changes,
        Family::Build | Family::Deployment | Family::Incident => cell.may_tell_of_machines(has_told_changes),
        _ => true,
    };
    let mut told = match family {
        _ if !span.admitted && ground.rules.holds(Rule::Pools) => Faceted::new(),
        _ if !shares_verdict && ground.rules.holds(Rule::Verdict) => Faceted::new(),
        Family::Change => whole(cell.changes()),
        Family::Review => whole(cell.reviews()),
        Family::Commit => whole(cell.commits()),
        Family::Active => whole(cell.active()),
        Family::LeadTime => whole(cell.lead_time()),
        Family::Build | Family::Deployment | Family::Incident => whole(cell.machines().measures(family)),
        Family::Usage => whole(cell.uses()),
        Family::Tally => whole(cell.tallies()),
        Family::Survey => cell.surveys(),
        Family::Friction => cell.friction(),
        Family::Sample => cell.samples(),
    };
    told.entry(None).or_default();
    told.into_iter()
        .filter(|(facet, measures)| facet.is_none() || !measures.is_empty())
        .map(|(facet, measures)| Atom { span: span.clone(), family, facet, measures })
        .collect()
}

fn whole(measures: Measures) -> Faceted {
    Faceted::from([(None, measures)])
}

struct Cell<'a> {
    span: &'a Span,
    evidence: &'a Evidence<'a>,
    ground: &'a Ground<'a>,
}

impl<'a> Cell<'a> {
    fn rules(&self) -> &Rules {
        &self.ground.rules
    }

    fn membership(&self) -> &'a Membership<'a> {
        self.ground.membership
    }

    /// The span's weeks.
    fn weeks(&self) -> std::ops::Range<Week> {
        self.span.start..self.span.end()
    }

    /// People on the roster in the span's first week.
    fn size(&self) -> usize {
        self.membership().people_of(self.span).len()
    }

    /// A team's machines are told of with its changes, or where there are none, when the team is large enough.
    fn may_tell_of_machines(&self, has_told_changes: bool) -> bool {
        if self.ground.has_changes && self.span.cell != Span::ORGANIZATION {
            has_told_changes
        } else {
            self.size() >= ENOUGH_FOR_MACHINES
        }
    }

    /// Whether an account's work of a week lies in the cell.
    fn has(&self, account: Option<Pseudonym>, week: Week) -> bool {
        self.membership().is_in(self.span, account, week)
    }

    /// Whether what a team runs or says lies in the cell.
    fn holds(&self, team: Option<&TeamName>, week: Week) -> bool {
        self.span.contains(week) && self.span.holds(team)
    }
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
