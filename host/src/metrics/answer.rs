//! Every answer is computed here, from released atoms and from which kinds of source are configured.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::figure::Value;
use super::index::{Index, weeks_in};
use super::sum::Weeks;
use super::{Days, Figure, TimeRange, Weights, Window};
use crate::model::{Atom, Component, Dimension, Family, Metric, SampleMetric, Span, TeamName, Week, Withheld};
use crate::release::Rule;

/// Whom a question is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The sum of all released atoms.
    Organization,
    /// A team, a pool of small teams, or the people without a team.
    Cell(String),
}

impl Scope {
    /// The cell's name; none for the organization.
    pub fn into_team(self) -> Option<String> {
        match self {
            Scope::Organization => None,
            Scope::Cell(name) => Some(name),
        }
    }
}

/// A team that was asked for and does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownTeam {
    pub known: Vec<String>,
}

/// One dimension's answer; serializes as its fields, then `window`, `withheld` and `details`.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub fields: Vec<(Metric, Result<Figure, Withheld>)>,
    pub window: Window,
}

impl Answer {
    /// What a field shows.
    pub fn value(&self, metric: Metric) -> Option<Value> {
        let (_, figure) = self.fields.iter().find(|(field, _)| *field == metric)?;
        figure.as_ref().ok().map(|figure| figure.value)
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (metric, figure) in &self.fields {
            map.serialize_entry(metric.as_str(), &figure.as_ref().ok().map(|figure| figure.value))?;
        }
        map.serialize_entry("window", &self.window)?;
        map.serialize_entry("withheld", &WithheldFields(&self.fields))?;
        map.serialize_entry("details", &DetailedFields(&self.fields))?;
        map.end()
    }
}

struct WithheldFields<'a>(&'a [(Metric, Result<Figure, Withheld>)]);

impl Serialize for WithheldFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let reasons = self.0.iter().filter_map(|(metric, figure)| Some((metric.as_str(), figure.as_ref().err()?)));
        serializer.collect_map(reasons)
    }
}

struct DetailedFields<'a>(&'a [(Metric, Result<Figure, Withheld>)]);

impl Serialize for DetailedFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let figures = self.0.iter().filter_map(|(metric, figure)| Some((metric.as_str(), figure.as_ref().ok()?)));
        serializer.collect_map(figures.map(|(name, figure)| (name, &figure.detail)))
    }
}

/// A count over everything ever released for a cell: grows with each release and never shrinks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    /// None: the organization.
    pub cell: Option<String>,
    pub count: i64,
}

/// What can be asked.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// In the order of their first weeks.
    pub(super) atoms: Vec<Atom>,
    pub(super) index: Index,
    pub(super) newest_end: Option<Week>,
    teams: Vec<TeamName>,
    /// Families that a configured source brings.
    families: BTreeSet<Family>,
    has_owners: bool,
    samples: Vec<SampleMetric>,
    pub(super) weights: Weights,
    pub(super) days: Days,
    without: Option<Rule>,
}

impl Hash for Answers {
    /// Of what is given; the rest follows from it.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.atoms, &self.teams, &self.families, self.has_owners, &self.samples, &self.days).hash(state);
        self.weights.iter().for_each(|(dimension, weight)| (dimension, weight.to_bits()).hash(state));
    }
}

impl Answers {
    /// `families`: those that configured sources bring; `has_owners`: whether any team owns a repository.
    pub fn new(mut atoms: Vec<Atom>, teams: Vec<TeamName>, families: BTreeSet<Family>, has_owners: bool) -> Self {
        atoms.sort_by_key(|atom| atom.span.start);
        let (index, newest_end) = (Index::of(&atoms), Atom::newest_end(&atoms));
        Self { atoms, index, newest_end, teams, families, has_owners, ..Self::default() }
    }

    /// With the metrics that plugins declare; those that are not granted are never told.
    #[must_use]
    pub fn knowing(self, samples: Vec<SampleMetric>) -> Self {
        Self { samples, ..self }
    }

    /// With what dimensions weigh in the health score.
    #[must_use]
    pub fn weighing(self, weights: Weights) -> Self {
        Self { weights, ..self }
    }

    /// With days, where they are told.
    #[must_use]
    pub fn telling(self, days: Days) -> Self {
        Self { days, ..self }
    }

    /// For tests alone: by all the rules but one.
    #[doc(hidden)]
    #[must_use]
    pub fn without(self, rule: Rule) -> Self {
        Self { without: Some(rule), ..self }
    }

    pub(super) fn holds(&self, rule: Rule) -> bool {
        self.without != Some(rule)
    }

    /// One dimension over one window.
    pub fn dimension(&self, dimension: Dimension, range: TimeRange, scope: &Scope) -> Answer {
        let fields = dimension.metrics().iter().map(|metric| (*metric, self.metric(*metric, range, scope)));
        Answer { fields: fields.collect(), window: self.window_asked(range, scope) }
    }

    /// One metric over one window.
    pub fn metric(&self, metric: Metric, range: TimeRange, scope: &Scope) -> Result<Figure, Withheld> {
        self.of_day(metric, range, scope).unwrap_or_else(|| self.compared(metric, self.weeks(range), scope))
    }

    /// What a metric shows, where nobody asks what it rests on.
    pub fn value(&self, metric: Metric, range: TimeRange, scope: &Scope) -> Option<Value> {
        self.figure(metric, self.weeks(range), scope).ok().map(|figure| figure.value)
    }

    /// A team by its name; pools and the people without a team have names too.
    pub fn scope(&self, team: &str) -> Result<Scope, UnknownTeam> {
        let mut known: BTreeSet<&str> = self.teams.iter().map(TeamName::as_str).collect();
        known.insert(Span::UNASSIGNED);
        known.extend(self.cells());
        // In a query an unescaped `+` is a space, which no pool has in its name.
        let pool = team.replace(' ', "+");
        if known.contains(team) {
            Ok(Scope::Cell(team.to_owned()))
        } else if known.contains(pool.as_str()) {
            Ok(Scope::Cell(pool))
        } else {
            Err(UnknownTeam { known: known.into_iter().map(str::to_owned).collect() })
        }
    }

    /// Every cell that anything was released for; what no team is named in shows in the organization's figures alone.
    pub fn cells(&self) -> BTreeSet<&str> {
        self.index.cells().filter(|cell| *cell != Span::ORGANIZATION).collect()
    }

    /// The counts that monotone counters show: for the organization and for each cell.
    pub fn totals(&self, component: Component) -> Vec<Total> {
        let ever = (Week::from_index(i32::MIN / 2), Week::from_index(i32::MAX / 2));
        let count = |scope: &Scope| -> Option<i64> {
            let atoms = self.index.near(&self.atoms, scope, component.family(), ever);
            let told: Vec<i64> = atoms.filter_map(|atom| Some(atom.measures.get(&component)?.total)).collect();
            (!told.is_empty()).then(|| told.iter().sum())
        };
        let cells = self.cells().into_iter().map(|cell| Scope::Cell(cell.to_owned()));
        std::iter::once(Scope::Organization)
            .chain(cells)
            .filter_map(|scope| {
                let count = count(&scope)?;
                Some(Total { cell: scope.into_team(), count })
            })
            .collect()
    }

    /// Whether a configured source brings a family, or has brought it.
    pub(super) fn is_brought(&self, family: Family) -> bool {
        self.families.contains(&family) || self.index.has(family)
    }

    pub(super) fn configured(&self) -> &[TeamName] {
        &self.teams
    }

    pub(super) fn samples(&self) -> &[SampleMetric] {
        &self.samples
    }

    pub(super) fn has_owners(&self) -> bool {
        self.has_owners
    }

    /// The weeks that are asked for; none before anything is released.
    pub(super) fn weeks(&self, range: TimeRange) -> Option<Weeks> {
        let snaps = self.holds(Rule::Windows);
        self.newest_end.map(|newest| if snaps { range.weeks(newest) } else { range.weeks_touched(newest) })
    }

    pub(super) fn window(&self, weeks: Option<Weeks>, scope: &Scope) -> Window {
        let spans = weeks.map(|weeks| weeks_in(self.index.spans(scope, weeks)));
        Window {
            from: weeks.map(|(first, _)| first.monday()),
            to: weeks.map(|(_, end)| end.monday()),
            weeks_covered: spans.unwrap_or_default(),
            weeks_total: weeks.map_or(0, |(first, end)| first.until(end)),
            as_of: self.newest_end.map(Week::monday),
        }
    }
}
