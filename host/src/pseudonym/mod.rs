//! The only way from a [`RawIdentity`] to a [`Pseudonym`], and the roster that says who belongs where.

mod ballot;
mod hashes;
mod key;
mod key_file;
mod kinds;
mod opt_out;
mod recipient;
mod roster;
mod seal;
mod token;

pub use ballot::{CampaignKey, seal};
pub use key::{EpochKey, EpochKeys, IdentityKey, random_key};
pub use key_file::KeyError;
pub use opt_out::{Kept, Learned, OptOutKey, OptOuts};
pub use recipient::{NoRecipient, Recipient};
pub use roster::{Meeting, Named, Person, PersonChange, Roster, RosterDifference, RosterError, Suggestions, Upkeep};
pub use seal::CursorKey;
pub use token::{ClientToken, SurveyTokens};

use std::collections::{BTreeMap, HashMap};

use hashes::Hashes;

use crate::model::{
    Calendar, Change, Commit, EntityKey, Epoch, Fact, FactBody, FactKind, Linked, Pseudonym, RawFact, RawIdentity,
    RawKey, Retraction, Review, SourceName, Spelling, StampedFact,
};

/// Facts under pseudonyms, and which spelling leads to which account.
#[derive(Debug, Default)]
pub struct Pseudonymous {
    pub facts: Vec<StampedFact>,
    /// Each under the key of every live epoch.
    pub retractions: Vec<Retraction<EntityKey>>,
    pub spellings: Vec<Spelling>,
}

/// Replaces every identity and natural key of one source's facts, and stamps their weeks. Facts of epochs without a key are no longer kept.
pub fn pseudonymize(
    keys: &EpochKeys,
    source: &SourceName,
    calendar: &Calendar,
    facts: Vec<RawFact>,
    retractions: &[Retraction<RawKey>],
) -> Pseudonymous {
    let (facts, mut spellings) = hide(keys, source, calendar, facts);
    let mut every_key: Vec<Veil<'_>> = keys.iter().filter_map(|(epoch, _)| Veil::new(keys, epoch, source)).collect();
    let under_every_key = |Retraction { kind, key }: &Retraction<RawKey>| {
        every_key.iter_mut().map(|veil| Retraction { kind: *kind, key: veil.fact_key(*kind, key) }).collect::<Vec<_>>()
    };
    let retractions = retractions.iter().flat_map(under_every_key).collect();
    spellings.sort_unstable();
    spellings.dedup();
    Pseudonymous { facts, retractions, spellings }
}

fn hide(
    keys: &EpochKeys,
    source: &SourceName,
    calendar: &Calendar,
    facts: Vec<RawFact>,
) -> (Vec<StampedFact>, Vec<Spelling>) {
    let mut veils: BTreeMap<Epoch, Veil<'_>> =
        keys.iter().filter_map(|(epoch, _)| Some((epoch, Veil::new(keys, epoch, source)?))).collect();
    let facts = facts.into_iter().filter_map(|fact| stamp(&mut veils, calendar, fact)).collect();
    (facts, veils.into_values().flat_map(|veil| veil.spellings).collect())
}

fn stamp(veils: &mut BTreeMap<Epoch, Veil<'_>>, calendar: &Calendar, fact: RawFact) -> Option<StampedFact> {
    let week = calendar.week_of(fact.at);
    let (epoch, kind) = (week.epoch(), fact.body.kind());
    let others = veils.values_mut().filter(|veil| veil.epoch != epoch);
    let keys_elsewhere = others.map(|veil| (veil.epoch, veil.fact_key(kind, &fact.key))).collect();
    let reviewed_before = match &fact.body {
        FactBody::Change(change) if calendar.week_of(change.opened_at).epoch() < epoch => Some(&change.change),
        FactBody::Review(review) => Some(&review.change),
        _ => None,
    };
    let before = veils.get_mut(&epoch.before());
    let earlier_change = reviewed_before.and_then(|change| Some(before?.entity(CHANGE, change)));
    Some(StampedFact { week, fact: veils.get_mut(&epoch)?.fact(fact), keys_elsewhere, earlier_change })
}

const CHANGE: &str = "change id";

/// One epoch's key at work on one source.
struct Veil<'a> {
    epoch: Epoch,
    hashes: Hashes<'a>,
    /// Of the epoch before, for what may lie there.
    before: Option<Hashes<'a>>,
    source: &'a str,
    spellings: Vec<Spelling>,
    /// People and repositories come again and again in one page.
    people: HashMap<RawIdentity, Pseudonym>,
    repositories: HashMap<RawKey, Linked<EntityKey>>,
}

impl<'a> Veil<'a> {
    fn new(keys: &'a EpochKeys, epoch: Epoch, source: &'a SourceName) -> Option<Self> {
        Some(Self {
            epoch,
            hashes: Hashes::new(keys.get(epoch)?),
            before: keys.get(epoch.before()).map(Hashes::new),
            source: source.as_str(),
            spellings: Vec::new(),
            people: HashMap::new(),
            repositories: HashMap::new(),
        })
    }

    fn fact(&mut self, fact: RawFact) -> Fact<Pseudonym, EntityKey> {
        let key = self.fact_key(fact.body.kind(), &fact.key);
        let body = match fact.body {
            FactBody::Change(change) => FactBody::Change(self.change(change)),
            FactBody::Review(review) => FactBody::Review(Review {
                change: self.entity(CHANGE, &review.change),
                change_author: self.person(review.change_author),
                reviewer: self.person(review.reviewer),
                state: review.state,
                comments: review.comments,
            }),
            FactBody::Commit(commit) => FactBody::Commit(Commit {
                repository: self.repository(commit.repository.key),
                sha: self.sha(&commit.sha),
                author: self.person(commit.author),
                parents: commit.parents,
            }),
            FactBody::Build(build) => FactBody::Build(self.build(build)),
            FactBody::Deployment(deployment) => FactBody::Deployment(self.deployment(deployment)),
            FactBody::Incident(incident) => FactBody::Incident(self.incident(incident)),
            FactBody::Usage(usage) => FactBody::Usage(self.usage(usage)),
            FactBody::Tally(tally) => FactBody::Tally(self.tally(tally)),
            FactBody::SurveyResponse(response) => FactBody::SurveyResponse(self.survey_response(response)),
            FactBody::Friction(friction) => FactBody::Friction(friction),
            FactBody::Membership(membership) => FactBody::Membership(self.membership(membership)),
            FactBody::Sample(sample) => FactBody::Sample(self.sample(sample)),
        };
        Fact { key, at: fact.at, body }
    }

    fn change(&mut self, change: Change<RawIdentity, RawKey>) -> Change<Pseudonym, EntityKey> {
        Change {
            repository: self.repository(change.repository).key,
            change: self.entity(CHANGE, &change.change),
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
            merge_commit: change.merge_commit.map(|sha| self.sha(&sha)),
            additions: change.additions,
            deletions: change.deletions,
            files: change.files,
            review_comments: change.review_comments,
            reverts: change.reverts.map(|reverted| self.entity(CHANGE, &reverted)),
        }
    }

    fn person(&mut self, identity: Option<RawIdentity>) -> Option<Pseudonym> {
        identity.map(|identity| self.account(identity))
    }

    fn account(&mut self, identity: RawIdentity) -> Pseudonym {
        if let Some(known) = self.people.get(&identity) {
            return *known;
        }
        let pseudonym = Pseudonym::from_bytes(self.hashes.digest("account", self.source, identity.id()));
        self.spellings.extend(identity.names().iter().map(|name| Spelling {
            epoch: self.epoch,
            alias: self.hashes.alias(self.source, name),
            account: pseudonym,
        }));
        self.people.insert(identity, pseudonym);
        pseudonym
    }

    fn repository(&mut self, repository: RawKey) -> Linked<EntityKey> {
        if let Some(known) = self.repositories.get(&repository) {
            return *known;
        }
        let linked = self.linked("repository", self.source, &repository);
        self.repositories.insert(repository, linked);
        linked
    }

    fn fact_key(&mut self, kind: FactKind, key: &RawKey) -> EntityKey {
        self.hashes.entity(kind.as_str(), self.source, key)
    }

    fn entity(&mut self, domain: &'static str, key: &RawKey) -> EntityKey {
        self.hashes.entity(domain, self.source, key)
    }
}
