//! Whom a source names, read for whoever keeps the roster: in memory, and nowhere else.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Person, Roster};
use crate::model::{FactBody, RawFact, RawIdentity, SourceName, TeamName, Week};

/// The accounts that were met, and the teams that they are in.
#[derive(Default)]
pub struct Meeting {
    accounts: HashMap<String, RawIdentity>,
    teams: BTreeMap<String, Option<TeamName>>,
}

/// What the roster should be asked about. Holds names.
#[derive(Default)]
pub struct Suggestions<'a> {
    /// Accounts of nobody on the roster, with the configured team that the source says.
    pub unmatched: BTreeMap<String, Option<TeamName>>,
    /// Where the source says another configured team than the roster does.
    pub moves: Vec<(&'a Person, TeamName)>,
    /// Who has an account there, and is in no team there.
    pub absent: Vec<&'a Person>,
}

impl Meeting {
    /// Those whom a fact names; of what is told about a team, the last counts.
    pub fn meet(&mut self, fact: &RawFact) {
        let people: [Option<&RawIdentity>; 2] = match &fact.body {
            FactBody::Change(change) => [change.author.as_ref(), change.first_reviewer.as_ref()],
            FactBody::Review(review) => [review.change_author.as_ref(), review.reviewer.as_ref()],
            FactBody::Commit(commit) => [commit.author.as_ref(), None],
            FactBody::Usage(usage) => [Some(&usage.actor), None],
            FactBody::Sample(sample) => [sample.actor.as_ref(), None],
            FactBody::Membership(membership) => {
                let team = membership.team.as_ref().and_then(|team| team.name.clone());
                self.teams.insert(membership.account.id().to_owned(), team);
                [Some(&membership.account), None]
            }
            FactBody::Build(_)
            | FactBody::Deployment(_)
            | FactBody::Incident(_)
            | FactBody::Tally(_)
            | FactBody::SurveyResponse(_)
            | FactBody::Friction(_) => [None, None],
        };
        for identity in people.into_iter().flatten() {
            self.accounts.insert(identity.id().to_owned(), identity.clone());
        }
    }

    pub fn suggestions<'a>(&self, roster: &'a Roster, source: &SourceName, week: Week) -> Suggestions<'a> {
        let mut suggestions = Suggestions::default();
        let mut present = BTreeSet::new();
        for (id, identity) in &self.accounts {
            let team = self.teams.get(id).cloned().flatten();
            let Some(person) = identity.names().iter().find_map(|name| roster.owner(source, name)) else {
                let name = identity.names().first().unwrap_or(id);
                suggestions.unmatched.insert(name.clone(), team);
                continue;
            };
            if self.teams.contains_key(id) {
                present.insert(person.name());
            }
            if let Some(team) = team
                && person.team_in(week).flatten() != Some(&team)
            {
                suggestions.moves.push((person, team));
            }
        }
        suggestions.moves.sort_by_key(|(person, _)| person.name());
        if !self.teams.is_empty() {
            let has_account = |person: &&Person| person.accounts().any(|(other, _)| other == source);
            let absent = |person: &&Person| !present.contains(person.name());
            suggestions.absent = roster.people().iter().filter(has_account).filter(absent).collect();
        }
        suggestions
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Membership, RawKey, TeamRef};

    #[test]
    fn joiners_movers_and_leavers_are_told_apart() {
        let (source, teams): (SourceName, [TeamName; 2]) =
            ("github".parse().unwrap(), ["amber".parse().unwrap(), "cobalt".parse().unwrap()]);
        let text = "person,team,from,github\np1,amber,2026-01-05,dev-001\np2,amber,2026-01-05,dev-002\np3,amber,2026-01-05,dev-003\n\
                    p4,amber,2026-01-05,\n";
        let roster = Roster::parse(text, &teams, std::slice::from_ref(&source)).unwrap();
        let mut meeting = Meeting::default();
        for (login, team) in [("dev-001", Some(0)), ("Dev-002", Some(1)), ("dev-009", Some(1)), ("dev-008", None)] {
            let account = RawIdentity::new(format!("id {login}"), vec![login.to_owned()], false);
            let team = team.map(|team: usize| TeamRef { key: RawKey::new("t"), name: Some(teams[team].clone()) });
            let body = FactBody::Membership(Membership { account, team });
            meeting.meet(&RawFact { key: RawKey::new(login), at: "2026-11-20T12:00:00Z".parse().unwrap(), body });
        }
        let told = meeting.suggestions(&roster, &source, Week::of_date("2026-11-16".parse().unwrap()));
        let unmatched: Vec<_> = told.unmatched.iter().map(|(name, team)| (name.as_str(), team.as_ref())).collect();
        assert_eq!(unmatched, [("dev-008", None), ("dev-009", Some(&teams[1]))]);
        assert_eq!(
            told.moves.iter().map(|(person, team)| (person.name(), team)).collect::<Vec<_>>(),
            [("p2", &teams[1])]
        );
        assert_eq!(told.absent.iter().map(|person| person.name()).collect::<Vec<_>>(), ["p3"]);
    }
}
