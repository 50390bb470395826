//! An epoch's key at work: each kind of thing of each source has a key of its own, made when the first one comes.

use super::key::{ALIAS, DomainKey, EpochKey};
use crate::model::{Alias, EntityKey, RawKey};

pub(super) struct Hashes<'a> {
    key: &'a EpochKey,
    /// A handful: to look through them costs less than any map.
    domains: Vec<((&'static str, &'a str), DomainKey)>,
}

impl<'a> Hashes<'a> {
    pub(super) fn new(key: &'a EpochKey) -> Self {
        Self { key, domains: Vec::new() }
    }

    pub(super) fn entity(&mut self, domain: &'static str, group: &'a str, key: &RawKey) -> EntityKey {
        EntityKey::from_bytes(self.digest(domain, group, key.text()))
    }

    pub(super) fn digest(&mut self, domain: &'static str, group: &'a str, text: &str) -> [u8; 16] {
        let place = self.domains.iter().position(|(known, _)| *known == (domain, group)).unwrap_or_else(|| {
            self.domains.push(((domain, group), self.key.domain(domain, group)));
            self.domains.len() - 1
        });
        self.domains[place].1.digest(text)
    }

    /// As [`EpochKey::alias`].
    pub(super) fn alias(&mut self, group: &'a str, name: &str) -> Alias {
        Alias::from_bytes(self.digest(ALIAS, group, &name.to_lowercase()))
    }
}
