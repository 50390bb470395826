//! The feed of Copilot's adoption: how many seats are used, and how many people used it on a day; never who.
//!
//! GitHub keeps the reports of days in files elsewhere. They are read by the URLs that it hands out, which the host permits
//! where the operator has named their origin, and without the credential.

pub mod payload;

use std::collections::BTreeMap;

use quintant_sdk::instant::{DAY, format_rfc3339};
use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::api::{self, Api, Loss, Stop};
use crate::copilot::payload::{Billing, Report};
use crate::scan;
use crate::settings::{Organization, Settings};

/// The tool that tallies of used seats are of.
pub const TOOL: &str = "ai";
/// The tool that tallies of days are of: without seats beside them they are no share of anything.
pub const DAILY_TOOL: &str = "ai-daily";
/// How long a report is waited for.
const LATEST: Instant = 7 * DAY;
/// Each costs two requests: a call must end in time even where the server is slow.
const MOST_DAYS_A_CALL: usize = 20;

/// What is kept between runs, and within one.
#[derive(Default, Serialize, Deserialize)]
struct Cursor {
    /// The day from which on reports are still to be read.
    next_days: BTreeMap<Organization, Instant>,
    /// How many organizations this run is done with.
    done: usize,
    /// Whether the seats of the next one are told.
    has_seats: bool,
    held_back: bool,
}

/// Answers one call of the feed.
///
/// # Errors
/// When nothing can be read in this run.
pub fn run(client: &Client, request: &Request<Settings>) -> Result<Page> {
    let organizations = &request.context.settings.organizations;
    let api = Api::new(client, request.context.now);
    let mut page = Page::new();
    let mut cursor: Cursor = request.cursor()?.unwrap_or_default();
    if let Some(organization) = organizations.get(cursor.done) {
        match step(&api, request, organization, &mut cursor, &mut page) {
            Ok(true) => {}
            Ok(false) => (cursor.done, cursor.has_seats) = (cursor.done + 1, false),
            Err(Stop::Here(loss)) => {
                cursor.held_back |= loss == Loss::Unavailable;
                scan::report(loss, organization.as_str(), &mut page);
                (cursor.done, cursor.has_seats) = (cursor.done + 1, false);
            }
            Err(Stop::Run(error)) => return Err(error),
        }
    }
    page.more = cursor.done < organizations.len();
    if !page.more {
        if !cursor.held_back {
            page.covered_through(api.started_at());
        }
        cursor = Cursor { next_days: cursor.next_days, ..Cursor::default() };
    }
    page.save(&cursor)?;
    Ok(page)
}

/// Reads on in one organization; whether there is more.
fn step(
    api: &Api<'_>,
    request: &Request<Settings>,
    organization: &Organization,
    cursor: &mut Cursor,
    page: &mut Page,
) -> Result<bool, Stop> {
    let calendar = request.context.calendar();
    if !cursor.has_seats {
        let billing: Billing = offered(api, &format!("/orgs/{organization}/copilot/billing"))?.json()?;
        let today = calendar.day_start(api.now());
        let period = Window { start: today, end: calendar.next_day_start(today) };
        let mut tally = Tally::new(TOOL, period);
        tally.scope = Some(organization.to_string());
        tally.people = Some(billing.seat_breakdown.active_this_cycle);
        tally.eligible = Some(billing.seat_breakdown.total);
        page.push(format!("{TOOL}/{organization}/{}", calendar.date(today)), today, tally);
        cursor.has_seats = true;
    }
    // GitHub's days are those of UTC.
    let today = api.now() - api.now().rem_euclid(DAY);
    let first = request.window.start - request.window.start.rem_euclid(DAY);
    let next = cursor.next_days.entry(organization.clone()).or_insert(first);
    *next = (*next).max(first.min(today.saturating_sub(LATEST)));
    for _ in 0..MOST_DAYS_A_CALL {
        if *next >= today {
            return Ok(false);
        }
        match day(api, organization, *next, page)? {
            Reported::Yes => {}
            // It is still to come, and so are those after it.
            Reported::NotYet if *next > today.saturating_sub(LATEST) => return Ok(false),
            Reported::NotYet => {}
        }
        *next += DAY;
    }
    Ok(true)
}

/// Whether there is a report of a day.
enum Reported {
    Yes,
    NotYet,
}

fn day(api: &Api<'_>, organization: &Organization, day: Instant, page: &mut Page) -> Result<Reported, Stop> {
    let scope = Some(organization.as_str());
    let date = format_rfc3339(day).chars().take_while(|c| *c != 'T').collect::<String>();
    let path = format!("/orgs/{organization}/copilot/metrics/reports/organization-1-day?day={date}");
    let response = offered(api, &path)?;
    if response.status == 204 {
        return Ok(Reported::NotYet);
    }
    let report: Report = response.json()?;
    let mut files = Vec::new();
    for link in &report.download_links {
        files.push(api.download(link)?);
    }
    let (people, rejected) = payload::daily_active_users(&files);
    page.reject(scope, rejected);
    if let Some(people) = people {
        let mut tally = Tally::new(DAILY_TOOL, Window { start: day, end: day + DAY });
        tally.scope = Some(organization.to_string());
        tally.people = Some(people);
        page.push(format!("{DAILY_TOOL}/{organization}/{date}"), day, tally);
    }
    Ok(Reported::Yes)
}

/// An answer about Copilot, or that it is not offered or not shown.
///
/// # Errors
/// As [`Api::send`].
pub fn offered(api: &Api<'_>, path: &str) -> Result<Response, Stop> {
    match api.exchange(&api::get(path.to_owned())) {
        Ok(response) if response.status == 204 => Ok(response),
        // Such an organization has an unpaid bill.
        Ok(response) if response.status == 422 => Err(Stop::Here(Loss::Forbidden)),
        answer => api.judge(answer),
    }
}
