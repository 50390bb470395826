//! Plans week by week what everybody does: which changes they open and what they push directly.

use jiff::Timestamp;

use super::hours::{DAY, HOUR, Hours, WEEK};
use super::people::{People, Person};
use super::random::Random;
use super::repositories::PLOTS;
use super::scale::{Scale, TEAMS_A_DIVISION};
use super::{AccountId, CommitAccount, CommitAuthor, ReviewState, date_of};

/// How a team works; chances in thousandths.
pub(super) struct Habit {
    pub(super) changes_a_week: u64,
    pub(super) reviewed: u64,
    pub(super) across_teams: u64,
}

const HABITS: [Habit; TEAMS_A_DIVISION] = [
    Habit { changes_a_week: 1500, reviewed: 900, across_teams: 430 },
    Habit { changes_a_week: 1700, reviewed: 560, across_teams: 160 },
    Habit { changes_a_week: 1350, reviewed: 900, across_teams: 300 },
    Habit { changes_a_week: 1050, reviewed: 880, across_teams: 420 },
    Habit { changes_a_week: 1100, reviewed: 900, across_teams: 350 },
    Habit { changes_a_week: 1100, reviewed: 850, across_teams: 250 },
    Habit { changes_a_week: 1100, reviewed: 850, across_teams: 250 },
];
const NO_TEAM: Habit = Habit { changes_a_week: 750, reviewed: 800, across_teams: 1000 };
/// In a quiet week a team does this share of its usual work.
const QUIET: u64 = 220;

pub(super) struct Work {
    pub(super) changes: Vec<PlannedChange>,
    pub(super) pushes: Vec<PlannedPush>,
}

pub(super) struct PlannedChange {
    pub(super) repository: usize,
    pub(super) author: Option<AccountId>,
    pub(super) commits_as: CommitAuthor,
    /// Somebody else who committed to the branch.
    pub(super) helper: Option<CommitAuthor>,
    pub(super) opened_at: i64,
    pub(super) opened_as_draft: bool,
    pub(super) steps: Vec<Step>,
    pub(super) end: Ending,
    pub(super) reviews: Vec<PlannedReview>,
}

pub(super) struct Step {
    pub(super) at: i64,
    pub(super) kind: StepKind,
}

pub(super) enum StepKind {
    Ready,
    Draft,
    Closed,
    Reopened,
    Commented,
    Labeled,
}

pub(super) enum Ending {
    Open,
    Closed { at: i64 },
    Merged { at: i64, method: Method },
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Squash,
    Merge,
    /// A merge of a branch whose commits are weeks or months old.
    MergeOldBranch,
    Rebase,
}

pub(super) struct PlannedReview {
    pub(super) reviewer: Option<AccountId>,
    pub(super) at: i64,
    pub(super) state: ReviewState,
    pub(super) dismissed_at: Option<i64>,
}

pub(super) struct PlannedPush {
    pub(super) repository: usize,
    pub(super) at: i64,
    pub(super) author: CommitAuthor,
    /// How long before the push each commit was made.
    pub(super) ages: Vec<i64>,
}

impl Work {
    pub(super) fn plan(scale: Scale, seed: u64, start: Timestamp, end: Timestamp, people: &People) -> Self {
        let mut random = Random::new(seed, "work");
        let hours = Hours::new(start, &mut random);
        let mut planner = Planner { scale, people, random, hours };
        let mut work = Self { changes: Vec::new(), pushes: Vec::new() };
        let quiet = planner.quiet_weeks();
        for week in 0..scale.weeks {
            for position in 0..people.people.len() {
                planner.person_week(position, week, &quiet, &mut work);
            }
            for _ in 0..scale.divisions {
                planner.machine_week(week, &mut work);
            }
        }
        work.changes.retain(|change| change.opened_at < end.as_second());
        work.pushes.retain(|push| push.at < end.as_second());
        work
    }
}

pub(super) struct Planner<'a> {
    pub(super) scale: Scale,
    pub(super) people: &'a People,
    pub(super) random: Random,
    pub(super) hours: Hours,
}

impl Planner<'_> {
    /// Two or three weeks in which a team hardly works, for each team.
    fn quiet_weeks(&mut self) -> Vec<[i64; 3]> {
        let last = self.scale.weeks - 2;
        let random = &mut self.random;
        (0..self.scale.teams())
            .map(|_| [random.between(1, last), random.between(1, last), random.between(13, last)])
            .collect()
    }

    fn person_week(&mut self, position: usize, week: i64, quiet: &[[i64; 3]], work: &mut Work) {
        let person = &self.people.people[position];
        let team = self.team_of(person, self.hours.start + week * WEEK + 3 * DAY);
        let habit = team.map_or(&NO_TEAM, |team| &HABITS[team % HABITS.len()]);
        let share = if team.is_some_and(|team| quiet[team].contains(&week)) { QUIET } else { 1000 };
        let rate = habit.changes_a_week * person.diligence / 1000 * share / 1000;
        for _ in 0..6 {
            if self.random.permille(rate / 6) {
                let change = self.change_of(person, team, week, habit);
                work.changes.push(change);
            }
        }
        if self.random.permille(160 * share / 1000) {
            let repository = self.repository_for(team, 200);
            let at = self.hours.work_time(week, &mut self.random);
            let ages = (0..self.random.between(1, 3)).map(|_| self.random.between(60, 5 * HOUR)).collect();
            work.pushes.push(PlannedPush { repository, at, author: self.commits_as(person), ages });
        }
    }

    /// What bots, and accounts that were deleted since, do in a week.
    fn machine_week(&mut self, week: i64, work: &mut Work) {
        for _ in 0..self.random.between(3, 7) {
            let author = if self.random.permille(750) { self.people.dependabot } else { self.people.machine };
            let commits_as = self.account_commits_as(author);
            let repository = self.repository_for(None, 0);
            let team = self.team_of_repository(repository);
            let change = self.change(Some(author), commits_as, repository, team, week, 700);
            work.changes.push(change);
        }
        for _ in 0..self.random.between(1, 3) {
            let author = self.account_commits_as(self.people.machine);
            work.pushes.push(PlannedPush {
                repository: self.repository_for(None, 0),
                at: self.hours.work_time(week, &mut self.random),
                author,
                ages: vec![0],
            });
        }
        if self.random.permille(600) {
            let number = self.random.between(1, 3);
            let author = self.random.permille(400).then_some(self.people.ghost);
            let commits_as = CommitAuthor {
                name: format!("Former {number}"),
                email: format!("former-{number:03}@example.invalid"),
                account: CommitAccount::Null,
            };
            let repository = self.repository_for(None, 0);
            let team = self.team_of_repository(repository);
            let change = self.change(author, commits_as, repository, team, week, 900);
            work.changes.push(change);
        }
    }

    pub(super) fn repository_for(&mut self, team: Option<usize>, across: u64) -> usize {
        let anywhere = team.is_none() || self.random.permille(across);
        loop {
            let position = self.random.index(self.scale.repositories());
            let is_empty = PLOTS[position % PLOTS.len()].empty;
            if !is_empty && (anywhere || self.team_of_repository(position) == team) {
                return position;
            }
        }
    }

    /// The team that owns it; none: nobody's.
    fn team_of_repository(&self, position: usize) -> Option<usize> {
        PLOTS[position % PLOTS.len()].team.map(|team| team + position / PLOTS.len() * TEAMS_A_DIVISION)
    }

    pub(super) fn team_of(&self, person: &Person, at: i64) -> Option<usize> {
        person.team_on(date_of(Timestamp::from_second(at).expect("the story lies in this era")))
    }

    pub(super) fn commits_as(&mut self, person: &Person) -> CommitAuthor {
        let mut author = self.account_commits_as(person.accounts[0]);
        if person.commits_by_email_only {
            author.account = if self.random.permille(200) { CommitAccount::Empty } else { CommitAccount::Null };
        }
        author
    }

    pub(super) fn account_commits_as(&self, id: AccountId) -> CommitAuthor {
        let account = &self.people.accounts[id.0];
        CommitAuthor { name: account.name.clone(), email: account.email.clone(), account: CommitAccount::Known(id) }
    }
}
