//! Answers to surveys under seal: whoever takes them can close the envelope, and only the campaign's key, a file outside the database, opens it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf;
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};

use super::key_file::{self, KEY_BYTES, KeyError, random};
use crate::model::{CampaignSeal, Question, Sealed};

const PURPOSE: &[u8] = b"quintant survey answer";
/// Of a question: whether it was answered, and how.
const SLOT_BYTES: usize = 1 + size_of::<f64>();
const ANSWER_BYTES: usize = Question::ALL.len() * SLOT_BYTES;

type Answers = BTreeMap<Question, f64>;

/// Opens the answers of one campaign.
pub struct CampaignKey {
    secret: [u8; KEY_BYTES],
    seal: CampaignSeal,
}

impl CampaignKey {
    /// A new one, kept in a file of this folder from now on.
    pub fn create(folder: &Path) -> Result<Self, KeyError> {
        let key = Self::new(random()?);
        key_file::create(&file(folder, &key.seal), &key.secret)?;
        Ok(key)
    }

    /// The key to a seal, if its file is in this folder.
    pub fn load(folder: &Path, seal: &CampaignSeal) -> Result<Option<Self>, KeyError> {
        let path = file(folder, seal);
        let Some(key) = key_file::read(&path)?.map(Self::new) else { return Ok(None) };
        if key.seal == *seal { Ok(Some(key)) } else { Err(KeyError::Malformed(path)) }
    }

    /// Destroys the key to a seal. Answers whether its file was in this folder.
    pub fn destroy(folder: &Path, seal: &CampaignSeal) -> Result<bool, KeyError> {
        key_file::destroy(&file(folder, seal))
    }

    /// Where the key to a seal lies in this folder.
    pub fn path(folder: &Path, seal: &CampaignSeal) -> PathBuf {
        file(folder, seal)
    }

    pub fn seal(&self) -> CampaignSeal {
        self.seal
    }

    /// None: sealed for another campaign, or damaged.
    pub fn open(&self, sealed: &Sealed) -> Option<Answers> {
        let (ephemeral, text) = sealed.as_bytes().split_first_chunk::<KEY_BYTES>()?;
        let key = envelope(&x25519(self.secret, *ephemeral), ephemeral, &self.seal);
        let mut text = text.to_vec();
        unpack(key.open_in_place(nonce(), Aad::empty(), &mut text).ok()?)
    }

    fn new(secret: [u8; KEY_BYTES]) -> Self {
        Self { secret, seal: CampaignSeal::from_bytes(x25519(secret, X25519_BASEPOINT_BYTES)) }
    }
}

/// Seals an answer. All of them come out equally long.
pub fn seal(seal: &CampaignSeal, answers: &Answers) -> Result<Sealed, KeyError> {
    let secret = random()?;
    let ephemeral = x25519(secret, X25519_BASEPOINT_BYTES);
    let key = envelope(&x25519(secret, *seal.as_bytes()), &ephemeral, seal);
    let mut text = pack(answers);
    key.seal_in_place_append_tag(nonce(), Aad::empty(), &mut text).map_err(|_| KeyError::NoRandomness)?;
    Ok(Sealed::new([&ephemeral[..], &text].concat()))
}

/// The key of one envelope alone.
fn envelope(shared: &[u8; KEY_BYTES], ephemeral: &[u8; KEY_BYTES], seal: &CampaignSeal) -> LessSafeKey {
    let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, ephemeral).extract(shared);
    let info = [PURPOSE, seal.as_bytes()];
    let key = secret.expand(&info, &CHACHA20_POLY1305).map(UnboundKey::from);
    LessSafeKey::new(key.expect("the algorithm's own key length is short enough to expand to"))
}

/// Each envelope has a key of its own, which seals once.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

fn file(folder: &Path, seal: &CampaignSeal) -> PathBuf {
    let name: String = seal.as_bytes()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    folder.join(format!("survey-{name}.key"))
}

fn pack(answers: &Answers) -> Vec<u8> {
    let mut text = Vec::with_capacity(ANSWER_BYTES + CHACHA20_POLY1305.tag_len());
    for question in Question::ALL {
        let answer = answers.get(&question);
        text.push(u8::from(answer.is_some()));
        text.extend(answer.copied().unwrap_or_default().to_be_bytes());
    }
    text
}

fn unpack(text: &[u8]) -> Option<Answers> {
    if text.len() != ANSWER_BYTES {
        return None;
    }
    let slots = Question::ALL.into_iter().zip(text.chunks_exact(SLOT_BYTES));
    slots
        .filter(|(_, slot)| slot[0] != 0)
        .map(|(question, slot)| Some((question, f64::from_be_bytes(slot[1..].try_into().ok()?))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_opens_with_its_campaigns_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (key, other) = (CampaignKey::create(folder.path()).unwrap(), CampaignKey::create(folder.path()).unwrap());
        let answers = Answers::from([(Question::FlowDays, 3.5), (Question::Score, 0.0)]);
        let sealed = seal(&key.seal(), &answers).unwrap();
        assert_eq!(key.open(&sealed), Some(answers.clone()));
        assert_eq!(CampaignKey::load(folder.path(), &key.seal()).unwrap().unwrap().open(&sealed), Some(answers));
        assert_eq!(other.open(&sealed), None);
        let mut damaged = sealed.as_bytes().to_vec();
        damaged[40] ^= 1;
        assert_eq!((key.open(&Sealed::new(damaged)), key.open(&Sealed::new(vec![1]))), (None, None));
        assert!(CampaignKey::destroy(folder.path(), &key.seal()).unwrap());
        assert!(CampaignKey::load(folder.path(), &key.seal()).unwrap().is_none());
    }

    #[test]
    fn equal_answers_look_as_different_as_others_and_all_are_equally_long() {
        let key = CampaignKey::new([7; KEY_BYTES]);
        let all = Question::ALL.map(|question| (question, 1.0)).into();
        let one = Answers::from([(Question::Score, 9.0)]);
        let sealed = [&one, &one, &all, &Answers::new()].map(|answers| seal(&key.seal(), answers).unwrap());
        assert_ne!(sealed[0], sealed[1]);
        assert_eq!(sealed.map(|sealed| sealed.as_bytes().len()), [KEY_BYTES + ANSWER_BYTES + 16; 4]);
    }
}
