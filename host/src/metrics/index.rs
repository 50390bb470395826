//! Where atoms lie: by cell and family, in the order of their weeks, so that no question looks at all of them.

use std::collections::{BTreeMap, BTreeSet};

use super::Scope;
use crate::model::{Atom, Component, Family, Span, TeamName, Week};

/// No span and no campaign is longer.
const LONGEST_WEEKS: i32 = 13;

#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    organization: Places,
    cells: BTreeMap<String, Places>,
    /// Components that any atom tells.
    told: BTreeSet<Component>,
    /// Families that any atom tells something of, and those of which there are atoms at all.
    told_families: BTreeSet<Family>,
    families: BTreeSet<Family>,
    /// Whether any survey says how many were invited.
    knows_invited: bool,
}

/// Of one scope.
#[derive(Debug, Clone, Default)]
struct Places {
    families: BTreeMap<Family, Vec<usize>>,
    /// First week and length of every span of the grid.
    spans: BTreeSet<(Week, i32)>,
}

impl Index {
    /// Of atoms in the order of their first weeks.
    pub(super) fn of(atoms: &[Atom]) -> Self {
        let mut index = Self::default();
        for (place, atom) in atoms.iter().enumerate() {
            index.organization.note(place, atom);
            index.cells.entry(atom.span.cell.clone()).or_default().note(place, atom);
            index.told.extend(atom.measures.keys());
            index.families.insert(atom.family);
            if !atom.measures.is_empty() {
                index.told_families.insert(atom.family);
            }
            index.knows_invited |= atom.measures.get(&Component::Responses).is_some_and(|measure| measure.count > 0);
        }
        index
    }

    pub(super) fn has_told(&self, component: Component) -> bool {
        self.told.contains(&component)
    }

    pub(super) fn has_told_any_of(&self, family: Family) -> bool {
        self.told_families.contains(&family)
    }

    pub(super) fn has(&self, family: Family) -> bool {
        self.families.contains(&family)
    }

    pub(super) fn knows_invited(&self) -> bool {
        self.knows_invited
    }

    /// Every cell that anything was released for.
    pub(super) fn cells(&self) -> impl Iterator<Item = &str> {
        self.cells.keys().map(String::as_str)
    }

    /// Atoms that may overlap the weeks from `first` up to, not including, `end`, in the order of their first weeks.
    pub(super) fn near<'a>(
        &'a self,
        atoms: &'a [Atom],
        scope: &Scope,
        family: Family,
        (first, end): (Week, Week),
    ) -> impl Iterator<Item = &'a Atom> + Clone {
        let places = self.places(scope).and_then(|places| places.families.get(&family)).map_or(&[][..], Vec::as_slice);
        let earliest = first.plus(-LONGEST_WEEKS);
        let from = places.partition_point(|place| atoms[*place].span.start < earliest);
        let to = places.partition_point(|place| atoms[*place].span.start < end);
        places[from.min(to)..to].iter().map(|place| &atoms[*place])
    }

    /// First week and length of each span of the grid that lies in these weeks wholly.
    pub(super) fn spans(&self, scope: &Scope, (first, end): (Week, Week)) -> impl Iterator<Item = (Week, i32)> {
        let spans = self.places(scope).map(|places| places.spans.range((first, 0)..(end.max(first), 0)));
        spans.into_iter().flatten().copied().filter(move |(start, weeks)| start.plus(*weeks) <= end)
    }

    fn places(&self, scope: &Scope) -> Option<&Places> {
        match scope {
            Scope::Organization => Some(&self.organization),
            Scope::Cell(cell) => self.cells.get(cell),
        }
    }
}

impl Places {
    fn note(&mut self, place: usize, atom: &Atom) {
        self.families.entry(atom.family).or_default().push(place);
        // A campaign has weeks of its own.
        if atom.family != Family::Survey {
            self.spans.insert((atom.span.start, atom.span.weeks));
        }
    }
}

/// How many weeks lie in any of these spans, which come in the order of their first weeks.
pub(super) fn weeks_in(spans: impl Iterator<Item = (Week, i32)>) -> i32 {
    let (mut weeks, mut counted) = (0, None::<Week>);
    for (start, length) in spans {
        let end = start.plus(length);
        let from = counted.map_or(start, |counted| counted.max(start));
        weeks += from.until(end).max(0);
        counted = Some(counted.map_or(end, |counted| counted.max(end)));
    }
    weeks
}

/// The newest atom of each team: a team that has moved into another cell since is in that one alone.
pub(super) fn newest<'a>(atoms: impl Iterator<Item = &'a Atom>) -> Vec<&'a Atom> {
    let mut atoms: Vec<&Atom> = atoms.collect();
    atoms.sort_by_key(|atom| std::cmp::Reverse(atom.span.end()));
    let mut seen: BTreeMap<Holder<'_>, Week> = BTreeMap::new();
    let mut newest = Vec::new();
    for atom in atoms {
        let end = atom.span.end();
        let holders = Holder::of(&atom.span);
        if holders.iter().all(|holder| seen.get(holder).is_none_or(|seen| *seen == end)) {
            seen.extend(holders.into_iter().map(|holder| (holder, end)));
            newest.push(atom);
        }
    }
    newest
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Holder<'a> {
    Team(&'a TeamName),
    Cell(&'a str),
}

impl<'a> Holder<'a> {
    fn of(span: &'a Span) -> Vec<Self> {
        if span.teams.is_empty() { vec![Self::Cell(&span.cell)] } else { span.teams.iter().map(Self::Team).collect() }
    }
}
