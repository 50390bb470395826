//! Mattermost's conventions: what a status means, the server's clock, and listings that are read until a page is empty.

use std::cell::Cell;
use std::collections::HashSet;

use quintant_sdk::instant::SECOND;
use quintant_sdk::prelude::*;
use serde::de::DeserializeOwned;

use crate::payload::{Id, Listed};

/// The alias of the only endpoint.
pub const ENDPOINT: &str = "api";
/// No listing is longer, however new its pages look.
const MOST_PAGES: u32 = 2_000;
/// A reset below this counts seconds from now, above it seconds from 1970: servers do both.
const FIRST_EPOCH_RESET: i64 = 100_000_000;

/// Why something could not be read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Nothing more can be read in this run.
    Run(Error),
    /// Only this team or channel cannot be read.
    Here(Loss),
}

/// What keeps a team or a channel from being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// No such thing, or none that the account may see.
    NotFound,
    /// Seen but refused.
    Forbidden,
    /// The server's licence or settings leave it out.
    NotOffered,
    /// Not now: what it holds is still to be read.
    Unavailable,
}

impl Loss {
    /// Reports it to operators.
    pub fn report(self, scope: &str, page: &mut Page) {
        let kind = match self {
            Self::NotFound => ProblemKind::NotFound,
            Self::Forbidden => ProblemKind::Forbidden,
            Self::NotOffered | Self::Unavailable => ProblemKind::Unavailable,
        };
        page.problem(kind, Some(scope));
    }
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Run(error.into())
    }
}

/// A `GET` below `/api/v4`.
#[must_use]
pub fn get(path: impl std::fmt::Display) -> HttpRequest {
    HttpRequest::get(ENDPOINT, format!("/api/v4{path}"))
}

/// The items of a listing.
#[derive(Clone, Debug)]
pub struct Listing<T> {
    pub items: Vec<T>,
    pub rejected: u32,
    /// The server repeated itself, or had no end.
    pub is_truncated: bool,
    /// When the first page was answered, by the server's clock where it is not ahead of the host's.
    pub at: Instant,
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

    /// An answer with status 200.
    ///
    /// # Errors
    /// Every other status, and no answer at all.
    pub fn send(&self, request: &HttpRequest) -> Result<Response, Stop> {
        self.requests.set(self.requests.get().saturating_add(1));
        let response = self.client.send(request).map_err(|error| no_answer(error, request.method))?;
        if self.first_date.get().is_none() {
            self.first_date.set(date(&response));
        }
        match response.status {
            200 => Ok(response),
            401 => {
                Err(Error::Unauthorized("Mattermost refused the token: wrong, expired or revoked".to_owned()).into())
            }
            403 => Err(Stop::Here(Loss::Forbidden)),
            404 | 410 => Err(Stop::Here(Loss::NotFound)),
            429 => Err(Error::RateLimited(self.until_reset(&response)).into()),
            501 => Err(Stop::Here(Loss::NotOffered)),
            408 | 413 | 500..=599 => Err(Stop::Here(Loss::Unavailable)),
            status => {
                let message = format!("Mattermost answered with the unexpected status {status}");
                Err(Error::Permanent(message).into())
            }
        }
    }

    /// All pages of a listing, until one is empty: a server may cut pages short without being at its end.
    ///
    /// # Errors
    /// As [`Api::send`], and a body that is no JSON array.
    pub fn list<T: DeserializeOwned + Listed>(&self, path: &str, page_size: u32) -> Result<Listing<T>, Stop> {
        let mut listing = Listing { items: Vec::new(), rejected: 0, is_truncated: false, at: self.now };
        let mut known: HashSet<Id> = HashSet::new();
        let mut last_body = Vec::new();
        for number in 0..MOST_PAGES {
            let request = get(path).query("page", number.to_string()).query("per_page", page_size.to_string());
            let response = self.send(&request)?;
            if number == 0 {
                listing.at = date(&response).unwrap_or(self.now).min(self.now);
            }
            let page = response.items::<T>()?;
            if page.items.is_empty() && page.rejected == 0 {
                return Ok(listing);
            }
            let before = listing.items.len();
            listing.items.extend(page.items.into_iter().filter(|item| known.insert(item.id().clone())));
            let is_old = page.rejected == 0 && listing.items.len() == before;
            if is_old || response.body == last_body {
                break;
            }
            listing.rejected = listing.rejected.saturating_add(page.rejected);
            last_body = response.body;
        }
        listing.is_truncated = true;
        Ok(listing)
    }

    fn until_reset(&self, response: &Response) -> Option<u32> {
        let number = |name: &str| response.header(name)?.trim().parse::<i64>().ok();
        let seconds = number("retry-after").or_else(|| {
            let reset = number("x-ratelimit-reset")?;
            if (0..FIRST_EPOCH_RESET).contains(&reset) {
                return Some(reset);
            }
            let left = reset.saturating_sub(date(response).unwrap_or(self.now) / SECOND);
            (left > 0).then_some(left)
        })?;
        Some(u32::try_from(seconds.max(1)).unwrap_or(u32::MAX))
    }
}

fn date(response: &Response) -> Option<Instant> {
    response.header("date").and_then(instant::parse_http_date)
}

fn no_answer(error: HttpError, method: Method) -> Stop {
    match error {
        HttpError::Denied(why) if method == Method::Post => Error::Misconfigured(format!(
            "`mode = \"posts\"` asks who posted by `POST /api/v4/users/ids`, which changes nothing: {why}"
        ))
        .into(),
        HttpError::Unreachable(_) => Stop::Here(Loss::Unavailable),
        HttpError::TooLarge(limit) => {
            let limit = limit.to_string();
            log::warn("answer too large: lower `page_size`", &[("limit_bytes", &limit)]);
            Stop::Here(Loss::Unavailable)
        }
        error => error.into(),
    }
}
