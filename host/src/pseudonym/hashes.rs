//! An epoch's key at work: each kind of thing of each source has a key of its own, made when the first one comes.

use std::collections::BTreeMap;

use super::key::{DomainKey, EpochKey};
use crate::model::{EntityKey, RawKey};

pub(super) struct Hashes<'a> {
    pub(super) key: &'a EpochKey,
    domains: BTreeMap<(&'static str, &'a str), DomainKey>,
}

impl<'a> Hashes<'a> {
    pub(super) fn new(key: &'a EpochKey) -> Self {
        Self { key, domains: BTreeMap::new() }
    }

    pub(super) fn entity(&mut self, domain: &'static str, group: &'a str, key: &RawKey) -> EntityKey {
        EntityKey::from_bytes(self.digest(domain, group, key.text()))
    }

    pub(super) fn digest(&mut self, domain: &'static str, group: &'a str, text: &str) -> [u8; 16] {
        self.domains.entry((domain, group)).or_insert_with(|| self.key.domain(domain, group)).digest(text)
    }
}
