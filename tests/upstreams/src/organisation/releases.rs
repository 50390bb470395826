//! What is released of libraries, which are deployed nowhere: every second push, mostly hours after it, now and then days.

use jiff::{SignedDuration, Timestamp};

use super::Repository;

/// Names of repositories that are released, without the organization's.
const RELEASED: [&str; 2] = ["proto", "handbook"];

/// A release that was published.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    pub id: u64,
    pub tag: String,
    /// Position in [`Repository::commits`].
    pub commit: usize,
    /// Whether it names the commit; it names the branch otherwise.
    pub names_commit: bool,
    pub prerelease: bool,
    pub published_at: Timestamp,
}

/// Oldest first.
#[must_use]
pub fn releases(repository: &Repository) -> Vec<Release> {
    if !repository.name.split('/').next_back().is_some_and(|name| RELEASED.contains(&name)) {
        return Vec::new();
    }
    let released = repository.pushes.iter().skip(1).step_by(2);
    (1..)
        .zip(released)
        .map(|(number, push)| Release {
            id: repository.id * 1_000 + number,
            tag: format!("v1.{number}.0"),
            commit: push.head,
            names_commit: number % 2 == 0,
            prerelease: number % 4 == 3,
            published_at: push.at + SignedDuration::from_hours(if number % 7 == 0 { 200 } else { 2 }),
        })
        .collect()
}
