//! What sources have shown of the roster's accounts, as far as keyed hashes tell it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Person, Roster};
use crate::model::{Alias, Epoch, Pseudonym, Sighting, SourceName, Spelling, Week};
use crate::pseudonym::{EpochKeys, OptOutKey, OptOuts};

/// An account of the roster, and whose it is. For whoever has the roster.
#[derive(Clone, Copy)]
pub struct Named<'a> {
    pub person: &'a Person,
    pub source: &'a SourceName,
    pub account: &'a str,
}

/// What is to be looked at.
#[derive(Default)]
pub struct Upkeep<'a> {
    /// How many accounts belong to somebody on the roster, and how many do not, in the epoch that saw most.
    pub accounts: BTreeMap<SourceName, (usize, usize)>,
    /// Mistyped, or gone. Whoever has opted out or was erased is never among them: who that is, this does not tell.
    pub never_seen: Vec<Named<'a>>,
    /// The account was seen under another spelling since.
    pub renamed: Vec<Named<'a>>,
}

impl<'a> Upkeep<'a> {
    pub fn of(
        roster: &'a Roster,
        sightings: &[Sighting],
        keys: &EpochKeys,
        opt_outs: &OptOuts,
        key: &OptOutKey,
    ) -> Self {
        let seen = Seen::new(sightings);
        let mut upkeep = Self::default();
        let mut owned: BTreeSet<(&SourceName, Epoch, Pseudonym)> = BTreeSet::new();
        for person in roster.people() {
            let own = |source: &SourceName| -> Vec<Sight<'_>> {
                let accounts = person.accounts().filter(|(other, _)| *other == source);
                accounts.flat_map(|(source, account)| seen.under(keys, source, account)).collect()
            };
            let is_kept_out = opt_outs.reach(person.opt_out_digests(key)).is_some();
            for (source, account) in person.accounts() {
                let sights = seen.under(keys, source, account);
                owned.extend(sights.iter().map(|sight| (sight.source, sight.epoch, sight.account)));
                let named = Named { person, source, account };
                if sights.is_empty() && !is_kept_out {
                    upkeep.never_seen.push(named);
                }
                let known: BTreeSet<_> = own(source).iter().map(|sight| sight.alias).collect();
                if sights.iter().any(|sight| seen.has_newer(sight, &known)) {
                    upkeep.renamed.push(named);
                }
            }
        }
        upkeep.accounts = seen.counts(&owned);
        upkeep
    }
}

/// One spelling of one account in one epoch.
#[derive(Clone, Copy)]
struct Sight<'s> {
    source: &'s SourceName,
    epoch: Epoch,
    alias: Alias,
    account: Pseudonym,
    week: Week,
}

/// Sightings by what is asked of them.
struct Seen<'s> {
    by_alias: HashMap<Alias, Vec<Sight<'s>>>,
    by_account: HashMap<Pseudonym, Vec<Sight<'s>>>,
}

impl<'s> Seen<'s> {
    fn new(sightings: &'s [Sighting]) -> Self {
        let mut seen = Self { by_alias: HashMap::new(), by_account: HashMap::new() };
        for Sighting { source, spelling: Spelling { epoch, alias, account }, week } in sightings {
            let sight = Sight { source, epoch: *epoch, alias: *alias, account: *account, week: *week };
            seen.by_alias.entry(*alias).or_default().push(sight);
            seen.by_account.entry(*account).or_default().push(sight);
        }
        seen
    }

    fn under(&self, keys: &EpochKeys, source: &SourceName, account: &str) -> Vec<Sight<'s>> {
        let aliases = keys.iter().map(|(_, key)| key.alias(source.as_str(), account));
        aliases.filter_map(|alias| self.by_alias.get(&alias)).flatten().copied().collect()
    }

    /// Whether the same account was seen later under a spelling that the roster does not know.
    fn has_newer(&self, sight: &Sight<'_>, known: &BTreeSet<Alias>) -> bool {
        let others = self.by_account.get(&sight.account).into_iter().flatten();
        others.into_iter().any(|other| other.week > sight.week && !known.contains(&other.alias))
    }

    fn counts(&self, owned: &BTreeSet<(&SourceName, Epoch, Pseudonym)>) -> BTreeMap<SourceName, (usize, usize)> {
        let mut accounts: BTreeMap<(&SourceName, Epoch), BTreeSet<Pseudonym>> = BTreeMap::new();
        for sight in self.by_account.values().flatten() {
            accounts.entry((sight.source, sight.epoch)).or_default().insert(sight.account);
        }
        let mut fullest: BTreeMap<SourceName, (usize, usize)> = BTreeMap::new();
        for ((source, epoch), accounts) in accounts {
            let of_somebody = accounts.iter().filter(|account| owned.contains(&(source, epoch, **account))).count();
            let counts = (of_somebody, accounts.len() - of_somebody);
            let known = fullest.entry(source.clone()).or_default();
            if counts.0 + counts.1 > known.0 + known.1 {
                *known = counts;
            }
        }
        fullest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EpochSalt, OptOut, Reach};
    use crate::pseudonym::IdentityKey;

    fn names(named: &[Named<'_>]) -> Vec<String> {
        named.iter().map(|named| format!("{} {} {}", named.person.name(), named.source, named.account)).collect()
    }

    #[test]
    fn unseen_and_renamed_accounts_are_told_and_opted_out_people_are_not() {
        let source: SourceName = "github".parse().unwrap();
        let roster = "person,team,from,github\np1,,2026-01-05,dev-001\np2,,2026-01-05,dev-002;old-002\np3,,2026-01-05,dev-003\n\
                      p4,,2026-01-05,dev-004\n";
        let roster = Roster::parse(roster, &[], std::slice::from_ref(&source)).unwrap();
        let key = IdentityKey::from_bytes(&[1; 32]);
        let epoch = Epoch::from_index(228);
        let keys = key.epochs(&[(epoch, EpochSalt::from_bytes([1; 32]))].into());
        let sighting = |name: &str, account: u8, week: i32| Sighting {
            source: source.clone(),
            spelling: Spelling {
                epoch,
                alias: keys.get(epoch).unwrap().alias("github", name),
                account: Pseudonym::from_bytes([account; 16]),
            },
            week: Week::from_index(week),
        };
        let sightings = [
            sighting("dev-001", 1, 2965),
            sighting("new-001", 1, 2967),
            sighting("old-002", 2, 2964),
            sighting("dev-002", 2, 2967),
            sighting("somebody", 9, 2967),
        ];
        let digest = key.opt_outs().spelling(&source, "dev-004");
        let list = [OptOut { digest, reach: Reach::All, learned_by: None }].into_iter().collect();
        let upkeep = Upkeep::of(&roster, &sightings, &keys, &list, key.opt_outs());
        assert_eq!(names(&upkeep.never_seen), ["p3 github dev-003"]);
        assert_eq!(names(&upkeep.renamed), ["p1 github dev-001"]);
        assert_eq!(upkeep.accounts, [(source.clone(), (2, 1))].into());
    }
}
