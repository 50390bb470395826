//! Outbound HTTP on behalf of a guest: it names an alias and a path; host, credential, limits and retries are the host's.

mod address;
mod allowance;
mod app_token;
mod budget;
mod client;
mod credential;
mod endpoint;
mod exchange;
mod governor;
mod header;
mod limit;
mod target;
mod token;
mod trouble;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Method, StatusCode};

pub use budget::Traffic;
pub use endpoint::EndpointError;
pub(super) use endpoint::Endpoints;
pub(super) use trouble::Trouble;
pub use webhook::{WebhookError, post_message};

use self::allowance::Manner;
use self::budget::Budget;
use self::endpoint::Endpoint;
use self::exchange::{Answer, Question};
use self::target::{Hop, Outside};
use super::contract::quintant::collector::http::{
    HttpError, Method as WitMethod, Request, Response as WitResponse, Target,
};
use super::contract::quintant::collector::types::Methods;
use super::failure::{Failure, plain};
use super::limits::Limits;
use crate::config::Secret;

const MOST_REDIRECTS: usize = 5;
const MOST_TRIES: u32 = 3;
const MAY_PASS: [StatusCode; 4] = [
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::BAD_GATEWAY,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::GATEWAY_TIMEOUT,
];
/// Shorter words would be found in any text.
const SHORTEST_SECRET: usize = 8;
/// Of what is told of one.
const LONGEST_ORIGIN: usize = 253;
const LONGEST_URL_BYTES: usize = 8192;
const LARGEST_REQUEST_BYTES: usize = 1 << 20;
const MOST_TROUBLES: usize = 16;

/// One source's way out, for one run.
pub(super) struct Egress {
    endpoints: Arc<Endpoints>,
    limits: Limits,
    budget: Budget,
    /// What was sent as a credential in this run.
    secrets: Vec<Secret>,
    /// Set when a budget was used up: whatever the guest makes of it, the run ends.
    used_up: Option<Failure>,
    /// Of the last request.
    trouble: Option<Trouble>,
    troubles: Vec<Trouble>,
}

impl Egress {
    pub(super) fn new(endpoints: Arc<Endpoints>, limits: &Limits) -> Self {
        Self {
            endpoints,
            limits: limits.clone(),
            budget: Budget::new(limits),
            secrets: Vec::new(),
            used_up: None,
            trouble: None,
            troubles: Vec::new(),
        }
    }

    /// A guest's words without the credentials, which an upstream may have repeated to it.
    pub(super) fn conceal(&self, text: String) -> String {
        self.secrets.iter().fold(text, |text, secret| text.replace(secret.expose(), "***"))
    }

    pub(super) fn traffic(&self) -> &Arc<Traffic> {
        self.budget.traffic()
    }

    /// The budget that this run has used up.
    pub(super) fn used_up(&self) -> Option<&Failure> {
        self.used_up.as_ref()
    }

    /// What kept the last request from being answered.
    pub(super) fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// What kept any request of the run from being answered, each once.
    pub(super) fn troubles(&self) -> &[Trouble] {
        &self.troubles
    }

    pub(super) async fn send(&mut self, request: Request) -> Result<WitResponse, HttpError> {
        self.trouble = None;
        let endpoints = Arc::clone(&self.endpoints);
        let endpoint = endpoints
            .get(&request.endpoint)
            .ok_or_else(|| HttpError::Denied("the endpoint is not declared or not configured".to_owned()))?;
        let method = granted(request.method, endpoint.methods)?;
        let body = request.body.unwrap_or_default();
        if body.len() > LARGEST_REQUEST_BYTES {
            return Err(HttpError::Denied(format!("the request's body is larger than {LARGEST_REQUEST_BYTES} bytes")));
        }
        if header::is_too_much(&request.headers) {
            return Err(HttpError::Denied("the request's headers are too many or too large".to_owned()));
        }
        let target_bytes = match &request.target {
            Target::Path(text) | Target::Url(text) => text.len(),
        };
        if target_bytes > LONGEST_URL_BYTES {
            return Err(too_long());
        }
        let first = endpoint.reach.first(&method, &request.target, &request.query);
        let mut hop = first.map_err(|outside| self.denied(outside, "the target is outside the endpoint"))?;
        let question = Question { method, headers: header::of_request(&request.headers), body };
        for _ in 0..=MOST_REDIRECTS {
            if hop.url.as_str().len() > LONGEST_URL_BYTES {
                return Err(too_long());
            }
            let answer = self.ask(endpoint, &question, &hop).await?;
            let Some(location) = answer.redirect(&question.method) else {
                return Ok(WitResponse {
                    status: answer.status.as_u16(),
                    headers: header::of_response(&answer.headers),
                    body: answer.body,
                });
            };
            hop = endpoint
                .reach
                .next(&hop, &question.method, location)
                .map_err(|outside| self.denied(outside, "a redirect to another origin was refused"))?;
        }
        Err(HttpError::Denied(format!("more than {MOST_REDIRECTS} redirects")))
    }

    /// One answer of one place. Retries what may pass, waits out short rate limits, and tries again with another credential where one is refused.
    async fn ask(&mut self, endpoint: &Endpoint, question: &Question, hop: &Hop) -> Result<Answer, HttpError> {
        let governor = endpoint.governor(hop.place);
        let manner = Manner::of(&question.method, &hop.url);
        let mut pause = self.limits.retry_pause;
        let (mut tries, mut renewals_left, mut is_again) = (0, governor.len(), false);
        loop {
            let turn = governor.turn(&manner, self.limits.longest_wait, |wait| self.budget.waited(wait)).await;
            let mut turn = turn.map_err(throttled)?;
            if std::mem::replace(&mut is_again, true) {
                self.budget.retry();
            }
            tries += 1;
            match self.exchange(endpoint, question, hop, &mut turn).await {
                Ok(answer) => {
                    let told = limit::told(answer.status, &answer.headers, &answer.body, Timestamp::now());
                    if let Some(wait) = turn.learn(&told) {
                        let (status, wait_seconds) = (answer.status.as_u16(), wait.as_secs());
                        tracing::info!(http.status = status, wait_seconds, "the source asks for fewer requests");
                        if tries >= MOST_TRIES {
                            return Err(throttled(wait));
                        }
                        continue;
                    }
                    if answer.status == StatusCode::UNAUTHORIZED && turn.way().is_some() {
                        if renewals_left > 0 && self.renew_credential(endpoint, &mut turn).await? {
                            renewals_left -= 1;
                        } else {
                            turn.leave_out();
                            if !governor.has_another() {
                                return Ok(answer);
                            }
                            let number = turn.number();
                            tracing::warn!(
                                credential = number,
                                "the source refused credential {number} of {}; the others are used for a while",
                                governor.len()
                            );
                        }
                        tries -= 1;
                        continue;
                    }
                    if !MAY_PASS.contains(&answer.status) || tries >= MOST_TRIES {
                        return Ok(answer);
                    }
                    tracing::debug!(http.status = answer.status.as_u16(), tries, "trying the request again");
                }
                Err(HttpError::Unreachable(reason)) if tries < MOST_TRIES => {
                    tracing::debug!(tries, "trying the request again: {reason}");
                }
                Err(error) => {
                    if let HttpError::Unreachable(reason) = &error {
                        self.note(Trouble::Unreachable(reason.clone()));
                    }
                    return Err(error);
                }
            }
            drop(turn);
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    fn denied(&mut self, outside: Outside, message: &str) -> HttpError {
        if let Outside(Some(origin)) = outside {
            // A host is lower-cased, and so is a credential that somebody wrote into one.
            let is_secret = self.secrets.iter().any(|secret| origin.contains(&secret.expose().to_lowercase()));
            let origin = if is_secret { "***".to_owned() } else { plain(&self.conceal(origin), LONGEST_ORIGIN) };
            self.note(Trouble::Elsewhere(origin));
        }
        HttpError::Denied(message.to_owned())
    }

    /// Each kind is logged once a run.
    fn note(&mut self, trouble: Trouble) {
        if self.troubles.len() < MOST_TROUBLES && !self.troubles.contains(&trouble) {
            tracing::warn!("{}", trouble.message());
            self.troubles.push(trouble.clone());
        }
        self.trouble = Some(trouble);
    }

    fn remember(&mut self, secret: &Secret) {
        if secret.expose().len() >= SHORTEST_SECRET && !self.secrets.contains(secret) {
            self.secrets.push(secret.clone());
        }
    }
}

fn too_long() -> HttpError {
    HttpError::Denied(format!("the target is longer than {LONGEST_URL_BYTES} bytes"))
}

fn granted(method: WitMethod, methods: Methods) -> Result<Method, HttpError> {
    let (flag, method) = match method {
        WitMethod::Get => (Methods::GET, Method::GET),
        WitMethod::Head => (Methods::HEAD, Method::HEAD),
        WitMethod::Post => (Methods::POST, Method::POST),
    };
    if methods.contains(flag) {
        Ok(method)
    } else {
        Err(HttpError::Denied(format!("the endpoint does not declare the method {method}")))
    }
}

/// Rounded up: asking again a moment too early is asking too often.
fn throttled(wait: Duration) -> HttpError {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    HttpError::Throttled(Some(u32::try_from(seconds).unwrap_or(u32::MAX).max(1)))
}
