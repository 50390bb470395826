//! When a commit became reachable on the branch. Pure.

use std::collections::BTreeMap;

use quintant_sdk::prelude::*;

use crate::commits::payload::{ListedCommit, Signature};
use crate::people;
use crate::settings::Settings;

/// What is kept of a commit while its range is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub sha: String,
    pub parents: Vec<String>,
    pub authored_at: Option<Instant>,
    pub committed_at: Option<Instant>,
    pub author: Option<Account>,
}

impl Node {
    /// Keeps what matters of a listed commit.
    #[must_use]
    pub fn new(listed: ListedCommit, context: &Context<Settings>) -> Self {
        let git = listed.commit.unwrap_or_default();
        let date = |signature: Option<&Signature>| signature?.date?.0;
        let email = git.author.as_ref().and_then(|author| author.email.as_deref());
        let parents = listed.parents.unwrap_or_default();
        Self {
            sha: listed.sha,
            parents: parents.into_iter().map(|parent| parent.sha).collect(),
            authored_at: date(git.author.as_ref()),
            committed_at: date(git.committer.as_ref()),
            author: people::commit_author(listed.author.as_ref(), email, context),
        }
    }

    /// The fact of a commit that landed at `landed_at`.
    #[must_use]
    pub fn into_fact(self, repo: &str, landed_at: Instant) -> Commit {
        let authored_at = self.authored_at.or(self.committed_at).unwrap_or(landed_at);
        let parents = u32::try_from(self.parents.len()).unwrap_or(u32::MAX);
        Commit::new(repo, self.sha, authored_at, parents).by(self.author)
    }
}

/// The commits of a range, each with when it landed, oldest landing first.
#[derive(Clone, Debug, PartialEq)]
pub struct Landed {
    pub commits: Vec<(Instant, Node)>,
    /// How many have no landing: unreachable from the head, or landed with a commit without date.
    pub rejected: u32,
}

/// Lets every commit land with the oldest first-parent ancestor of `head` that reaches it.
#[must_use]
pub fn land(nodes: Vec<Node>, head: &str) -> Landed {
    let mut waiting: BTreeMap<String, Node> = nodes.into_iter().map(|node| (node.sha.clone(), node)).collect();
    let mut chain = Vec::new();
    let mut next = Some(head.to_owned());
    // Taken out while walking, so that even a chain that loops ends.
    while let Some(node) = next.and_then(|sha| waiting.remove(&sha)) {
        next = node.parents.first().cloned();
        chain.push(node);
    }
    let mut landed = Landed { commits: Vec::new(), rejected: 0 };
    for node in chain.into_iter().rev() {
        let at = node.committed_at;
        let mut reached = vec![node];
        while let Some(node) = reached.pop() {
            reached.extend(node.parents.iter().filter_map(|parent| waiting.remove(parent)));
            match at {
                Some(at) => landed.commits.push((at, node)),
                None => landed.rejected = landed.rejected.saturating_add(1),
            }
        }
    }
    let unreached = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
    landed.rejected = landed.rejected.saturating_add(unreached);
    landed
}
