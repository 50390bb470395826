//! What is submitted: answers to surveys and reports of friction. It is judged, sealed or reduced to words, and handed over; nothing of it is
//! logged, counted or kept here.

mod body;
mod form;
mod page;
mod schema;
mod voucher;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;

pub(super) use page::{ROUTE, THANKS_ROUTE, ask, take, thank};
pub(super) use schema::{AnnualAnswer, FrictionReport, NpsAnswer, PulseAnswer};

use self::body::{Fields, Whole};
use self::voucher::Voucher;
use super::Problem;
use super::problem::Code;
use crate::model::{Calendar, Campaign, Friction, Instrument, Report, Submission, SurveyToken, TeamName, Word};
use crate::pseudonym::{self, SurveyTokens};
use crate::schedule::Clock;
use crate::store::{Inbox, StoreError};

/// What leaves no line in the log: who logs when an answer came knows whose it is.
pub(super) fn is_unlogged(route: &str) -> bool {
    route.starts_with("/api/v1/surveys/") || route.starts_with("/surveys/") || route == "/api/v1/friction/log"
}

/// Where things are submitted.
#[derive(Clone)]
pub struct Counter {
    pub inbox: Inbox,
    pub tokens: SurveyTokens,
    pub calendar: Calendar,
    pub clock: Clock,
    /// What a report's category may be, beside `other`.
    pub categories: Vec<Word>,
    /// Whether what nobody vouches for is answered as if it counted.
    pub original_api: bool,
}

/// What the original service answered, too.
#[derive(Serialize, ToSchema)]
pub(super) struct Received {
    /// Always `success`.
    status: &'static str,
    /// A sentence for people.
    message: &'static str,
}

/// What the original service answered, too.
#[derive(Serialize, ToSchema)]
pub(super) struct Logged {
    /// Always `success`.
    status: &'static str,
    /// A sentence for people.
    message: &'static str,
    /// For clients that expect one. It is made up and kept nowhere: nobody's report can be found by it.
    id: String,
}

const SUCCESS: &str = "success";

/// Answers the pulse survey
///
/// Vouched for by a client, which sees to it that each person answers once, or by a one-time token in the body. The answer is sealed, and opened with all
/// others when the campaign is closed.
#[utoipa::path(
    post, path = "/api/v1/surveys/pulse/submit", operation_id = "submit_pulse", tag = "submissions",
    request_body(content = PulseAnswer, content_type = "application/json"),
    responses((status = 200, description = "It is taken.", body = Received)),
    security(("client" = []), ()),
)]
pub(super) async fn pulse(
    State(counter): State<Counter>,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<Json<Received>, Problem> {
    submit(Instrument::Pulse, &counter, &headers, &body).await
}

/// Answers the NPS survey
///
/// As the pulse survey.
#[utoipa::path(
    post, path = "/api/v1/surveys/nps/submit", operation_id = "submit_nps", tag = "submissions",
    request_body(content = NpsAnswer, content_type = "application/json"),
    responses((status = 200, description = "It is taken.", body = Received)),
    security(("client" = []), ()),
)]
pub(super) async fn nps(
    State(counter): State<Counter>,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<Json<Received>, Problem> {
    submit(Instrument::Nps, &counter, &headers, &body).await
}

/// Answers the annual survey
///
/// As the pulse survey.
#[utoipa::path(
    post, path = "/api/v1/surveys/annual/submit", operation_id = "submit_annual", tag = "submissions",
    request_body(content = AnnualAnswer, content_type = "application/json"),
    responses((status = 200, description = "It is taken.", body = Received)),
    security(("client" = []), ()),
)]
pub(super) async fn annual(
    State(counter): State<Counter>,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<Json<Received>, Problem> {
    submit(Instrument::Annual, &counter, &headers, &body).await
}

/// Reports friction
///
/// The title and the description are read by nobody and dropped at once: what counts is that there was friction, of what category, and how severe.
/// Vouched for as an answer to a survey is.
#[utoipa::path(
    post, path = "/api/v1/friction/log", operation_id = "log_friction", tag = "submissions",
    request_body(content = FrictionReport, content_type = "application/json"),
    responses((status = 200, description = "It is taken.", body = Logged)),
    security(("client" = []), ()),
)]
pub(super) async fn friction(
    State(counter): State<Counter>,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<Json<Logged>, Problem> {
    let fields = Fields::of_json(&headers, &body)?;
    let (category, severity) = fields.friction(&counter.categories)?;
    // Judged first: whoever tries a token out uses it up.
    let (team, token) = match counter.voucher(&headers, fields.token()?).await? {
        Voucher::Nobody => return Ok(Json(logged()?)),
        Voucher::Client(client) => (client.team, None),
        Voucher::Token(token) => (counter.campaign_of(&token).await?.span.teams.into_iter().next(), Some(token)),
    };
    let week = counter.calendar.week_of(counter.clock.now());
    let report = Report { week, friction: Friction { category, severity, team } };
    let became = counter.inbox.report_add(token.as_ref(), &report).await.map_err(unavailable)?;
    judge(became)?;
    Ok(Json(logged()?))
}

async fn submit(
    instrument: Instrument,
    counter: &Counter,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Json<Received>, Problem> {
    counter.answer(instrument, headers, &Fields::of_json(headers, body)?).await?;
    Ok(Json(Received { status: SUCCESS, message: "thank you; your answer is sealed until the survey is closed" }))
}

fn logged() -> Result<Logged, Problem> {
    let id = pseudonym::random_key().map_err(|_| Problem::internal())?;
    Ok(Logged {
        status: SUCCESS,
        message: "thank you; it counts from the end of the week on",
        id: id.text().to_owned(),
    })
}

impl Counter {
    async fn answer(&self, instrument: Instrument, headers: &HeaderMap, fields: &Fields) -> Result<(), Problem> {
        let answers = fields.answers(instrument)?;
        // Judged first: whoever tries a token out uses it up.
        let (campaign, token) = match self.voucher(headers, fields.token()?).await? {
            Voucher::Nobody => return Ok(()),
            Voucher::Client(client) => (self.campaign_for(instrument, client.team.as_ref()).await?, None),
            Voucher::Token(token) => (self.campaign_of(&token).await?, Some(token)),
        };
        if campaign.instrument != instrument {
            let detail = format!("this token is for the survey `{}`", campaign.instrument.as_str());
            return Err(Problem::new(Code::NoCampaign, detail));
        }
        let sealed = pseudonym::seal(&campaign.seal, &answers).map_err(|_| Problem::internal())?;
        judge(self.inbox.answer_add(&campaign, token.as_ref(), &sealed).await.map_err(unavailable)?)
    }

    /// The newest one that is open, for a client's people.
    async fn campaign_for(&self, instrument: Instrument, team: Option<&TeamName>) -> Result<Campaign, Problem> {
        let is_asked =
            |campaign: &Campaign| campaign.instrument == instrument && !campaign.is_closed && campaign.span.holds(team);
        let campaigns = self.inbox.campaigns_fetch().await.map_err(unavailable)?;
        campaigns.into_iter().filter(is_asked).max_by_key(|campaign| campaign.span.start).ok_or_else(|| {
            let of = team.map_or_else(|| "people without a team".to_owned(), |team| format!("the team `{team}`"));
            let detail = format!("no survey `{}` of {of} is open", instrument.as_str());
            Problem::new(Code::NoCampaign, detail)
        })
    }

    async fn campaign_of(&self, token: &SurveyToken) -> Result<Campaign, Problem> {
        let campaigns = self.inbox.campaigns_fetch().await.map_err(unavailable)?;
        campaigns.into_iter().find(|campaign| campaign.id == token.campaign).ok_or_else(voucher::unknown_token)
    }
}

fn judge(became: Submission) -> Result<(), Problem> {
    match became {
        Submission::Taken => Ok(()),
        Submission::Used => {
            Err(Problem::new(Code::TokenUsed, "this token was used already; each is good for one answer"))
        }
        Submission::Closed => {
            Err(Problem::new(Code::CampaignClosed, "this survey is closed; what was answered in time counts"))
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn unavailable(error: StoreError) -> Problem {
    if error.is_outage() { Problem::unavailable() } else { Problem::internal() }
}
