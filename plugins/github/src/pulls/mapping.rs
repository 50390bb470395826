//! From pull requests, reviews and events to facts. Pure.

use quintant_sdk::prelude::*;

use crate::people::{self, User, account};
use crate::pulls::payload::{Event, PullRequest, SubmittedReview};
use crate::scan::Visit;
use crate::settings::Settings;

/// What reviews by known humans other than the author say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// The first of them: when, and by whom.
    pub reviewed: Option<(Instant, Account)>,
    /// The first that approved.
    pub approved_at: Option<Instant>,
}

impl Verdict {
    /// Looks through all reviews of a pull request, in whatever order.
    #[must_use]
    pub fn of(pull: &PullRequest, reviews: &[SubmittedReview], context: &Context<Settings>) -> Self {
        let author = people::known(pull.user.as_ref());
        let (mut approved_at, mut first): (Option<Instant>, Option<(Instant, &SubmittedReview)>) = (None, None);
        for review in reviews {
            let Some(at) = submitted_at(review) else {
                continue;
            };
            if people::human(review.user.as_ref(), context).is_none_or(|reviewer| author == Some(reviewer)) {
                continue;
            }
            if state(review) == ReviewState::Approved {
                approved_at = Some(approved_at.map_or(at, |first| first.min(at)));
            }
            if first.is_none_or(|(first, _)| at < first) {
                first = Some((at, review));
            }
        }
        let reviewed = first.and_then(|(at, review)| Some((at, account(review.user.as_ref(), context)?)));
        Self { reviewed, approved_at }
    }
}

/// The end of a pull request, or the retraction of an end that no longer holds.
pub fn change<S>(
    visit: &Visit<'_, S>,
    pull: &PullRequest,
    reviews: &[SubmittedReview],
    events: &[Event],
    page: &mut Page,
) {
    let verdict = Verdict::of(pull, reviews, visit.context);
    let id = id(pull);
    let closed_key = Change::closed_key(&id);
    let repo = visit.repository.as_str();
    let (at, mut change) = match (pull.merged_at, pull.closed_at) {
        (Some(merged_at), _) => {
            page.retract(FactKind::Change, closed_key);
            (merged_at.0, Change::merged(repo, id, pull.created_at.0))
        }
        (None, Some(closed_at)) if pull.state.as_deref() != Some("open") => {
            (closed_at.0, Change::closed(repo, id, pull.created_at.0))
        }
        _ => return page.retract(FactKind::Change, closed_key),
    };
    if at < visit.from {
        return;
    }
    let base = &pull.base;
    change.author = account(pull.user.as_ref(), visit.context);
    change.to_default_branch = base.branch.is_some() && base.branch == base.repo.default_branch;
    change.ready_at = ready_at(events, at);
    change.approved_at = verdict.approved_at;
    (change.first_review_at, change.first_reviewer) = verdict.reviewed.unzip();
    // A branch that was rebuilt after it was opened has no earlier beginning.
    change.first_commit_at = pull.first_commit_at.filter(|at| *at <= change.opened_at);
    (change.additions, change.deletions, change.files) = (pull.additions, pull.deletions, pull.changed_files);
    change.review_comments = review_comments(pull, reviews, visit.context);
    change.merge_sha = pull.merge_commit_sha.clone().filter(|_| change.merged);
    page.push(change.key(), at, change);
}

/// All submitted reviews of a pull request.
pub fn reviews<S>(visit: &Visit<'_, S>, pull: &PullRequest, reviews: &[SubmittedReview], page: &mut Page) {
    let (id, author) = (id(pull), account(pull.user.as_ref(), visit.context));
    for review in reviews {
        let Some(at) = submitted_at(review).filter(|at| *at >= visit.from) else {
            continue;
        };
        let mut fact = Review::new(visit.repository.as_str(), id.clone(), state(review))
            .by(account(review.user.as_ref(), visit.context));
        fact.comments = review.comments;
        fact.change_author.clone_from(&author);
        page.push(review.id.to_string(), at, fact);
    }
}

/// Comments by known humans other than the author, in the conversation and on lines; none where one of them was not read.
fn review_comments(pull: &PullRequest, reviews: &[SubmittedReview], context: &Context<Settings>) -> Option<u32> {
    let author = people::known(pull.user.as_ref());
    let counts = |user: Option<&User>| people::human(user, context).is_some_and(|commenter| author != Some(commenter));
    let said = pull.commenters.as_ref()?.iter().filter(|user| counts(user.as_ref())).count();
    let mut sum = u32::try_from(said).unwrap_or(u32::MAX);
    for review in reviews.iter().filter(|review| submitted_at(review).is_some() && counts(review.user.as_ref())) {
        sum = sum.saturating_add(review.comments?);
    }
    Some(sum)
}

fn id(pull: &PullRequest) -> String {
    Change::id(&pull.base.repo.id.to_string(), pull.number)
}

/// The last moment, up to the close, at which a draft became ready.
fn ready_at(events: &[Event], close: Instant) -> Option<Instant> {
    events
        .iter()
        .filter(|event| event.is_ready_for_review())
        .filter_map(|event| event.created_at)
        .map(|created_at| created_at.0)
        .filter(|at| *at <= close)
        .max()
}

fn submitted_at(review: &SubmittedReview) -> Option<Instant> {
    let submitted_at = review.submitted_at?.0;
    (!is(review, "PENDING")).then_some(submitted_at)
}

fn state(review: &SubmittedReview) -> ReviewState {
    if is(review, "APPROVED") {
        ReviewState::Approved
    } else if is(review, "CHANGES_REQUESTED") {
        ReviewState::ChangesRequested
    } else {
        ReviewState::Commented
    }
}

/// Webhooks write states in lower case, listings in upper case.
fn is(review: &SubmittedReview, state: &str) -> bool {
    review.state.as_deref().is_some_and(|found| found.eq_ignore_ascii_case(state))
}
