//! Explains to an operator what works: the service, and its answer about the last closed window.

use quintant_sdk::prelude::*;

use crate::SETTLE;
use crate::service::{self, Answer, Health};
use crate::settings::Settings;
use crate::window::{Dates, SurveyWindow};

/// Looks at everything the feed needs.
///
/// # Errors
/// When the run was cancelled, denied or throttled.
pub fn run(client: &Client, context: &Context<Settings>) -> Result<Vec<CheckItem>> {
    let mut items = vec![match service::health(client)? {
        Health::Healthy => CheckItem::pass("service", "calls itself healthy"),
        Health::Degraded(why) => {
            CheckItem::fail("service", why).hint("its health is answered with 200 even then: look at its database")
        }
        Health::Unknown => CheckItem::warn("service", "`/health` answers nothing of use")
            .hint("look at the endpoint's `url`: it is what `/health` and `/api/v1/nps/metrics` lie below"),
    }];
    let calendar = context.calendar();
    let windows = context.settings.windows;
    let closed = SurveyWindow::around(context.now.saturating_sub(SETTLE), windows, calendar)
        .and_then(|open| SurveyWindow::around(open.start() - 1, windows, calendar));
    let Some(closed) = closed else { return Ok(items) };
    let name = format!("responses of {}", closed.campaign());
    match service::read(client, &closed, Dates::default()) {
        Ok((Answer::Usable(reading), dates)) => {
            items.push(CheckItem::pass(
                name,
                match dates {
                    Dates::Naive => "can be read, with dates that have no zone, as the service wants them",
                    Dates::Aware => "can be read, with dates in UTC, as the service wants them",
                },
            ));
            if reading.response_rate.is_some_and(|rate| rate > 100.0) {
                items.push(CheckItem::warn("response rate", "is above 100 %").hint(
                    "it is kept with a mark: the service counts invitations of campaigns that started in the window",
                ));
            }
        }
        Ok((Answer::Unusable(why), _)) => {
            items.push(
                CheckItem::fail(name, format!("the answer is of no use: {why}"))
                    .hint("is there a proxy or a cache before the service, or another service at this URL?"),
            );
        }
        Err(Error::Unauthorized(why)) => {
            items.push(
                CheckItem::fail(name, why)
                    .hint("the service itself knows no credentials: set `auth` for what stands before it"),
            );
        }
        Err(Error::Misconfigured(why)) => items.push(CheckItem::fail(name, why).hint("correct the endpoint's `url`")),
        Err(Error::Transient(why)) => items.push(CheckItem::fail(name, why).hint("it is tried again at every run")),
        Err(Error::Permanent(why)) => items.push(CheckItem::fail(name, why)),
        Err(error) => return Err(error),
    }
    Ok(items)
}
