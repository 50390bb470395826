//! Runs a collector natively, the way the host would: its upstream is a closure.

mod spoiled;

use std::marker::PhantomData;

use crate::bindings::exports::quintant::collector::collector::CollectRequest;
use crate::bindings::quintant::collector::types;
use crate::bridge;
use crate::check::CheckItem;
use crate::collector::Collector;
use crate::context::Window;
use crate::error::{Error, Result};
use crate::http::{Client, HttpError, HttpRequest, Response};
use crate::instant::{DAY, Instant};
use crate::page::Page;

pub use spoiled::spoiled;

/// A configured source of collector `C`. The crate's first page shows one in use.
pub struct Source<C> {
    client: Client,
    context: types::Context,
    window: Window,
    max_facts: u32,
    collector: PhantomData<C>,
}

impl<C: Collector> Source<C> {
    /// A source whose requests `answer` answers; now is 2026-01-01, the window the 90 days before.
    #[expect(clippy::needless_pass_by_value, reason = "`json!` in the argument reads best")]
    pub fn new(
        settings: serde_json::Value,
        answer: impl Fn(&HttpRequest) -> Result<Response, HttpError> + 'static,
    ) -> Self {
        let now = 1_767_225_600_000;
        Self {
            client: Client::answered_by(answer),
            context: types::Context {
                settings: settings.to_string(),
                now,
                utc_offsets: Vec::new(),
                bots: Vec::new(),
                extensions: Vec::new(),
            },
            window: Window { start: now - 90 * DAY, end: now },
            max_facts: 1_000,
            collector: PhantomData,
        }
    }

    /// Sets the window, and the clock to its end.
    #[must_use]
    pub fn window(mut self, start: Instant, end: Instant) -> Self {
        self.window = Window { start, end };
        self.context.now = end;
        self
    }

    /// Sets the clock alone, as for a window that lies in the past.
    #[must_use]
    pub fn now(mut self, now: Instant) -> Self {
        self.context.now = now;
        self
    }

    /// Sets the soft limit of facts a page.
    #[must_use]
    pub fn max_facts(mut self, max_facts: u32) -> Self {
        self.max_facts = max_facts;
        self
    }

    /// Sets the calendar's zone: seconds east of UTC, each from its instant on.
    #[must_use]
    pub fn utc_offsets(mut self, offsets: impl IntoIterator<Item = (Instant, i32)>) -> Self {
        self.context.utc_offsets = offsets.into_iter().collect();
        self
    }

    /// Sets the operator's bot patterns.
    #[must_use]
    pub fn bots(mut self, patterns: impl IntoIterator<Item = &'static str>) -> Self {
        self.context.bots = patterns.into_iter().map(str::to_owned).collect();
        self
    }

    /// The JSON Schema of the settings, as the host gets it.
    #[must_use]
    pub fn settings_schema() -> String {
        bridge::describe::<C>().settings_schema
    }

    /// Runs the check.
    ///
    /// # Errors
    /// Those of the collector.
    pub fn check(&self) -> Result<Vec<CheckItem>> {
        bridge::check::<C>(&self.client, self.context.clone())
    }

    /// Asks for one page.
    ///
    /// # Errors
    /// Those of the collector.
    pub fn collect(&self, feed: &str, cursor: Option<&str>) -> Result<Page> {
        bridge::collect::<C>(
            &self.client,
            CollectRequest {
                context: self.context.clone(),
                feed: feed.to_owned(),
                cursor: cursor.map(str::to_owned),
                window: self.window,
                max_facts: self.max_facts,
            },
        )
    }

    /// Asks for page after page until there are no more, handing each cursor to the next call.
    ///
    /// # Errors
    /// Those of the collector; [`Error::Permanent`] when 10,000 pages are not enough.
    pub fn drain(&self, feed: &str, cursor: Option<&str>) -> Result<Vec<Page>> {
        let mut cursor = cursor.map(str::to_owned);
        let mut pages = Vec::new();
        while pages.len() < 10_000 {
            let page = self.collect(feed, cursor.as_deref())?;
            cursor = page.cursor.clone().or(cursor);
            let more = page.more;
            pages.push(page);
            if !more {
                return Ok(pages);
            }
        }
        Err(Error::Permanent("the collector asks for more for ever".to_owned()))
    }
}
