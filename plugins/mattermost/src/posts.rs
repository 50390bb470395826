//! Posts of people in public channels, counted by person and day; a day is always counted as a whole.

mod channel;
mod count;
mod publish;

pub(crate) use publish::users;

use std::collections::{BTreeMap, BTreeSet};

use quintant_sdk::instant::SECOND;
use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::OVERLAP_SECONDS;
use crate::api::{Api, Loss, Stop, get};
use crate::payload::{Channel, Id};
use crate::places;
use crate::posts::channel::{Depth, Place};
use crate::posts::count::{Chunk, Counts};
use crate::settings::{Settings, TeamName};

/// A call must end in time even where the server is slow.
const REQUESTS_A_CALL: u32 = 20;
/// Whom a day's count told of is remembered so long, to take it back when their posts are gone.
const LONGEST_MEMORY: Instant = 14 * instant::DAY;

#[derive(Default, Serialize, Deserialize)]
struct Cursor {
    /// Channels that had posts lately: they still count when they are archived.
    lately: BTreeSet<Id>,
    /// Who has a fact on each of the days that may be counted again.
    published: BTreeMap<Instant, BTreeSet<Id>>,
    scan: Option<Scan>,
}

/// From `since` to `until`, in chunks of days, the newest chunk first.
#[derive(Serialize, Deserialize)]
struct Scan {
    teams: Vec<TeamName>,
    channels_except: Vec<String>,
    since: Instant,
    until: Instant,
    started_at: Instant,
    held_back: bool,
    places: Vec<Place>,
    chunk: Chunk,
    counts: Counts,
    stage: Stage,
}

#[derive(Serialize, Deserialize)]
enum Stage {
    /// Reading the chunk's days of the place with this position.
    Read(usize),
    /// Telling the chunk's counts of everybody after this account.
    Publish(Option<Id>),
}

/// Answers one call of the feed `posts`.
///
/// # Errors
/// When nothing can be read in this run.
pub fn run(client: &Client, request: &Request<Settings>) -> Result<Page> {
    let (context, settings) = (&request.context, &request.context.settings);
    let calendar = context.calendar();
    let api = Api::new(client, context.now);
    let mut page = Page::new();
    let mut cursor: Cursor = request.cursor()?.unwrap_or_default();
    let since = calendar.day_start(request.window.start);
    let is_same = |scan: &Scan| {
        scan.since <= since && scan.teams == settings.teams && scan.channels_except == settings.channels_except
    };
    let mut scan = match cursor.scan.take().filter(is_same) {
        Some(scan) => scan,
        None => begin(&api, request, since, &cursor.lately, &mut page)?,
    };

    let max_facts = usize::try_from(request.max_facts).unwrap_or(usize::MAX);
    let mut is_done = scan.chunk.is_empty();
    while !is_done && api.requests() < REQUESTS_A_CALL {
        let step = match scan.stage {
            Stage::Read(place) => read(&api, settings.page_size, &mut scan, place, &mut page),
            Stage::Publish(ref after) => {
                let next =
                    publish::slice(&api, context, &scan.chunk, &scan.counts, &mut cursor.published, after, &mut page);
                match next {
                    Ok(Some(last)) => {
                        scan.stage = Stage::Publish(Some(last));
                        Ok(())
                    }
                    Ok(None) => {
                        is_done = !scan.next_chunk(calendar);
                        Ok(())
                    }
                    Err(error) => Err(error),
                }
            }
        };
        match step {
            Ok(()) => {}
            // What was read so far is kept; the next call meets the limit again, and says so.
            Err(Error::RateLimited(_)) if api.requests() > 1 => break,
            Err(error) => return Err(error),
        }
        if page.facts.len() + page.retractions.len() >= max_facts {
            break;
        }
    }

    page.more = !is_done;
    if page.more {
        page.progress = Some(scan.progress());
        cursor.scan = Some(scan);
    } else {
        let recent = calendar.day_start(scan.started_at - Instant::from(OVERLAP_SECONDS) * SECOND);
        let keep_from = if scan.held_back { scan.since.max(scan.started_at - LONGEST_MEMORY) } else { recent };
        cursor.published.retain(|day, _| *day >= keep_from);
        cursor.lately = scan.places.iter().filter(|place| place.was_busy_since(keep_from)).map(Place::id).collect();
        if !scan.held_back {
            page.covered_through(scan.started_at.min(scan.until));
        }
    }
    page.save(&cursor)?;
    Ok(page)
}

/// Finds out what there is to read.
fn begin(
    api: &Api<'_>,
    request: &Request<Settings>,
    since: Instant,
    lately: &BTreeSet<Id>,
    page: &mut Page,
) -> Result<Scan> {
    let (context, settings) = (&request.context, &request.context.settings);
    let teams = places::teams(api, settings)?;
    teams.report(page);
    let mut held_back = teams.held_back();
    let started_at = api.started_at();
    let mut found = BTreeMap::new();
    for team in &teams.found {
        let scope = format!("team {}", team.name);
        match places::channels(api, team.id.as_str(), settings) {
            Ok(listing) => {
                page.reject(Some(&scope), listing.rejected);
                if listing.is_truncated {
                    page.problem(ProblemKind::Truncated, Some(&scope));
                }
                found.extend(listing.items.into_iter().map(|channel| (channel.id.clone(), channel)));
            }
            Err(Stop::Here(loss)) => {
                held_back |= loss == Loss::Unavailable;
                loss.report(&scope, page);
            }
            Err(Stop::Run(error)) => return Err(error),
        }
    }
    for id in lately.iter().filter(|id| !found.contains_key(*id)).cloned().collect::<Vec<_>>() {
        match archived(api, &id, settings) {
            Ok(Some(channel)) => drop(found.insert(id, channel)),
            Ok(None) | Err(Stop::Here(Loss::NotFound | Loss::Forbidden | Loss::NotOffered)) => {}
            Err(Stop::Here(Loss::Unavailable)) => held_back = true,
            Err(Stop::Run(error)) => return Err(error),
        }
    }
    // A day is counted as a whole, or a later count of half of it would replace the whole one.
    let calendar = context.calendar();
    let until = calendar.next_day_start(request.window.end.saturating_sub(1)).min(started_at);
    Ok(Scan {
        teams: settings.teams.clone(),
        channels_except: settings.channels_except.clone(),
        since,
        until,
        started_at,
        held_back,
        places: found.into_values().map(|channel| Place::new(&channel)).collect(),
        chunk: Chunk::before(until, since, calendar),
        counts: Counts::default(),
        stage: Stage::Read(0),
    })
}

/// A channel that left the listing because it was archived; its posts were public, and still are.
fn archived(api: &Api<'_>, id: &Id, settings: &Settings) -> Result<Option<Channel>, Stop> {
    let channel = api.send(&get(format_args!("/channels/{id}")))?.json::<Channel>()?;
    let counts = channel.is_public() && channel.is_archived() && places::is_wanted(&channel, settings);
    Ok(counts.then_some(channel))
}

/// Reads one page of one place, or finds that it has nothing more for the chunk.
fn read(api: &Api<'_>, page_size: u32, scan: &mut Scan, number: usize, page: &mut Page) -> Result<()> {
    let Scan { places, chunk, counts, held_back, .. } = scan;
    let Some(place) = places.get_mut(number) else {
        scan.stage = Stage::Publish(None);
        return Ok(());
    };
    match place.read(api, page_size, chunk, counts, page) {
        Ok(Depth::More) => return Ok(()),
        Ok(Depth::Reached) => {}
        Err(Stop::Here(loss)) => {
            *held_back |= loss == Loss::Unavailable;
            loss.report(&place.scope(), page);
            place.give_up();
        }
        Err(Stop::Run(error)) => return Err(error),
    }
    scan.stage = Stage::Read(number + 1);
    Ok(())
}

impl Scan {
    /// Goes on to the days before; false where there are none.
    fn next_chunk(&mut self, calendar: quintant_sdk::calendar::Calendar<'_>) -> bool {
        self.chunk = Chunk::before(self.chunk.start(), self.since, calendar);
        self.counts = Counts::default();
        self.stage = Stage::Read(0);
        !self.chunk.is_empty()
    }

    #[expect(clippy::cast_precision_loss, reason = "for display only")]
    fn progress(&self) -> f32 {
        let all = (self.until - self.since).max(1) as f32;
        let share = |place: usize| place as f32 / self.places.len().max(1) as f32;
        let in_chunk = match self.stage {
            Stage::Read(place) => share(place),
            Stage::Publish(_) => 1.0,
        };
        let (before, chunk) = ((self.until - self.chunk.end()) as f32, (self.chunk.end() - self.chunk.start()) as f32);
        ((before + chunk * in_chunk) / all).clamp(0.0, 1.0)
    }
}
