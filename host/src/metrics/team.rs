//! Which cells anything was released for, and for which weeks. It never tells how large they are.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::{Answers, Scope};
use crate::model::{Family, Span, TeamName, Week};

/// A team, a pool of small teams, or the people without a team.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Cell {
    /// As `team` takes it.
    pub name: String,
    /// The teams of a pool; a team is its only one, and `unassigned` has none.
    #[schema(value_type = Vec<String>)]
    pub teams: Vec<TeamName>,
    /// Spans that follow each other, oldest first; empty before anything is released for it.
    pub released: Vec<Stretch>,
}

/// Released spans without a gap between them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Stretch {
    /// The first day.
    #[serde(serialize_with = "day")]
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// The day after the last.
    #[serde(serialize_with = "day")]
    #[schema(value_type = String, format = Date)]
    pub to: Date,
    /// How many weeks each of the spans has: only a window in which one lies wholly has figures of it.
    #[schema(minimum = 1, maximum = 13)]
    pub span_weeks: i32,
}

fn day<S: Serializer>(day: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(day)
}

impl Answers {
    /// Every configured team, and every cell that anything was released for.
    pub fn teams(&self) -> Vec<Cell> {
        let configured = self.configured().iter().map(TeamName::as_str);
        let names: BTreeSet<&str> = configured.chain(self.cells()).chain([Span::UNASSIGNED]).collect();
        names.into_iter().map(|name| self.cell(name)).collect()
    }

    fn cell(&self, name: &str) -> Cell {
        let scope = Scope::Cell(name.to_owned());
        let ever = (Week::from_index(i32::MIN / 2), Week::from_index(i32::MAX / 2));
        let mut released: Vec<Stretch> = Vec::new();
        for (start, span_weeks) in self.index.spans(&scope, ever) {
            let (from, to) = (start.monday(), start.plus(span_weeks).monday());
            match released.last_mut() {
                Some(last) if last.to == from && last.span_weeks == span_weeks => last.to = to,
                _ => released.push(Stretch { from, to, span_weeks }),
            }
        }
        let atoms = Family::ALL.iter().find_map(|family| self.index.near(&self.atoms, &scope, *family, ever).last());
        let configured = || self.configured().iter().filter(|team| team.as_str() == name).cloned().collect();
        let teams = atoms.map_or_else(configured, |atom| atom.span.teams.clone());
        Cell { name: name.to_owned(), teams, released }
    }
}
