//! What one call brings back: facts, retractions, problems and where to go on.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::fact::{Envelope, Fact, FactKind};
use crate::instant::Instant;

pub use crate::bindings::exports::quintant::collector::collector::{Page, Problem, ProblemKind, Retraction};

/// The largest cursor the host stores, in bytes.
pub const MAX_CURSOR_BYTES: usize = 1 << 20;

impl Default for Page {
    fn default() -> Self {
        Self::new()
    }
}

impl Page {
    /// An empty, last page that keeps the stored cursor and says nothing about coverage.
    #[must_use]
    pub fn new() -> Self {
        Self {
            facts: Vec::new(),
            retractions: Vec::new(),
            problems: Vec::new(),
            covered_through: None,
            cursor: None,
            more: false,
            progress: None,
        }
    }

    /// Adds a fact: its natural key and when it became true upstream.
    pub fn push(&mut self, key: impl Into<String>, at: Instant, fact: impl Into<Fact>) {
        self.facts.push(Envelope::new(key, at, fact));
    }

    /// Takes back a fact that no longer holds upstream; harmless when there was none.
    pub fn retract(&mut self, kind: FactKind, key: impl Into<String>) {
        self.retractions.push(Retraction { kind, key: key.into() });
    }

    /// Reports a part of the upstream that could not be read: the run is `partial`.
    pub fn problem(&mut self, kind: ProblemKind, scope: Option<&str>) {
        self.problems.push(Problem { kind, scope: scope.map(str::to_owned), count: 1 });
    }

    /// Reports `count` items that could not be mapped; nothing happens at 0.
    pub fn reject(&mut self, scope: Option<&str>, count: u32) {
        if count > 0 {
            let scope = scope.map(str::to_owned);
            self.problems.push(Problem { kind: ProblemKind::Rejected, scope, count });
        }
    }

    /// States that everything the feed can see before `instant` has been delivered.
    pub fn covered_through(&mut self, instant: Instant) {
        self.covered_through = Some(instant);
    }

    /// Saves where to go on, as JSON.
    ///
    /// # Errors
    /// [`Error::Permanent`] when it does not serialize or exceeds [`MAX_CURSOR_BYTES`].
    pub fn save(&mut self, cursor: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(cursor)
            .map_err(|error| Error::Permanent(format!("the cursor cannot be written: {error}")))?;
        if text.len() > MAX_CURSOR_BYTES {
            let length = text.len();
            return Err(Error::Permanent(format!(
                "the cursor has {length} bytes, at most {MAX_CURSOR_BYTES} are allowed"
            )));
        }
        self.cursor = Some(text);
        Ok(())
    }
}
