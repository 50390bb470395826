//! A stretch of the branch, read whole and delivered in portions.

use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::api::{self, Stop};
use crate::commits::State;
use crate::commits::landing::{self, Node};
use crate::commits::payload::{Comparison, ListedCommit};
use crate::payload::Id;
use crate::scan::Visit;

/// What some end reaches and `base` does not; without a base, all that the end reaches.
#[derive(Serialize, Deserialize)]
pub struct Range {
    pub base: Option<String>,
    /// How many facts are delivered.
    pub offset: usize,
    /// The base comes from a walk, not from the last scan: it must exist.
    pub found: bool,
}

impl Range {
    /// From the head of the last scan on.
    #[must_use]
    pub fn since(head: String) -> Self {
        Self { base: Some(head), offset: 0, found: false }
    }

    /// From what a walk found.
    #[must_use]
    pub fn found(base: Option<String>) -> Self {
        Self { base, offset: 0, found: true }
    }

    /// Adds the next facts to the page; answers the new offset where there are more.
    ///
    /// # Errors
    /// When the range cannot be read whole.
    pub fn deliver(&self, visit: &Visit<'_, State>, id: Id, end: &str, page: &mut Page) -> Result<Option<usize>, Stop> {
        let (nodes, unread) = self.read(visit, end)?;
        let landed = landing::land(nodes, end);
        if self.offset == 0 {
            page.reject(Some(visit.repository.as_str()), unread.saturating_add(landed.rejected));
        }
        let id = id.to_string();
        let wanted = landed.commits.into_iter().filter(|(at, _)| *at >= visit.from);
        let mut facts = wanted.skip(self.offset);
        for (at, node) in facts.by_ref().take(visit.max_facts) {
            let key = Commit::key(&id, &node.sha);
            page.push(key, at, node.into_fact(visit.repository.as_str(), at));
        }
        Ok(facts.next().map(|_| self.offset + visit.max_facts))
    }

    fn read(&self, visit: &Visit<'_, State>, end: &str) -> Result<(Vec<Node>, u32), Stop> {
        let mut nodes = Vec::new();
        let mut unread = 0_u32;
        let mut keep = |commits: Items<ListedCommit>| {
            unread = unread.saturating_add(commits.rejected);
            nodes.extend(commits.items.into_iter().map(|commit| Node::new(commit, visit.context)));
        };
        match &self.base {
            Some(base) => {
                let path = format!("/repos/{}/compare/{base}...{end}", visit.repository);
                visit.api.each_page(super::paged(visit, api::get(path)), |response| {
                    keep(response.json::<Comparison>()?.commits);
                    Ok(())
                })?;
            }
            None => visit.api.each_page(super::listing(visit, end), |response| {
                keep(response.items()?);
                Ok(())
            })?,
        }
        Ok((nodes, unread))
    }
}
