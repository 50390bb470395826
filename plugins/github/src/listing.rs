//! How far a listing has been read: a page, and how many of its items are delivered.

use quintant_sdk::paging::Trail;
use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::api::{self, Api, Stop};

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

    /// The page, or only news of it where there is a validator; `first` asks for the first one.
    ///
    /// # Errors
    /// As [`Api::send`] and [`Api::follow`].
    pub fn read(
        &self,
        api: &Api<'_>,
        etag: Option<&str>,
        first: impl FnOnce() -> HttpRequest,
    ) -> Result<Response, Stop> {
        match &self.next {
            Some(url) => api.follow(url, etag),
            None => api.send(&api::if_changed(first(), etag)),
        }
    }

    /// Goes to the page at `next`; false: there is none.
    pub fn turn(&mut self, api: &Api<'_>, next: Option<&str>) -> bool {
        let Some(next) = next else {
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
