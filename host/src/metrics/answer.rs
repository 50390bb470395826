//! Every answer is computed here, from released atoms and from which kinds of source are configured.

use std::collections::BTreeSet;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::catalogue;
use super::{TimeRange, Window};
use crate::model::{Atom, Component, Dimension, Family, Metric, Span, TeamName, Withheld};

/// A number as it is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    Count(i64),
    Number(f64),
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Count(count) => serializer.serialize_i64(*count),
            Value::Number(number) => serializer.serialize_f64(*number),
        }
    }
}

/// Whom a question is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The sum of all released atoms.
    Organization,
    /// A team, a pool of small teams, or the people without a team.
    Cell(String),
}

/// A team that was asked for and does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownTeam {
    pub known: Vec<String>,
}

/// One dimension's answer; serializes as its fields, then `window` and `withheld`.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub fields: Vec<(Metric, Result<Value, Withheld>)>,
    pub window: Window,
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (metric, value) in &self.fields {
            map.serialize_entry(metric.as_str(), &value.ok())?;
        }
        map.serialize_entry("window", &self.window)?;
        map.serialize_entry("withheld", &WithheldFields(&self.fields))?;
        map.end()
    }
}

struct WithheldFields<'a>(&'a [(Metric, Result<Value, Withheld>)]);

impl Serialize for WithheldFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().filter_map(|(metric, value)| Some((metric.as_str(), value.err()?))))
    }
}

/// A count over everything ever released for a cell: grows with each release and never shrinks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    /// None: the organization.
    pub cell: Option<String>,
    pub component: Component,
    pub count: i64,
}

/// What can be asked.
#[derive(Debug, Clone, Default, Hash)]
pub struct Answers {
    atoms: Vec<Atom>,
    teams: Vec<TeamName>,
    /// Families that a configured source brings.
    families: BTreeSet<Family>,
    has_owners: bool,
}

impl Answers {
    /// `families`: those that configured sources bring; `has_owners`: whether any team owns a repository.
    pub fn new(atoms: Vec<Atom>, teams: Vec<TeamName>, families: BTreeSet<Family>, has_owners: bool) -> Self {
        Self { atoms, teams, families, has_owners }
    }

    /// One dimension over one window.
    pub fn dimension(&self, dimension: Dimension, range: TimeRange, scope: &Scope) -> Answer {
        let Some(newest) = Atom::newest_end(&self.atoms) else {
            let window = Window { from: None, to: None, weeks_covered: 0, weeks_total: 0, as_of: None };
            return self.answer(dimension, window, |_| Err(Withheld::NotCovered));
        };
        let (first, end) = range.weeks(newest);
        let inside: Vec<&Atom> = self
            .atoms
            .iter()
            .filter(|atom| first <= atom.span.start && atom.span.end() <= end)
            .filter(|atom| {
                matches!(scope, Scope::Organization) || matches!(scope, Scope::Cell(cell) if *cell == atom.span.cell)
            })
            .collect();
        let covered: BTreeSet<_> =
            inside.iter().flat_map(|atom| (0..atom.span.weeks).map(|offset| atom.span.start.plus(offset))).collect();
        let window = Window {
            from: Some(first.monday()),
            to: Some(end.monday()),
            weeks_covered: i32::try_from(covered.len()).unwrap_or(i32::MAX),
            weeks_total: first.until(end),
            as_of: Some(newest.monday()),
        };
        self.answer(dimension, window, |component| {
            if first == end {
                return Err(Withheld::WindowTooShort);
            }
            let of_family: Vec<&Atom> =
                inside.iter().filter(|atom| atom.family == component.family()).copied().collect();
            catalogue::value(component, &of_family)
        })
    }

    /// A team by its name; pools and the people without a team have names too.
    pub fn scope(&self, team: &str) -> Result<Scope, UnknownTeam> {
        let mut known: BTreeSet<&str> = self.teams.iter().map(TeamName::as_str).collect();
        known.insert(Span::UNASSIGNED);
        known.extend(self.atoms.iter().map(|atom| atom.span.cell.as_str()));
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

    /// Every cell that anything was released for.
    pub fn cells(&self) -> BTreeSet<&str> {
        self.atoms.iter().map(|atom| atom.span.cell.as_str()).collect()
    }

    /// The counts that monotone counters show: for the organization and for each cell.
    pub fn totals(&self, component: Component) -> Vec<Total> {
        let count = |cell: Option<&str>| -> Option<i64> {
            let told: Vec<i64> = self
                .atoms
                .iter()
                .filter(|atom| cell.is_none_or(|cell| atom.span.cell == cell))
                .filter_map(|atom| Some(atom.measures.get(&component)?.count))
                .collect();
            (!told.is_empty()).then(|| told.iter().sum())
        };
        std::iter::once(None)
            .chain(self.cells().into_iter().map(Some))
            .filter_map(|cell| Some(Total { cell: cell.map(str::to_owned), component, count: count(cell)? }))
            .collect()
    }

    fn answer(
        &self,
        dimension: Dimension,
        window: Window,
        value: impl Fn(Component) -> Result<Value, Withheld>,
    ) -> Answer {
        let fields = dimension.metrics().iter().map(|metric| {
            let component = catalogue::rests_on(*metric).filter(|component| self.is_brought(*component));
            (*metric, component.map_or(Err(Withheld::NoSource), &value))
        });
        Answer { fields: fields.collect(), window }
    }

    fn is_brought(&self, component: Component) -> bool {
        let family = component.family();
        (self.families.contains(&family) || self.atoms.iter().any(|atom| atom.family == family))
            && (component != Component::CrossTeamChanges || self.has_owners)
    }
}
