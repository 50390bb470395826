//! What is of people who have opted out or were erased leaves a page before anything else becomes of it.

use std::collections::HashMap;

use hmac::Hmac;
use jiff::Timestamp;
use sha2::Sha256;

use super::EpochKeys;
use super::key::{DomainKey, expanded};
use crate::model::{FactBody, OptOut, OptOutDigest, Pseudonym, RawFact, RawIdentity, Reach, SourceName};

const PURPOSE: &[u8] = b"quintant opt-out";

/// What the list is written with: of the key file alone, so that it holds in every epoch.
pub struct OptOutKey(Hmac<Sha256>);

impl OptOutKey {
    pub(super) fn derive(secret: &[u8]) -> Self {
        Self(expanded(secret, &[], PURPOSE))
    }

    /// A line of the roster.
    pub fn person(&self, name: &str) -> OptOutDigest {
        self.digest("person", "", name)
    }

    /// An account as a roster spells it; upper and lower case are the same.
    pub fn spelling(&self, source: &SourceName, name: &str) -> OptOutDigest {
        self.digest("spelling", source.as_str(), &name.to_lowercase())
    }

    /// An account by the id that it keeps when it is renamed.
    fn account(&self, source: &SourceName, id: &str) -> OptOutDigest {
        self.digest("account", source.as_str(), id)
    }

    fn digest(&self, domain: &str, group: &str, text: &str) -> OptOutDigest {
        OptOutDigest::from_bytes(DomainKey::derive(&self.0, domain, group).digest(text))
    }
}

/// The list, as of one reading of it.
#[derive(Debug, Clone, Default)]
pub struct OptOuts(HashMap<OptOutDigest, Reach>);

/// A page's facts without what is kept out, and which accounts it was.
#[derive(Debug, Default)]
pub struct Kept {
    pub facts: Vec<RawFact>,
    pub learned: Vec<Learned>,
}

/// An account that a spelling of the list has led to; from now on it is known by its id, so that a rename changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learned {
    pub entry: OptOut,
    /// Under the key of each live epoch: facts may be stored under a spelling that it had before.
    pub accounts: Vec<Pseudonym>,
}

impl FromIterator<OptOut> for OptOuts {
    fn from_iter<I: IntoIterator<Item = OptOut>>(entries: I) -> Self {
        Self(entries.into_iter().map(|entry| (entry.digest, entry.reach)).collect())
    }
}

impl OptOuts {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, digest: OptOutDigest) -> Option<Reach> {
        self.0.get(&digest).copied()
    }

    /// How far the furthest of these entries reaches.
    pub fn reach(&self, digests: impl IntoIterator<Item = OptOutDigest>) -> Option<Reach> {
        digests.into_iter().filter_map(|digest| self.get(digest)).max()
    }

    /// Leaves out the facts that are theirs, and them out of the facts of others.
    pub fn keep_out(&self, key: &OptOutKey, epochs: &EpochKeys, source: &SourceName, facts: Vec<RawFact>) -> Kept {
        if self.is_empty() {
            return Kept { facts, learned: Vec::new() };
        }
        let mut door = Door { list: self, key, epochs, source, known: HashMap::new(), learned: Vec::new() };
        let facts = facts.into_iter().filter_map(|fact| door.without(fact)).collect();
        Kept { facts, learned: door.learned }
    }
}

/// Of one source, for one page, in which people come again and again.
struct Door<'a> {
    list: &'a OptOuts,
    key: &'a OptOutKey,
    epochs: &'a EpochKeys,
    source: &'a SourceName,
    known: HashMap<RawIdentity, Option<Reach>>,
    learned: Vec<Learned>,
}

impl Door<'_> {
    /// None: the fact is theirs.
    fn without(&mut self, mut fact: RawFact) -> Option<RawFact> {
        let at = fact.at;
        let is_theirs = match &mut fact.body {
            FactBody::Change(change) => {
                let reviewed_at = change.first_review_at.unwrap_or(at);
                if self.is_out(change.first_reviewer.as_ref(), reviewed_at) {
                    (change.first_reviewer, change.first_review_at) = (None, None);
                }
                self.is_out(change.author.as_ref(), at)
            }
            FactBody::Review(review) => {
                if self.is_out(review.change_author.as_ref(), at) {
                    review.change_author = None;
                }
                self.is_out(review.reviewer.as_ref(), at)
            }
            FactBody::Commit(commit) => self.is_out(commit.author.as_ref(), at),
            FactBody::Usage(usage) => self.is_out(Some(&usage.actor), at),
            FactBody::Membership(membership) => self.is_out(Some(&membership.account), at),
            FactBody::Sample(sample) => self.is_out(sample.actor.as_ref(), at),
            FactBody::Build(_)
            | FactBody::Deployment(_)
            | FactBody::Incident(_)
            | FactBody::Tally(_)
            | FactBody::SurveyResponse(_)
            | FactBody::Friction(_) => false,
        };
        (!is_theirs).then_some(fact)
    }

    fn is_out(&mut self, identity: Option<&RawIdentity>, at: Timestamp) -> bool {
        identity.and_then(|identity| self.reach_of(identity)).is_some_and(|reach| reach.covers(at))
    }

    fn reach_of(&mut self, identity: &RawIdentity) -> Option<Reach> {
        if let Some(known) = self.known.get(identity) {
            return *known;
        }
        let account = self.key.account(self.source, identity.id());
        let spelled = identity.names().iter().filter_map(|name| {
            let digest = self.key.spelling(self.source, name);
            Some((self.list.get(digest)?, digest))
        });
        let (by_id, by_name) = (self.list.get(account), spelled.max_by_key(|(reach, _)| *reach));
        if let Some((reach, digest)) = by_name
            && by_id.is_none_or(|known| known < reach)
        {
            let entry = OptOut { digest: account, reach, learned_by: Some(digest) };
            let accounts = self.epochs.iter().map(|(_, key)| key.account(self.source.as_str(), identity.id()));
            self.learned.push(Learned { entry, accounts: accounts.collect() });
        }
        let reach = by_id.max(by_name.map(|(reach, _)| reach));
        self.known.insert(identity.clone(), reach);
        reach
    }
}

#[cfg(test)]
mod tests {
    use super::super::IdentityKey;
    use super::*;
    use crate::model::{Change, Commit, Epoch, EpochSalt, RawKey, Review, ReviewState, Usage};

    const NOW: &str = "2026-11-20T12:00:00Z";
    const LATER: &str = "2026-11-23T12:00:00Z";

    fn person(id: &str, name: &str) -> RawIdentity {
        RawIdentity::new(id.to_owned(), vec![name.to_owned()], false)
    }

    fn change(author: &str, reviewer: &str) -> FactBody<RawIdentity, RawKey> {
        let at = NOW.parse().unwrap();
        FactBody::Change(Change {
            repository: RawKey::new("octo/app"),
            change: RawKey::new("octo/app#1"),
            owner: None,
            author: Some(person(author, author)),
            merged: true,
            to_default_branch: true,
            first_commit_at: None,
            opened_at: at,
            ready_at: None,
            first_review_at: Some(at),
            first_reviewer: Some(person(reviewer, reviewer)),
            approved_at: Some(at),
            merge_commit: None,
            additions: None,
            deletions: None,
            files: None,
            review_comments: None,
            reverts: None,
        })
    }

    fn review(author: &str, reviewer: &str) -> FactBody<RawIdentity, RawKey> {
        let (change_author, reviewer) = (Some(person(author, author)), Some(person(reviewer, reviewer)));
        let change = RawKey::new("octo/app#1");
        FactBody::Review(Review { change, change_author, reviewer, state: ReviewState::Approved, comments: None })
    }

    fn commit(author: RawIdentity) -> FactBody<RawIdentity, RawKey> {
        let repository = RawKey::new("octo/app").into();
        FactBody::Commit(Commit { repository, sha: RawKey::new("1"), author: Some(author), parents: 1 })
    }

    fn fact(at: &str, body: FactBody<RawIdentity, RawKey>) -> RawFact {
        RawFact { key: RawKey::new("k"), at: at.parse().unwrap(), body }
    }

    /// Who is left in each fact that is left, with `dev-001` on the list.
    fn left(reach: Reach, facts: Vec<RawFact>) -> (Vec<Vec<bool>>, Vec<Learned>) {
        let key = IdentityKey::from_bytes(&[1; 32]);
        let source = "github".parse().unwrap();
        let epochs = key.epochs(&[(Epoch::from_index(228), EpochSalt::from_bytes([1; 32]))].into());
        let digest = key.opt_outs().spelling(&source, "DEV-001");
        let list: OptOuts = [OptOut { digest, reach, learned_by: None }].into_iter().collect();
        let kept = list.keep_out(key.opt_outs(), &epochs, &source, facts);
        let people = |fact: &RawFact| match &fact.body {
            FactBody::Change(change) => {
                vec![change.author.is_some(), change.first_reviewer.is_some(), change.first_review_at.is_some()]
            }
            FactBody::Review(review) => vec![review.change_author.is_some(), review.reviewer.is_some()],
            FactBody::Commit(commit) => vec![commit.author.is_some()],
            _ => vec![true],
        };
        (kept.facts.iter().map(people).collect(), kept.learned)
    }

    #[test]
    fn a_fact_leaves_with_its_person_and_others_leave_a_fact() {
        let facts = vec![
            fact(NOW, change("dev-001", "dev-002")),
            fact(NOW, change("dev-002", "dev-001")),
            fact(NOW, review("dev-002", "dev-001")),
            fact(NOW, review("dev-001", "dev-002")),
            fact(NOW, commit(person("dev-001", "dev-001"))),
            fact(NOW, commit(person("dev-002", "dev-002"))),
            fact(NOW, FactBody::Usage(Usage { actor: person("1", "Dev-001"), tool: "ai".parse().unwrap(), count: 3 })),
        ];
        let (left, _) = left(Reach::All, facts);
        assert_eq!(left, [vec![true, false, false], vec![false, true], vec![true]]);
    }

    #[test]
    fn what_was_erased_stays_away_and_what_comes_later_does_not() {
        let facts = vec![fact(NOW, commit(person("1", "dev-001"))), fact(LATER, commit(person("1", "dev-001")))];
        let (left, learned) = left(Reach::Before(LATER.parse().unwrap()), facts);
        assert_eq!((left, learned.len()), (vec![vec![true]], 1));
    }

    #[test]
    fn an_account_is_known_by_its_id_once_its_name_was_met() {
        let key = IdentityKey::from_bytes(&[1; 32]);
        let source = "github".parse().unwrap();
        let (_, learned) = left(Reach::All, vec![fact(NOW, commit(person("17", "dev-001")))]);
        assert_eq!((learned.len(), learned[0].accounts.len()), (1, 1));
        let list: OptOuts = learned.iter().map(|learned| learned.entry).collect();
        let epochs = key.epochs(&[].into());
        let renamed =
            vec![fact(NOW, commit(person("17", "somebody-else"))), fact(NOW, commit(person("18", "dev-001")))];
        let kept = list.keep_out(key.opt_outs(), &epochs, &source, renamed);
        assert_eq!((kept.facts.len(), kept.learned.len()), (1, 0));
    }
}
