//! Two worlds that differ in what is withheld alone: more work, other people, further reports and incidents where nothing is told.

use std::collections::BTreeSet;

use quintant::model::{Atom, Component, Family, TeamName, Week};
use quintant::release::Rules;

use super::play::{CHAT, CODE, Played, play, team_of};
use super::world::{Account, Incident, Merge, Who, World};

/// A world and its twin.
pub struct Twins {
    pub one: World,
    pub other: World,
    /// How many facts only the twin has, or has otherwise.
    pub differing: usize,
}

/// The twin of a world with rules that want `k` people.
pub fn twins(seed: u64, k: usize) -> Twins {
    let one = World::new(seed);
    let played = play(&one, Rules::new(k));
    let mut twins = Twins { other: one.clone(), one, differing: 0 };
    for atom in &played.atoms {
        let is_withheld = atom.measures.is_empty();
        match atom.family {
            Family::Change if is_withheld && authors(&twins.one, &played, atom).len() < k => {
                twins.merge_more(&played, atom)
            }
            Family::Commit if is_withheld && !has_told_changes(&played, atom) => twins.commit_more(&played, atom),
            Family::Usage if is_withheld => twins.use_more(&played, atom),
            Family::Friction if is_withheld && atom.facet.is_none() => twins.report_more(atom),
            _ => {}
        }
    }
    twins.break_more(&played);
    twins.put_others_there(&played, k);
    twins
}

fn authors(world: &World, played: &Played, atom: &Atom) -> BTreeSet<Who> {
    played.merges(world, atom).iter().filter_map(|merge| merge.author).map(|author| author.who).collect()
}

fn has_told_changes(played: &Played, atom: &Atom) -> bool {
    played.atoms.iter().any(|change| {
        change.family == Family::Change
            && change.span == atom.span
            && change.measures.contains_key(&Component::MergedChanges)
    })
}

impl Twins {
    /// Too few people merge there, whatever they merge: they merge everything once more.
    fn merge_more(&mut self, played: &Played, atom: &Atom) {
        let merges = played.merges(&self.one, atom);
        let more = merges.into_iter().map(|merge| Merge { reviewer: None, delivered: None, ..merge.clone() });
        let before = self.other.merges.len();
        self.other.merges.extend(more);
        self.differing += self.other.merges.len() - before;
    }

    fn commit_more(&mut self, played: &Played, atom: &Atom) {
        let commits = World::within(&self.one.commits, &atom.span, |(week, _)| *week);
        let here = |(week, author): &&(Week, Account)| played.is_in(&self.one, atom, CODE, Some(*author), *week);
        let more: Vec<_> = commits.iter().filter(here).copied().collect();
        self.differing += more.len();
        self.other.commits.extend(more);
    }

    /// Everybody there uses everything three times as much.
    fn use_more(&mut self, played: &Played, atom: &Atom) {
        let (one, other) = (&self.one, &mut self.other);
        for usage in other.uses.iter_mut().filter(|usage| played.is_in(one, atom, CHAT, Some(usage.actor), usage.week))
        {
            usage.count *= 3;
            self.differing += 1;
        }
    }

    /// As many reports as are still too few.
    fn report_more(&mut self, atom: &Atom) {
        let team = |index: usize| &self.one.teams[index];
        let here = |(week, _, index): &&(Week, &'static str, Option<usize>)| {
            atom.span.contains(*week) && atom.span.holds(index.map(team))
        };
        let reports: Vec<_> = self.one.friction.iter().filter(here).copied().collect();
        if let Some(report) = reports.first()
            && reports.len() < 9
        {
            self.other.friction.extend(std::iter::repeat_n(*report, 9 - reports.len()));
            self.differing += 9 - reports.len();
        }
    }

    /// Teams whose changes are never told have every incident twice, and the second one takes its time.
    fn break_more(&mut self, played: &Played) {
        let told = |team: &TeamName| {
            let of_team = played.atoms.iter().filter(|atom| atom.span.teams.contains(team));
            of_team.filter(|atom| atom.family == Family::Change).any(|atom| !atom.measures.is_empty())
        };
        let untold = self.one.incidents.iter().filter(|incident| !told(&self.one.teams[incident.team]));
        let more: Vec<Incident> =
            untold.map(|incident| Incident { lasted: Some(400_000), ..incident.clone() }).collect();
        self.differing += more.len();
        self.other.incidents.extend(more);
    }

    /// Where too few people merge, somebody else of their cell has merged what one of them did; if that is told nowhere.
    fn put_others_there(&mut self, played: &Played, k: usize) {
        const TRIES: usize = 2;
        let withheld = played.atoms.iter().filter(|atom| atom.family == Family::Change && atom.measures.is_empty());
        for atom in withheld.filter(|atom| authors(&self.one, played, atom).len() < k).take(TRIES) {
            let mut tried = self.other.clone();
            let Some(author) = played.merges(&self.one, atom).iter().find_map(|merge| merge.author) else { continue };
            let team = |account: Account| team_of(&self.one, self.one.weeks, account, atom.span.start);
            let others = (0..self.one.members.len()).map(World::account);
            let Some(instead) =
                others.filter(|other| other.who != author.who).find(|other| team(*other) == team(author))
            else {
                continue;
            };
            let mut changed = 0;
            for merge in tried.merges.iter_mut().filter(|merge| {
                atom.span.contains(merge.week)
                    && merge.author == Some(author)
                    && merge.reviewer.is_none_or(|reviewer| reviewer.who != instead.who)
            }) {
                merge.author = Some(instead);
                changed += 1;
            }
            if changed > 0 && play(&tried, Rules::new(k)).atoms == played.atoms {
                self.other = tried;
                self.differing += changed;
            }
        }
    }
}
