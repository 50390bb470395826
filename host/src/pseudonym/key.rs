//! The keys that pseudonyms are made with: the secret lives in a file outside the database, a salt an epoch in the database. Neither is enough.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use ring::hkdf;
use sha2::Sha256;

use super::key_file::{self, KEY_BYTES, KeyError, random};
use super::{CursorKey, OptOutKey, SurveyTokens};
use crate::model::{Alias, Epoch, EpochSalt, Pseudonym, RawKey};

/// The domain of spellings.
pub(super) const ALIAS: &str = "alias";
const EPOCH_PURPOSE: &[u8] = b"quintant epoch";

/// The secret that every epoch's key is made from, and the keys of cursors, of opt-outs and of surveys' tokens.
pub struct IdentityKey {
    secret: [u8; KEY_BYTES],
    cursors: CursorKey,
    opt_outs: OptOutKey,
    survey_tokens: SurveyTokens,
}

impl IdentityKey {
    pub fn from_bytes(bytes: &[u8; KEY_BYTES]) -> Self {
        Self {
            secret: *bytes,
            cursors: CursorKey::derive(bytes),
            opt_outs: OptOutKey::derive(bytes),
            survey_tokens: SurveyTokens::derive(bytes),
        }
    }

    /// Reads the key file; makes it, readable by its owner alone, where there is none.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        if let Some(key) = key_file::read(path)? {
            return Ok(Self::from_bytes(&key));
        }
        let key = random()?;
        key_file::create(path, &key)?;
        Ok(Self::from_bytes(&key))
    }

    /// Reads the key file; a key for this process alone where there is none, for what is not stored.
    pub fn load_or_forget(path: &Path) -> Result<Self, KeyError> {
        Ok(Self::from_bytes(&key_file::read(path)?.map_or_else(random, Ok)?))
    }

    pub fn cursors(&self) -> &CursorKey {
        &self.cursors
    }

    pub fn opt_outs(&self) -> &OptOutKey {
        &self.opt_outs
    }

    pub fn survey_tokens(&self) -> &SurveyTokens {
        &self.survey_tokens
    }

    /// The keys of the epochs that have these salts.
    pub fn epochs(&self, salts: &BTreeMap<Epoch, EpochSalt>) -> EpochKeys {
        EpochKeys(salts.iter().map(|(epoch, salt)| (*epoch, EpochKey::derive(&self.secret, salt))).collect())
    }

    /// Keys for this process alone, for what is not stored.
    pub fn epochs_to_forget(&self, epochs: RangeInclusive<Epoch>) -> Result<EpochKeys, KeyError> {
        let salt = |epoch: i32| Ok((Epoch::from_index(epoch), EpochSalt::from_bytes(random()?)));
        let salts: Result<_, KeyError> = (epochs.start().index()..=epochs.end().index()).map(salt).collect();
        Ok(self.epochs(&salts?))
    }

    /// Differs for different keys and tells nothing about them.
    pub fn fingerprint(&self) -> [u8; 16] {
        DomainKey::derive(&keyed(&self.secret), "fingerprint", "").digest("")
    }
}

/// HMAC-SHA-256 key of the accounts, spellings and natural keys of one epoch, of which 128 bits are kept.
pub struct EpochKey(Hmac<Sha256>);

impl EpochKey {
    fn derive(secret: &[u8], salt: &EpochSalt) -> Self {
        Self(expanded(secret, salt.as_bytes(), EPOCH_PURPOSE))
    }

    /// What a roster's spelling of an account is found by; upper and lower case are the same.
    pub fn alias(&self, group: &str, name: &str) -> Alias {
        Alias::from_bytes(self.digest(ALIAS, group, &name.to_lowercase()))
    }

    /// An account, by the id that its source knows it by.
    pub(super) fn account(&self, group: &str, id: &str) -> Pseudonym {
        Pseudonym::from_bytes(self.digest("account", group, id))
    }

    /// The key of one kind of thing of one group.
    pub(super) fn domain(&self, domain: &str, group: &str) -> DomainKey {
        DomainKey::derive(&self.0, domain, group)
    }

    fn digest(&self, domain: &str, group: &str, text: &str) -> [u8; 16] {
        self.domain(domain, group).digest(text)
    }
}

/// Most texts that it hashes fit one block, where what they are would fill a second one each time.
pub(super) struct DomainKey(Hmac<Sha256>);

impl DomainKey {
    /// The parts cannot run into each other.
    pub(super) fn derive(key: &Hmac<Sha256>, domain: &str, group: &str) -> Self {
        let mut message = key.clone();
        for part in [domain, group] {
            message.update(&(part.len() as u64).to_be_bytes());
            message.update(part.as_bytes());
        }
        Self(keyed(&message.finalize().into_bytes()))
    }

    /// 128 bits.
    pub(super) fn digest(&self, text: &str) -> [u8; 16] {
        let tag = self.0.clone().chain_update(text).finalize().into_bytes();
        let mut digest = [0; 16];
        digest.copy_from_slice(&tag[..16]);
        digest
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a key may have any length")
}

/// A key for one purpose.
pub(super) fn expanded(secret: &[u8], salt: &[u8], purpose: &[u8]) -> Hmac<Sha256> {
    let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    let mut key = [0; KEY_BYTES];
    let expanded = secret.expand(&[purpose], KeyLength).and_then(|expanded| expanded.fill(&mut key));
    expanded.expect("the algorithm's own key length is short enough to expand to");
    keyed(&key)
}

/// What HKDF expands to.
struct KeyLength;

impl hkdf::KeyType for KeyLength {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}

/// The keys of the epochs whose facts are kept.
pub struct EpochKeys(BTreeMap<Epoch, EpochKey>);

impl EpochKeys {
    pub fn get(&self, epoch: Epoch) -> Option<&EpochKey> {
        self.0.get(&epoch)
    }

    pub fn iter(&self) -> impl Iterator<Item = (Epoch, &EpochKey)> {
        self.0.iter().map(|(epoch, key)| (*epoch, key))
    }
}

/// A natural key that names nothing.
pub fn random_key() -> Result<RawKey, KeyError> {
    let digits: String = random::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(RawKey::new(digits))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn epoch(secret: u8, salt: u8) -> EpochKey {
        EpochKey::derive(&[secret; 32], &EpochSalt::from_bytes([salt; 32]))
    }

    #[test]
    fn parts_cannot_run_into_each_other() {
        let key = epoch(7, 7);
        assert_ne!(key.digest("a", "bc", ""), key.digest("ab", "c", ""));
        assert_eq!(key.alias("github", "Dev-001"), key.alias("github", "dev-001"));
        assert_ne!(key.alias("github", "dev-001"), key.alias("chat", "dev-001"));
    }

    #[test]
    fn two_keys_and_two_salts_make_no_equal_pseudonym() {
        let pseudonyms: BTreeSet<[u8; 16]> = [(1, 1), (1, 2), (2, 1), (2, 2)]
            .into_iter()
            .flat_map(|(secret, salt)| {
                (0..50).map(move |person| epoch(secret, salt).digest("account", "github", &person.to_string()))
            })
            .collect();
        assert_eq!(pseudonyms.len(), 200);
        assert_ne!(IdentityKey::from_bytes(&[1; 32]).fingerprint(), IdentityKey::from_bytes(&[2; 32]).fingerprint());
    }

    /// As it was always made, so that what is stored is found again: by another implementation.
    #[test]
    fn a_digest_is_hmac_sha256_under_a_key_of_its_domain() {
        use ring::hmac::{self, HMAC_SHA256, Key};
        for text in ["", "4242#7/merged", &"é".repeat(200)] {
            let of_epoch = hkdf::Salt::new(hkdf::HKDF_SHA256, &[2; 32]).extract(&[1; 32]);
            let of_epoch = Key::from(of_epoch.expand(&[EPOCH_PURPOSE], HMAC_SHA256).unwrap());
            let of_domain = hmac::sign(&of_epoch, b"\0\0\0\0\0\0\0\x07account\0\0\0\0\0\0\0\x06github");
            let tag = hmac::sign(&Key::new(HMAC_SHA256, of_domain.as_ref()), text.as_bytes());
            assert_eq!(epoch(1, 2).digest("account", "github", text), tag.as_ref()[..16], "{text}");
        }
    }

    #[test]
    fn the_same_secret_and_salt_make_the_same_key() {
        assert_eq!(epoch(1, 2).digest("account", "github", "1"), epoch(1, 2).digest("account", "github", "1"));
    }
}
