//! The only way from a [`RawIdentity`] to a [`Pseudonym`], and the roster that says who belongs where.

mod key;
mod roster;
mod seal;

pub use key::{IdentityKey, KeyError};
pub use roster::{Person, Roster, RosterError};
pub use seal::CursorKey;

use std::collections::HashMap;

use crate::model::{
    Alias, Calendar, Change, Commit, EntityKey, Fact, FactBody, FactKind, Pseudonym, RawFact, RawIdentity, RawKey,
    Retraction, Review, SourceName, StampedFact,
};

/// Facts under pseudonyms, and which spelling leads to which account.
#[derive(Debug, Default)]
pub struct Pseudonymous {
    pub facts: Vec<StampedFact>,
    pub retractions: Vec<Retraction<EntityKey>>,
    pub aliases: Vec<(Alias, Pseudonym)>,
}

/// Replaces every identity and natural key of one source's facts, and stamps their weeks.
pub fn pseudonymize(
    key: &IdentityKey,
    source: &SourceName,
    calendar: &Calendar,
    facts: Vec<RawFact>,
    retractions: Vec<Retraction<RawKey>>,
) -> Pseudonymous {
    let mut veil = Veil {
        key,
        source: source.as_str(),
        aliases: Vec::new(),
        people: HashMap::new(),
        repositories: HashMap::new(),
    };
    let facts =
        facts.into_iter().map(|fact| StampedFact { week: calendar.week_of(fact.at), fact: veil.fact(fact) }).collect();
    let retractions = retractions
        .into_iter()
        .map(|retraction| Retraction { kind: retraction.kind, key: veil.fact_key(retraction.kind, &retraction.key) })
        .collect();
    let mut aliases = veil.aliases;
    aliases.sort_unstable();
    aliases.dedup();
    Pseudonymous { facts, retractions, aliases }
}

struct Veil<'a> {
    key: &'a IdentityKey,
    source: &'a str,
    aliases: Vec<(Alias, Pseudonym)>,
    /// People and repositories come again and again in one page.
    people: HashMap<RawIdentity, Pseudonym>,
    repositories: HashMap<RawKey, EntityKey>,
}

impl Veil<'_> {
    fn fact(&mut self, fact: RawFact) -> Fact<Pseudonym, EntityKey> {
        let key = self.fact_key(fact.body.kind(), &fact.key);
        let body = match fact.body {
            FactBody::Change(change) => FactBody::Change(self.change(change)),
            FactBody::Review(review) => FactBody::Review(Review {
                change: self.entity("change id", &review.change),
                change_author: self.person(review.change_author),
                reviewer: self.person(review.reviewer),
                state: review.state,
                comments: review.comments,
            }),
            FactBody::Commit(commit) => FactBody::Commit(Commit {
                sha: self.entity("sha", &commit.sha),
                author: self.person(commit.author),
                parents: commit.parents,
            }),
        };
        Fact { key, at: fact.at, body }
    }

    fn change(&mut self, change: Change<RawIdentity, RawKey>) -> Change<Pseudonym, EntityKey> {
        Change {
            repository: self.repository(change.repository),
            change: self.entity("change id", &change.change),
            owner: change.owner,
            author: self.person(change.author),
            merged: change.merged,
            to_default_branch: change.to_default_branch,
            first_commit_at: change.first_commit_at,
            opened_at: change.opened_at,
            ready_at: change.ready_at,
            first_review_at: change.first_review_at,
            first_reviewer: self.person(change.first_reviewer),
            approved_at: change.approved_at,
            merge_commit: change.merge_commit.map(|sha| self.entity("sha", &sha)),
            additions: change.additions,
            deletions: change.deletions,
            files: change.files,
            review_comments: change.review_comments,
            reverts: change.reverts.map(|reverted| self.entity("change id", &reverted)),
        }
    }

    fn person(&mut self, identity: Option<RawIdentity>) -> Option<Pseudonym> {
        let identity = identity?;
        if let Some(known) = self.people.get(&identity) {
            return Some(*known);
        }
        let pseudonym = Pseudonym::from_bytes(self.key.digest("account", self.source, identity.id()));
        self.aliases.extend(identity.names().iter().map(|name| (self.key.alias(self.source, name), pseudonym)));
        self.people.insert(identity, pseudonym);
        Some(pseudonym)
    }

    fn repository(&mut self, repository: RawKey) -> EntityKey {
        if let Some(known) = self.repositories.get(&repository) {
            return *known;
        }
        let key = self.entity("repository", &repository);
        self.repositories.insert(repository, key);
        key
    }

    fn fact_key(&self, kind: FactKind, key: &RawKey) -> EntityKey {
        EntityKey::from_bytes(self.key.digest(kind.as_str(), self.source, key.text()))
    }

    fn entity(&self, domain: &str, key: &RawKey) -> EntityKey {
        EntityKey::from_bytes(self.key.digest(domain, self.source, key.text()))
    }
}
