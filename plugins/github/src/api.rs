//! GitHub's conventions: request headers, what a status means, and the server's clock.

use std::cell::Cell;

use quintant_sdk::http::Target;
use quintant_sdk::instant::SECOND;
use quintant_sdk::prelude::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The alias of the only endpoint.
pub const ENDPOINT: &str = "api";
/// What GitHub allows to somebody whom it does not know.
const ANONYMOUS_REQUESTS_PER_HOUR: u32 = 60;

/// Why something could not be read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Nothing more can be read in this run.
    Run(Error),
    /// Only this repository, or this item of it, cannot be read.
    Here(Loss),
}

/// What keeps a repository from being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It has no commits yet, which is fine.
    Empty,
    /// No such repository, or none that the credential may see.
    NotFound,
    /// Seen but refused.
    Forbidden,
    /// Not now: what it holds is still to be read.
    Unavailable,
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Run(error.into())
    }
}

/// A `GET` below the API's root, with the headers that GitHub asks for.
#[must_use]
pub fn get(path: String) -> HttpRequest {
    with_headers(HttpRequest::get(ENDPOINT, path))
}

/// A `POST` of a query, in JSON.
#[must_use]
pub fn post(target: Target, body: Vec<u8>) -> HttpRequest {
    let request = HttpRequest { target, ..HttpRequest::post(ENDPOINT, "", body) };
    with_headers(request).header("content-type", "application/json")
}

/// The same request, for news only where there is a validator of an earlier answer.
#[must_use]
pub fn if_changed(request: HttpRequest, etag: Option<&str>) -> HttpRequest {
    match etag {
        Some(etag) => request.header("if-none-match", etag),
        None => request,
    }
}

fn with_headers(request: HttpRequest) -> HttpRequest {
    request.header("accept", "application/vnd.github+json").header("x-github-api-version", "2022-11-28")
}

/// Sends requests and judges the answers.
pub struct Api<'a> {
    client: &'a Client,
    now: Instant,
    first_date: Cell<Option<Instant>>,
    last_date: Cell<Option<Instant>>,
    is_anonymous: Cell<bool>,
    truncated: Cell<bool>,
}

impl<'a> Api<'a> {
    #[must_use]
    pub fn new(client: &'a Client, now: Instant) -> Self {
        Self {
            client,
            now,
            first_date: Cell::new(None),
            last_date: Cell::new(None),
            is_anonymous: Cell::new(false),
            truncated: Cell::new(false),
        }
    }

    /// The server's clock at its first answer; the host's where it gave none or is ahead.
    #[must_use]
    pub fn started_at(&self) -> Instant {
        self.first_date.get().unwrap_or(self.now).min(self.now)
    }

    /// True once after an answer that GitHub shortened or a chain of pages that loops.
    pub fn take_truncated(&self) -> bool {
        self.truncated.take()
    }

    /// Notes that an answer is not all there is.
    pub fn truncated(&self) {
        self.truncated.set(true);
    }

    /// Status 200, or 304 where the request was conditional.
    ///
    /// # Errors
    /// Every other status, and no answer at all.
    pub fn send(&self, request: &HttpRequest) -> Result<Response, Stop> {
        self.judge(self.client.send(request))
    }

    /// A `GET` of a URL from a `Link` header of an earlier call; only news where there is a validator of it.
    ///
    /// # Errors
    /// As [`Api::send`]. One that leads elsewhere expires the cursor, so that no later run meets it again.
    pub fn follow(&self, url: &str, etag: Option<&str>) -> Result<Response, Stop> {
        match self.client.send(&if_changed(with_headers(HttpRequest::follow(ENDPOINT, url)), etag)) {
            Err(HttpError::Denied(why)) => {
                Err(Error::CursorExpired(format!("the link to the next page is refused: {why}")).into())
            }
            answer => self.judge(answer),
        }
    }

    /// A file that GitHub handed out the URL of, wherever it lies: neither the credential nor a header goes along.
    ///
    /// # Errors
    /// As [`Api::send`]; where the host permits no request to that place, it is forbidden.
    pub fn download(&self, url: &str) -> Result<Response, Stop> {
        match self.client.send(&HttpRequest::follow(ENDPOINT, url)) {
            Ok(response) if response.status == 200 => Ok(response),
            // It may not judge the credential, nor tell limits of GitHub.
            Ok(response) if response.status < 500 => Err(Stop::Here(Loss::Forbidden)),
            Ok(_) => Err(Stop::Here(Loss::Unavailable)),
            Err(HttpError::Denied(why)) => {
                log::warn(
                    "a download is refused by the host: name its origin in the endpoint's `also`",
                    &[("why", &why)],
                );
                Err(Stop::Here(Loss::Forbidden))
            }
            Err(error) => Err(no_answer(error)),
        }
    }

    /// The items of all pages, and how many could not be read.
    ///
    /// # Errors
    /// As [`Api::send`], and a body that is no JSON array.
    pub fn all<T: DeserializeOwned>(&self, request: HttpRequest) -> Result<Items<T>, Stop> {
        let mut all = Items { items: Vec::new(), rejected: 0 };
        self.each_page(request, |response| {
            let page = response.items::<T>()?;
            all.items.extend(page.items);
            all.rejected = all.rejected.saturating_add(page.rejected);
            Ok(())
        })?;
        Ok(all)
    }

    /// Hands every page of a listing to `read`.
    ///
    /// # Errors
    /// As [`Api::send`], and those of `read`.
    pub fn each_page(&self, request: HttpRequest, mut read: impl FnMut(&Response) -> Result<()>) -> Result<(), Stop> {
        let mut pages = self.client.pages(request);
        for answer in pages.by_ref() {
            read(&self.judge(answer)?)?;
        }
        if pages.truncated() {
            self.truncated();
        }
        Ok(())
    }

    /// Any answer at all, with what its headers say noted.
    ///
    /// # Errors
    /// When there is none.
    pub fn exchange(&self, request: &HttpRequest) -> Result<Response, HttpError> {
        self.client.send(request).inspect(|response| self.note(response))
    }

    /// The server's clock at its last answer; the host's where it gave none.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.last_date.get().unwrap_or(self.now)
    }

    /// Whether GitHub counted the last request as that of somebody whom it does not know.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.is_anonymous.get()
    }

    fn note(&self, response: &Response) {
        let date = response.header("date").and_then(instant::parse_http_date);
        if self.first_date.get().is_none() {
            self.first_date.set(date);
        }
        self.last_date.set(date);
        let limit = response.header("x-ratelimit-limit").and_then(|limit| limit.parse::<u32>().ok());
        self.is_anonymous.set(limit.is_some_and(|limit| limit <= ANONYMOUS_REQUESTS_PER_HOUR));
        if response.header("x-github-sso").is_some_and(|sso| sso.starts_with("partial-results")) {
            self.truncated();
        }
    }

    /// What an answer means.
    ///
    /// # Errors
    /// As [`Api::send`].
    pub fn judge(&self, answer: Result<Response, HttpError>) -> Result<Response, Stop> {
        let response = answer.map_err(no_answer)?;
        self.note(&response);
        match response.status {
            200 | 304 => Ok(response),
            401 => Err(Error::Unauthorized("GitHub refused the credential".to_owned()).into()),
            403 | 429 if is_rate_limit(&response) => Err(self.rate_limited(&response)),
            403 | 451 => Err(Stop::Here(Loss::Forbidden)),
            404 | 410 => Err(Stop::Here(Loss::NotFound)),
            409 => Err(Stop::Here(Loss::Empty)),
            202 | 408 | 422 | 500..=599 => Err(Stop::Here(Loss::Unavailable)),
            status => {
                let message = format!("GitHub answered with the unexpected status {status}");
                Err(Error::Permanent(message).into())
            }
        }
    }

    /// What a refusal for coming too often means, and for how long.
    #[must_use]
    pub fn rate_limited(&self, response: &Response) -> Stop {
        let reset = is_used_up(response).then(|| self.until_reset(response)).flatten();
        limited(number(response, "retry-after").or(reset))
    }

    /// The same where what is left was too little, which need not be nothing.
    #[must_use]
    pub fn overdrawn(&self, response: &Response) -> Stop {
        limited(number(response, "retry-after").or_else(|| self.until_reset(response)))
    }

    fn until_reset(&self, response: &Response) -> Option<i64> {
        let server = response.header("date").and_then(instant::parse_http_date);
        let left = number(response, "x-ratelimit-reset")?.saturating_sub(server.unwrap_or(self.now) / SECOND);
        Some(if left > 0 { left } else { 60 })
    }
}

fn number(response: &Response, name: &str) -> Option<i64> {
    response.header(name)?.parse().ok()
}

fn limited(seconds: Option<i64>) -> Stop {
    let seconds = seconds.map(|left| u32::try_from(left.max(1)).unwrap_or(u32::MAX));
    Stop::Run(Error::RateLimited(seconds))
}

/// What it means that there is no answer.
#[must_use]
pub fn no_answer(error: HttpError) -> Stop {
    match error {
        HttpError::Unreachable(_) => Stop::Here(Loss::Unavailable),
        HttpError::TooLarge(limit) => {
            let limit = limit.to_string();
            log::warn("answer too large: lower `page_size`", &[("limit_bytes", &limit)]);
            Stop::Here(Loss::Unavailable)
        }
        error => error.into(),
    }
}

fn is_used_up(response: &Response) -> bool {
    response.header("x-ratelimit-remaining") == Some("0")
}

/// Whether a refusal is one for coming too often.
#[must_use]
pub fn is_rate_limit(response: &Response) -> bool {
    #[derive(Deserialize)]
    struct Refusal {
        message: String,
    }
    let says_so = || {
        response.json::<Refusal>().is_ok_and(|refusal| {
            let message = refusal.message.to_lowercase();
            message.contains("rate limit") || message.contains("abuse detection")
        })
    };
    response.status == 429 || response.header("retry-after").is_some() || is_used_up(response) || says_so()
}
