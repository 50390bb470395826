//! Who belongs to which team from when, and under which accounts. Names stay in memory.

mod difference;
mod meeting;
mod parse;
mod sightings;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;

pub use difference::{PersonChange, RosterDifference};
pub use meeting::{Meeting, Suggestions};
pub use parse::RosterError;
pub use sightings::{Named, Upkeep};

use super::hashes::Hashes;
use super::{EpochKey, EpochKeys, OptOutKey, OptOuts};
use crate::model::{Alias, OptOutDigest, RawKey, Reach, SourceName, TeamName, Week};

/// One person: where they belonged from which week on, and the spellings of their accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    name: RawKey,
    /// Ascending; the last one at or before a week's Monday holds for it.
    moves: Vec<(Date, Option<TeamName>)>,
    /// In lower case, per source.
    accounts: BTreeSet<(SourceName, RawKey)>,
}

impl Person {
    /// Their team in a week: the one they belonged to on its Monday. `None`: not on the roster yet; `Some(None)`: without a team.
    pub fn team_in(&self, week: Week) -> Option<Option<&TeamName>> {
        self.moves.iter().rev().find(|(from, _)| *from <= week.monday()).map(|(_, team)| team.as_ref())
    }

    /// What the spellings of their accounts are known by in each epoch.
    pub fn aliases<'a>(&'a self, keys: &'a EpochKeys) -> impl Iterator<Item = Alias> + 'a {
        let under = |key: &'a EpochKey| {
            self.accounts.iter().map(|(source, account)| key.alias(source.as_str(), account.text()))
        };
        keys.iter().flat_map(move |(_, key)| under(key))
    }

    /// What they are known by on the list of those who have opted out.
    pub fn opt_out_digests<'a>(&'a self, key: &'a OptOutKey) -> impl Iterator<Item = OptOutDigest> + 'a {
        let spellings = self.accounts.iter().map(|(source, account)| key.spelling(source, account.text()));
        std::iter::once(key.person(self.name.text())).chain(spellings)
    }

    /// As the roster calls them; for whoever has the roster.
    pub(crate) fn name(&self) -> &str {
        self.name.text()
    }

    pub(crate) fn moves(&self) -> &[(Date, Option<TeamName>)] {
        &self.moves
    }

    pub(crate) fn accounts(&self) -> impl Iterator<Item = (&SourceName, &str)> {
        self.accounts.iter().map(|(source, account)| (source, account.text()))
    }
}

/// Everybody who is counted in a group's size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    people: Vec<Person>,
}

impl Roster {
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// Whose place in [`Roster::people`] each spelling leads to, by what it is known by in each epoch.
    pub fn owners(&self, keys: &EpochKeys) -> HashMap<Alias, usize> {
        let mut owners = HashMap::new();
        for (_, key) in keys.iter() {
            let mut hashes = Hashes::new(key);
            for (index, person) in self.people.iter().enumerate() {
                for (source, account) in &person.accounts {
                    owners.insert(hashes.alias(source.as_str(), account.text()), index);
                }
            }
        }
        owners
    }

    /// People per team in a week; `None` holds those without a team.
    pub fn sizes_in(&self, week: Week) -> BTreeMap<Option<&TeamName>, usize> {
        let mut sizes = BTreeMap::new();
        for team in self.people.iter().filter_map(|person| person.team_in(week)) {
            *sizes.entry(team).or_default() += 1;
        }
        sizes
    }

    /// Without those who have opted out, as figures are made of it; what is shown of the roster is never made of this.
    #[must_use]
    pub fn without(&self, opt_outs: &OptOuts, key: &OptOutKey) -> Self {
        let is_in = |person: &&Person| opt_outs.reach(person.opt_out_digests(key)) != Some(Reach::All);
        Self { people: self.people.iter().filter(is_in).cloned().collect() }
    }

    /// The person who is called so.
    pub(crate) fn named(&self, name: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.name.text() == name)
    }

    /// The person whose account of a source is spelled so.
    pub(crate) fn owner(&self, source: &SourceName, account: &str) -> Option<&Person> {
        let account = (source.clone(), RawKey::new(account.to_lowercase()));
        self.people.iter().find(|person| person.accounts.contains(&account))
    }
}
