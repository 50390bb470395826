//! Answers what Quintant must answer, by brute force over the truth; shares no code and no idea with the host.

mod answers;
mod asked;
mod atoms;
mod bands;
mod brought;
mod calendar;
pub mod conversation;
mod counted;
mod definitions;
mod delivered;
mod durations;
mod facts;
mod figures;
pub mod github;
mod health;
pub mod jenkins;
mod people;
mod rounding;
mod rules;
mod share;
mod shipped;
mod spans;
mod spoken;
#[cfg(test)]
mod tests;
mod window;
pub mod work;

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde_json::Value;

pub use self::answers::{Answered, Answers, DIMENSIONS, Scoped, metrics};
pub use self::asked::Opened;
pub use self::atoms::{Atom, Measure};
pub use self::calendar::Calendar;
use self::facts::landings;
use self::people::{Who, who, who_committed};
pub use self::share::Share;
pub use self::spans::{ORGANIZATION, Span};
pub use self::window::{Range, Scope};
use crate::organisation::{EventKind, Organisation, ReviewState};

const SURVEY_SETTLES: SignedDuration = SignedDuration::from_hours(1);
pub const LOOK_BACK: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What is read, beside changes, reviews and commits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// Deployments, workflow runs and incidents of GitHub.
    pub delivery: bool,
    pub jenkins: bool,
    /// Mattermost, post by post.
    pub posts: bool,
    pub nps: bool,
    /// Seats of Copilot, and counters of messages in Mattermost.
    pub copilot: bool,
    pub counters: bool,
    /// Surveys and friction of its own.
    pub people: bool,
}

impl Sources {
    /// All services, as the demo reads them.
    pub const ALL: Self =
        Self { delivery: true, jenkins: true, posts: true, nps: true, copilot: false, counters: false, people: false };

    fn deploys(self) -> bool {
        self.delivery || self.jenkins
    }
}

/// What a host knows that first collected 90 days after `history_start` and read everything again at each later look.
pub struct Oracle<'a> {
    pub organisation: &'a Organisation,
    pub history_start: Timestamp,
    /// Oldest first.
    pub looks: Vec<Timestamp>,
    pub settle: SignedDuration,
    pub calendar: Calendar,
    pub sources: Sources,
    /// When counters of messages were read.
    pub readings: Vec<Timestamp>,
    /// Surveys of its own, in the order in which they were opened.
    pub opened: Vec<Opened>,
    /// The Mondays of the weeks in which it took answers and reports, the first one not as a whole.
    pub heard: Vec<Date>,
}

/// How many facts of a kind there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub total: usize,
    /// Those by known humans.
    pub human: usize,
}

/// What should have been collected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExpectedFacts {
    pub merged_changes: Count,
    /// Closed without a merge, and not opened again.
    pub closed_changes: Count,
    /// Every submitted review, self-reviews among them.
    pub reviews: Count,
    pub self_reviews: usize,
    /// Every landed commit, merge commits among them.
    pub commits: Count,
    pub merge_commits: usize,
}

impl<'a> Oracle<'a> {
    /// For a host that reads work on code alone, in UTC, whose first collection ran at `first` and whose last one covered everything
    /// up to `covered_through`.
    #[must_use]
    pub fn new(
        organisation: &'a Organisation,
        first: Timestamp,
        covered_through: Timestamp,
        settle: SignedDuration,
    ) -> Self {
        let looks = if first == covered_through { vec![first] } else { vec![first, covered_through] };
        let (calendar, sources) = (Calendar::UTC, Sources::default());
        let (readings, opened, heard) = (Vec::new(), Vec::new(), Vec::new());
        let history_start = first - LOOK_BACK;
        Self { organisation, history_start, looks, settle, calendar, sources, readings, opened, heard }
    }

    fn covered_through(&self) -> Timestamp {
        *self.looks.last().expect("it looked at least once")
    }

    /// Nothing is missing of surveys but the weeks whose last answers may still come; they are all of a week's last instant.
    fn surveyed_through(&self) -> Timestamp {
        let unread = self.calendar.week_of(self.covered_through() - SURVEY_SETTLES);
        let next = self.calendar.midnight(unread + 7.days());
        self.covered_through().min(next - SignedDuration::from_millis(1))
    }

    /// Whether what happened then was seen.
    fn knows(&self, at: Timestamp) -> bool {
        at >= self.history_start && at < self.covered_through()
    }

    /// Whether what people said in the week of that Monday was taken.
    fn hears(&self, monday: Date) -> bool {
        self.heard.contains(&monday)
    }

    /// Whether all of a span's friction could be reported.
    fn hears_all_of(&self, span: &Span) -> bool {
        self.heard.first().is_some_and(|first| *first < span.start)
    }

    /// The first look at which a span had settled.
    fn released_at(&self, span: &Span) -> Timestamp {
        let settled = self.calendar.midnight(span.end()) + self.settle;
        self.looks.iter().copied().find(|look| *look >= settled).unwrap_or(self.covered_through())
    }

    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        spans::spans(self)
    }

    #[must_use]
    pub fn atoms(&self) -> Vec<Atom> {
        atoms::atoms(self, &self.spans())
    }

    /// What these days tell of what ran in the whole organisation, of each component.
    #[must_use]
    pub fn days(&self, dates: &[Date]) -> Vec<BTreeMap<&'static str, Measure>> {
        atoms::days(self, dates)
    }

    #[must_use]
    pub fn share_released(&self) -> Share {
        Share::of(&self.atoms())
    }

    /// One dimension of one window.
    #[must_use]
    pub fn answer(&self, dimension: &str, range: Range, scope: &Scope) -> Value {
        Answers::new(self, &self.atoms()).about(scope).over(range).dimension(dimension)
    }

    #[must_use]
    pub fn expected_facts(&self) -> ExpectedFacts {
        let mut expected = ExpectedFacts::default();
        let inside = |at: Timestamp| at >= self.history_start && at < self.covered_through();
        let add = |count: &mut Count, who: &Who| {
            count.total += 1;
            count.human += usize::from(matches!(who, Who::Person(_)));
        };
        for repository in &self.organisation.repositories {
            for change in &repository.changes {
                let author = who(self.organisation, change.author);
                let last = change.events.iter().rev().find(|event| {
                    event.at < self.covered_through() && matches!(event.kind, EventKind::Closed | EventKind::Reopened)
                });
                let merge = change.merge().filter(|(at, _)| *at < self.covered_through());
                if merge.is_some_and(|(at, _)| inside(at)) {
                    add(&mut expected.merged_changes, &author);
                } else if merge.is_none()
                    && last.is_some_and(|event| event.kind == EventKind::Closed && inside(event.at))
                {
                    add(&mut expected.closed_changes, &author);
                }
                for review in
                    change.reviews.iter().filter(|review| review.state != ReviewState::Pending && inside(review.at))
                {
                    let reviewer = who(self.organisation, review.reviewer);
                    add(&mut expected.reviews, &reviewer);
                    expected.self_reviews += usize::from(matches!(reviewer, Who::Person(_)) && reviewer == author);
                }
            }
            for (at, commit) in landings(repository, self.covered_through()) {
                let commit = &repository.commits[commit];
                if inside(at) {
                    add(&mut expected.commits, &who_committed(self.organisation, &commit.author));
                    expected.merge_commits += usize::from(commit.parents.len() > 1);
                }
            }
        }
        expected
    }
}
