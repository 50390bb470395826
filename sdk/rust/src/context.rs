//! What the host hands to a call.

use serde::de::DeserializeOwned;

use crate::bindings::exports::quintant::collector::collector::CollectRequest;
use crate::bindings::quintant::collector::types;
use crate::error::{Error, Result};
use crate::instant::Instant;
use crate::pattern::matches;

pub use types::Window;

/// Settings, clock and the operator's rules. The host is the only clock.
#[derive(Clone, Debug)]
pub struct Context<S> {
    /// The source's settings, already valid against their schema.
    pub settings: S,
    /// The wall clock for this call.
    pub now: Instant,
    /// Seconds east of UTC in the calendar's zone, each from its instant on.
    pub utc_offsets: Vec<(Instant, i32)>,
    /// Bot names of the operator; `*` matches any run of characters.
    pub bots: Vec<String>,
    /// Facts of later contracts; unknown names are ignored.
    pub extensions: Vec<(String, String)>,
}

impl<S> Context<S> {
    /// True when `name` matches one of the operator's bot patterns, whatever the case.
    pub fn is_bot(&self, name: &str) -> bool {
        self.bots.iter().any(|pattern| matches(pattern, name))
    }
}

impl<S: DeserializeOwned> Context<S> {
    pub(crate) fn read(context: types::Context) -> Result<Self> {
        let settings = serde_json::from_slice(context.settings.as_bytes())
            .map_err(|error| Error::Misconfigured(format!("settings: {error}")))?;
        Ok(Self {
            settings,
            now: context.now,
            utc_offsets: context.utc_offsets,
            bots: context.bots,
            extensions: context.extensions,
        })
    }
}

/// One call for one page.
#[derive(Clone, Debug)]
pub struct Request<S> {
    /// Settings, clock and rules.
    pub context: Context<S>,
    /// One of the declared feeds.
    pub feed: String,
    /// What must be covered, whatever the cursor says; half-open.
    pub window: Window,
    /// Soft limit for this page.
    pub max_facts: u32,
    cursor: Option<String>,
}

impl<S> Request<S> {
    /// The cursor of the previous page; none on the first run.
    ///
    /// # Errors
    /// [`Error::CursorExpired`] when the saved text is not a `T`: the host then starts over.
    pub fn cursor<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        self.cursor
            .as_deref()
            .map(|text| serde_json::from_slice(text.as_bytes()))
            .transpose()
            .map_err(|_| Error::CursorExpired("the saved cursor does not fit this version".to_owned()))
    }
}

impl<S: DeserializeOwned> Request<S> {
    pub(crate) fn read(request: CollectRequest) -> Result<Self> {
        Ok(Self {
            context: Context::read(request.context)?,
            feed: request.feed,
            window: request.window,
            max_facts: request.max_facts,
            cursor: request.cursor,
        })
    }
}
