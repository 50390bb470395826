//! The server's daily analytics: posts of people a team and day, private channels included.

use std::collections::BTreeMap;

use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::TOOL;
use crate::api::{Api, Loss, Stop, get};
use crate::payload::{AnalyticsRow, Id};
use crate::places;
use crate::settings::Settings;

const TEAMS_A_CALL: usize = 10;

#[derive(Serialize, Deserialize)]
struct Cursor {
    /// None: the next call begins a scan.
    scan: Option<Scan>,
}

#[derive(Serialize, Deserialize)]
struct Scan {
    /// Still to be read, the next one last.
    teams: Vec<(Id, String)>,
    started_at: Instant,
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
    let mut scan = match request.cursor::<Cursor>()?.and_then(|cursor| cursor.scan) {
        Some(scan) => scan,
        None => {
            let teams = places::teams(&api, &context.settings)?;
            teams.report(&mut page);
            let held_back = teams.held_back();
            let teams = teams.found.into_iter().rev().map(|team| (team.id, team.name)).collect();
            Scan { teams, started_at: api.started_at(), held_back }
        }
    };
    // Days are told up to yesterday, in the server's zone, which must be the calendar's.
    let today = context.calendar().day_start(scan.started_at);
    let days = Window { start: request.window.start, end: today.min(request.window.end) };
    for read in 0..TEAMS_A_CALL {
        let Some((team, name)) = scan.teams.last() else { break };
        let scope = format!("team {name}");
        match posts_by_day(&api, team, &scope, &mut page) {
            Ok(Some(posts)) => deliver(team, &posts, days, context, &mut page),
            Ok(None) => Loss::NotOffered.report(&scope, &mut page),
            Err(Stop::Here(loss)) => {
                scan.held_back |= loss == Loss::Unavailable;
                loss.report(&scope, &mut page);
            }
            Err(Stop::Run(Error::RateLimited(_))) if read > 0 => break,
            Err(Stop::Run(error)) => return Err(error),
        }
        scan.teams.pop();
    }
    page.more = !scan.teams.is_empty();
    if !page.more && !scan.held_back {
        page.covered_through(today);
    }
    page.save(&Cursor { scan: page.more.then_some(scan) })?;
    Ok(page)
}

fn deliver(team: &Id, posts: &BTreeMap<String, u32>, days: Window, context: &Context<Settings>, page: &mut Page) {
    let calendar = context.calendar();
    for (date, count) in posts {
        let Some(start) = calendar.start_of_date(date) else { continue };
        let end = calendar.next_day_start(start);
        if start < days.start || end > days.end {
            continue;
        }
        let mut tally = Tally::new(TOOL, Window { start, end });
        tally.scope = Some(team.to_string());
        tally.count = Some(*count);
        page.push(format!("{TOOL}/{team}/{start}-{end}"), end - 1, tally);
    }
}

/// Posts by date, without those of bots; none where the server keeps no statistics.
fn posts_by_day(api: &Api<'_>, team: &Id, scope: &str, page: &mut Page) -> Result<Option<BTreeMap<String, u32>>, Stop> {
    let Some(all) = rows(api, "post_counts_day", team, scope, page)? else { return Ok(None) };
    let Some(bots) = rows(api, "bot_post_counts_day", team, scope, page)? else { return Ok(None) };
    let by_people = |(date, count): (String, u32)| {
        let count = count.saturating_sub(bots.get(&date).copied().unwrap_or_default());
        (date, count)
    };
    Ok(Some(all.into_iter().map(by_people).collect()))
}

/// One statistic by date; none where a single row of -1 says that there is no data.
fn rows(
    api: &Api<'_>,
    name: &str,
    team: &Id,
    scope: &str,
    page: &mut Page,
) -> Result<Option<BTreeMap<String, u32>>, Stop> {
    let request = get("/analytics/old").query("name", name).query("team_id", team.as_str());
    let rows = api.send(&request)?.items::<AnalyticsRow>()?;
    let (mut by_date, mut rejected) = (BTreeMap::new(), rows.rejected);
    for row in rows.items {
        if row.value < 0.0 {
            return Ok(None);
        }
        match count(row.value).filter(|_| instant::parse_rfc3339(&format!("{}T00:00:00Z", row.name)).is_some()) {
            Some(count) => drop(by_date.insert(row.name, count)),
            None => rejected = rejected.saturating_add(1),
        }
    }
    page.reject(Some(scope), rejected);
    Ok(Some(by_date))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be a whole number that fits")]
fn count(value: f64) -> Option<u32> {
    (value.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&value)).then_some(value as u32)
}

/// What `check` asks: the account's right to the analytics of one team.
///
/// # Errors
/// As [`Api::send`].
pub fn are_offered(api: &Api<'_>, team: &Id) -> Result<bool, Stop> {
    Ok(rows(api, "post_counts_day", team, "", &mut Page::new())?.is_some())
}
