//! What was said about changes: how much and by whom, never what; with chance of its own, so that nothing else changes by it.

use jiff::{SignedDuration, Timestamp};

use super::people::People;
use super::random::Random;
use super::{Comment, Repository, ReviewState};

const MORE_THAN_A_PAGE: i64 = 105;

pub(super) fn comments(seed: u64, end: Timestamp, people: &People, repositories: &mut [Repository]) {
    let mut random = Random::new(seed, "comments");
    for change in repositories.iter_mut().flat_map(|repository| &mut repository.changes) {
        let count = match random.between(0, 999) {
            0..=1 => MORE_THAN_A_PAGE,
            2..=499 => 0,
            _ => random.between(1, 5),
        };
        let longest = end.duration_since(change.opened_at).as_secs().min(6 * 24 * 3600);
        for _ in 0..count {
            let author = match random.between(0, 99) {
                0..=19 => change.author,
                20..=29 => Some(people.review_bot),
                30..=33 => None,
                _ => Some(random.pick(&people.people).accounts[0]),
            };
            let at = change.opened_at + SignedDuration::from_secs(random.between(0, longest - 1));
            change.comments.push(Comment { at, author });
        }
        change.comments.sort_by_key(|comment| comment.at);
        for review in change.reviews.iter_mut().filter(|review| review.state != ReviewState::Pending) {
            review.comments = u32::try_from(random.between(0, 9)).unwrap_or_default().saturating_sub(4);
        }
    }
}
