//! Plans how one change goes: drafts, readiness, closing, reopening and the way it is merged.

use super::hours::{DAY, HOUR};
use super::people::Person;
use super::work::{Ending, Habit, Method, PlannedChange, Planner, Step, StepKind};
use super::{AccountId, CommitAuthor};

impl Planner<'_> {
    pub(super) fn change_of(
        &mut self,
        person: &Person,
        team: Option<usize>,
        week: i64,
        habit: &Habit,
    ) -> PlannedChange {
        let repository = self.repository_for(team, habit.across_teams);
        let account = *self.random.pick(&person.accounts);
        let commits_as =
            if person.commits_by_email_only { self.commits_as(person) } else { self.account_commits_as(account) };
        let narrow = team == Some(2) && week % 5 == 3;
        let mut change = self.change(Some(account), commits_as, repository, team, week, habit.reviewed);
        if narrow {
            // In these weeks two people review everything of the team.
            let two = [26, 28].map(|position: usize| self.people.people[position].accounts[0]);
            let one = usize::from(two[0] == account || self.random.permille(500) && two[1] != account);
            for review in &mut change.reviews {
                review.reviewer = Some(two[one]);
            }
        }
        if self.random.permille(60) {
            self.self_review(person, &mut change);
        }
        change
    }

    pub(super) fn change(
        &mut self,
        author: Option<AccountId>,
        commits_as: CommitAuthor,
        repository: usize,
        team: Option<usize>,
        week: i64,
        reviewed: u64,
    ) -> PlannedChange {
        let opened_at = self.hours.work_time(week, &mut self.random);
        let mut steps = Vec::new();
        let opened_as_draft = self.random.permille(180);
        let mut ready_at = opened_at;
        let stays_draft = opened_as_draft && self.random.permille(80);
        if opened_as_draft && !stays_draft {
            ready_at = self.hours.later(opened_at, 2 * HOUR, 60 * HOUR, &mut self.random);
            steps.push(Step { at: ready_at, kind: StepKind::Ready });
        }
        if !stays_draft && self.random.permille(if opened_as_draft { 220 } else { 25 }) {
            let draft_at = self.hours.later(ready_at, HOUR, 10 * HOUR, &mut self.random);
            ready_at = self.hours.later(draft_at, 2 * HOUR, 30 * HOUR, &mut self.random);
            steps.push(Step { at: draft_at, kind: StepKind::Draft });
            steps.push(Step { at: ready_at, kind: StepKind::Ready });
        }
        let end = if stays_draft { Ending::Open } else { self.ending(ready_at, &mut steps) };
        let last = match end {
            Ending::Open => ready_at + 20 * DAY,
            Ending::Closed { at } | Ending::Merged { at, .. } => at,
        };
        let first_possible =
            if opened_at < ready_at && self.random.permille(350) { opened_at + 600 } else { ready_at + 240 };
        let mut reviews = Vec::new();
        if self.random.permille(reviewed) {
            self.reviews(author, team, first_possible, last, &mut reviews);
        }
        self.noise(author, opened_at, last, matches!(end, Ending::Merged { .. }), &mut reviews, &mut steps);
        let helper = self.random.permille(150).then(|| {
            let colleague = self.colleague(team, author);
            self.account_commits_as(colleague)
        });
        PlannedChange { repository, author, commits_as, helper, opened_at, opened_as_draft, steps, end, reviews }
    }

    fn ending(&mut self, ready_at: i64, steps: &mut Vec<Step>) -> Ending {
        let (short, long) = *self.random.pick(&[
            (HOUR, 8 * HOUR),
            (2 * HOUR, 20 * HOUR),
            (6 * HOUR, 30 * HOUR),
            (DAY, 3 * DAY),
            (DAY, 4 * DAY),
            (2 * DAY, 6 * DAY),
            (4 * DAY, 24 * DAY),
        ]);
        let mut at = self.hours.later(ready_at, short, long, &mut self.random);
        match self.random.between(0, 99) {
            0..=2 => Ending::Open,
            3..=8 => Ending::Closed { at },
            fate => {
                if fate <= 11 {
                    let reopened_at = self.hours.later(at, HOUR, 40 * HOUR, &mut self.random);
                    steps.push(Step { at, kind: StepKind::Closed });
                    steps.push(Step { at: reopened_at, kind: StepKind::Reopened });
                    at = self.hours.later(reopened_at, HOUR, 20 * HOUR, &mut self.random);
                }
                let method = match self.random.between(0, 99) {
                    0..=73 => Method::Squash,
                    74..=83 => Method::Merge,
                    84..=88 => Method::MergeOldBranch,
                    _ => Method::Rebase,
                };
                Ending::Merged { at, method }
            }
        }
    }
}
