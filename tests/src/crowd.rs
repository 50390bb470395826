//! An organisation with as many pull requests as a benchmark wants, each with as much of everything.

use jiff::{SignedDuration, Timestamp};
use quintant_upstreams::organisation::{
    AccountId, Change, Comment, Event, EventKind, Organisation, Repository, Review, ReviewState,
};

use crate::bench::LOOK_BACK_DAYS;
use crate::simulation_end;

/// Of the last weeks, and merged all.
#[derive(Clone, Copy)]
pub struct Crowd {
    pub repositories: u32,
    /// In all repositories together.
    pub pull_requests: u32,
    /// Of each pull request.
    pub reviews: u32,
    /// In the conversation of each pull request.
    pub comments: u32,
}

impl Crowd {
    /// The first repositories of a generated organisation, with other pull requests.
    pub fn organisation(self) -> Organisation {
        let mut organisation = Organisation::generate(1, simulation_end());
        organisation.repositories.truncate(self.repositories as usize);
        let people = u32::try_from(organisation.roster.len()).unwrap().min(50);
        let mut next = 0;
        for Repository { former_name, commits, changes, .. } in &mut organisation.repositories {
            *former_name = None;
            let commit = commits.len() - 1;
            let numbers = 1..=self.pull_requests / self.repositories;
            *changes = numbers
                .map(|number| {
                    next += 1;
                    self.change(number, next, people, commit)
                })
                .collect();
        }
        organisation
    }

    fn change(self, number: u32, id: u32, people: u32, commit: usize) -> Change {
        let person = |offset: u32| Some(AccountId(((id + offset) % people) as usize));
        let minutes_ago = i64::from(id) * (LOOK_BACK_DAYS - 1) * 24 * 60 / i64::from(self.pull_requests);
        let opened_at = simulation_end() - SignedDuration::from_mins(minutes_ago + 30);
        let after = |minutes: i64| -> Timestamp { opened_at + SignedDuration::from_mins(minutes) };
        let event = |offset: u64, kind| Event { id: u64::from(id) * 2 + offset, at: after(20), actor: person(0), kind };
        let review = |of: u32| Review {
            id: 4_000_000_000 + u64::from(id * self.reviews + of),
            reviewer: person(of + 1),
            at: after(i64::from(of % 15) + 5),
            state: if of + 1 == self.reviews { ReviewState::Approved } else { ReviewState::Commented },
            dismissed_at: None,
            comments: of % 3,
        };
        let comment = |of: u32| Comment { at: after(10), author: person(of + 1) };
        Change {
            number,
            id: u64::from(id),
            title: "Make the queue safer".to_owned(),
            body: None,
            branch: format!("work-{number}"),
            fork_deleted: false,
            author: person(0),
            opened_at,
            opened_as_draft: false,
            events: vec![event(0, EventKind::Merged { commit }), event(1, EventKind::Closed)],
            reviews: (0..self.reviews).map(review).collect(),
            heads: vec![(opened_at, format!("{id:040x}"))],
            comments: (0..self.comments).map(comment).collect(),
        }
    }
}
