//! How far a listing has been read: a page, and how many of its items are delivered.

use quintant_sdk::paging::Trail;
use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::api::{Api, Stop};

/// A place in a listing that is chained by `Link` headers.
#[derive(Default, Serialize, Deserialize)]
pub struct Place {
    /// None: the first page.
    next: Option<String>,
    /// How many items of the page are delivered.
    pub skip: usize,
    trail: Trail,
}

impl Place {
    /// Whether nothing of the listing has been read.
    #[must_use]
    pub fn is_first_page(&self) -> bool {
        self.next.is_none()
    }

    /// The page; `first` asks for the first one.
    ///
    /// # Errors
    /// As [`Api::send`] and [`Api::follow`].
    pub fn read(&self, api: &Api<'_>, first: impl FnOnce() -> HttpRequest) -> Result<Response, Stop> {
        match &self.next {
            Some(url) => api.follow(url),
            None => api.send(&first()),
        }
    }

    /// Goes to the page that follows `response`; false: there is none.
    pub fn turn(&mut self, api: &Api<'_>, response: &Response) -> bool {
        let Some(next) = response.next_page() else {
            return false;
        };
        if !self.trail.visit(next) {
            api.truncated();
            return false;
        }
        self.next = Some(next.to_owned());
        self.skip = 0;
        true
    }
}
