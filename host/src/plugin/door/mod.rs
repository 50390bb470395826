//! WIT ↔ model, at the door. What cannot be a fact is counted; what the contract forbids is a failure.

mod delivery;
mod people;

use jiff::{SignedDuration, Timestamp};

use super::contract::exports::quintant::collector::collector as wit;
use super::contract::quintant::collector::types;
use super::failure::{Failure, FailureCode, plain};
use crate::model::{
    Change, Commit, FactBody, FactKind, RawFact, RawIdentity, RawKey, Rejected, RejectedCounts, Retraction, Review,
    ReviewState, Word,
};

const LARGEST_CURSOR_BYTES: usize = 1 << 20;
const MOST_FACTS: usize = 50_000;
/// Of one account.
const MOST_NAMES: usize = 16;
const LONGEST_NAME_BYTES: usize = 320;
const TOLERATED_CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Part of the upstream that a page could not read or map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub kind: ProblemKind,
    /// Repository, job, channel: for operators only.
    pub scope: Option<String>,
    pub count: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    NotFound,
    Forbidden,
    Truncated,
    Rejected,
    Unavailable,
}

impl ProblemKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            ProblemKind::NotFound => "not_found",
            ProblemKind::Forbidden => "forbidden",
            ProblemKind::Truncated => "truncated",
            ProblemKind::Rejected => "rejected",
            ProblemKind::Unavailable => "unavailable",
        }
    }
}

/// One page, as a plugin sent it.
#[derive(Debug, Default)]
pub struct Page {
    pub facts: Vec<RawFact>,
    /// Facts, and parts of facts, that cannot be any.
    pub rejected: RejectedCounts,
    pub retractions: Vec<Retraction<RawKey>>,
    pub problems: Vec<Problem>,
    pub covered_through: Option<Timestamp>,
    pub cursor: Option<String>,
    pub more: bool,
    /// 0 to 1.
    pub progress: Option<f32>,
}

/// `conceal` takes credentials out of what people will read.
pub(super) fn page(sent: wit::Page, now: Timestamp, conceal: impl Fn(String) -> String) -> Result<Page, Failure> {
    let nonsense = |message: &str| Failure::new(FailureCode::Nonsense, message);
    if sent.facts.len() > MOST_FACTS || sent.retractions.len() > MOST_FACTS {
        return Err(nonsense("a page holds more than 50000 facts"));
    }
    if sent.cursor.as_ref().is_some_and(|cursor| cursor.len() > LARGEST_CURSOR_BYTES) {
        return Err(nonsense("a cursor is larger than 1 MiB"));
    }
    let covered_through = match sent.covered_through {
        None => None,
        Some(milliseconds) => {
            let through = instant(milliseconds).ok_or_else(|| nonsense("`covered-through` is no instant"))?;
            if through.duration_since(now) > TOLERATED_CLOCK_SKEW {
                return Err(nonsense("`covered-through` lies in the future"));
            }
            Some(through.min(now))
        }
    };
    let mut rejected = RejectedCounts::new();
    let mut facts = Vec::with_capacity(sent.facts.len());
    for envelope in sent.facts {
        match fact(envelope, &mut rejected) {
            Ok(fact) => facts.push(fact),
            Err(reason) => *rejected.entry(reason).or_default() += 1,
        }
    }
    Ok(Page {
        facts,
        rejected,
        retractions: sent.retractions.into_iter().map(retraction).collect(),
        problems: sent.problems.into_iter().take(10_000).map(|sent| problem(sent, &conceal)).collect(),
        covered_through,
        cursor: sent.cursor,
        more: sent.more,
        progress: sent.progress.filter(|progress| progress.is_finite()).map(|progress| progress.clamp(0.0, 1.0)),
    })
}

pub(super) fn failure(sent: wit::Failure, conceal: impl Fn(String) -> String) -> Failure {
    use wit::Failure as Wit;
    let failed = |code, message| Failure::new(code, conceal(message));
    match sent {
        Wit::Unauthorized(message) => failed(FailureCode::Unauthorized, message),
        Wit::Misconfigured(message) => failed(FailureCode::Misconfigured, message),
        Wit::RateLimited(seconds) => Failure {
            retry_after_seconds: seconds,
            ..Failure::new(FailureCode::RateLimited, "the source allows no more requests for now")
        },
        Wit::Transient(message) => failed(FailureCode::Transient, message),
        Wit::CursorExpired(message) => failed(FailureCode::CursorExpired, message),
        Wit::Permanent(message) => failed(FailureCode::Permanent, message),
        Wit::Cancelled => Failure::new(FailureCode::Cancelled, "the run was cancelled"),
    }
}

/// What is no fact is refused whole; parts of one that are none are counted.
fn fact(envelope: types::Envelope, rejected: &mut RejectedCounts) -> Result<RawFact, Rejected> {
    let at = instant(envelope.at).ok_or(Rejected::BadTime)?;
    let body = match envelope.fact {
        types::Fact::Change(sent) => FactBody::Change(change(sent).ok_or(Rejected::BadTime)?),
        types::Fact::Review(sent) => FactBody::Review(Review {
            change: RawKey::new(sent.change),
            change_author: sent.change_author.and_then(identity),
            reviewer: sent.reviewer.and_then(identity),
            state: match sent.state {
                types::ReviewState::Approved => ReviewState::Approved,
                types::ReviewState::ChangesRequested => ReviewState::ChangesRequested,
                types::ReviewState::Commented => ReviewState::Commented,
            },
            comments: sent.comments,
        }),
        types::Fact::Commit(sent) => FactBody::Commit(Commit {
            repository: RawKey::new(sent.repo).into(),
            sha: RawKey::new(sent.sha),
            author: sent.author.and_then(identity),
            parents: sent.parents,
        }),
        types::Fact::Build(sent) => FactBody::Build(delivery::build(sent, rejected)),
        types::Fact::Deployment(sent) => FactBody::Deployment(delivery::deployment(sent, rejected)),
        types::Fact::Incident(sent) => FactBody::Incident(delivery::incident(sent, rejected)?),
        types::Fact::Usage(sent) => FactBody::Usage(people::usage(sent)?),
        types::Fact::Tally(sent) => FactBody::Tally(people::tally(sent)?),
        types::Fact::SurveyResponse(sent) => FactBody::SurveyResponse(people::survey_response(sent, rejected)?),
        types::Fact::Friction(sent) => FactBody::Friction(people::friction(&sent, rejected)?),
        types::Fact::Membership(sent) => FactBody::Membership(people::membership(sent)?),
        types::Fact::Sample(sent) => FactBody::Sample(people::sample(sent)?),
    };
    Ok(RawFact { key: RawKey::new(envelope.key), at, body })
}

fn change(sent: types::Change) -> Option<Change<RawIdentity, RawKey>> {
    Some(Change {
        change: RawKey::new(sent.id),
        repository: RawKey::new(sent.repo),
        owner: None,
        author: sent.author.and_then(identity),
        merged: sent.merged,
        to_default_branch: sent.to_default_branch,
        first_commit_at: sent.first_commit_at.and_then(instant),
        opened_at: instant(sent.opened_at)?,
        ready_at: sent.ready_at.and_then(instant),
        first_review_at: sent.first_review_at.and_then(instant),
        first_reviewer: sent.first_reviewer.and_then(identity),
        approved_at: sent.approved_at.and_then(instant),
        merge_commit: sent.merge_sha.map(RawKey::new),
        additions: sent.additions,
        deletions: sent.deletions,
        files: sent.files,
        review_comments: sent.review_comments,
        reverts: sent.reverts.map(RawKey::new),
    })
}

fn retraction(sent: wit::Retraction) -> Retraction<RawKey> {
    Retraction { kind: kind(sent.kind), key: RawKey::new(sent.key) }
}

const fn kind(sent: types::FactKind) -> FactKind {
    match sent {
        types::FactKind::Change => FactKind::Change,
        types::FactKind::Review => FactKind::Review,
        types::FactKind::Commit => FactKind::Commit,
        types::FactKind::Build => FactKind::Build,
        types::FactKind::Deployment => FactKind::Deployment,
        types::FactKind::Incident => FactKind::Incident,
        types::FactKind::Usage => FactKind::Usage,
        types::FactKind::Tally => FactKind::Tally,
        types::FactKind::SurveyResponse => FactKind::SurveyResponse,
        types::FactKind::Friction => FactKind::Friction,
        types::FactKind::Membership => FactKind::Membership,
        types::FactKind::Sample => FactKind::Sample,
    }
}

fn problem(sent: wit::Problem, conceal: impl Fn(String) -> String) -> Problem {
    let kind = match sent.kind {
        wit::ProblemKind::NotFound => ProblemKind::NotFound,
        wit::ProblemKind::Forbidden => ProblemKind::Forbidden,
        wit::ProblemKind::Truncated => ProblemKind::Truncated,
        wit::ProblemKind::Rejected => ProblemKind::Rejected,
        wit::ProblemKind::Unavailable => ProblemKind::Unavailable,
    };
    Problem { kind, scope: sent.scope.map(|scope| plain(&conceal(scope), 200)), count: sent.count }
}

/// An account without an id, or with one that cannot be, is nobody known.
fn identity(sent: types::Account) -> Option<RawIdentity> {
    let is_bounded = |text: &String| !text.is_empty() && text.len() <= LONGEST_NAME_BYTES;
    if !is_bounded(&sent.id) {
        return None;
    }
    let names = sent.names.into_iter().filter(is_bounded).take(MOST_NAMES).collect();
    Some(RawIdentity::new(sent.id, names, sent.bot))
}

fn instant(milliseconds: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds).ok()
}

/// A tool, a category: in lower case, whatever the source's.
fn word(text: &str) -> Result<Word, Rejected> {
    text.to_lowercase().parse().map_err(|_| Rejected::BadWord)
}
