//! The service's answers, and what its 500s mean.

use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::window::{Dates, SurveyWindow};

/// The alias of the only endpoint.
pub const ENDPOINT: &str = "api";
const METRICS: &str = "/api/v1/nps/metrics";
/// More than that in one window is no survey of an organization.
const MOST_RESPONSES: u32 = 20_000;

/// How many answered how; the service tells no more of a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub promoters: u32,
    pub passives: u32,
    pub detractors: u32,
}

/// What a window's answer tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    pub counts: Counts,
    /// Percent of those who were asked in campaigns that started in the window; none where no campaign did.
    pub response_rate: Option<f64>,
    /// The service's clock, where it tells it.
    pub server_now: Option<Instant>,
}

/// A window's answer, or why it is of no use.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Usable(Reading),
    Unusable(&'static str),
}

/// What `/health` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Healthy,
    /// It says so itself.
    Degraded(&'static str),
    /// No answer that could be understood.
    Unknown,
}

/// Asks for one window; also how dates had to be written.
///
/// # Errors
/// When the service gives no answer about the window: transient where its database is down, permanent where it fails
/// although it calls itself healthy, whichever way dates are written.
pub fn read(client: &Client, window: &SurveyWindow, dates: Dates) -> Result<(Answer, Dates)> {
    let response = ask(client, window, dates)?;
    if !matches!(response.status, 500..=599) {
        return Ok((judge(&response, window)?, dates));
    }
    match health(client)? {
        Health::Degraded(why) => return Err(Error::Transient(format!("the NPS service {why}"))),
        Health::Unknown => {
            let status = response.status;
            return Err(Error::Transient(format!("the NPS service answers {status}, and `/health` nothing of use")));
        }
        Health::Healthy if response.status != 500 => {
            let status = response.status;
            return Err(Error::Transient(format!("the NPS service answers {status}, but calls itself healthy")));
        }
        Health::Healthy => {}
    }
    let again = ask(client, window, dates.other())?;
    if again.status == 500 {
        return Err(Error::Permanent(
            "a defect of the NPS service: it answers 500 to both forms of dates, but calls itself healthy; its log tells \
             the cause"
                .to_owned(),
        ));
    }
    Ok((judge(&again, window)?, dates.other()))
}

/// What the service says of itself.
///
/// # Errors
/// When the run is to end: cancelled, denied, throttled.
pub fn health(client: &Client) -> Result<Health> {
    #[derive(Deserialize)]
    struct Report {
        status: Option<String>,
        database_connected: Option<bool>,
    }
    let response = match client.send(&HttpRequest::get(ENDPOINT, "/health")) {
        Ok(response) => response,
        Err(HttpError::Unreachable(_) | HttpError::TooLarge(_)) => return Ok(Health::Unknown),
        Err(error) => return Err(error.into()),
    };
    let Some(report) = (response.status == 200).then(|| response.json::<Report>().ok()).flatten() else {
        return Ok(Health::Unknown);
    };
    Ok(match (report.status.as_deref(), report.database_connected) {
        (_, Some(false)) => Health::Degraded("reports that its database is not connected"),
        (Some("healthy"), _) => Health::Healthy,
        (Some(_), _) => Health::Degraded("reports that it is not healthy"),
        (None, _) => Health::Unknown,
    })
}

fn ask(client: &Client, window: &SurveyWindow, dates: Dates) -> Result<Response> {
    let (start, end) = window.bounds(dates);
    let request = HttpRequest::get(ENDPOINT, METRICS).query("start_date", start).query("end_date", end);
    Ok(client.send(&request)?)
}

fn judge(response: &Response, window: &SurveyWindow) -> Result<Answer> {
    match response.status {
        200 => understand(response, window),
        401 | 403 => Err(Error::Unauthorized(format!("the NPS service answers {}", response.status))),
        404 => Err(Error::Misconfigured(format!("there is no `{METRICS}` at the endpoint's `url`"))),
        422 => Err(Error::Permanent("the NPS service refuses dates that are none of its own making".to_owned())),
        429 => Err(Error::RateLimited(response.header("retry-after").and_then(|seconds| seconds.parse().ok()))),
        status @ 500..=599 => Err(Error::Transient(format!("the NPS service answers {status}"))),
        status => Err(Error::Permanent(format!("the NPS service answers with the unexpected status {status}"))),
    }
}

fn understand(response: &Response, window: &SurveyWindow) -> Result<Answer> {
    #[derive(Deserialize)]
    struct Metrics {
        total_responses: u32,
        promoters: u32,
        passives: u32,
        detractors: u32,
        #[serde(default)]
        response_rate: serde_json::Value,
        period_start: String,
        period_end: String,
    }
    let metrics: serde_json::Map<String, serde_json::Value> = response.json()?;
    let Ok(metrics) = serde_json::from_value::<Metrics>(metrics.into()) else {
        return Ok(Answer::Unusable("it lacks a count or a period"));
    };
    if !window.is_echoed(&metrics.period_start, &metrics.period_end) {
        return Ok(Answer::Unusable("it is about another period than was asked for"));
    }
    let Metrics { total_responses, promoters, passives, detractors, response_rate, .. } = metrics;
    let sum = u64::from(promoters) + u64::from(passives) + u64::from(detractors);
    if sum != u64::from(total_responses) {
        return Ok(Answer::Unusable("promoters, passives and detractors do not add up to all responses"));
    }
    if total_responses > MOST_RESPONSES {
        return Ok(Answer::Unusable("it tells of more than 20000 responses in one window"));
    }
    Ok(Answer::Usable(Reading {
        counts: Counts { promoters, passives, detractors },
        response_rate: response_rate.as_f64().filter(|rate| *rate > 0.0),
        server_now: response.header("date").and_then(instant::parse_http_date),
    }))
}
