//! Finds, for each merged change, the first time that it ran in production.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::Oracle;
use super::calendar::epoch;
use super::delivered::Deployed;
use super::facts::{Merged, landings};
use super::people::Person;

/// A merged change that runs in production.
pub(super) struct Shipped {
    /// The Monday of the week in which it came there.
    pub(super) week: Date,
    pub(super) author: Option<Person>,
    pub(super) seconds: i64,
}

/// When each commit of a repository landed.
type Landings = Vec<(Timestamp, usize)>;

pub(super) fn shipped(oracle: &Oracle<'_>, merged: &[Merged], deployments: &[Deployed<'_>]) -> Vec<Shipped> {
    let repositories = oracle.organisation.repositories.iter();
    let landed: Vec<Landings> = repositories.map(|repository| landings(repository, oracle.covered_through())).collect();
    let mut first: HashMap<(usize, usize), (Timestamp, Date)> = HashMap::new();
    for (position, deployment) in deployments.iter().enumerate() {
        for commit in
            delivered(oracle.history_start, &landed[deployment.repository], &deployments[..position], deployment)
        {
            let known =
                first.entry((deployment.repository, commit)).or_insert((deployment.finished_at, deployment.week));
            *known = (*known).min((deployment.finished_at, deployment.week));
        }
    }
    let mut found = Vec::new();
    for change in merged {
        let Some((finished_at, week)) = first.get(&(change.repository, change.commit)) else {
            continue;
        };
        let seconds = finished_at.as_second() - change.began_at.as_second();
        if seconds >= 0 {
            found.push(Shipped { week: *week, author: author(change), seconds });
        }
    }
    found
}

/// What landed behind the head that the service had before, up to its own. Only its own where no earlier head is known: what it
/// brought with it may have been there for long.
fn delivered(
    known_from: Timestamp,
    landed: &Landings,
    before: &[Deployed<'_>],
    deployment: &Deployed<'_>,
) -> Vec<usize> {
    let landed_at =
        |head: usize| landed.iter().find(|(at, commit)| *commit == head && *at >= known_from).map(|(at, _)| *at);
    let earlier = before.iter().rev().filter(|earlier| earlier.service == deployment.service);
    match (earlier.filter_map(|earlier| landed_at(earlier.head)).next(), landed_at(deployment.head)) {
        (_, None) => Vec::new(),
        (None, Some(_)) => vec![deployment.head],
        (Some(from), Some(until)) => {
            landed.iter().filter(|(at, _)| from < *at && *at <= until).map(|(_, commit)| *commit).collect()
        }
    }
}

/// Nobody can tell that an outsider of one epoch is the one of another.
fn author(change: &Merged) -> Option<Person> {
    match &change.author {
        Some(Person::Outsider(name)) => Some(Person::Outsider(format!("{name} {}", epoch(change.week)))),
        other => other.clone(),
    }
}
