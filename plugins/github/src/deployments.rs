//! The feed of deployments: newest first down to where the last scan began, and once more those that had not ended.
//!
//! GitHub lists deployments without what became of them, and a status does not move a deployment in the list. So the
//! statuses of each are asked for once it is seen, and again in every scan until it ends or is given up.

pub mod mapping;
pub mod payload;

use quintant_sdk::instant::{DAY, SECOND};
use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::api::{self, Loss, Stop};
use crate::deployments::mapping::{Begun, Outcome};
use crate::deployments::payload::{ListedDeployment, Status};
use crate::listing::Place;
use crate::scan::{self, Feed, Step, Visit};

/// How long a deployment is asked about that does not end.
const WATCHED_FOR: Instant = 7 * DAY;
/// Of one repository: the oldest beyond are given up.
const MOST_WATCHED: usize = 200;
/// How long a deployment is asked about that failed: it may be tried again.
const FAILED_FOR: Instant = DAY;
/// How late a deployment may show up in the list.
const SETTLED: Instant = 600 * SECOND;
/// How far before the history that was asked for a deployment may have begun that ended in it.
const LONGEST: Instant = DAY;
/// Each costs a request: a call must end in time even where the server is slow.
const MOST_DEPLOYMENTS_A_CALL: usize = 50;

/// The feed `deployments`.
pub struct Deployments;

/// What is kept of a repository.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct State {
    /// Of the first page.
    etag: Option<String>,
    /// When the newest deployment that was seen began.
    newest: Option<Instant>,
    /// Those that may still succeed.
    open: Vec<Begun>,
}

/// Where a call stopped.
#[derive(Serialize, Deserialize)]
pub struct Position {
    /// What is left to be asked about once more.
    again: Vec<Begun>,
    place: Place,
    /// What the next scan will find.
    kept: State,
}

impl Feed for Deployments {
    type State = State;
    type Position = Position;
    type Lesson = ();

    fn step(
        visit: &Visit<'_, State>,
        position: Option<Position>,
        (): &mut (),
        page: &mut Page,
    ) -> Result<Step<State, Position>, Stop> {
        let mut position = position.unwrap_or_else(|| {
            let known = visit.state.cloned().unwrap_or_default();
            Position { again: known.open, place: Place::default(), kept: State { open: Vec::new(), ..known } }
        });
        let mut reading = Reading { visit, asked: 0 };
        while let Some(begun) = position.again.last() {
            match reading.outcome(begun, &mut position.kept, page) {
                Err(Stop::Run(Error::RateLimited(_))) if reading.asked > 0 => return Ok(Step::More(position)),
                read => read?,
            }
            position.again.pop();
            if reading.is_enough(page) {
                return Ok(Step::More(position));
            }
        }
        reading.list(position, page)
    }
}

/// One call's way through a repository.
struct Reading<'a> {
    visit: &'a Visit<'a, State>,
    asked: usize,
}

impl Reading<'_> {
    fn list(&mut self, mut position: Position, page: &mut Page) -> Result<Step<State, Position>, Stop> {
        let visit = self.visit;
        let etag = visit.state.and_then(|state| state.etag.as_deref()).filter(|_| position.place.is_first_page());
        let response = position.place.read(visit.api, etag, || {
            let path = format!("/repos/{}/deployments", visit.repository);
            api::get(path).query("per_page", visit.context.settings.page_size.to_string())
        })?;
        if response.status == 304 {
            return Ok(Step::Done(position.kept));
        }
        if position.place.is_first_page() && position.place.skip == 0 {
            position.kept.etag = response.header("etag").map(str::to_owned);
        }
        let listed = response.items::<ListedDeployment>()?;
        if position.place.skip == 0 {
            page.reject(Some(visit.repository.as_str()), listed.rejected);
        }
        let count = listed.items.len();
        for deployment in listed.items.into_iter().skip(position.place.skip) {
            let created_at = deployment.created_at.0;
            if created_at < self.oldest() {
                return Ok(Step::Done(position.kept));
            }
            if !position.kept.open.iter().any(|open| open.id == deployment.id) {
                match self.outcome(&Begun::new(deployment), &mut position.kept, page) {
                    Err(Stop::Run(Error::RateLimited(_))) if self.asked > 0 => return Ok(Step::More(position)),
                    read => read?,
                }
            }
            position.kept.newest = position.kept.newest.max(Some(created_at));
            position.place.skip += 1;
            if self.is_enough(page) && position.place.skip < count {
                return Ok(Step::More(position));
            }
        }
        if position.place.turn(visit.api, response.next_page()) {
            return Ok(Step::More(position));
        }
        Ok(Step::Done(position.kept))
    }

    /// From when on deployments are news.
    fn oldest(&self) -> Instant {
        let since = self.visit.since;
        match self.visit.state.map(|state| state.newest) {
            Some(newest) => newest.map_or(since, |newest| newest.saturating_sub(SETTLED).max(since)),
            None => since.saturating_sub(LONGEST),
        }
    }

    /// Adds what became of a deployment to the page, or keeps it for the next scan.
    fn outcome(&mut self, begun: &Begun, kept: &mut State, page: &mut Page) -> Result<(), Stop> {
        let visit = self.visit;
        let scope = visit.repository.as_str();
        let path = format!("/repos/{scope}/deployments/{}/statuses", begun.id);
        let statuses: Items<Status> = match visit.api.all(api::get(path).query("per_page", "100")) {
            Ok(statuses) => statuses,
            Err(Stop::Here(loss)) if loss != Loss::Unavailable => {
                scan::report(loss, scope, page);
                return Ok(());
            }
            Err(stop) => return Err(stop),
        };
        self.asked += 1;
        page.reject(Some(scope), statuses.rejected);
        match Outcome::of(&statuses.items) {
            Outcome::Ended(result, at) => {
                begun.end(visit, result, at, page);
                if result == DeploymentResult::Failure {
                    self.watch(begun, FAILED_FOR, kept);
                }
            }
            Outcome::Open => self.watch(begun, WATCHED_FOR, kept),
            Outcome::Replaced => {}
        }
        Ok(())
    }

    fn watch(&self, begun: &Begun, long: Instant, kept: &mut State) {
        let is_young = begun.created_at.saturating_add(long) > self.visit.api.now();
        if is_young && kept.open.len() < MOST_WATCHED {
            kept.open.push(begun.clone());
        }
    }

    fn is_enough(&self, page: &Page) -> bool {
        page.facts.len() >= self.visit.max_facts || self.asked >= MOST_DEPLOYMENTS_A_CALL
    }
}
