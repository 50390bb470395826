//! The feed of workflow runs: all that were created in the last week, once more in every scan, page by page.
//!
//! A run ends, and is run again, long after it was created, and no listing is sorted by that. So a week is listed each time,
//! and more while a run from before has not ended. Validators of its pages make what has not changed free. A listing shows
//! a run in its latest attempt; earlier ones are asked for one by one.

pub mod mapping;
pub mod payload;
pub mod span;

use std::collections::BTreeMap;

use quintant_sdk::instant::DAY;
use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::api::{self, Loss, Stop};
use crate::payload::Id;
use crate::runs::payload::{Branches, Run, Runs};
use crate::runs::span::{Span, day_of};
use crate::scan::{self, Feed, Step, Visit};

/// How long after its creation a run is looked at again, and how far before the history that was asked for one may have been created that
/// ended in it.
const LOOKED_AT_FOR: Instant = 7 * DAY;
/// GitHub ends every run by then.
const LONGEST: Instant = 35 * DAY;
/// GitHub pages through no more of a listing that is filtered.
const MOST_LISTED: u64 = 1_000;
/// Of one scan, however much the server says that there is: enough for half a million runs.
const MOST_HALVINGS: u32 = 500;
/// Of one span, however small they are.
const MOST_PAGES: u32 = 1_000;
/// A call must end in time even where the server is slow.
const MOST_ATTEMPTS_A_CALL: usize = 50;
/// Of one run: the earliest beyond are given up.
const MOST_ATTEMPTS: u32 = 100;
/// Of one repository, whose validators are kept: a cursor has bounds.
const MOST_KNOWN_PAGES: usize = 10;
/// Of one repository, whose earlier attempts are known to be delivered.
const MOST_RUNS_AGAIN: usize = 200;

/// The feed `workflow_runs`.
pub struct WorkflowRuns;

/// What is kept of a repository.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct State {
    default_branch: Option<String>,
    /// When the oldest run was created that had not ended.
    open_since: Option<Instant>,
    /// By the dates listed, and the number of the page.
    pages: BTreeMap<String, KnownPage>,
    /// Of runs in a later attempt: how many attempts are delivered.
    delivered: BTreeMap<u64, u32>,
}

/// A page as it was last seen.
#[derive(Clone, Serialize, Deserialize)]
struct KnownPage {
    etag: String,
    has_next: bool,
    /// When the oldest run of it was created that had not ended.
    open_since: Option<Instant>,
}

/// Where a call stopped.
#[derive(Serialize, Deserialize)]
pub struct Position {
    /// Still to be read; the last one first.
    spans: Vec<Span>,
    halvings: u32,
    page_number: u32,
    /// How many items of the page are delivered.
    skip: usize,
    has_branch: bool,
    kept: State,
}

impl Feed for WorkflowRuns {
    type State = State;
    type Position = Position;
    type Lesson = ();

    fn step(
        visit: &Visit<'_, State>,
        position: Option<Position>,
        (): &mut (),
        page: &mut Page,
    ) -> Result<Step<State, Position>, Stop> {
        let mut position = position.unwrap_or_else(|| Position::new(visit));
        while let Some(span) = position.spans.last().copied() {
            if let Read::Something = position.read(visit, span, page)? {
                break;
            }
        }
        Ok(if position.spans.is_empty() { Step::Done(position.kept) } else { Step::More(position) })
    }
}

/// What a page brought.
enum Read {
    Something,
    /// It has not changed.
    Nothing,
}

/// How much of a run was delivered.
enum Delivered {
    Wholly,
    InPart,
}

impl Position {
    fn new(visit: &Visit<'_, State>) -> Self {
        let now = visit.context.now;
        let known = visit.state.cloned();
        let earliest = visit.from.saturating_sub(LOOKED_AT_FOR);
        let from = known.as_ref().map_or(earliest, |known| {
            let open_since = known.open_since.unwrap_or(now).max(now.saturating_sub(LONGEST));
            visit.since.min(now.saturating_sub(LOOKED_AT_FOR)).min(open_since)
        });
        let from = day_of(from.max(earliest));
        Self {
            spans: vec![Span { from, to: None }],
            halvings: 0,
            page_number: 1,
            skip: 0,
            has_branch: false,
            kept: State { pages: BTreeMap::new(), open_since: None, ..known.unwrap_or_default() },
        }
    }

    fn read(&mut self, visit: &Visit<'_, State>, span: Span, page: &mut Page) -> Result<Read, Stop> {
        let name = format!("{}#{}", span.filter(), self.page_number);
        let known = visit.state.and_then(|state| state.pages.get(&name)).filter(|_| self.skip == 0);
        let response = visit.api.send(&listing(visit, span, self.page_number, known))?;
        if let (304, Some(known)) = (response.status, known) {
            self.finish(visit, known.has_next, known.open_since);
            self.kept.pages.insert(name, known.clone());
            return Ok(Read::Nothing);
        }
        let listed: Runs = response.json()?;
        let is_too_much = listed.total_count.is_some_and(|count| count > MOST_LISTED);
        if is_too_much && self.page_number == 1 && self.skip == 0 {
            let halves = span.halves(visit.api.now()).filter(|_| self.halvings < MOST_HALVINGS);
            if let Some((older, newer)) = halves {
                self.halvings += 1;
                self.spans.pop();
                self.spans.extend([newer, older]);
                return Ok(Read::Something);
            }
            visit.api.truncated();
        }
        let is_whole = self.skip == 0;
        if is_whole {
            page.reject(Some(visit.repository.as_str()), listed.workflow_runs.rejected);
        }
        self.read_branch(visit)?;
        let runs = listed.workflow_runs.items;
        let mut asked = 0;
        for run in runs.iter().skip(self.skip) {
            match self.deliver(visit, run, &mut asked, page) {
                Ok(Delivered::Wholly) => self.skip += 1,
                Ok(Delivered::InPart) => return Ok(Read::Something),
                Err(Stop::Run(Error::RateLimited(_))) if !page.facts.is_empty() || asked > 0 => {
                    return Ok(Read::Something);
                }
                Err(stop) => return Err(stop),
            }
            if page.facts.len() >= visit.max_facts && self.skip < runs.len() {
                return Ok(Read::Something);
            }
        }
        let open_since = runs.iter().filter(|run| !run.is_completed()).map(|run| run.created_at.0).min();
        let has_next = response.next_page().is_some();
        self.finish(visit, has_next, open_since);
        // The dates of a first scan are not listed again; a page that was read in portions may have changed meanwhile.
        let etag = response.header("etag").filter(|_| is_whole && visit.state.is_some());
        if let Some(etag) = etag.filter(|_| self.kept.pages.len() < MOST_KNOWN_PAGES) {
            self.kept.pages.insert(name, KnownPage { etag: etag.to_owned(), has_next, open_since });
        }
        Ok(Read::Something)
    }

    /// Turns to the page after one that was read.
    fn finish(&mut self, visit: &Visit<'_, State>, has_next: bool, open_since: Option<Instant>) {
        self.skip = 0;
        self.kept.open_since = self.kept.open_since.into_iter().chain(open_since).min();
        if has_next && self.page_number < MOST_PAGES {
            self.page_number += 1;
            return;
        }
        if has_next {
            visit.api.truncated();
        }
        self.spans.pop();
        self.page_number = 1;
    }

    /// Once a scan, where there is news: branches are renamed.
    fn read_branch(&mut self, visit: &Visit<'_, State>) -> Result<(), Stop> {
        if !self.has_branch {
            let response = visit.api.send(&api::get(format!("/repos/{}", visit.repository)))?;
            self.kept.default_branch = response.json::<Branches>()?.default_branch;
            self.has_branch = true;
        }
        Ok(())
    }

    /// Adds a run's attempts to the page.
    fn deliver(
        &mut self,
        visit: &Visit<'_, State>,
        run: &Run,
        asked: &mut usize,
        page: &mut Page,
    ) -> Result<Delivered, Stop> {
        if visit.state.is_some() && run.updated_at.0 < visit.since {
            return Ok(Delivered::Wholly);
        }
        let before = run.attempt() - 1;
        let known = self.kept.delivered.get(&run.id.0).copied().unwrap_or_default();
        for attempt in known.max(before.saturating_sub(MOST_ATTEMPTS)) + 1..=before {
            if *asked >= MOST_ATTEMPTS_A_CALL {
                return Ok(Delivered::InPart);
            }
            *asked += 1;
            if let Some(earlier) = earlier(visit, run.id, attempt, page)? {
                self.add(visit, &earlier, page);
            }
            self.kept.delivered.insert(run.id.0, attempt);
        }
        self.add(visit, run, page);
        while self.kept.delivered.len() > MOST_RUNS_AGAIN {
            self.kept.delivered.pop_first();
        }
        Ok(Delivered::Wholly)
    }

    fn add(&self, visit: &Visit<'_, State>, run: &Run, page: &mut Page) {
        let build = mapping::build(run, visit.repository, self.kept.default_branch.as_deref());
        if let Some((key, at, build)) = build.filter(|(_, at, _)| *at >= visit.from) {
            page.push(key, at, build);
        }
    }
}

fn listing(visit: &Visit<'_, State>, span: Span, page_number: u32, known: Option<&KnownPage>) -> HttpRequest {
    let mut request = api::get(format!("/repos/{}/actions/runs", visit.repository))
        .query("created", span.filter())
        .query("exclude_pull_requests", "true")
        .query("per_page", visit.context.settings.page_size.to_string());
    if page_number > 1 {
        request = request.query("page", page_number.to_string());
    }
    api::if_changed(request, known.map(|known| known.etag.as_str()))
}

/// An attempt that a later one has taken the place of; none: GitHub no longer knows it.
fn earlier(visit: &Visit<'_, State>, id: Id, attempt: u32, page: &mut Page) -> Result<Option<Run>, Stop> {
    let scope = visit.repository.as_str();
    let path = format!("/repos/{scope}/actions/runs/{id}/attempts/{attempt}");
    match visit.api.send(&api::get(path).query("exclude_pull_requests", "true")) {
        Ok(response) => match response.json() {
            Ok(run) => Ok(Some(run)),
            Err(_) => {
                page.reject(Some(scope), 1);
                Ok(None)
            }
        },
        Err(Stop::Here(loss)) if loss != Loss::Unavailable => {
            scan::report(loss, scope, page);
            Ok(None)
        }
        Err(stop) => Err(stop),
    }
}
