//! From a window's tallies to individual responses: as many as there were, each in its class.

use std::collections::BTreeMap;

use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::service::{self, Answer, Counts, Reading};
use crate::settings::{Settings, Windows};
use crate::window::{Dates, SurveyWindow};
use crate::{OVERLAP_SECONDS, SETTLE};

const INSTRUMENT: &str = "nps";
/// What each class is called in keys, and the score that stands for it: the one next to the other classes. The service
/// does not tell scores; of these only the NPS may be made, which is exact.
const CLASSES: [(&str, f64); 3] = [("promoter", 9.0), ("passive", 7.0), ("detractor", 6.0)];

impl Counts {
    fn by_class(self) -> [u32; 3] {
        [self.promoters, self.passives, self.detractors]
    }
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    windows: Windows,
    dates: Dates,
    /// Where the scan goes on; none: it is done.
    next: Option<Instant>,
    /// What was delivered of each window that may be read again, by its start.
    delivered: BTreeMap<Instant, Counts>,
}

/// Answers one call: one window.
///
/// # Errors
/// When the service cannot be read in this run.
pub fn run(client: &Client, request: &Request<Settings>) -> Result<Page> {
    let (context, window) = (&request.context, request.window);
    if window.start > window.end {
        return Err(Error::Permanent("the window ends before it starts: nothing is asked".to_owned()));
    }
    let (settings, calendar) = (&context.settings, context.calendar());
    let mut cursor = request.cursor()?.unwrap_or_else(|| Cursor {
        windows: settings.windows,
        dates: Dates::default(),
        next: None,
        delivered: BTreeMap::new(),
    });
    if cursor.windows != settings.windows {
        return Err(Error::Misconfigured(format!(
            "`windows` is `{}`, but this source has read responses by `{}`: name a new source for other windows, \
             so that none counts twice",
            settings.windows.as_str(),
            cursor.windows.as_str(),
        )));
    }
    let from = cursor.next.take().filter(|next| *next >= window.start).unwrap_or(window.start);
    let mut page = Page::new();
    let current = SurveyWindow::around(from, settings.windows, calendar)
        .ok_or_else(|| Error::Permanent("the window lies outside the years that can be written".to_owned()))?;
    let is_closed = |window: &SurveyWindow, now: Instant| window.end().saturating_add(SETTLE) <= now;
    // A campaign's responses are of its last instant: what comes before that is read as soon as the campaign before is.
    let read_before = |unread: &SurveyWindow| unread.last_instant().min(window.end);
    if current.start() >= window.end || !is_closed(&current, context.now) {
        page.covered_through(read_before(&current));
        page.save(&cursor)?;
        return Ok(page);
    }

    let (answer, dates) = service::read(client, &current, cursor.dates)?;
    cursor.dates = dates;
    match answer {
        Answer::Usable(reading) if reading.server_now.is_some_and(|now| now < current.end()) => {
            page.covered_through(read_before(&current));
            page.save(&cursor)?;
            return Ok(page);
        }
        Answer::Usable(reading) => deliver(&current, &reading, settings, &mut cursor.delivered, &mut page),
        Answer::Unusable(why) => {
            log::warn("the answer about a window is of no use", &[("window", current.campaign()), ("why", why)]);
            page.reject(Some(current.campaign()), 1);
        }
    }
    let keep_from = window.start.min(context.now - Instant::from(OVERLAP_SECONDS) * instant::SECOND);
    let length = current.end() - current.start();
    cursor.delivered.retain(|start, _| start.saturating_add(2 * length) > keep_from);
    let next = current.next(settings.windows, calendar);
    page.covered_through(next.as_ref().map_or(current.end(), read_before));
    let next = next.filter(|next| next.start() < window.end && is_closed(next, context.now));
    page.more = next.is_some();
    cursor.next = next.map(|next| next.start());
    page.save(&cursor)?;
    Ok(page)
}

fn deliver(
    window: &SurveyWindow,
    reading: &Reading,
    settings: &Settings,
    delivered: &mut BTreeMap<Instant, Counts>,
    page: &mut Page,
) {
    let campaign = window.campaign();
    let before = delivered.insert(window.start(), reading.counts).unwrap_or_default();
    let extensions = extensions(reading, campaign);
    for ((class, score), (now, then)) in
        CLASSES.into_iter().zip(reading.counts.by_class().into_iter().zip(before.by_class()))
    {
        for number in 1..=now {
            let mut response = SurveyResponse::new(INSTRUMENT, campaign).answer("score", score);
            response.team.clone_from(&settings.team);
            let mut fact = Envelope::new(key(campaign, class, number), window.last_instant(), response);
            fact.extensions.clone_from(&extensions);
            page.facts.push(fact);
        }
        for number in now.saturating_add(1)..=then {
            page.retract(FactKind::SurveyResponse, key(campaign, class, number));
        }
    }
}

/// The service's own rate beside each response. It compares responses of the window with those who were asked in
/// campaigns that started in it, so that above 100 it means nothing.
fn extensions(reading: &Reading, campaign: &str) -> Vec<(String, String)> {
    let Some(rate) = reading.response_rate else { return Vec::new() };
    let mut extensions = vec![("response-rate".to_owned(), format!("{rate:.2}"))];
    if rate > 100.0 {
        log::warn("more responses than people who were asked in that window", &[("window", campaign)]);
        extensions.push(("response-rate-doubt".to_owned(), "above-100".to_owned()));
    }
    extensions
}

fn key(campaign: &str, class: &str, number: u32) -> String {
    format!("{campaign}/{class}/{number}")
}
