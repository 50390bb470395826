//! Puts the story together: people, then what they planned and did, then the repositories that remember it.

use jiff::{Timestamp, ToSpan as _};

use super::chat::chat;
use super::comments::comments;
use super::copilot::copilot;
use super::delivery::delivery;
use super::history::History;
use super::people::people;
use super::random::Random;
use super::repositories::repositories;
use super::survey::survey;
use super::voices::voices;
use super::work::Work;
use super::{Organisation, Scale};

const REPOSITORY_AGE_DAYS: i64 = 200;

pub(super) fn organisation(scale: Scale, seed: u64, end: Timestamp) -> Organisation {
    let end = Timestamp::from_second(end.as_second()).expect("whole seconds of a valid instant are valid");
    let start = end - (24 * 7 * scale.weeks).hours();
    let people = people(scale, seed, start);
    let created_at = start - (24 * REPOSITORY_AGE_DAYS).hours();
    let mut repositories = repositories(scale, created_at);

    let work = Work::plan(scale, seed, start, end, &people);
    let mut history = History::new(Random::new(seed, "history"), &people, end);
    for (position, repository) in repositories.iter_mut().enumerate() {
        let changes = work.changes.iter().filter(|change| change.repository == position).collect();
        let pushes = work.pushes.iter().filter(|push| push.repository == position).collect();
        history.fill(repository, changes, pushes);
    }
    comments(seed, end, &people, &mut repositories);
    let delivery = delivery(scale, seed, start, end, &repositories);
    let chat = chat(scale, seed, start, end, &people, &repositories, &delivery);
    let survey = survey(scale, seed, start, end, &people, &delivery);
    let (copilot, voices) = (copilot(seed, start, end, &people), voices(seed, start, end, &people));
    Organisation {
        start,
        end,
        teams: people.teams,
        roster: people.roster,
        bots: vec!["*-ci".to_owned()],
        accounts: people.accounts,
        repositories,
        delivery,
        chat,
        survey,
        copilot,
        voices,
        opted_out: Vec::new(),
    }
}
