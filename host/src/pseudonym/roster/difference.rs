//! What a new roster changes in the one before: who joins, who leaves, who moves, and whose accounts are others.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Person, Roster};
use crate::model::{SourceName, TeamName, Week};

/// What becomes of a person. For whoever has both rosters.
#[derive(Clone, PartialEq, Eq)]
pub enum PersonChange<'a> {
    Joins {
        person: &'a Person,
    },
    Leaves {
        person: &'a Person,
    },
    /// Where they belong from when on, as the new one says and the old one did not.
    Moves {
        person: &'a Person,
        now: Vec<(Date, Option<&'a TeamName>)>,
        no_longer: Vec<(Date, Option<&'a TeamName>)>,
    },
    Accounts {
        person: &'a Person,
        now: Vec<(&'a SourceName, &'a str)>,
        no_longer: Vec<(&'a SourceName, &'a str)>,
    },
}

/// Everything that is different, and how large teams are in a week before and after.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RosterDifference<'a> {
    pub changes: Vec<PersonChange<'a>>,
    pub sizes: BTreeMap<Option<&'a TeamName>, (usize, usize)>,
}

impl<'a> RosterDifference<'a> {
    pub fn between(old: &'a Roster, new: &'a Roster, week: Week) -> Self {
        let by_name = |roster: &'a Roster| -> BTreeMap<&'a str, &'a Person> {
            roster.people().iter().map(|person| (person.name(), person)).collect()
        };
        let (before, after) = (by_name(old), by_name(new));
        let mut changes = Vec::new();
        for (name, person) in &after {
            match before.get(name) {
                None => changes.push(PersonChange::Joins { person }),
                Some(earlier) => changes.extend(of_person(earlier, person)),
            }
        }
        let left = before.iter().filter(|(name, _)| !after.contains_key(*name));
        changes.extend(left.map(|(_, person)| PersonChange::Leaves { person }));
        let mut sizes: BTreeMap<Option<&TeamName>, (usize, usize)> = BTreeMap::new();
        for (team, size) in old.sizes_in(week) {
            sizes.entry(team).or_default().0 = size;
        }
        for (team, size) in new.sizes_in(week) {
            sizes.entry(team).or_default().1 = size;
        }
        Self { changes, sizes }
    }
}

fn of_person<'a>(before: &'a Person, after: &'a Person) -> Vec<PersonChange<'a>> {
    let moves =
        |person: &'a Person| -> Vec<_> { person.moves().iter().map(|(from, team)| (*from, team.as_ref())).collect() };
    let accounts = |person: &'a Person| -> Vec<_> { person.accounts().collect() };
    let mut changes = Vec::new();
    let (now, no_longer) = both_ways(&moves(before), &moves(after));
    if !now.is_empty() || !no_longer.is_empty() {
        changes.push(PersonChange::Moves { person: after, now, no_longer });
    }
    let (now, no_longer) = both_ways(&accounts(before), &accounts(after));
    if !now.is_empty() || !no_longer.is_empty() {
        changes.push(PersonChange::Accounts { person: after, now, no_longer });
    }
    changes
}

/// What is in the second alone, and in the first alone.
fn both_ways<T: PartialEq + Copy>(before: &[T], after: &[T]) -> (Vec<T>, Vec<T>) {
    let new = after.iter().filter(|item| !before.contains(item)).copied().collect();
    let gone = before.iter().filter(|item| !after.contains(item)).copied().collect();
    (new, gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster(lines: &str) -> Roster {
        let teams = ["amber".parse().unwrap(), "cobalt".parse().unwrap()];
        Roster::parse(&format!("person,team,from,github\n{lines}"), &teams, &["github".parse().unwrap()]).unwrap()
    }

    #[test]
    fn joins_leaves_moves_and_accounts_are_told_apart() {
        let old = roster("p1,amber,2026-01-05,dev-001\np2,amber,2026-01-05,dev-002\np3,amber,2026-01-05,dev-003\n");
        let new = roster(
            "p4,cobalt,2026-01-05,dev-004\np2,amber,2026-01-05,dev-002\np2,cobalt,2026-11-02,\np3,amber,2026-01-05,dev-333\n",
        );
        let difference = RosterDifference::between(&old, &new, Week::of_date("2026-11-09".parse().unwrap()));
        let told: Vec<String> = difference
            .changes
            .iter()
            .map(|change| match change {
                PersonChange::Joins { person } => format!("{} joins", person.name()),
                PersonChange::Leaves { person } => format!("{} leaves", person.name()),
                PersonChange::Moves { person, now, no_longer } => {
                    format!("{} moves {} {}", person.name(), now.len(), no_longer.len())
                }
                PersonChange::Accounts { person, now, no_longer } => {
                    format!("{} {} {}", person.name(), now[0].1, no_longer[0].1)
                }
            })
            .collect();
        assert_eq!(told, ["p2 moves 1 0", "p3 dev-333 dev-003", "p4 joins", "p1 leaves"]);
        let sizes: Vec<(&str, (usize, usize))> =
            difference.sizes.iter().map(|(team, sizes)| (team.unwrap().as_str(), *sizes)).collect();
        assert_eq!(sizes, [("amber", (3, 1)), ("cobalt", (0, 2))]);
        assert!(RosterDifference::between(&old, &old, Week::from_index(2962)).changes.is_empty());
    }
}
