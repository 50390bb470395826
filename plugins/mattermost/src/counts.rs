//! How much the message counters of public channels grew since they were read before.

use std::collections::BTreeMap;

use quintant_sdk::calendar::Calendar;
use quintant_sdk::instant::DAY;
use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::TOOL;
use crate::api::{Api, Listing, Loss, Stop};
use crate::payload::{Channel, Id};
use crate::places;
use crate::settings::Settings;

/// Teams that one call may read.
const TEAMS_A_CALL: usize = 10;
/// A counter that was not seen for longer is forgotten: its growth would lie in no week.
const LONGEST_ABSENCE: Instant = 8 * DAY;

#[derive(Serialize, Deserialize)]
struct Cursor {
    teams: BTreeMap<Id, Readings>,
    scan: Option<Scan>,
}

/// A team's counters as they were read last.
#[derive(Serialize, Deserialize)]
struct Readings {
    at: Instant,
    /// Counters that were read `at`.
    counts: BTreeMap<Id, u64>,
    /// Those that were missing then, and when they were read.
    earlier: BTreeMap<Id, (u64, Instant)>,
}

#[derive(Serialize, Deserialize)]
struct Scan {
    /// Still to be read, the next one last.
    teams: Vec<(Id, String)>,
    all: usize,
    started_at: Option<Instant>,
    held_back: bool,
}

/// Answers one call of the feed `message_counts`.
///
/// # Errors
/// When nothing can be read in this run.
pub fn run(client: &Client, request: &Request<Settings>) -> Result<Page> {
    let context = &request.context;
    let api = Api::new(client, context.now);
    let mut page = Page::new();
    let mut cursor = request.cursor()?.unwrap_or(Cursor { teams: BTreeMap::new(), scan: None });
    let mut scan = match cursor.scan.take() {
        Some(scan) => scan,
        None => {
            let scan = begin(&api, &context.settings, &mut page)?;
            let is_read = |team: &Id| scan.teams.iter().any(|(read, _)| read == team);
            cursor.teams.retain(|team, readings| is_read(team) || readings.at > context.now - LONGEST_ABSENCE);
            scan
        }
    };
    for read in 0..TEAMS_A_CALL {
        let Some((team, name)) = scan.teams.last() else { break };
        match places::channels(&api, team.as_str(), &context.settings) {
            Ok(listing) => {
                let scope = format!("team {name}");
                page.reject(Some(&scope), listing.rejected);
                if listing.is_truncated {
                    page.problem(ProblemKind::Truncated, Some(&scope));
                }
                scan.started_at = Some(scan.started_at.unwrap_or(listing.at).min(listing.at));
                let before = cursor.teams.remove(team);
                let after = compare(team, before, &listing, context.calendar(), &scope, &mut page);
                cursor.teams.insert(team.clone(), after);
            }
            Err(Stop::Here(loss)) => {
                scan.held_back |= loss == Loss::Unavailable;
                loss.report(&format!("team {name}"), &mut page);
            }
            Err(Stop::Run(Error::RateLimited(_))) if read > 0 => break,
            Err(Stop::Run(error)) => return Err(error),
        }
        scan.teams.pop();
    }
    page.more = !scan.teams.is_empty();
    page.progress = Some(share(scan.all - scan.teams.len(), scan.all));
    if page.more {
        cursor.scan = Some(scan);
    } else if !scan.held_back {
        page.covered_through(scan.started_at.unwrap_or_else(|| api.started_at()));
    }
    page.save(&cursor)?;
    Ok(page)
}

fn begin(api: &Api<'_>, settings: &Settings, page: &mut Page) -> Result<Scan> {
    let teams = places::teams(api, settings)?;
    teams.report(page);
    let held_back = teams.held_back();
    let teams: Vec<_> = teams.found.into_iter().rev().map(|team| (team.id, team.name)).collect();
    Ok(Scan { all: teams.len(), teams, started_at: None, held_back })
}

/// Tells the growth of each counter, and answers what to compare with the next time.
fn compare(
    team: &Id,
    before: Option<Readings>,
    listing: &Listing<Channel>,
    calendar: Calendar<'_>,
    scope: &str,
    page: &mut Page,
) -> Readings {
    let without_counter = listing.items.iter().filter(|channel| counter(channel).is_none()).count();
    page.reject(Some(scope), u32::try_from(without_counter).unwrap_or(u32::MAX));
    let at = listing.at;
    let counts = listing.items.iter().filter_map(|channel| Some((channel.id.clone(), counter(channel)?))).collect();
    let mut now = Readings { at, counts, earlier: BTreeMap::new() };
    let Some(mut before) = before else { return now };
    if at <= before.at {
        // The server's clock went back: nothing can be said until it has caught up.
        return before;
    }
    let mut grown: BTreeMap<(Instant, Instant), u64> = weeks(before.at, at, calendar).map(|week| (week, 0)).collect();
    let mut resets = 0;
    for channel in &listing.items {
        let Some(count) = counter(channel) else { continue };
        let Some((base, since)) = before.take(channel) else { continue };
        match count.checked_sub(base) {
            Some(0) => {}
            Some(growth) => *grown.entry(period(since, at, channel, calendar)).or_default() += growth,
            None => resets += 1,
        }
    }
    now.earlier = before.left_over(at - LONGEST_ABSENCE);
    if resets > 0 {
        log::info("message counters went back: no number for these channels", &[("channels", &resets.to_string())]);
    }
    tell(team, grown, page);
    now
}

impl Readings {
    /// What a channel's counter was, and when it was read last; none where it cannot be compared.
    fn take(&mut self, channel: &Channel) -> Option<(u64, Instant)> {
        if let Some(count) = self.counts.remove(&channel.id) {
            return Some((count, self.at));
        }
        // A channel that is new has all its messages since; one that only comes into view, as when it becomes public,
        // has them from before.
        let is_new = channel.create_at.is_some_and(|created_at| created_at >= self.at);
        self.earlier.remove(&channel.id).or(is_new.then_some((0, self.at)))
    }

    /// What was compared with nothing, unless it was read too long ago.
    fn left_over(self, oldest: Instant) -> BTreeMap<Id, (u64, Instant)> {
        let at = self.at;
        let missing = self.counts.into_iter().map(|(id, count)| (id, (count, at)));
        missing.chain(self.earlier).filter(|(_, (_, read_at))| *read_at > oldest).collect()
    }
}

fn tell(team: &Id, grown: BTreeMap<(Instant, Instant), u64>, page: &mut Page) {
    for ((start, end), count) in grown {
        let mut tally = Tally::new(TOOL, Window { start, end });
        tally.scope = Some(team.to_string());
        tally.count = Some(u32::try_from(count).unwrap_or(u32::MAX));
        tally.bots_included = true;
        page.push(format!("{TOOL}/{team}/{start}-{end}"), end - 1, tally);
    }
}

fn counter(channel: &Channel) -> Option<u64> {
    channel.total_msg_count.and_then(|count| u64::try_from(count).ok())
}

/// The parts of `[start, end)` that lie in one week of the calendar each.
fn weeks(start: Instant, end: Instant, calendar: Calendar<'_>) -> impl Iterator<Item = (Instant, Instant)> {
    let mut from = start;
    std::iter::from_fn(move || {
        let until = week_end(from, calendar).min(end);
        let part = (from < until).then_some((from, until))?;
        from = until;
        Some(part)
    })
}

/// In which stretch a channel's new messages were posted: no longer than needed, and cut at weeks only, so that it tells
/// nothing of the time of a post. Where it still spans a week's end, how many belong to which week cannot be told.
fn period(since: Instant, at: Instant, channel: &Channel, calendar: Calendar<'_>) -> (Instant, Instant) {
    let last_week_ends = channel.last_post_at.filter(|last| *last >= since).map(|last| week_end(last, calendar));
    let end = last_week_ends.unwrap_or(at).min(at);
    let first_week = channel.create_at.map_or(since, |created_at| calendar.week_start(created_at));
    let start = first_week.clamp(since, at);
    if start < end { (start, end) } else { (since, at) }
}

fn week_end(at: Instant, calendar: Calendar<'_>) -> Instant {
    (0..7).fold(calendar.week_start(at), |day, _| calendar.next_day_start(day))
}

#[expect(clippy::cast_precision_loss, reason = "for display only")]
fn share(done: usize, all: usize) -> f32 {
    if all == 0 { 1.0 } else { done as f32 / all as f32 }
}
