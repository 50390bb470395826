//! The feed of releases, as deployments that succeeded when they were published; only where the operator says to what.
//!
//! Releases are listed by the date of their commit, and a draft is published long after that: so the list is read further
//! down than to what is new.

use quintant_sdk::instant::DAY;
use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::api::{self, Stop};
use crate::listing::Place;
use crate::payload::{Date, Id};
use crate::scan::{Feed, Step, Visit};

/// How long after its commit a release is published at the latest.
const DRAFTED_FOR: Instant = 90 * DAY;

/// The feed `releases`.
pub struct Releases;

/// What is kept of a repository: the validator of its first page.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct State {
    etag: Option<String>,
}

/// A page of the listing.
#[derive(Default, Serialize, Deserialize)]
pub struct Position {
    place: Place,
    kept: State,
}

/// An item of `GET /repos/{owner}/{repo}/releases`.
#[derive(Debug, Deserialize)]
struct Release {
    id: Id,
    created_at: Date,
    published_at: Option<Date>,
    draft: Option<bool>,
    prerelease: Option<bool>,
    target_commitish: Option<String>,
}

impl Feed for Releases {
    type State = State;
    type Position = Position;
    type Lesson = ();

    fn step(
        visit: &Visit<'_, State>,
        position: Option<Position>,
        (): &mut (),
        page: &mut Page,
    ) -> Result<Step<State, Position>, Stop> {
        let mut position = position.unwrap_or_default();
        let is_first = position.place.is_first_page();
        let etag = visit.state.and_then(|state| state.etag.as_deref()).filter(|_| is_first);
        let response = position.place.read(visit.api, etag, || {
            let path = format!("/repos/{}/releases", visit.repository);
            api::get(path).query("per_page", visit.context.settings.page_size.to_string())
        })?;
        if response.status == 304 {
            return Ok(Step::Done(State { etag: etag.map(str::to_owned) }));
        }
        if is_first {
            position.kept.etag = response.header("etag").map(str::to_owned);
        }
        let listed = response.items::<Release>()?;
        page.reject(Some(visit.repository.as_str()), listed.rejected);
        let oldest = listed.items.iter().map(|release| release.created_at.0).min();
        for release in listed.items {
            release.tell(visit, page);
        }
        let is_past = oldest.is_some_and(|oldest| oldest < visit.since.saturating_sub(DRAFTED_FOR));
        if !is_past && position.place.turn(visit.api, response.next_page()) {
            return Ok(Step::More(position));
        }
        Ok(Step::Done(position.kept))
    }
}

impl Release {
    /// The key outlives a rename: GitHub gives each id once, of releases apart from deployments.
    fn tell(self, visit: &Visit<'_, State>, page: &mut Page) {
        let settings = &visit.context.settings;
        let is_final = self.draft != Some(true) && self.prerelease != Some(true);
        let published_at = self.published_at.filter(|at| is_final && at.0 >= visit.since);
        let (Some(Date(at)), Some(environment)) = (published_at, settings.releases_as_deployments.clone()) else {
            return;
        };
        let (service, id) = (settings.service(visit.repository).to_owned(), format!("release-{}", self.id));
        let deployment = DeploymentRef { service, environment, id: id.clone() };
        let mut fact = Deployment::new(deployment, DeploymentResult::Success, at);
        fact.repo = Some(visit.repository.to_string());
        // Mostly the name of a branch, which has moved on since.
        let is_sha = |text: &String| text.len() == 40 && text.chars().all(|c| c.is_ascii_hexdigit());
        fact.head_sha = self.target_commitish.filter(is_sha);
        page.push(id, at, fact);
    }
}
