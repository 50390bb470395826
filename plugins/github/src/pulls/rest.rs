//! Pull requests by REST: pages of the listing, then the reviews and the events of each pull request.

use quintant_sdk::paging::Trail;
use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::api::{self, Loss, Stop};
use crate::pulls::payload::{Event, PullRequest, SubmittedReview};
use crate::pulls::{State, listing, mapping};
use crate::scan::{self, Step, Visit};

/// Each costs up to three requests: a call must end in time even where the server is slow.
const MOST_PULLS_A_CALL: usize = 50;

/// A page of the listing, and how many of its items are delivered.
#[derive(Default, Serialize, Deserialize)]
pub struct Position {
    /// None: the first page.
    next: Option<String>,
    skip: usize,
    etag: Option<String>,
    trail: Trail,
}

impl Position {
    /// The first page, whose validator is not kept: that of the probe is.
    #[must_use]
    pub fn probed(etag: Option<String>) -> Self {
        Self { etag, ..Self::default() }
    }
}

/// Reads on from `position`; none: from a conditional first page.
///
/// # Errors
/// When the repository, or GitHub as a whole, cannot be read on.
pub fn step(
    visit: &Visit<'_, State>,
    position: Option<Position>,
    page: &mut Page,
) -> Result<Step<State, Position>, Stop> {
    let fresh = position.is_none();
    let mut position = position.unwrap_or_default();
    let response = match &position.next {
        Some(url) => visit.api.follow(url, None)?,
        None => {
            let page_size = visit.context.settings.page_size;
            visit.api.send(&listing(visit, page_size, fresh.then_some(visit.state).flatten()))?
        }
    };
    if response.status == 304 {
        return visit.state.cloned().map(Step::Done).ok_or(Stop::Here(Loss::Unavailable));
    }
    if fresh {
        // Never the validator of a page that is read again: its new items may be skipped.
        position.etag = response.header("etag").map(str::to_owned);
    }
    let pulls = response.items::<PullRequest>()?;
    if position.skip == 0 {
        page.reject(Some(visit.repository.as_str()), pulls.rejected);
    }
    let count = pulls.items.len();
    let delivered = position.skip;
    for pull in pulls.items.iter().skip(position.skip) {
        if pull.updated_at.is_some_and(|updated_at| updated_at.0 < visit.since) {
            return Ok(Step::Done(State { etag: position.etag }));
        }
        match read(visit, pull, page) {
            Ok(()) => {}
            Err(Stop::Run(Error::RateLimited(_))) if position.skip > delivered => {
                return Ok(Step::More(position));
            }
            Err(stop) => return Err(stop),
        }
        position.skip += 1;
        let is_enough = page.facts.len() >= visit.max_facts || position.skip - delivered >= MOST_PULLS_A_CALL;
        if is_enough && position.skip < count {
            return Ok(Step::More(position));
        }
    }
    match response.next_page() {
        Some(next) if position.trail.visit(next) => {
            position.next = Some(next.to_owned());
            position.skip = 0;
            Ok(Step::More(position))
        }
        more => {
            if more.is_some() {
                visit.api.truncated();
            }
            Ok(Step::Done(State { etag: position.etag }))
        }
    }
}

/// Reads what belongs to one pull request; adds to the page only when all of it could be read.
fn read(visit: &Visit<'_, State>, pull: &PullRequest, page: &mut Page) -> Result<(), Stop> {
    let scope = visit.repository.as_str();
    let parts = reviews(visit, pull).and_then(|reviews| {
        let first = mapping::Verdict::of(pull, &reviews.items, visit.context);
        let events = if pull.merged_at.is_some() && first.reviewed.is_some() {
            events(visit, pull)?
        } else {
            Items { items: Vec::new(), rejected: 0 }
        };
        Ok((reviews, events))
    });
    let (reviews, events) = match parts {
        Ok(parts) => parts,
        Err(Stop::Here(loss)) if loss != Loss::Unavailable => {
            scan::report(loss, scope, page);
            return Ok(());
        }
        Err(stop) => return Err(stop),
    };
    page.reject(Some(scope), reviews.rejected.saturating_add(events.rejected));
    mapping::change(visit, pull, &reviews.items, &events.items, page);
    mapping::reviews(visit, pull, &reviews.items, page);
    Ok(())
}

fn reviews(visit: &Visit<'_, State>, pull: &PullRequest) -> Result<Items<SubmittedReview>, Stop> {
    let path = format!("/repos/{}/pulls/{}/reviews", visit.repository, pull.number);
    visit.api.all(api::get(path).query("per_page", "100"))
}

fn events(visit: &Visit<'_, State>, pull: &PullRequest) -> Result<Items<Event>, Stop> {
    let path = format!("/repos/{}/issues/{}/events", visit.repository, pull.number);
    visit.api.all(api::get(path).query("per_page", "100"))
}
