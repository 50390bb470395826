//! What a plugin sent → `(facts, rejected)`. One bad record never loses a batch.

mod delivery;
mod people;
mod service;

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

pub use service::Services;

use crate::model::{
    Calendar, Change, FactBody, FactKind, RawFact, RawIdentity, RawKey, Rejected, RejectedCounts, SampleMetric,
    TeamName,
};

const LONGEST_KEY_BYTES: usize = 512;
const TOLERATED_CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// By what the facts of a page are judged.
pub struct Rules<'a> {
    pub now: Timestamp,
    /// Facts before it are no longer kept.
    pub keep_from: Timestamp,
    /// Facts before it are of weeks that were released before the feed was added.
    pub released_before: Option<Timestamp>,
    /// What the feed may emit.
    pub emits: &'a [FactKind],
    pub bots: &'a [String],
    pub calendar: &'a Calendar,
    pub teams: &'a [TeamName],
    pub services: &'a Services,
    /// What the plugin declares for samples.
    pub metrics: &'a [SampleMetric],
}

/// Takes what holds. Work of machines, reviews of one's own changes and facts from before the retention are left out without a word;
/// of facts with the same key the last one stays.
pub fn normalize(
    facts: Vec<RawFact>,
    rules: &Rules<'_>,
    owner_of: impl Fn(&RawKey) -> Option<TeamName>,
) -> (Vec<RawFact>, RejectedCounts) {
    let mut rejected = RejectedCounts::new();
    let mut taken: Vec<RawFact> = Vec::with_capacity(facts.len());
    let mut places: HashMap<(FactKind, RawKey), usize> = HashMap::with_capacity(facts.len());
    for mut fact in facts {
        if let Some(reason) = objection(&fact, rules) {
            *rejected.entry(reason).or_default() += 1;
            continue;
        }
        if fact.at < rules.keep_from || is_no_work(&fact, rules.bots) {
            continue;
        }
        if let FactBody::Change(change) = &mut fact.body {
            change.owner = owner_of(&change.repository);
        }
        if let Err(reason) = judge(&mut fact, rules, &mut rejected) {
            *rejected.entry(reason).or_default() += 1;
            continue;
        }
        forget_machines(&mut fact.body, rules.bots);
        match places.entry((fact.body.kind(), fact.key.clone())) {
            std::collections::hash_map::Entry::Occupied(place) => taken[*place.get()] = fact,
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(taken.len());
                taken.push(fact);
            }
        }
    }
    (taken, rejected)
}

fn objection(fact: &RawFact, rules: &Rules<'_>) -> Option<Rejected> {
    let key = fact.key.text();
    if key.is_empty() || key.len() > LONGEST_KEY_BYTES {
        return Some(Rejected::BadKey);
    }
    if !rules.emits.contains(&fact.body.kind()) {
        return Some(Rejected::UndeclaredKind);
    }
    if fact.at.duration_since(rules.now) > TOLERATED_CLOCK_SKEW {
        return Some(Rejected::InTheFuture);
    }
    None
}

/// What each kind has to be in itself. A part that is not so is left out and counted; the fact is refused where it cannot do without.
fn judge(fact: &mut RawFact, rules: &Rules<'_>, rejected: &mut RejectedCounts) -> Result<(), Rejected> {
    if rules.released_before.is_some_and(|before| fact.at < before) {
        return Err(Rejected::Released);
    }
    let at = fact.at;
    let mut leave_out = |reason: Rejected, parts: u32| {
        if parts > 0 {
            *rejected.entry(reason).or_default() += parts;
        }
    };
    match &mut fact.body {
        FactBody::Change(change) => leave_out(Rejected::PhaseOutOfOrder, order_phases(change, at)),
        FactBody::Review(_) | FactBody::Commit(_) => {}
        FactBody::Build(build) => leave_out(Rejected::PhaseOutOfOrder, delivery::build(build, at, rules.services)),
        FactBody::Deployment(deployment) => {
            leave_out(Rejected::PhaseOutOfOrder, delivery::deployment(deployment, at, rules.services));
        }
        FactBody::Incident(incident) => delivery::incident(incident, at, rules.services)?,
        FactBody::Usage(usage) => people::usage(usage, at, rules.calendar)?,
        FactBody::Tally(tally) => fact.at = people::tally(tally, at)?,
        FactBody::SurveyResponse(response) => {
            people::survey_response(response)?;
            leave_out(Rejected::UnknownTeam, people::team(&mut response.team, rules.teams));
        }
        FactBody::Friction(friction) => leave_out(Rejected::UnknownTeam, people::team(&mut friction.team, rules.teams)),
        FactBody::Membership(membership) => {
            if let Some(team) = &mut membership.team {
                // A source has many teams that nobody configures.
                people::team(&mut team.name, rules.teams);
            }
        }
        FactBody::Sample(sample) => people::sample(sample, rules.metrics)?,
    }
    Ok(())
}

fn is_no_work(fact: &RawFact, bots: &[String]) -> bool {
    let machine = |identity: &Option<RawIdentity>| identity.as_ref().is_some_and(|identity| identity.is_bot(bots));
    match &fact.body {
        FactBody::Change(change) => machine(&change.author),
        FactBody::Review(review) => match (&review.reviewer, &review.change_author) {
            (None, _) => true,
            (Some(reviewer), Some(author)) if reviewer.is_same_account(author) => true,
            _ => machine(&review.reviewer),
        },
        FactBody::Usage(usage) => usage.actor.is_bot(bots),
        FactBody::Membership(membership) => membership.account.is_bot(bots),
        FactBody::Sample(sample) => machine(&sample.actor),
        // A machine's commit is nobody's work, but what is deployed may be that commit.
        FactBody::Commit(_)
        | FactBody::Build(_)
        | FactBody::Deployment(_)
        | FactBody::Incident(_)
        | FactBody::Tally(_)
        | FactBody::SurveyResponse(_)
        | FactBody::Friction(_) => false,
    }
}

/// Machines that are mentioned in somebody's work are nobody.
fn forget_machines(body: &mut FactBody<RawIdentity, RawKey>, bots: &[String]) {
    let forget = |identity: &mut Option<RawIdentity>| {
        if identity.as_ref().is_some_and(|identity| identity.is_bot(bots)) {
            *identity = None;
        }
    };
    match body {
        FactBody::Change(change) => {
            forget(&mut change.first_reviewer);
            if change.first_reviewer.is_none() {
                change.first_review_at = None;
            }
        }
        FactBody::Review(review) => forget(&mut review.change_author),
        FactBody::Commit(commit) => forget(&mut commit.author),
        _ => {}
    }
}

/// `first commit ≤ opened ≤ ready, first review, approval ≤ at`: a phase that breaks the order is dropped. Returns how many were.
fn order_phases(change: &mut Change<RawIdentity, RawKey>, at: Timestamp) -> u32 {
    let mut dropped = 0;
    let mut keep = |phase: &mut Option<Timestamp>, from: Timestamp, to: Timestamp| {
        if phase.is_some_and(|phase| phase < from || phase > to) {
            *phase = None;
            dropped += 1;
        }
    };
    keep(&mut change.first_commit_at, Timestamp::MIN, change.opened_at);
    keep(&mut change.first_review_at, change.opened_at, at);
    keep(&mut change.ready_at, change.opened_at, at);
    keep(&mut change.approved_at, change.opened_at, at);
    if change.first_review_at.is_none() {
        change.first_reviewer = None;
    }
    dropped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Commit, Review, ReviewState};

    const NOW: &str = "2026-11-23T12:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn person(id: &str) -> Option<RawIdentity> {
        Some(RawIdentity::new(id.to_owned(), vec![format!("dev-{id}")], false))
    }

    fn change(key: &str, closed: &str, author: Option<RawIdentity>) -> RawFact {
        let opened_at = at("2026-11-20T08:00:00Z");
        RawFact {
            key: RawKey::new(key),
            at: at(closed),
            body: FactBody::Change(Change {
                repository: RawKey::new("acme/app"),
                change: RawKey::new("acme/app#1"),
                owner: None,
                author,
                merged: true,
                to_default_branch: true,
                first_commit_at: None,
                opened_at,
                ready_at: None,
                first_review_at: None,
                first_reviewer: None,
                approved_at: None,
                merge_commit: None,
                additions: None,
                deletions: None,
                files: None,
                review_comments: None,
                reverts: None,
            }),
        }
    }

    fn review(reviewer: Option<RawIdentity>, author: Option<RawIdentity>) -> RawFact {
        let body = FactBody::Review(Review {
            change: RawKey::new("acme/app#1"),
            change_author: author,
            reviewer,
            state: ReviewState::Approved,
            comments: None,
        });
        RawFact { key: RawKey::new("7"), at: at("2026-11-21T08:00:00Z"), body }
    }

    fn run(facts: Vec<RawFact>) -> (Vec<RawFact>, RejectedCounts) {
        run_with(facts, |_| {})
    }

    fn run_with(facts: Vec<RawFact>, edit: impl Fn(&mut Rules<'_>)) -> (Vec<RawFact>, RejectedCounts) {
        let mut rules = Rules {
            now: at(NOW),
            keep_from: at("2026-08-25T12:00:00Z"),
            released_before: None,
            emits: &[FactKind::Change, FactKind::Review],
            bots: &[],
            calendar: &Calendar::new(jiff::tz::TimeZone::UTC),
            teams: &[],
            services: &Services::default(),
            metrics: &[],
        };
        edit(&mut rules);
        normalize(facts, &rules, |_| None)
    }

    #[test]
    fn the_last_of_one_key_stays() {
        let (taken, rejected) = run(vec![
            change("1/merged", "2026-11-21T08:00:00Z", person("1")),
            change("2/merged", "2026-11-21T08:00:00Z", person("1")),
            change("1/merged", "2026-11-22T08:00:00Z", person("1")),
        ]);
        assert_eq!(
            taken.iter().map(|fact| fact.at).collect::<Vec<_>>(),
            [at("2026-11-22T08:00:00Z"), at("2026-11-21T08:00:00Z")]
        );
        assert!(rejected.is_empty());
    }

    #[test]
    fn future_and_nameless_facts_are_rejected_and_counted() {
        let (taken, rejected) = run(vec![
            change("1/merged", "2026-11-23T12:05:01Z", person("1")),
            change("", "2026-11-21T08:00:00Z", person("1")),
            change("2/merged", "2026-11-23T12:05:00Z", person("1")),
        ]);
        assert_eq!(taken.len(), 1);
        assert_eq!(rejected, RejectedCounts::from([(Rejected::InTheFuture, 1), (Rejected::BadKey, 1)]));
    }

    #[test]
    fn a_kind_that_the_feed_did_not_declare_is_rejected() {
        let facts = vec![change("1/merged", "2026-11-21T08:00:00Z", person("1"))];
        let (taken, rejected) = run_with(facts, |rules| rules.emits = &[FactKind::Review]);
        assert!(taken.is_empty());
        assert_eq!(rejected, RejectedCounts::from([(Rejected::UndeclaredKind, 1)]));
    }

    #[test]
    fn what_was_released_before_its_feed_was_added_is_refused() {
        let facts = vec![
            change("1/merged", "2026-11-15T23:59:59Z", person("1")),
            change("2/merged", "2026-11-21T08:00:00Z", person("1")),
        ];
        let (taken, rejected) = run_with(facts, |rules| rules.released_before = Some(at("2026-11-16T00:00:00Z")));
        assert_eq!((taken.len(), rejected), (1, RejectedCounts::from([(Rejected::Released, 1)])));
    }

    #[test]
    fn own_reviews_unknown_reviewers_and_machines_are_no_work() {
        let machine = Some(RawIdentity::new("9".into(), vec!["updates[bot]".into()], false));
        let (taken, rejected) = run(vec![
            review(person("1"), person("1")),
            review(None, person("1")),
            review(machine.clone(), person("1")),
            change("1/merged", "2026-11-21T08:00:00Z", machine.clone()),
        ]);
        assert!(taken.is_empty() && rejected.is_empty());
        let (taken, _) = run(vec![review(person("2"), machine)]);
        let FactBody::Review(kept) = &taken[0].body else { panic!("a review") };
        assert_eq!(kept.change_author, None);
    }

    #[test]
    fn a_machines_commit_is_kept_as_nobodys() {
        let machine = Some(RawIdentity::new("9".into(), vec!["updates[bot]".into()], false));
        let mut commit = change("1@a", "2026-11-21T08:00:00Z", None);
        let (repository, sha) = (RawKey::new("octo/app").into(), RawKey::new("a"));
        commit.body = FactBody::Commit(Commit { repository, sha, author: machine, parents: 1 });
        let (taken, rejected) = run_with(vec![commit], |rules| rules.emits = &[FactKind::Commit]);
        let FactBody::Commit(kept) = &taken[0].body else { panic!("a commit") };
        assert_eq!((kept.author.is_none(), rejected), (true, RejectedCounts::new()));
    }

    #[test]
    fn a_phase_out_of_order_is_dropped_and_the_change_stays() {
        let mut fact = change("1/merged", "2026-11-21T08:00:00Z", person("1"));
        let FactBody::Change(body) = &mut fact.body else { panic!("a change") };
        body.ready_at = Some(at("2026-11-20T07:00:00Z"));
        body.first_review_at = Some(at("2026-11-20T10:00:00Z"));
        body.first_reviewer = person("2");
        body.approved_at = Some(at("2026-11-22T00:00:00Z"));
        let (taken, rejected) = run(vec![fact]);
        let FactBody::Change(kept) = &taken[0].body else { panic!("a change") };
        assert_eq!((kept.ready_at, kept.approved_at), (None, None));
        assert_eq!(kept.first_review_at, Some(at("2026-11-20T10:00:00Z")));
        assert_eq!(rejected, RejectedCounts::from([(Rejected::PhaseOutOfOrder, 2)]));
    }
}
