//! The answers at hand: a snapshot in memory, replaced when something is released. A question costs no look into the database.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

use arc_swap::{ArcSwap, ArcSwapOption};
use axum::body::Bytes;

use super::Problem;
use super::source::{ListedSource, Listing};
use super::validator::Tag;
use crate::metrics::{Answers, Scope, TimeRange};
use crate::model::{Dimension, Metric};

/// Where the newest answers lie, which are none until they were read for the first time, and which sources there are.
#[derive(Clone, Default)]
pub struct Shelf {
    newest: Arc<ArcSwapOption<Snapshot>>,
    sources: Arc<ArcSwap<Listing>>,
}

/// What was released until some moment. Everything that is asked of it is a function of it and of the page.
pub(super) struct Snapshot {
    pub(super) answers: Answers,
    /// Differs when anything that is answered differs.
    digest: u64,
    /// Pages that were asked for, of which there can be only so many.
    rendered: RwLock<HashMap<Page, Bytes>>,
}

/// What can be asked of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Page {
    Space(TimeRange, Scope),
    Dimension(Dimension, TimeRange, Scope),
    Trend(Dimension, TimeRange, Scope),
    Health(TimeRange, Scope),
    Explanation(Metric, TimeRange, Scope),
    Sample(String, TimeRange),
    Teams,
    Exposition,
}

impl Shelf {
    /// Replaces what was there.
    pub fn put(&self, answers: Answers) {
        let mut hasher = DefaultHasher::new();
        (env!("CARGO_PKG_VERSION"), &answers).hash(&mut hasher);
        let snapshot = Snapshot { answers, digest: hasher.finish(), rendered: RwLock::default() };
        self.newest.store(Some(Arc::new(snapshot)));
    }

    /// Shows these sources from now on.
    pub fn list(&self, sources: Vec<ListedSource>) {
        self.sources.store(Listing::new(sources));
    }

    pub(super) fn listing(&self) -> Arc<Listing> {
        self.sources.load_full()
    }

    pub(super) fn snapshot(&self) -> Result<Arc<Snapshot>, Problem> {
        self.newest.load_full().ok_or_else(Problem::unavailable)
    }
}

impl Snapshot {
    /// What a client may compare with instead of reading the page again.
    pub(super) fn tag(&self, page: &Page) -> Tag {
        Tag::of((self.digest, page))
    }

    /// As [`Snapshot::tag`], of a page that shows something else beside.
    pub(super) fn tag_with(&self, page: &Page, beside: &str) -> Tag {
        Tag::of((self.digest, page, beside))
    }

    /// The page's bytes, rendered the first time.
    pub(super) fn rendered(
        &self,
        page: Page,
        render: impl FnOnce(&Answers) -> Result<Vec<u8>, Problem>,
    ) -> Result<Bytes, Problem> {
        let known = self.rendered.read().unwrap_or_else(PoisonError::into_inner).get(&page).cloned();
        if let Some(bytes) = known {
            return Ok(bytes);
        }
        let bytes = Bytes::from(render(&self.answers)?);
        if page.is_one_of_few() {
            self.rendered.write().unwrap_or_else(PoisonError::into_inner).insert(page, bytes.clone());
        }
        Ok(bytes)
    }
}

impl Page {
    /// Anybody can make up dates; the cells are as many as there are.
    fn is_one_of_few(&self) -> bool {
        let range = match self {
            Page::Space(range, _) | Page::Dimension(_, range, _) | Page::Health(range, _) => range,
            // Rarely asked, of many fields each, and quickly made.
            Page::Trend(..) | Page::Explanation(..) | Page::Sample(..) => return false,
            Page::Teams | Page::Exposition => return true,
        };
        !matches!(range, TimeRange::Dates { .. })
    }
}
