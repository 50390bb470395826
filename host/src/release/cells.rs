//! Which cell a person's work of a week belongs to. Once released there, it belongs there for ever.

use std::collections::{BTreeSet, HashMap};

use super::Facts;
use crate::model::{Alias, Pseudonym, Span, TeamName, Week};
use crate::pseudonym::Roster;

/// A person as release counts them: several accounts of one line of the roster are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PersonKey {
    Rostered(usize),
    Outsider(Pseudonym),
}

/// An account's work of one week was released in a cell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assignment {
    pub week: Week,
    pub account: Pseudonym,
    pub cell: String,
}

/// The roster, joined with the accounts that were seen.
pub struct Membership<'a> {
    roster: &'a Roster,
    people: HashMap<Pseudonym, usize>,
    assigned: HashMap<(Pseudonym, Week), String>,
}

impl<'a> Membership<'a> {
    /// `accounts`: each spelling that was seen, and an account that it leads to.
    pub fn new(roster: &'a Roster, accounts: &[(Alias, Pseudonym)], assignments: Vec<Assignment>) -> Self {
        let owners: HashMap<&Alias, usize> = roster
            .people()
            .iter()
            .enumerate()
            .flat_map(|(index, person)| person.aliases().map(move |alias| (alias, index)))
            .collect();
        let mut people: HashMap<Pseudonym, usize> = HashMap::new();
        for (alias, account) in accounts {
            if let Some(owner) = owners.get(alias) {
                people.entry(*account).and_modify(|known| *known = (*known).min(*owner)).or_insert(*owner);
            }
        }
        let assigned = assignments
            .into_iter()
            .map(|assignment| ((assignment.account, assignment.week), assignment.cell))
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

    /// How many accounts belong to somebody on the roster.
    pub fn matched_accounts(&self) -> usize {
        self.people.len()
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

    /// What belongs to a span's cell from its release on.
    pub(super) fn assigned_by(&self, span: &Span, facts: &Facts) -> BTreeSet<Assignment> {
        let work = (facts.changes.iter().filter_map(|change| Some((change.author?, change.week))))
            .chain(facts.reviews.iter().map(|review| (review.reviewer, review.week)))
            .chain(facts.commits.iter().filter_map(|commit| Some((commit.author?, commit.week))));
        work.filter(|(account, week)| self.is_in(span, Some(*account), *week))
            .map(|(account, week)| Assignment { week, account, cell: span.cell.clone() })
            .collect()
    }
}
