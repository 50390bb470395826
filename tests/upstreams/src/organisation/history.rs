//! Turns plans into what a repository remembers: numbered changes, a commit graph and the pushes that moved its head.

use jiff::Timestamp;

use super::people::People;
use super::random::Random;
use super::work::{Ending, Method, PlannedChange, PlannedPush, StepKind};
use super::{
    AccountId, Change, Commit, CommitAccount, CommitAuthor, Event, EventKind, Push, Repository, Review, ReviewState,
};

const DAY: i64 = 24 * 3600;
const WORDS: [&str; 16] = [
    "retry", "queue", "parser", "index", "cache", "header", "schema", "timeout", "batch", "login", "export", "search",
    "router", "worker", "report", "metrics",
];

pub(super) struct History<'a> {
    random: Random,
    people: &'a People,
    end: i64,
    next_change_id: u64,
    next_review_id: u64,
    next_event_id: u64,
}

/// Something that moves the default branch.
enum Landing<'a> {
    Merge { change: usize, plan: &'a PlannedChange, method: Method },
    Push(&'a PlannedPush),
}

impl<'a> History<'a> {
    pub(super) fn new(random: Random, people: &'a People, end: Timestamp) -> Self {
        Self {
            random,
            people,
            end: end.as_second(),
            next_change_id: 1_900_000_011,
            next_review_id: 3_100_000_007,
            next_event_id: 18_400_000_003,
        }
    }

    pub(super) fn fill(
        &mut self,
        repository: &mut Repository,
        mut plans: Vec<&PlannedChange>,
        pushes: Vec<&PlannedPush>,
    ) {
        plans.sort_by_key(|plan| plan.opened_at);
        let mut number = 0;
        let mut landings: Vec<(i64, Landing<'_>)> = Vec::new();
        for (position, plan) in plans.iter().copied().enumerate() {
            number += u32::from(self.random.permille(150)) + 1;
            let change = self.change(number, plan);
            repository.changes.push(change);
            if let Ending::Merged { at, method } = plan.end {
                landings.push((at, Landing::Merge { change: position, plan, method }));
            }
        }
        landings.extend(pushes.into_iter().map(|push| (push.at, Landing::Push(push))));
        if landings.is_empty() {
            return;
        }
        landings.sort_by_key(|(at, _)| *at);
        self.old_commits(repository);
        let mut previous = 0;
        for (wanted, landing) in landings {
            let at = wanted.max(previous + 1);
            if at >= self.end {
                break;
            }
            previous = at;
            self.land(repository, at, &landing);
        }
        for change in &mut repository.changes {
            change.events.sort_by_key(|event| (event.at, event.id));
            change.reviews.sort_by_key(|review| (review.at, review.id));
        }
    }

    fn change(&mut self, number: u32, plan: &PlannedChange) -> Change {
        let title = format!("Make the {} {} safer", self.random.pick(&WORDS), self.random.pick(&WORDS));
        let mut change = Change {
            number,
            id: self.next_change_id,
            title,
            body: None,
            branch: format!("work-{number}"),
            fork_deleted: self.random.permille(20),
            author: plan.author,
            opened_at: instant(plan.opened_at),
            opened_as_draft: plan.opened_as_draft,
            events: Vec::new(),
            reviews: Vec::new(),
            heads: Vec::new(),
            comments: Vec::new(),
        };
        self.next_change_id += 13;
        change.body = self.random.permille(880).then(|| self.prose());
        let end = self.end;
        for step in plan.steps.iter().filter(|step| step.at < end) {
            let kind = match step.kind {
                StepKind::Ready => EventKind::ReadyForReview,
                StepKind::Draft => EventKind::ConvertToDraft,
                StepKind::Closed => EventKind::Closed,
                StepKind::Reopened => EventKind::Reopened,
                StepKind::Commented => EventKind::Commented,
                StepKind::Labeled => EventKind::Labeled,
            };
            self.event(&mut change, step.at, kind);
        }
        if let Ending::Closed { at } = plan.end
            && at < end
        {
            self.event(&mut change, at, EventKind::Closed);
        }
        for review in plan.reviews.iter().filter(|review| review.at < end) {
            let dismissed_at = review.dismissed_at.filter(|at| *at < end && review.state != ReviewState::Pending);
            if let Some(at) = dismissed_at {
                self.event(&mut change, at, EventKind::ReviewDismissed);
            }
            change.reviews.push(Review {
                id: self.next_review_id,
                reviewer: review.reviewer,
                at: instant(review.at),
                state: review.state,
                dismissed_at: dismissed_at.map(instant),
                comments: 0,
            });
            self.next_review_id += 17;
        }
        change.heads.push((instant(plan.opened_at), self.random.sha()));
        for review in &plan.reviews {
            let at = review.at + self.random.between(60, 7200);
            let ended_at = match plan.end {
                Ending::Open => end,
                Ending::Closed { at } | Ending::Merged { at, .. } => at.min(end),
            };
            if at < ended_at && self.random.permille(500) {
                change.heads.push((instant(at), self.random.sha()));
            }
        }
        change.heads.sort();
        change
    }

    fn event(&mut self, change: &mut Change, at: i64, kind: EventKind) {
        change.events.push(Event { id: self.next_event_id, at: instant(at), actor: change.author, kind });
        self.next_event_id += 1;
    }

    /// The repository was in use before the story begins.
    fn old_commits(&mut self, repository: &mut Repository) {
        let mut at = repository.created_at.as_second() + 60;
        for _ in 0..self.random.between(2, 6) {
            let person = self.random.pick(&self.people.people).accounts[0];
            let account = &self.people.accounts[person.0];
            let author = CommitAuthor {
                name: account.name.clone(),
                email: account.email.clone(),
                account: CommitAccount::Known(person),
            };
            let parent = head(repository);
            self.commit(repository, parent.into_iter().collect(), &author, at, at, false);
            self.moved(repository, at);
            at += self.random.between(DAY, 30 * DAY);
        }
    }

    fn land(&mut self, repository: &mut Repository, at: i64, landing: &Landing<'_>) {
        match landing {
            Landing::Push(push) => {
                // A push of commits older than the head means that their author rebased before pushing.
                let oldest = repository.commits.last().map_or(0, |commit| commit.committed_at.as_second());
                let mut times: Vec<i64> = push.ages.iter().map(|age| (at - age).max(oldest).min(at)).collect();
                times.sort_unstable();
                for time in times {
                    let parent = head_of(repository);
                    self.commit(repository, vec![parent], &push.author, time, time, false);
                }
                self.moved(repository, at);
            }
            Landing::Merge { change, plan, method } => {
                let commit = self.merge(repository, *change, at, plan, *method);
                self.moved(repository, at);
                let actor = self.merger(plan.author);
                let deleted_at = at + 2;
                let mut kinds = vec![(at, EventKind::Merged { commit }), (at, EventKind::Closed)];
                if deleted_at < self.end && self.random.permille(700) {
                    kinds.push((deleted_at, EventKind::HeadRefDeleted));
                }
                for (at, kind) in kinds {
                    repository.changes[*change].events.push(Event {
                        id: self.next_event_id,
                        at: instant(at),
                        actor,
                        kind,
                    });
                    self.next_event_id += 1;
                }
            }
        }
    }

    /// Makes the commits of a merge and answers the one that GitHub calls the merge commit.
    fn merge(
        &mut self,
        repository: &mut Repository,
        change: usize,
        at: i64,
        plan: &PlannedChange,
        method: Method,
    ) -> usize {
        let base = head_of(repository);
        let opened_at = plan.opened_at;
        match method {
            Method::Squash => self.commit(repository, vec![base], &plan.commits_as, at, at, true),
            Method::Rebase => {
                let mut last = base;
                for step in 0..self.random.between(1, 4) {
                    let author = self.branch_author(plan);
                    let authored_at = opened_at.min(at) - 1800 + step * 300;
                    last = self.commit(repository, vec![last], &author, authored_at, at, true);
                }
                last
            }
            Method::Merge | Method::MergeOldBranch => {
                let age = if method == Method::Merge {
                    self.random.between(600, 2 * DAY)
                } else {
                    self.random.between(15 * DAY, 110 * DAY)
                };
                let began_at = opened_at - age;
                let mut tip = repository
                    .pushes
                    .iter()
                    .rev()
                    .find(|push| push.at.as_second() <= began_at)
                    .map_or(0, |push| push.head);
                let mut branch_at = began_at.max(repository.commits[tip].committed_at.as_second());
                for _ in 0..self.random.between(1, 5) {
                    let author = self.branch_author(plan);
                    tip = self.commit(repository, vec![tip], &author, branch_at, branch_at, false);
                    branch_at = (branch_at + self.random.between(300, age / 4 + 600)).min(at);
                }
                let sha = repository.commits[tip].sha.clone();
                if let Some(last) = repository.changes[change].heads.last_mut() {
                    last.1 = sha;
                }
                let merger = self
                    .merger(plan.author)
                    .map_or_else(|| plan.commits_as.clone(), |account| self.commit_author(account));
                self.commit(repository, vec![base, tip], &merger, at, at, true)
            }
        }
    }

    fn branch_author(&mut self, plan: &PlannedChange) -> CommitAuthor {
        match &plan.helper {
            Some(helper) if self.random.permille(400) => helper.clone(),
            _ => plan.commits_as.clone(),
        }
    }

    /// Who pressed the button: mostly the author, and a human for what bots opened.
    fn merger(&mut self, author: Option<AccountId>) -> Option<AccountId> {
        match author {
            Some(author) if author.0 < self.people.dependabot.0 => Some(author),
            _ => Some(self.random.pick(&self.people.people[..20]).accounts[0]),
        }
    }

    fn commit_author(&self, id: AccountId) -> CommitAuthor {
        let account = &self.people.accounts[id.0];
        CommitAuthor { name: account.name.clone(), email: account.email.clone(), account: CommitAccount::Known(id) }
    }

    fn commit(
        &mut self,
        repository: &mut Repository,
        parents: Vec<usize>,
        author: &CommitAuthor,
        authored_at: i64,
        committed_at: i64,
        by_web: bool,
    ) -> usize {
        let message = format!("Improve the {} of the {}", self.random.pick(&WORDS), self.random.pick(&WORDS));
        repository.commits.push(Commit {
            sha: self.random.sha(),
            parents,
            author: author.clone(),
            authored_at: instant(authored_at),
            by_web,
            committed_at: instant(committed_at),
            message,
        });
        repository.commits.len() - 1
    }

    fn moved(&self, repository: &mut Repository, at: i64) {
        let head = repository.commits.len() - 1;
        repository.pushes.push(Push { at: instant(at), head });
    }

    fn prose(&mut self) -> String {
        let sentences = self.random.between(3, 18);
        (0..sentences)
            .map(|_| {
                let (what, where_to, why) =
                    (*self.random.pick(&WORDS), *self.random.pick(&WORDS), *self.random.pick(&WORDS));
                format!("The {what} now asks the {where_to} first, because the {why} was wrong under load.\r\n")
            })
            .collect()
    }
}

fn head(repository: &Repository) -> Option<usize> {
    repository.commits.len().checked_sub(1)
}

fn head_of(repository: &Repository) -> usize {
    head(repository).expect("old commits come first")
}

fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("the story lies in this era")
}
