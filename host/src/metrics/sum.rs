//! Components of a window, added up; or why there are none.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::catalogue::{Recipe, Window};
use super::index::{newest, weeks_in};
use super::{Answers, Scope};
use crate::model::{About, Atom, Component, Family, Histogram, Parts, Span, Week, Withheld, Word};
use crate::release::Rule;

pub(super) const DAYS_PER_WEEK: i32 = 7;

/// What was told of a component in a window.
#[derive(Debug, Clone)]
pub(super) struct Sum {
    pub(super) total: i128,
    pub(super) count: i64,
    pub(super) parts: Parts,
    /// Days that it was told of.
    pub(super) days: i32,
    /// The day after the last one that it rests on.
    pub(super) end: Date,
    pub(super) histogram: Option<Histogram>,
    /// Whether it is of before the window.
    pub(super) is_carried: bool,
}

/// Weeks of a question, the second not included.
pub(super) type Weeks = (Week, Week);

impl Answers {
    /// One component of the window, as a recipe takes it.
    pub(super) fn sum(
        &self,
        recipe: &Recipe,
        facet: Option<&Word>,
        weeks: Weeks,
        scope: &Scope,
    ) -> Result<Sum, Withheld> {
        let family = recipe.family();
        let has_no_cell =
            family.about() == About::Organization && matches!(scope, Scope::Cell(cell) if cell != Span::ORGANIZATION);
        if has_no_cell {
            return Err(Withheld::NoSource);
        }
        if weeks.0 >= weeks.1 {
            return Err(Withheld::WindowTooShort);
        }
        let near = self.index.near(&self.atoms, scope, family, weeks);
        let near = near.filter(|atom| atom.facet.is_none() || is_about(atom, facet));
        let is_inside: fn(&Atom, Weeks) -> bool = match recipe.window {
            _ if !self.holds(Rule::Windows) => overlaps,
            Window::Whole | Window::Newest => lies_in,
            Window::Ending | Window::Carried(_) => ends_in,
        };
        let inside = near.clone().filter(|atom| is_inside(atom, weeks));
        // What was withheld last is not told as it was before.
        let inside: Vec<&Atom> = if recipe.window == Window::Newest { newest(inside) } else { inside.collect() };
        let told: Vec<&Atom> = inside.iter().copied().filter(|atom| tells(atom, recipe, facet)).collect();
        if !told.is_empty() {
            return Ok(added(recipe.component, &told, false));
        }
        if let Window::Carried(carried) = recipe.window {
            let earlier = (weeks.1.plus(-carried), weeks.0);
            let near = self.index.near(&self.atoms, scope, family, earlier);
            let earlier = newest(near.filter(|atom| ends_in(atom, earlier) && tells(atom, recipe, facet)));
            if !earlier.is_empty() {
                return Ok(added(recipe.component, &earlier, true));
            }
        }
        Err(if inside.is_empty() {
            Withheld::NotCovered
        } else if family.is_of_systems() && inside.iter().any(|atom| !atom.measures.is_empty()) {
            Withheld::NoEvents
        } else {
            Withheld::Suppressed
        })
    }
}

/// A survey's answers are told whatever instrument asked; friction is told as a whole and by category.
fn is_about(atom: &Atom, facet: Option<&Word>) -> bool {
    atom.family == Family::Survey || atom.facet.as_ref() == facet
}

fn lies_in(atom: &Atom, (first, end): Weeks) -> bool {
    first <= atom.span.start && atom.span.end() <= end
}

fn overlaps(atom: &Atom, (first, end): Weeks) -> bool {
    atom.span.start < end && first < atom.span.end()
}

fn ends_in(atom: &Atom, (first, end): Weeks) -> bool {
    first < atom.span.end() && atom.span.end() <= end
}

/// Whether an atom says something about it: no mean is told of nothing.
fn tells(atom: &Atom, recipe: &Recipe, facet: Option<&Word>) -> bool {
    is_about(atom, facet)
        && atom.measures.get(&recipe.component).is_some_and(|measure| !recipe.needs_count() || measure.count > 0)
}

fn added(component: Component, told: &[&Atom], is_carried: bool) -> Sum {
    let mut spans: Vec<(Week, i32)> = told.iter().map(|atom| (atom.span.start, atom.span.weeks)).collect();
    spans.sort_unstable();
    let mut sum = Sum {
        total: 0,
        count: 0,
        parts: Parts::Told,
        days: weeks_in(spans.into_iter()) * DAYS_PER_WEEK,
        end: told.iter().map(|atom| atom.span.end()).max().unwrap_or(Week::from_index(0)).monday(),
        histogram: None,
        is_carried,
    };
    let everybody = weeks_of_everybody(told);
    for (atom, measure) in told.iter().filter_map(|atom| Some((atom, atom.measures.get(&component)?))) {
        sum.total += i128::from(measure.total);
        sum.count += counted_once(atom, measure.count, &everybody);
        if measure.parts == Parts::Hidden {
            sum.parts = Parts::Hidden;
        }
        if let Some(histogram) = &measure.histogram {
            sum.histogram.get_or_insert_default().add(histogram);
        }
    }
    sum
}

/// Weeks of which friction is told that anybody on the roster may have reported.
fn weeks_of_everybody(told: &[&Atom]) -> BTreeSet<Week> {
    let of_everybody = |atom: &&&Atom| atom.family == Family::Friction && atom.span.cell == Span::ORGANIZATION;
    told.iter().filter(of_everybody).flat_map(|atom| weeks_of(&atom.span)).collect()
}

fn weeks_of(span: &Span) -> impl Iterator<Item = Week> {
    (0..span.weeks).map(|week| span.start.plus(week))
}

/// A team's people are counted among everybody in the weeks in which these are.
fn counted_once(atom: &Atom, count: i64, everybody: &BTreeSet<Week>) -> i64 {
    if atom.span.cell == Span::ORGANIZATION || everybody.is_empty() {
        return count;
    }
    let of_a_week = count / i64::from(atom.span.weeks);
    weeks_of(&atom.span).filter(|week| !everybody.contains(week)).map(|_| of_a_week).sum()
}
