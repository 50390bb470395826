//! The feed of incidents: issues with a label, oldest update first.
//!
//! An issue whose label was taken off is in no listing of that label any more. So only a first scan lists by label; later
//! ones list all that was updated, which a conditional request has told to be anything at all.

pub mod mapping;
pub mod payload;

use std::collections::BTreeSet;

use quintant_sdk::instant::{SECOND, format_rfc3339};
use quintant_sdk::paging::Trail;
use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::api::{self, Loss, Stop};
use crate::incidents::payload::{Issue, Probe};
use crate::listing::Place;
use crate::scan::{Feed, Step, Visit};

/// Updates of one second may come in any order, so a newer one need not change the top of the list.
const SETTLED: Instant = 2 * SECOND;
/// Of one repository, the newest: that they are incidents no more is noticed.
const MOST_KNOWN: usize = 500;

/// The feed `incidents`.
pub struct Incidents;

/// What is kept of a repository.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct State {
    /// Of the latest update.
    etag: Option<String>,
    /// Ids of the issues that were told.
    known: BTreeSet<u64>,
}

/// Where a call stopped.
#[derive(Serialize, Deserialize)]
pub struct Position {
    /// Which label is listed; none: whatever it is labelled.
    label: Option<usize>,
    /// Listed from this update on. While pages are turned items move up, so that the one at an edge would be passed over:
    /// each page begins at the last update of the one before.
    since: Instant,
    place: Place,
    pages: usize,
    kept: State,
}

impl Feed for Incidents {
    type State = State;
    type Position = Position;
    type Lesson = ();

    fn step(
        visit: &Visit<'_, State>,
        position: Option<Position>,
        (): &mut (),
        page: &mut Page,
    ) -> Result<Step<State, Position>, Stop> {
        let position = match position {
            Some(position) => position,
            None => match probe(visit)? {
                Step::More(position) => position,
                done => return Ok(done),
            },
        };
        position.read(visit, page)
    }
}

/// Asks whether anything is new.
fn probe(visit: &Visit<'_, State>) -> Result<Step<State, Position>, Stop> {
    let known = visit.state.cloned();
    let request = issues(visit, "desc").query("per_page", "1");
    let etag = known.as_ref().and_then(|known| known.etag.as_deref());
    let response = visit.api.send(&api::if_changed(request, etag))?;
    if response.status == 304 {
        return known.map(Step::Done).ok_or(Stop::Here(Loss::Unavailable));
    }
    let etag = response.header("etag").map(str::to_owned);
    let newest = response.items::<Probe>()?;
    let is_first = known.is_none();
    let mut kept = State { etag, ..known.unwrap_or_default() };
    let newest = match newest.items.into_iter().next() {
        None if newest.rejected == 0 => return Ok(Step::Done(kept)),
        newest => newest.unwrap_or_default().updated_at.0,
    };
    if newest.is_some_and(|at| at < visit.since) {
        return Ok(Step::Done(kept));
    }
    let is_settled = newest.is_some_and(|at| at.saturating_add(SETTLED) < visit.api.now());
    kept.etag = kept.etag.filter(|_| is_settled);
    let label = is_first.then_some(0);
    Ok(Step::More(Position { label, since: visit.since, place: Place::default(), pages: 0, kept }))
}

impl Position {
    fn read(mut self, visit: &Visit<'_, State>, page: &mut Page) -> Result<Step<State, Self>, Stop> {
        let settings = &visit.context.settings;
        let response = self.place.read(visit.api, None, || {
            let request = issues(visit, "asc")
                .query("since", format_rfc3339(self.since))
                .query("per_page", settings.page_size.to_string());
            match self.label.and_then(|label| settings.incident_labels.get(label)) {
                Some(label) => request.query("labels", label.as_str()),
                None => request,
            }
        })?;
        let listed = response.items::<Issue>()?;
        page.reject(Some(visit.repository.as_str()), listed.rejected);
        for issue in &listed.items {
            if mapping::is_incident(issue, settings) {
                mapping::phases(visit, issue, page);
                self.kept.known.insert(issue.id.0);
            } else if self.kept.known.remove(&issue.id.0) {
                mapping::retract(issue, page);
            }
        }
        while self.kept.known.len() > MOST_KNOWN {
            self.kept.known.pop_first();
        }
        self.pages += 1;
        let last = listed.items.iter().map(|issue| issue.updated_at.0).max();
        Ok(match (response.next_page(), last) {
            (Some(_), _) if self.pages >= Trail::MAX_PAGES => {
                visit.api.truncated();
                self.next_label(visit)
            }
            // Whole seconds are asked for.
            (Some(_), Some(last)) if last - last.rem_euclid(SECOND) > self.since => {
                (self.since, self.place) = (last, Place::default());
                Step::More(self)
            }
            (next, _) if self.place.turn(visit.api, next) => Step::More(self),
            _ => self.next_label(visit),
        })
    }

    fn next_label(mut self, visit: &Visit<'_, State>) -> Step<State, Self> {
        let next = self.label.map(|label| label + 1);
        if next.is_none_or(|next| next >= visit.context.settings.incident_labels.len()) {
            return Step::Done(self.kept);
        }
        (self.label, self.since, self.place, self.pages) = (next, visit.since, Place::default(), 0);
        Step::More(self)
    }
}

fn issues(visit: &Visit<'_, State>, direction: &str) -> HttpRequest {
    api::get(format!("/repos/{}/issues", visit.repository))
        .query("state", "all")
        .query("sort", "updated")
        .query("direction", direction)
}
