//! The feed of commits: what a new head brought in, commit by commit, with when it landed.
//!
//! A first scan has no old head to compare with. It walks the listing to find where the branch
//! stood before the window and cuts the way in between into ranges of about a page; each range
//! is then read by comparing its ends, which also finds commits older than the window that were
//! merged inside it. Landing inside a range does not depend on the other ranges.

pub mod payload;

pub mod walk;

pub mod range;

pub mod landing;

use std::ops::ControlFlow;

use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::api::{self, Loss, Stop};
use crate::commits::payload::{ListedCommit, RepositoryId};
use crate::commits::range::Range;
use crate::commits::walk::Walk;
use crate::payload::Id;
use crate::scan::{Feed, Step, Visit};

/// The feed `commits`.
pub struct Commits;

/// What is kept of a repository: where its default branch stood.
#[derive(Clone, Serialize, Deserialize)]
pub struct State {
    id: Option<Id>,
    head: Option<String>,
    etag: Option<String>,
}

/// On the way to a new head.
#[derive(Serialize, Deserialize)]
pub struct Position {
    id: Id,
    head: String,
    etag: Option<String>,
    /// Ends of the ranges to deliver, newest first; the first one is `head`.
    cuts: Vec<String>,
    stage: Stage,
}

#[derive(Serialize, Deserialize)]
enum Stage {
    /// Looking for the commit before the window, and for cuts on the way.
    Find(Walk),
    /// Delivering the range that ends with the oldest cut.
    Deliver(Range),
}

impl Feed for Commits {
    type State = State;
    type Position = Position;
    type Lesson = ();

    fn step(
        visit: &Visit<'_, State>,
        position: Option<Position>,
        (): &mut (),
        page: &mut Page,
    ) -> Result<Step<State, Position>, Stop> {
        let mut position = match position {
            Some(position) => position,
            None => match start(visit)? {
                Step::More(position) => position,
                done => return Ok(done),
            },
        };
        position.stage = match position.stage {
            Stage::Find(walk) => match walk.read_page(visit, &position.head, &mut position.cuts)? {
                ControlFlow::Continue(walk) => Stage::Find(walk),
                ControlFlow::Break(base) => Stage::Deliver(Range::found(base)),
            },
            Stage::Deliver(mut range) => {
                let Some(end) = position.cuts.last() else {
                    return Err(Error::CursorExpired("a range has no end".to_owned()).into());
                };
                match range.deliver(visit, position.id, end, page) {
                    Ok(Some(offset)) => range.offset = offset,
                    Ok(None) => range = Range { base: position.cuts.pop(), offset: 0, ..range },
                    Err(Stop::Here(Loss::NotFound)) if !range.found => {
                        position.stage = Stage::Find(Walk::new(&position.head, visit.since));
                        return Ok(Step::More(position));
                    }
                    Err(stop) => return Err(stop),
                }
                Stage::Deliver(range)
            }
        };
        if position.cuts.is_empty() {
            let Position { id, head, etag, .. } = position;
            return Ok(Step::Done(State { id: Some(id), head: Some(head), etag }));
        }
        Ok(Step::More(position))
    }
}

/// Looks at the head, and decides how to get there.
fn start(visit: &Visit<'_, State>) -> Result<Step<State, Position>, Stop> {
    let old = visit.state;
    let request = api::get(format!("/repos/{}/commits", visit.repository)).query("per_page", "1");
    let request = api::if_changed(request, old.and_then(|state| state.etag.as_deref()));
    let empty = State { id: old.and_then(|state| state.id), head: None, etag: None };
    let response = match visit.api.send(&request) {
        Ok(response) => response,
        Err(Stop::Here(Loss::Empty)) => return Ok(Step::Done(empty)),
        Err(stop) => return Err(stop),
    };
    if response.status == 304 {
        return old.cloned().map(Step::Done).ok_or(Stop::Here(Loss::Unavailable));
    }
    let etag = response.header("etag").map(str::to_owned);
    let newest = response.items::<ListedCommit>()?;
    let Some(newest) = newest.items.into_iter().next() else {
        return if newest.rejected > 0 { Err(Stop::Here(Loss::Unavailable)) } else { Ok(Step::Done(empty)) };
    };
    let head = newest.sha;
    let id = match empty.id {
        Some(id) => id,
        None => {
            let path = format!("/repos/{}", visit.repository);
            visit.api.send(&api::get(path))?.json::<RepositoryId>()?.id
        }
    };
    let stage = match old.and_then(|state| state.head.clone()) {
        Some(base) if base == head => {
            return Ok(Step::Done(State { id: Some(id), head: Some(head), etag }));
        }
        Some(base) => Stage::Deliver(Range::since(base)),
        None => Stage::Find(Walk::new(&head, visit.from)),
    };
    Ok(Step::More(Position { id, cuts: vec![head.clone()], head, etag, stage }))
}

/// A listing of all that `head` reaches, newest first.
fn listing(visit: &Visit<'_, State>, head: &str) -> HttpRequest {
    paged(visit, api::get(format!("/repos/{}/commits", visit.repository)).query("sha", head))
}

fn paged(visit: &Visit<'_, State>, request: HttpRequest) -> HttpRequest {
    request.query("per_page", visit.context.settings.page_size.to_string())
}
