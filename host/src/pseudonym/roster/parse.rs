//! A roster as its file writes it, or all that is wrong with it.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;

use super::{Person, Roster};
use crate::model::{RawKey, SourceName, TeamName};

const GIVEN: [&str; 3] = ["person", "team", "from"];

/// Lines that cannot be used; names lines, never a person.
#[derive(Debug, PartialEq, Eq)]
pub struct RosterError(Vec<Mistake>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mistake {
    line: u64,
    message: String,
}

impl fmt::Display for RosterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Mistake { line, message }) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { "\n" };
            write!(f, "{separator}roster line {line}: {message}")?;
        }
        Ok(())
    }
}

impl std::error::Error for RosterError {}

/// Where a file's columns are.
struct Columns<'a> {
    person: usize,
    team: usize,
    from: usize,
    accounts: Vec<(usize, &'a SourceName)>,
}

/// What the lines say so far.
struct Reading<'a> {
    columns: Columns<'a>,
    teams: &'a [TeamName],
    people: BTreeMap<String, Person>,
    owners: BTreeMap<(SourceName, RawKey), String>,
    mistakes: Vec<Mistake>,
}

impl Roster {
    /// Reads `person,team,from` and a column per source, whose cells hold accounts separated by `;`.
    /// A person has a line per move; an empty team means none.
    pub fn parse(text: &str, teams: &[TeamName], sources: &[SourceName]) -> Result<Self, RosterError> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let headers = reader.headers().map_err(|error| RosterError(vec![malformed(&error)]))?;
        let columns = Columns::find(headers, sources)?;
        let mut reading =
            Reading { columns, teams, people: BTreeMap::new(), owners: BTreeMap::new(), mistakes: Vec::new() };
        for record in reader.records() {
            match record {
                Ok(record) => reading.line(&record),
                Err(error) => reading.mistakes.push(malformed(&error)),
            }
        }
        if !reading.mistakes.is_empty() {
            return Err(RosterError(reading.mistakes));
        }
        let mut people: Vec<Person> = reading.people.into_values().collect();
        people.iter_mut().for_each(|person| person.moves.sort_by_key(|(from, _)| *from));
        Ok(Self { people })
    }
}

impl<'a> Columns<'a> {
    fn find(headers: &csv::StringRecord, sources: &'a [SourceName]) -> Result<Self, RosterError> {
        let mut mistakes = Vec::new();
        let mut mistake = |message| mistakes.push(Mistake { line: 1, message });
        let places = GIVEN.map(|name| headers.iter().position(|header| header == name));
        for (name, _) in GIVEN.iter().zip(places).filter(|(_, place)| place.is_none()) {
            mistake(format!("no column `{name}`; the first three are `person,team,from`"));
        }
        let mut accounts = Vec::new();
        for (index, header) in headers.iter().enumerate().filter(|(_, header)| !GIVEN.contains(header)) {
            match sources.iter().find(|source| source.as_str() == header) {
                Some(source) => accounts.push((index, source)),
                None => {
                    let known: Vec<&str> = sources.iter().map(SourceName::as_str).collect();
                    mistake(format!("column `{header}` is no source; sources are: {}", known.join(", ")));
                }
            }
        }
        match places {
            [Some(person), Some(team), Some(from)] if mistakes.is_empty() => Ok(Self { person, team, from, accounts }),
            _ => Err(RosterError(mistakes)),
        }
    }
}

impl Reading<'_> {
    fn line(&mut self, record: &csv::StringRecord) {
        let line = record.position().map_or(0, csv::Position::line);
        let field = |column: usize| record.get(column).unwrap_or("");
        let mut mistakes = Vec::new();
        let mut mistake = |message: &str| mistakes.push(Mistake { line, message: message.to_owned() });
        let name = field(self.columns.person);
        if name.is_empty() {
            mistake("`person` is empty; any name will do, it is never stored");
        }
        let team_name = field(self.columns.team);
        let team = self.teams.iter().find(|team| team.as_str() == team_name);
        if team.is_none() && !team_name.is_empty() {
            let known: Vec<&str> = self.teams.iter().map(TeamName::as_str).collect();
            mistake(&format!("no such team is configured; there are: {}", known.join(", ")));
        }
        let from: Option<Date> = field(self.columns.from).parse().ok();
        if from.is_none() {
            mistake("`from` is no date; write it as `2026-01-05`");
        }
        let person = self.people.entry(name.to_owned()).or_insert_with(|| Person {
            name: RawKey::new(name),
            moves: Vec::new(),
            accounts: Default::default(),
        });
        if let Some(from) = from {
            if person.moves.iter().any(|(known, other)| *known == from && other.as_ref() != team) {
                mistake("another line puts the same person into another team from the same day on");
            }
            if !person.moves.iter().any(|(known, _)| *known == from) {
                person.moves.push((from, team.cloned()));
            }
        }
        for (index, source) in &self.columns.accounts {
            for account in field(*index).split(';').map(str::trim).filter(|account| !account.is_empty()) {
                let account = ((*source).clone(), RawKey::new(account.to_lowercase()));
                if self.owners.entry(account.clone()).or_insert_with(|| name.to_owned()) != name {
                    mistake("an account of this line belongs to another person already");
                }
                person.accounts.insert(account);
            }
        }
        self.mistakes.append(&mut mistakes);
    }
}

fn malformed(error: &csv::Error) -> Mistake {
    Mistake {
        line: error.position().map_or(0, csv::Position::line),
        message: "is not CSV with as many fields as the header".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Week;

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

    #[test]
    fn every_mistake_is_said_at_once() {
        let text = "person,team,from,github\np1,blue,soon,dev-001\n,amber,2026-01-05,\np2,amber\n\
                    p3,amber,2026-01-05,dev-001\np3,cobalt,2026-01-05,\n";
        assert_eq!(
            parse(text).unwrap_err().to_string(),
            "roster line 2: no such team is configured; there are: amber, cobalt\n\
             roster line 2: `from` is no date; write it as `2026-01-05`\n\
             roster line 3: `person` is empty; any name will do, it is never stored\n\
             roster line 4: is not CSV with as many fields as the header\n\
             roster line 5: an account of this line belongs to another person already\n\
             roster line 6: another line puts the same person into another team from the same day on"
        );
        assert_eq!(
            parse("team,gitlab\n").unwrap_err().to_string(),
            "roster line 1: no column `person`; the first three are `person,team,from`\n\
             roster line 1: no column `from`; the first three are `person,team,from`\n\
             roster line 1: column `gitlab` is no source; sources are: github"
        );
    }
}
