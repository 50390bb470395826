//! The feed of pull requests: newest update first, down to where the last scan began.
//!
//! Whether anything is new is asked by REST, where the answer that nothing is costs nothing. What is new is then read by
//! GraphQL, or by REST where that is wanted or GraphQL is refused. Both tell the same facts.

pub mod graphql;
pub mod mapping;
pub mod node;
pub mod payload;
pub mod rest;

use quintant_sdk::instant::SECOND;
use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::api::{self, Loss, Stop};
use crate::graphql::{Door, Trouble};
use crate::pulls::payload::Probe;
use crate::scan::{Feed, Step, Visit};
use crate::settings::PullRequestsBy;

/// Updates of one second may come in any order, so a newer one need not change the top of the list.
const SETTLED: Instant = 2 * SECOND;

/// The feed `pull_requests`.
pub struct PullRequests;

/// What is kept of a repository: the validator of its first page.
#[derive(Clone, Serialize, Deserialize)]
pub struct State {
    etag: Option<String>,
}

/// Where a call stopped, and by which API.
#[derive(Serialize, Deserialize)]
pub enum Position {
    GraphQl(graphql::Position),
    Rest(rest::Position),
}

/// What a scan learned about GraphQL.
#[derive(Default, Serialize, Deserialize)]
pub struct Lesson {
    /// It was refused: the rest of the scan goes by REST.
    is_refused: bool,
    /// Pull requests a page, where pages as set were too much.
    page_size: Option<u32>,
    /// The points of the hour are used up until then.
    exhausted_until: Option<Instant>,
}

impl Feed for PullRequests {
    type State = State;
    type Position = Position;
    type Lesson = Lesson;

    fn step(
        visit: &Visit<'_, State>,
        position: Option<Position>,
        lesson: &mut Lesson,
        page: &mut Page,
    ) -> Result<Step<State, Position>, Stop> {
        let position = match (position, visit.context.settings.pull_requests_by) {
            (Some(Position::GraphQl(begun)), PullRequestsBy::Rest) => {
                Position::Rest(rest::Position::probed(begun.etag().map(str::to_owned)))
            }
            (Some(position), _) => position,
            (None, PullRequestsBy::Rest) => {
                return rest::step(visit, None, page).map(|step| step.at(Position::Rest));
            }
            (None, PullRequestsBy::GraphQl) => match probe(visit, lesson)? {
                Step::More(position) => position,
                done => return Ok(done),
            },
        };
        let position = match position {
            Position::Rest(position) => {
                return rest::step(visit, Some(position), page).map(|step| step.at(Position::Rest));
            }
            Position::GraphQl(position) => position,
        };
        let etag = position.etag().map(str::to_owned);
        match graphql::step(visit, position, lesson, page) {
            Ok(step) => Ok(step.at(Position::GraphQl)),
            Err(Trouble::Refused(why)) => {
                lesson.refuse(&why);
                Ok(Step::More(Position::Rest(rest::Position::probed(etag))))
            }
            Err(Trouble::Stop(stop)) => Err(stop),
            Err(Trouble::TooMuch) => {
                let repository = visit.repository.as_str();
                log::warn("GraphQL does not answer this wholly: it is read by REST", &[("repository", repository)]);
                lesson.page_size = None;
                Ok(Step::More(Position::Rest(rest::Position::probed(etag))))
            }
        }
    }
}

impl Lesson {
    fn refuse(&mut self, why: &str) {
        self.is_refused = true;
        log::warn("GraphQL is refused: this run reads pull requests by REST, one by one", &[("reason", why)]);
    }
}

/// Asks whether anything is new, and how it is to be read.
fn probe(visit: &Visit<'_, State>, lesson: &mut Lesson) -> Result<Step<State, Position>, Stop> {
    let response = visit.api.send(&listing(visit, 1, visit.state))?;
    if response.status == 304 {
        return visit.state.cloned().map(Step::Done).ok_or(Stop::Here(Loss::Unavailable));
    }
    let etag = response.header("etag").map(str::to_owned);
    let newest = response.items::<Probe>()?;
    if newest.items.is_empty() && newest.rejected == 0 {
        return Ok(Step::Done(State { etag }));
    }
    let newest = newest.items.into_iter().next().unwrap_or_default();
    if newest.updated_at.0.is_some_and(|at| at < visit.since) {
        // A push to the repository, or a star, changes the validator too.
        return Ok(Step::Done(State { etag }));
    }
    let is_settled = newest.updated_at.0.is_some_and(|at| at.saturating_add(SETTLED) < visit.api.now());
    let etag = etag.filter(|_| is_settled);
    if !lesson.is_refused && visit.api.is_anonymous() {
        lesson.refuse("it needs a credential");
    }
    Ok(Step::More(if lesson.is_refused {
        Position::Rest(rest::Position::probed(etag))
    } else {
        Position::GraphQl(graphql::Position::new(Door::beside(newest.url.as_deref()), etag))
    }))
}

/// The first page of the listing; only news where there is a validator of it.
fn listing(visit: &Visit<'_, State>, page_size: u32, known: Option<&State>) -> HttpRequest {
    let request = api::get(format!("/repos/{}/pulls", visit.repository))
        .query("state", "all")
        .query("sort", "updated")
        .query("direction", "desc")
        .query("per_page", page_size.to_string());
    api::if_changed(request, known.and_then(|state| state.etag.as_deref()))
}
