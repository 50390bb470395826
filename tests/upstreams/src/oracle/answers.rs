//! Puts figures together into what is answered: a dimension, its course, the health score, and how one figure came about.

use std::cell::OnceCell;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::Oracle;
use super::atoms::Atom;
use super::brought::Brought;
use super::definitions::{DEFINITIONS, Definition};
use super::figures::{Families, Field, Told};
use super::health::{self, Health};
use super::window::{Range, Scope, Weeks};

pub const DIMENSIONS: [&str; 5] = ["satisfaction", "performance", "activity", "communication", "efficiency"];

/// Every field of every dimension.
pub fn metrics() -> impl Iterator<Item = &'static str> {
    DEFINITIONS.iter().map(|definition| definition.name)
}

/// Answers many questions over atoms that were made once.
pub struct Answers<'a> {
    atoms: &'a [Atom],
    brought: Brought,
}

/// The same of one scope.
pub struct Scoped<'a> {
    own: Families<'a>,
    scope: &'a Scope,
    brought: &'a Brought,
    /// From the first day of any span to the day after the last.
    released: Option<Weeks>,
}

/// The same of one window.
pub struct Answered<'a> {
    scoped: &'a Scoped<'a>,
    weeks: Option<Weeks>,
    /// Each found when it is first looked at.
    fields: Vec<(&'static Definition, OnceCell<Field>)>,
}

impl<'a> Answers<'a> {
    #[must_use]
    pub fn new(oracle: &Oracle<'_>, atoms: &'a [Atom]) -> Self {
        Self { atoms, brought: Brought::of(oracle, atoms) }
    }

    #[must_use]
    pub fn about(&'a self, scope: &'a Scope) -> Scoped<'a> {
        let spans = || self.atoms.iter().map(|atom| &atom.span);
        let (from, to) = (spans().map(|span| span.start).min(), spans().map(super::Span::end).max());
        let mut own = Families::new();
        for atom in self.atoms.iter().filter(|atom| scope.holds(&atom.span)) {
            own.entry(atom.family).or_default().push(atom);
        }
        Scoped { own, scope, brought: &self.brought, released: from.zip(to).map(|(from, to)| Weeks { from, to }) }
    }
}

impl Scoped<'_> {
    #[must_use]
    pub fn over(&self, range: Range) -> Answered<'_> {
        let weeks = self.released.map(|released| Weeks::of(range, released.to));
        Answered { scoped: self, weeks, fields: DEFINITIONS.iter().map(|one| (one, OnceCell::new())).collect() }
    }

    fn told(&self) -> Told<'_> {
        Told { own: &self.own, scope: self.scope, brought: self.brought }
    }

    /// Spans of the grid, each once, that lie in these weeks; a campaign of a survey has weeks of its own.
    fn spans(&self, weeks: Weeks) -> Vec<Weeks> {
        let of_grid = self.own.iter().filter(|(family, _)| **family != "survey").flat_map(|(_, atoms)| atoms);
        let of_grid = of_grid.filter(|atom| weeks.hold(&atom.span));
        let mut spans: Vec<Weeks> = of_grid.map(|atom| Weeks { from: atom.span.start, to: atom.span.end() }).collect();
        spans.sort_by_key(|span| (span.from, span.to));
        spans.dedup();
        spans
    }
}

impl Answered<'_> {
    fn fields_of(
        &self,
        are_meant: impl Fn(&Definition) -> bool,
    ) -> impl Iterator<Item = (&'static Definition, &Field)> {
        let scoped = self.scoped;
        self.fields.iter().filter(move |(definition, _)| are_meant(definition)).map(move |(definition, field)| {
            let found = || match self.weeks {
                Some(weeks) => scoped.told().compared(definition, weeks),
                None if scoped.brought.here(definition, scoped.scope).is_none() => Err("no_source"),
                None => Err("not_covered"),
            };
            (*definition, field.get_or_init(found))
        })
    }

    fn window(&self) -> Value {
        let asked = self.weeks.map_or_else(Vec::new, Weeks::mondays);
        let spans = self.weeks.map_or_else(Vec::new, |weeks| self.scoped.spans(weeks));
        let is_covered = |monday: &&Date| spans.iter().any(|span| span.from <= **monday && **monday < span.to);
        json!({
            "from": self.weeks.map(|weeks| weeks.from.to_string()),
            "to": self.weeks.map(|weeks| weeks.to.to_string()),
            "weeks_total": asked.len(),
            "weeks_covered": asked.iter().filter(is_covered).count(),
            "as_of": self.scoped.released.map(|released| released.to.to_string()),
        })
    }

    /// # Panics
    /// When there is no such dimension.
    #[must_use]
    pub fn dimension(&self, dimension: &str) -> Value {
        assert!(DIMENSIONS.contains(&dimension), "there is no dimension `{dimension}`");
        let (mut answer, mut withheld, mut details) = (Map::new(), Map::new(), Map::new());
        for (Definition { name, .. }, field) in self.fields_of(|own| own.dimension == dimension) {
            let value = field.as_ref().map_or(Value::Null, |figure| figure.value.clone());
            answer.insert((*name).to_owned(), value);
            match field {
                Ok(figure) => details.insert((*name).to_owned(), Value::Object(figure.detail.clone())),
                Err(reason) => withheld.insert((*name).to_owned(), json!(reason)),
            };
        }
        answer.insert("window".to_owned(), self.window());
        answer.insert("withheld".to_owned(), Value::Object(withheld));
        answer.insert("details".to_owned(), Value::Object(details));
        Value::Object(answer)
    }

    /// A point for each span of a cell, or for each released week of the organization. A score is not carried on here.
    #[must_use]
    pub fn trend(&self, dimension: &str) -> Value {
        let told = self.scoped.told();
        let points = self.points().into_iter().map(|weeks| {
            let mut point = Map::new();
            point.insert("from".to_owned(), json!(weeks.from.to_string()));
            point.insert("to".to_owned(), json!(weeks.to.to_string()));
            for definition in DEFINITIONS.iter().filter(|definition| definition.dimension == dimension) {
                let figure = told.figure(definition, weeks).ok().filter(|figure| !figure.is_carried);
                point.insert(definition.name.to_owned(), figure.map_or(Value::Null, |figure| figure.value));
            }
            Value::Object(point)
        });
        json!({ "dimension": dimension, "points": points.collect::<Vec<_>>(), "window": self.window() })
    }

    fn points(&self) -> Vec<Weeks> {
        let (Some(weeks), Some(released)) = (self.weeks, self.scoped.released) else {
            return Vec::new();
        };
        if *self.scoped.scope != Scope::Organisation {
            return self.scoped.spans(weeks);
        }
        let told = Weeks { from: weeks.from.max(released.from), to: weeks.to.min(released.to) };
        told.mondays().into_iter().map(|monday| Weeks { from: monday, to: monday + 1.week() }).collect()
    }

    #[must_use]
    pub fn health(&self) -> Value {
        let shown = self.fields_of(|own| health::is_scored(own.name)).filter_map(|(definition, field)| {
            let value = match definition.name {
                "deployment_frequency" if field.is_ok() => self.scoped.told().deployments_of_a_service(self.weeks?)?,
                _ => field.as_ref().ok()?.value.clone(),
            };
            Some((definition.name, value))
        });
        let mut health = Health::of(&shown.collect()).told();
        health.insert("window".to_owned(), self.window());
        Value::Object(health)
    }

    /// # Panics
    /// When there is no such metric.
    #[must_use]
    pub fn explain(&self, metric: &str) -> Value {
        let found = self.fields_of(|own| own.name == metric).next();
        let (definition, field) = found.unwrap_or_else(|| panic!("there is no metric `{metric}`"));
        let mut explanation = Map::new();
        explanation.insert("metric".to_owned(), json!(metric));
        explanation.insert("dimension".to_owned(), json!(definition.dimension));
        explanation.insert("health".to_owned(), health::worth_of(metric));
        explanation.insert("window".to_owned(), self.window());
        let (value, detail) = match field {
            Ok(figure) => (figure.value.clone(), Value::Object(figure.detail.clone())),
            Err(reason) => {
                explanation.insert("withheld".to_owned(), json!(reason));
                (Value::Null, Value::Null)
            }
        };
        explanation.insert("value".to_owned(), value);
        explanation.insert("detail".to_owned(), detail);
        Value::Object(explanation)
    }
}
