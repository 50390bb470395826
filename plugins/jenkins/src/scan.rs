//! One scan: what was still running before, then all jobs with news; cut into calls by a cursor that stays small.

use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::api::{self, Api, Loss, Stop};
use crate::builds::{LONGEST_BUILD, Position, Reader, Waiting};
use crate::coverage::Memory;
use crate::deployments::Starters;
use crate::rollbacks::Rollbacks;
use crate::settings::Settings;
use crate::walk::{Guide, Step, Walk};

const REQUESTS_A_CALL: u32 = 50;
/// How much of a cursor running builds may take; a busy Jenkins runs hundreds of builds, not thousands.
const MOST_WAITING_BYTES: usize = 150_000;

#[derive(Default, Serialize, Deserialize)]
struct Cursor {
    /// From when on everything was read, if the last scan read all there was.
    whole_from: Option<Instant>,
    waiting: Vec<Waiting>,
    coverage: Memory,
    rollbacks: Rollbacks,
    scan: Option<Scan>,
}

#[derive(Serialize, Deserialize)]
struct Scan {
    folders: Vec<String>,
    since: Instant,
    /// Builds that began before are not looked for: those that still ran are waited for.
    floor: Instant,
    started_at: Option<Instant>,
    held_back: bool,
    lacks_stages: bool,
    /// Of those that were waited for, how many were read again.
    again: usize,
    walk: Walk,
    position: Option<Position>,
    waiting: Vec<Waiting>,
}

impl Scan {
    fn new(settings: &Settings, since: Instant, whole_from: Option<Instant>) -> Self {
        let is_whole = whole_from.is_some_and(|from| from <= since);
        Self {
            folders: names(settings),
            since,
            floor: if is_whole { since } else { since.saturating_sub(LONGEST_BUILD) },
            started_at: None,
            held_back: false,
            lacks_stages: false,
            again: 0,
            walk: Walk::new(settings),
            position: None,
            waiting: Vec::new(),
        }
    }
}

fn names(settings: &Settings) -> Vec<String> {
    settings.folders.iter().map(|folder| folder.as_str().to_owned()).collect()
}

/// Answers one call.
///
/// # Errors
/// When nothing can be read in this run.
pub fn run(client: &Client, request: &Request<Settings>) -> Result<Page> {
    let Context { settings, now, .. } = &request.context;
    settings.judge()?;
    let window = request.window;
    let mut cursor: Cursor = request.cursor()?.unwrap_or_default();
    let mut scan = cursor
        .scan
        .take()
        .filter(|scan| scan.since <= window.start && scan.folders == names(settings))
        .unwrap_or_else(|| Scan::new(settings, window.start, cursor.whole_from));
    let api = Api::new(client, *now);
    let (mut page, mut starters) = (Page::new(), Starters::default());

    page.more = loop {
        match step(&api, request, &mut cursor, &mut scan, &mut starters, &mut page) {
            Ok(Go::On) if is_full(&api, request, &page) => break true,
            Ok(Go::On) => {}
            Ok(Go::End) => break false,
            // What was read is kept, and the next call ends the run.
            Err(Error::RateLimited(_)) if api.requests() > 1 => break true,
            Err(error) => return Err(error),
        }
    };
    let started_at = *scan.started_at.get_or_insert_with(|| api.started_at());
    if page.more {
        cursor.scan = Some(scan);
    } else {
        let whole_from = cursor.whole_from.map_or(scan.since, |from| from.min(scan.since));
        cursor.whole_from = (!scan.held_back).then_some(whole_from);
        cursor.waiting = scan.waiting;
        cursor.rollbacks.tell(&mut page);
        if !scan.held_back {
            page.covered_through(started_at);
        }
    }
    page.save(&cursor)?;
    Ok(page)
}

enum Go {
    On,
    End,
}

fn is_full(api: &Api<'_>, request: &Request<Settings>, page: &Page) -> bool {
    api.requests() >= REQUESTS_A_CALL || page.facts.len() >= most_facts(request)
}

fn most_facts(request: &Request<Settings>) -> usize {
    usize::try_from(request.max_facts).unwrap_or(usize::MAX).max(1)
}

/// A build that was waited for, a stretch of a job, or a step towards the next job.
fn step(
    api: &Api<'_>,
    request: &Request<Settings>,
    cursor: &mut Cursor,
    scan: &mut Scan,
    starters: &mut Starters,
    page: &mut Page,
) -> Result<Go> {
    let Context { settings, now, .. } = &request.context;
    let mut reader = Reader {
        api,
        settings,
        page,
        coverage: &mut cursor.coverage,
        rollbacks: &mut cursor.rollbacks,
        starters,
        waited: &cursor.waiting,
        waiting: &mut scan.waiting,
        lacks_stages: &mut scan.lacks_stages,
        window: Window { start: scan.since, end: request.window.end },
        floor: scan.floor,
        now: *now,
        most_facts: most_facts(request),
        most_requests: REQUESTS_A_CALL,
    };
    let (scope, stop) = if let Some(waiting) = cursor.waiting.get(scan.again) {
        let read = reader.again(waiting);
        if let Err(Stop::Here(Loss::Unavailable)) = read
            && !scan.waiting.contains(waiting)
        {
            scan.waiting.push(waiting.clone());
        }
        match read {
            Err(Stop::Run(error)) => return Err(error),
            Err(stop) => {
                scan.again += 1;
                (waiting.job.full_name.clone(), stop)
            }
            Ok(()) => {
                scan.again += 1;
                return Ok(Go::On);
            }
        }
    } else if let Some(position) = &mut scan.position {
        let read = reader.stretch(position);
        let scope = position.job().full_name.clone();
        // What ends the run leaves the position where it is.
        if matches!(read, Ok(false) | Err(Stop::Here(_))) {
            scan.position = None;
        }
        match read {
            Ok(_) => {
                scan.held_back |= shed(&mut scan.waiting, page);
                return Ok(Go::On);
            }
            Err(stop) => (scope, stop),
        }
    } else {
        let guide = Guide { api, settings, floor: scan.floor, is_first: scan.floor < scan.since };
        match scan.walk.step(&guide, reader.page) {
            Ok(Step::End) => return Ok(Go::End),
            Ok(Step::On) => return Ok(Go::On),
            Ok(Step::Job(job)) => {
                scan.position = Some(Position::start(job));
                return Ok(Go::On);
            }
            Ok(Step::Branches(branches)) => {
                let read = branches.iter().try_for_each(|(job, builds)| {
                    reader.branch(job, builds).map_err(|stop| (job.full_name.clone(), stop))
                });
                match read {
                    Ok(()) => return Ok(Go::On),
                    Err(failed) => failed,
                }
            }
            Err((scope, stop)) => (scope, stop),
        }
    };
    match stop {
        Stop::Run(error) => Err(error),
        Stop::Here(Loss::Forbidden) if scope.is_empty() => Err(Error::Unauthorized(
            "Jenkins refuses its list of jobs: the account needs the permissions Overall/Read and Job/Read".to_owned(),
        )),
        Stop::Here(Loss::NotFound) if scope.is_empty() => Err(Error::Misconfigured(
            "there is no Jenkins at the endpoint's `url`: its context path may be missing".to_owned(),
        )),
        Stop::Here(Loss::TooLarge) if scope.is_empty() => Err(Error::Permanent(
            "the list of jobs is larger than an answer may be, although `tree` asks for little of it: \
             does a proxy drop the query?"
                .to_owned(),
        )),
        Stop::Here(Loss::Unavailable) if scope.is_empty() => {
            Err(Error::Transient("Jenkins gives no usable answer".to_owned()))
        }
        Stop::Here(loss) => {
            scan.held_back |= loss == Loss::Unavailable;
            api::report(loss, &scope, page);
            Ok(Go::On)
        }
    }
}

/// Gives up waiting for what does not fit into a cursor; whether there was any.
fn shed(waiting: &mut Vec<Waiting>, page: &mut Page) -> bool {
    let mut bytes = 0;
    let fit = waiting.iter().take_while(|waiting| {
        bytes += waiting.job.full_name.len() + 60;
        bytes <= MOST_WAITING_BYTES
    });
    let fit = fit.count();
    let has_shed = fit < waiting.len();
    if has_shed {
        waiting.truncate(fit);
        page.problem(ProblemKind::Truncated, Some("running builds"));
    }
    has_shed
}
