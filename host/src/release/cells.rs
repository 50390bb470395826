//! Which cell a person's work of a week belongs to. Once released there, it belongs there for ever.

use std::collections::{BTreeSet, HashMap};

use super::{Facts, Rule, Rules};
use crate::model::{Assignment, Bearer, Family, Pseudonym, Span, Spelling, TeamName, Week};
use crate::pseudonym::{EpochKeys, Roster};

/// A person as release counts them: several accounts of one line of the roster are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PersonKey {
    Rostered(usize),
    Outsider(Pseudonym),
}

/// The roster, joined with the accounts that were seen.
pub struct Membership<'a> {
    roster: &'a Roster,
    people: HashMap<Pseudonym, usize>,
    assigned: HashMap<(Pseudonym, Week), String>,
}

impl<'a> Membership<'a> {
    /// `spellings`: those that were seen, each in the epochs that it was seen in.
    pub fn new(
        roster: &'a Roster,
        keys: &EpochKeys,
        spellings: &[Spelling],
        assignments: Vec<Assignment>,
        rules: &Rules,
    ) -> Self {
        let owners = roster.owners(keys);
        let mut people: HashMap<Pseudonym, usize> = HashMap::new();
        for Spelling { alias, account, .. } in spellings {
            if let Some(owner) = owners.get(alias) {
                people.entry(*account).and_modify(|known| *known = (*known).min(*owner)).or_insert(*owner);
            }
        }
        let assigned = assignments
            .into_iter()
            .filter(|_| rules.holds(Rule::Freeze))
            .filter_map(|Assignment { week, bearer, cell, .. }| match bearer {
                Bearer::Account(account) => Some(((account, week), cell)),
                Bearer::Team(_) | Bearer::Nobody => None,
            })
            .collect();
        Self { roster, people, assigned }
    }

    pub fn person(&self, account: Pseudonym) -> PersonKey {
        self.people.get(&account).map_or(PersonKey::Outsider(account), |index| PersonKey::Rostered(*index))
    }

    /// The team that an account's person belongs to in a week.
    pub fn team_in(&self, account: Pseudonym, week: Week) -> Option<&TeamName> {
        let index = *self.people.get(&account)?;
        self.roster.people()[index].team_in(week).flatten()
    }

    /// Who on the roster was seen under some account.
    pub fn seen_people(&self) -> BTreeSet<usize> {
        self.people.values().copied().collect()
    }

    /// Whether what an account did in a week counts in a span. Nobody's work counts among the people without a team.
    pub fn is_in(&self, span: &Span, account: Option<Pseudonym>, week: Week) -> bool {
        if !span.contains(week) {
            return false;
        }
        if let Some(cell) = account.and_then(|account| self.assigned.get(&(account, week))) {
            return *cell == span.cell;
        }
        match account.and_then(|account| self.team_in(account, week)) {
            Some(team) => span.teams.contains(team),
            None => span.cell == Span::UNASSIGNED,
        }
    }

    /// People on the roster of a span's cell, in its first week.
    pub fn people_of(&self, span: &Span) -> BTreeSet<usize> {
        let is_in = |team: Option<&TeamName>| match span.cell.as_str() {
            Span::ORGANIZATION => true,
            Span::UNASSIGNED => team.is_none(),
            _ => team.is_some_and(|team| span.teams.contains(team)),
        };
        let people = self.roster.people().iter().enumerate();
        people.filter(|(_, person)| person.team_in(span.start).is_some_and(is_in)).map(|(index, _)| index).collect()
    }

    /// What belongs to a span's cell from the release of these families on.
    pub(super) fn assigned_by(&self, span: &Span, families: &[Family], facts: &Facts) -> BTreeSet<Assignment> {
        let mut assigned = BTreeSet::new();
        for family in families {
            let Some((kind, bearers)) = facts.told_by(*family) else { continue };
            for (bearer, week) in bearers {
                let is_in = match &bearer {
                    _ if span.cell == Span::ORGANIZATION && *family == Family::Sample => span.contains(week),
                    Bearer::Account(account) => self.is_in(span, Some(*account), week),
                    Bearer::Nobody if kind.has_account() => self.is_in(span, None, week),
                    Bearer::Team(team) => span.contains(week) && span.holds(Some(team)),
                    Bearer::Nobody => span.contains(week) && span.holds(None),
                };
                if is_in {
                    assigned.insert(Assignment { week, kind, bearer, cell: span.cell.clone() });
                }
            }
        }
        assigned
    }
}
