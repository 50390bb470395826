//! The way back along the first-parent chain, page by page, to the commit before the window.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use quintant_sdk::paging::Trail;
use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::api::Stop;
use crate::commits::State;
use crate::commits::payload::ListedCommit;
use crate::scan::Visit;

/// How far the walk has come.
#[derive(Serialize, Deserialize)]
pub struct Walk {
    /// None: the first page.
    next: Option<String>,
    trail: Trail,
    since: Instant,
    /// The next commit of the chain.
    wanted: String,
    /// First parents from the last page that are not of the chain so far: commits of the same
    /// second, or a clock that was wrong, may list a parent before its child.
    early: BTreeMap<String, Option<String>>,
}

/// The commit before the window; none when the window reaches back to the root.
pub type Base = Option<String>;

impl Walk {
    /// From `head` down to `since`.
    #[must_use]
    pub fn new(head: &str, since: Instant) -> Self {
        Self { next: None, trail: Trail::default(), since, wanted: head.to_owned(), early: BTreeMap::new() }
    }

    /// Reads one page and adds its last commit of the chain to `cuts`. Breaks at the end of the
    /// walk; without commits in the window nothing is then left of `cuts`.
    ///
    /// # Errors
    /// When the page cannot be read.
    pub fn read_page(
        mut self,
        visit: &Visit<'_, State>,
        head: &str,
        cuts: &mut Vec<String>,
    ) -> Result<ControlFlow<Base, Self>, Stop> {
        let response = match &self.next {
            Some(url) => visit.api.follow(url, None)?,
            None => {
                let since = self.since.saturating_sub(instant::SECOND);
                visit.api.send(&super::listing(visit, head).query("since", instant::format_rfc3339(since)))?
            }
        };
        let mut parents = std::mem::take(&mut self.early);
        for commit in response.items::<ListedCommit>()?.items {
            let parent = commit.parents.unwrap_or_default().into_iter().next().map(|first| first.sha);
            self.early.insert(commit.sha.clone(), parent.clone());
            parents.insert(commit.sha, parent);
        }
        let mut last = None;
        while let Some(parent) = parents.remove(&self.wanted) {
            self.early.remove(&self.wanted);
            let Some(parent) = parent else { return Ok(ControlFlow::Break(None)) };
            last = Some(std::mem::replace(&mut self.wanted, parent));
        }
        match response.next_page() {
            Some(next) if self.trail.visit(next) => {
                cuts.extend(last.filter(|last| last != head));
                self.next = Some(next.to_owned());
                return Ok(ControlFlow::Continue(self));
            }
            Some(_) => visit.api.truncated(),
            None => {}
        }
        if self.wanted == head {
            cuts.clear();
        }
        Ok(ControlFlow::Break(Some(self.wanted)))
    }
}
