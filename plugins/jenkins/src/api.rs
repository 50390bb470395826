//! Jenkins' conventions: what a status means, when HTML instead of JSON is a login page, and the server's clock.

use std::cell::Cell;

use quintant_sdk::prelude::*;

/// The alias of the only endpoint.
pub const ENDPOINT: &str = "api";

/// Why something could not be read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Nothing more can be read in this run.
    Run(Error),
    /// Only this folder, job or build cannot be read.
    Here(Loss),
}

/// What keeps a folder, job or build from being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It is gone, or the credential may not see it: Jenkins does not tell which.
    NotFound,
    /// Seen but refused.
    Forbidden,
    /// The answer is larger than the host takes.
    TooLarge,
    /// Not now: what it holds is still to be read.
    Unavailable,
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Run(error.into())
    }
}

/// Reports that something could not be read.
pub fn report(loss: Loss, scope: &str, page: &mut Page) {
    let kind = match loss {
        Loss::NotFound => ProblemKind::NotFound,
        Loss::Forbidden => ProblemKind::Forbidden,
        Loss::TooLarge => ProblemKind::Truncated,
        Loss::Unavailable => ProblemKind::Unavailable,
    };
    page.problem(kind, Some(scope));
}

/// Sends requests and judges the answers.
pub struct Api<'a> {
    client: &'a Client,
    now: Instant,
    first_date: Cell<Option<Instant>>,
    requests: Cell<u32>,
}

impl<'a> Api<'a> {
    #[must_use]
    pub fn new(client: &'a Client, now: Instant) -> Self {
        Self { client, now, first_date: Cell::new(None), requests: Cell::new(0) }
    }

    /// The server's clock at its first answer; the host's where it gave none or is ahead.
    #[must_use]
    pub fn started_at(&self) -> Instant {
        self.first_date.get().unwrap_or(self.now).min(self.now)
    }

    /// How many requests were sent.
    #[must_use]
    pub fn requests(&self) -> u32 {
        self.requests.get()
    }

    /// The JSON at `{path}/api/json`, of which `tree` is wanted.
    ///
    /// # Errors
    /// Every status but 200, an answer that is no JSON, and none at all.
    pub fn json(&self, path: &str, tree: &str) -> Result<Response, Stop> {
        self.get(HttpRequest::get(ENDPOINT, format!("{path}/api/json")).query("tree", tree))
    }

    /// The JSON at a path that knows no `tree`.
    ///
    /// # Errors
    /// As [`Api::json`].
    pub fn get(&self, request: HttpRequest) -> Result<Response, Stop> {
        self.requests.set(self.requests.get() + 1);
        let answer = self.client.send(&request.header("accept", "application/json"));
        let response = answer.map_err(no_answer)?;
        if self.first_date.get().is_none() {
            self.first_date.set(response.header("date").and_then(instant::parse_http_date));
        }
        match response.status {
            200 if is_json(&response) => Ok(response),
            200 if is_html(&response) => Err(login_page()),
            200 => Err(Error::Permanent(format!(
                "Jenkins answered with `{}` instead of JSON: a proxy may answer in its place",
                response.media_type().unwrap_or("no content type")
            ))
            .into()),
            300..=399 => Err(redirected("the answer leads elsewhere")),
            401 => {
                let why = "Jenkins refused the credential: user name or API token are wrong, or none was sent";
                Err(Error::Unauthorized(why.to_owned()).into())
            }
            403 => Err(Stop::Here(Loss::Forbidden)),
            404 | 410 => Err(Stop::Here(Loss::NotFound)),
            429 => Err(Error::RateLimited(retry_after(&response)).into()),
            503 => {
                Err(Error::Transient("Jenkins is getting ready, or what stands before it is (status 503)".to_owned())
                    .into())
            }
            408 | 500..=599 => Err(Stop::Here(Loss::Unavailable)),
            status => Err(Error::Permanent(format!("Jenkins answered with the unexpected status {status}")).into()),
        }
    }
}

fn retry_after(response: &Response) -> Option<u32> {
    response.header("retry-after")?.trim().parse().ok()
}

fn content_type<'a>(response: &'a Response, wanted: &str) -> Option<&'a str> {
    response.header("content-type").filter(|found| found.to_ascii_lowercase().contains(wanted))
}

fn is_json(response: &Response) -> bool {
    content_type(response, "json").is_some()
}

fn is_html(response: &Response) -> bool {
    content_type(response, "html").is_some()
}

fn login_page() -> Stop {
    let why = "HTML instead of JSON: a login page, as single sign-on shows it; use an API token, and let it pass";
    Error::Unauthorized(why.to_owned()).into()
}

fn redirected(why: &str) -> Stop {
    let why =
        format!("redirected, as to a login page: use an API token, or the address that Jenkins has today ({why})");
    Error::Unauthorized(why).into()
}

/// What it means that there is no answer.
fn no_answer(error: HttpError) -> Stop {
    match error {
        HttpError::Unreachable(_) => Stop::Here(Loss::Unavailable),
        HttpError::TooLarge(limit) => {
            let limit = limit.to_string();
            log::warn(
                "the answer is larger than allowed: a proxy may drop `tree` from the query",
                &[("limit_bytes", &limit)],
            );
            Stop::Here(Loss::TooLarge)
        }
        HttpError::Denied(why) if why.contains("redirect") => redirected(&why),
        error => error.into(),
    }
}
