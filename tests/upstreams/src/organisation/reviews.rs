//! Plans who reviews a change and when, and what bots, deleted accounts and passers-by add.

use super::hours::{DAY, HOUR, WEEK};
use super::people::Person;
use super::random::Random;
use super::work::{Ending, PlannedChange, PlannedReview, Planner, Step, StepKind};
use super::{AccountId, ReviewState};

impl Planner<'_> {
    pub(super) fn self_review(&mut self, person: &Person, change: &mut PlannedChange) {
        let end = match change.end {
            Ending::Open => change.opened_at + 2 * DAY,
            Ending::Closed { at } | Ending::Merged { at, .. } => at,
        };
        let at = self.random.between(change.opened_at + 1, end - 1);
        let reviewer = Some(*self.random.pick(&person.accounts));
        change.reviews.push(PlannedReview { reviewer, at, state: ReviewState::Commented, dismissed_at: None });
    }

    /// One to three people review; some do it many times, over weeks when the change lives that long.
    pub(super) fn reviews(
        &mut self,
        author: Option<AccountId>,
        team: Option<usize>,
        first_possible: i64,
        last: i64,
        reviews: &mut Vec<PlannedReview>,
    ) {
        let room = last - 60 - first_possible;
        if room <= 0 {
            return;
        }
        let (short, long) = *self.random.pick(&[(300, 4 * HOUR), (HOUR, 12 * HOUR), (4 * HOUR, DAY), (DAY, 4 * DAY)]);
        let delay = self.random.between(short, long);
        let mut at = first_possible + if delay < room { delay } else { self.random.between(0, room) };
        for _ in 0..*self.random.pick(&[1, 1, 1, 2, 2, 3]) {
            let reviewer = self.colleague(team, author);
            if self.hours.is_closed(at, &mut self.random) {
                return;
            }
            for round in 0..*self.random.pick(&[1, 1, 1, 2, 2, 3, 5]) {
                let state =
                    *self.random.pick(&[ReviewState::Approved, ReviewState::ChangesRequested, ReviewState::Commented]);
                let dismissed = state != ReviewState::Commented && self.random.permille(60);
                let dismissed_at = (dismissed && at + 60 < last).then(|| self.random.between(at + 30, last - 30));
                reviews.push(PlannedReview { reviewer: Some(reviewer), at, state, dismissed_at });
                at += self.random.between(1200, if round == 0 { 20 * HOUR } else { 6 * DAY });
                if at >= last {
                    return;
                }
            }
        }
    }

    /// What bots, deleted accounts and passers-by add.
    pub(super) fn noise(
        &mut self,
        author: Option<AccountId>,
        opened_at: i64,
        last: i64,
        merged: bool,
        reviews: &mut Vec<PlannedReview>,
        steps: &mut Vec<Step>,
    ) {
        let reviewed = reviews.first().and_then(|review| review.reviewer);
        let mut add = |reviewer: Option<AccountId>, state: ReviewState, random: &mut Random| {
            let at = random.between(opened_at + 30, last - 1);
            reviews.push(PlannedReview { reviewer, at, state, dismissed_at: None });
        };
        if self.random.permille(90) {
            add(Some(self.people.review_bot), ReviewState::Commented, &mut self.random);
        }
        if self.random.permille(40) {
            add(Some(self.people.machine), ReviewState::Approved, &mut self.random);
        }
        if self.random.permille(25) {
            let reviewer = self.random.permille(500).then_some(self.people.ghost);
            add(reviewer, ReviewState::Approved, &mut self.random);
        }
        if self.random.permille(20) {
            let reviewer = self.colleague(None, author);
            add(Some(reviewer), ReviewState::Pending, &mut self.random);
        }
        if merged
            && self.random.permille(40)
            && let Some(reviewer) = reviewed
        {
            let at = self.random.between(last + HOUR, last + 12 * DAY);
            reviews.push(PlannedReview {
                reviewer: Some(reviewer),
                at,
                state: ReviewState::Commented,
                dismissed_at: None,
            });
        }
        if self.random.permille(250) {
            steps.push(Step { at: self.random.between(opened_at + 1, last + 5 * DAY), kind: StepKind::Commented });
        }
        if self.random.permille(300) {
            steps.push(Step { at: opened_at + 5, kind: StepKind::Labeled });
        }
    }

    /// The chance of each colleague from another team: fewer in all of a larger organisation, and as many of them.
    fn chance_from_afar(&self) -> u64 {
        (25 / u64::try_from(self.scale.divisions).unwrap_or(u64::MAX)).max(1)
    }

    /// Mostly of the same team, sometimes anybody at all; never the author's own account.
    pub(super) fn colleague(&mut self, team: Option<usize>, author: Option<AccountId>) -> AccountId {
        loop {
            let person = self.random.pick(&self.people.people);
            let near = team.is_none() || self.team_of(person, self.hours.start + 13 * WEEK) == team;
            if !near && !self.random.permille(self.chance_from_afar()) {
                continue;
            }
            let account = *self.random.pick(&person.accounts);
            if Some(account) != author {
                return account;
            }
        }
    }
}
