//! Who belongs to which team from when, and under which accounts. Names stay in memory.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{EpochKey, EpochKeys};
use crate::model::{Alias, RawKey, SourceName, TeamName, Week};

/// A line that cannot be used; names the line, never the person.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("roster line {line}: {message}")]
pub struct RosterError {
    line: u64,
    message: String,
}

/// One person: where they belonged from which week on, and the spellings of their accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
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
}

/// Everybody who is counted in a group's size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    people: Vec<Person>,
}

impl Roster {
    /// Reads `person,team,from` and a column per source, whose cells hold accounts separated by `;`.
    /// A person has a line per move; an empty team means none.
    pub fn parse(text: &str, teams: &[TeamName], sources: &[SourceName]) -> Result<Self, RosterError> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let headers = reader.headers().map_err(|error| malformed(&error))?.clone();
        let column = |name: &str| {
            headers.iter().position(|header| header == name).ok_or_else(|| RosterError {
                line: 1,
                message: format!("no column `{name}`; the first three are `person,team,from`"),
            })
        };
        let (person_column, team_column, from_column) = (column("person")?, column("team")?, column("from")?);
        let mut accounts = Vec::new();
        for (index, header) in headers.iter().enumerate() {
            if ["person", "team", "from"].contains(&header) {
                continue;
            }
            let source = sources.iter().find(|source| source.as_str() == header).ok_or_else(|| {
                let known: Vec<&str> = sources.iter().map(SourceName::as_str).collect();
                RosterError {
                    line: 1,
                    message: format!("column `{header}` is no source; sources are: {}", known.join(", ")),
                }
            })?;
            accounts.push((index, source));
        }

        let mut people: BTreeMap<String, Person> = BTreeMap::new();
        let mut owners: BTreeMap<(SourceName, RawKey), String> = BTreeMap::new();
        for record in reader.records() {
            let record = record.map_err(|error| malformed(&error))?;
            let line = record.position().map_or(0, csv::Position::line);
            let at = |message: String| RosterError { line, message };
            let field = |column: usize| record.get(column).unwrap_or("");
            if field(person_column).is_empty() {
                return Err(at("`person` is empty; any name will do, it is never stored".to_owned()));
            }
            let team = match field(team_column) {
                "" => None,
                name => Some(
                    teams
                        .iter()
                        .find(|team| team.as_str() == name)
                        .cloned()
                        .ok_or_else(|| at(format!("no such team is configured; there are: {}", names(teams))))?,
                ),
            };
            let from: Date =
                field(from_column).parse().map_err(|_| at("`from` is no date; write it as `2026-01-05`".to_owned()))?;
            let name = field(person_column);
            let person = people
                .entry(name.to_owned())
                .or_insert_with(|| Person { moves: Vec::new(), accounts: BTreeSet::new() });
            person.moves.push((from, team));
            for (index, source) in &accounts {
                for account in field(*index).split(';').map(str::trim).filter(|account| !account.is_empty()) {
                    let account = ((*source).clone(), RawKey::new(account.to_lowercase()));
                    if owners.entry(account.clone()).or_insert_with(|| name.to_owned()) != name {
                        return Err(at("an account of this line belongs to another person already".to_owned()));
                    }
                    person.accounts.insert(account);
                }
            }
        }
        let mut roster = Self { people: people.into_values().collect() };
        for person in &mut roster.people {
            person.moves.sort_by_key(|(from, _)| *from);
        }
        Ok(roster)
    }

    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// People per team in a week; `None` holds those without a team.
    pub fn sizes_in(&self, week: Week) -> BTreeMap<Option<&TeamName>, usize> {
        let mut sizes = BTreeMap::new();
        for team in self.people.iter().filter_map(|person| person.team_in(week)) {
            *sizes.entry(team).or_default() += 1;
        }
        sizes
    }
}

fn names(teams: &[TeamName]) -> String {
    teams.iter().map(TeamName::as_str).collect::<Vec<_>>().join(", ")
}

fn malformed(error: &csv::Error) -> RosterError {
    RosterError {
        line: error.position().map_or(0, csv::Position::line),
        message: "is not CSV with as many fields as the header".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Roster, RosterError> {
        let teams = ["amber".parse().unwrap(), "cobalt".parse().unwrap()];
        Roster::parse(text, &teams, &["github".parse().unwrap()])
    }

    #[test]
    fn a_move_in_mid_week_counts_from_the_next_monday() {
        let roster = parse(
            "person,team,from,github\np1,amber,2026-01-05,dev-001\np1,cobalt,2026-02-04,dev-001;d1@example.invalid\n",
        )
        .unwrap();
        let week = |day: &str| Week::of_date(day.parse().unwrap());
        let team_on = |day| roster.people()[0].team_in(week(day)).flatten().map(TeamName::as_str);
        assert_eq!(roster.people().len(), 1);
        assert_eq!(roster.people()[0].accounts.len(), 2);
        assert_eq!(
            (team_on("2026-01-01"), team_on("2026-02-04"), team_on("2026-02-09")),
            (None, Some("amber"), Some("cobalt"))
        );
    }

    #[test]
    fn a_mistake_names_its_line_and_no_person() {
        let message = |text| parse(text).unwrap_err().to_string();
        assert_eq!(
            message("person,team,from,gitlab\n"),
            "roster line 1: column `gitlab` is no source; sources are: github"
        );
        assert_eq!(
            message("person,team,from\np1,blue,2026-01-05\n"),
            "roster line 2: no such team is configured; there are: amber, cobalt"
        );
        assert_eq!(
            message("person,team,from\np1,amber,soon\n"),
            "roster line 2: `from` is no date; write it as `2026-01-05`"
        );
        assert_eq!(
            message("person,team,from\np1,amber\n"),
            "roster line 2: is not CSV with as many fields as the header"
        );
        assert_eq!(
            message("person,team,from,github\np1,amber,2026-01-05,dev-001\np2,amber,2026-01-05,DEV-001\n"),
            "roster line 3: an account of this line belongs to another person already"
        );
    }
}
