//! Lists what GitHub tells, read from the story event by event: builds by Actions, GitHub's deployments, and incidents, each
//! by what identifies it; the comments on changes; and how much work on code is to be kept.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::facts::landings;
use super::people::{Who, who};
use crate::organisation::delivery::{BuildResult, Deployer, DeploymentResult, Revision, Runner};
use crate::organisation::{self, EventKind, Organisation, Repository, ReviewState};

/// Run and attempt → when it ended, how, of which repository, and whether it was a push to the default branch.
#[must_use]
pub fn builds(
    organisation: &Organisation,
    from: Timestamp,
    to: Timestamp,
) -> BTreeMap<(u64, u32), (Timestamp, BuildResult, &str, bool)> {
    let pipelines = organisation.delivery.pipelines.iter().filter(|pipeline| pipeline.runner == Runner::Actions);
    let mut found = BTreeMap::new();
    for pipeline in pipelines {
        let repository = organisation.repositories[pipeline.repository].name.as_str();
        for attempt in pipeline.attempts.iter().filter(|attempt| (from..=to).contains(&attempt.finished_at)) {
            let is_default = matches!(attempt.revision, Revision::Landed(_));
            let build = (attempt.finished_at, attempt.result, repository, is_default);
            found.insert((attempt.id, attempt.attempt), build);
        }
    }
    found
}

/// Id → when it ended, how, to which environment, and which revision it delivered.
#[must_use]
pub fn deployments(
    organisation: &Organisation,
    from: Timestamp,
    to: Timestamp,
) -> BTreeMap<u64, (Timestamp, DeploymentResult, &'static str, &str)> {
    let own = organisation.delivery.deployments.iter().filter(|deployment| deployment.deployer == Deployer::GitHub);
    own.filter(|deployment| (from..=to).contains(&deployment.finished_at))
        .map(|deployment| {
            let sha = organisation.repositories[deployment.repository].commits[deployment.head].sha.as_str();
            let environment = deployment.environment.name();
            (deployment.id, (deployment.finished_at, deployment.result, environment, sha))
        })
        .collect()
}

/// Id of each final release → when it was published, of which repository, and which commit it names.
#[must_use]
pub fn releases(
    organisation: &Organisation,
    from: Timestamp,
    to: Timestamp,
) -> BTreeMap<u64, (Timestamp, &str, Option<&str>)> {
    let of = |repository: &'_ Repository| organisation::releases(repository).into_iter();
    let all = organisation.repositories.iter().flat_map(|repository| of(repository).map(move |one| (repository, one)));
    all.filter(|(_, release)| !release.prerelease && (from..=to).contains(&release.published_at))
        .map(|(repository, release)| {
            let sha = release.names_commit.then(|| repository.commits[release.commit].sha.as_str());
            (release.id, (release.published_at, repository.name.as_str(), sha))
        })
        .collect()
}

/// Id and whether it was resolved → when, and how severe it was.
#[must_use]
pub fn incidents(
    organisation: &Organisation,
    from: Timestamp,
    to: Timestamp,
) -> BTreeMap<(u64, bool), (Timestamp, &'static str)> {
    let phases = organisation.delivery.incidents.iter().flat_map(|incident| {
        let opened = ((incident.id, false), (incident.opened_at, incident.severity.name()));
        let resolved = incident.resolved_at.map(|at| ((incident.id, true), (at, incident.severity.name())));
        [Some(opened), resolved].into_iter().flatten()
    });
    phases.filter(|(_, (at, _))| (from..=to).contains(at)).collect()
}

/// Repository id and number of each change that was merged → how many comments others made on it up to `to`.
#[must_use]
pub fn comments(organisation: &Organisation, from: Timestamp, to: Timestamp) -> BTreeMap<(u64, u32), u32> {
    let mut found = BTreeMap::new();
    for repository in &organisation.repositories {
        for change in &repository.changes {
            if change.merge().is_none_or(|(at, _)| at < from || at > to) {
                continue;
            }
            let counts = |account| account != change.author && matches!(who(organisation, account), Who::Person(_));
            let own = change.events.iter().filter(|event| event.kind == EventKind::Commented);
            let own = own.map(|event| (event.at, event.actor, 1));
            let said = change.comments.iter().map(|comment| (comment.at, comment.author, 1));
            let reviews = change.reviews.iter().filter(|review| review.state != ReviewState::Pending);
            let on_lines = reviews.map(|review| (review.at, review.reviewer, review.comments));
            let all = own.chain(said).chain(on_lines).filter(|(at, account, _)| *at <= to && counts(*account));
            found.insert((repository.id, change.number), all.map(|(_, _, count)| count).sum());
        }
    }
    found
}

/// How many changes, reviews and commits are to be kept: nothing that a machine did, and no review of what the same account
/// had opened.
#[must_use]
pub fn work(organisation: &Organisation, from: Timestamp, to: Timestamp) -> [usize; 3] {
    let is_inside = |at: Timestamp| (from..to).contains(&at);
    let [mut changes, mut reviews, mut commits] = [0; 3];
    for repository in &organisation.repositories {
        for change in &repository.changes {
            let turns = change.events.iter().filter(|event| event.at < to);
            let last = turns.rev().find(|event| matches!(event.kind, EventKind::Closed | EventKind::Reopened));
            let closed_at = last.filter(|event| event.kind == EventKind::Closed).map(|event| event.at);
            let merged_at = change.merge().map(|(at, _)| at).filter(|at| *at < to);
            let is_work = !matches!(who(organisation, change.author), Who::Bot);
            changes += usize::from(is_work && merged_at.or(closed_at).is_some_and(is_inside));
            let submitted = change.reviews.iter().filter(|review| review.state != ReviewState::Pending);
            let of_others = submitted.filter(|review| review.reviewer != change.author && is_inside(review.at));
            reviews += of_others.filter(|review| matches!(who(organisation, review.reviewer), Who::Person(_))).count();
        }
        // Machines' too, as nobody's: a deployment may have delivered one.
        commits += landings(repository, to).into_iter().filter(|(at, _)| is_inside(*at)).count();
    }
    [changes, reviews, commits]
}
