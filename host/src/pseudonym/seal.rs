//! Cursors and the reports of runs as they may be stored: they hold repositories, revisions and validators, so they are encrypted under a key of
//! their own.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf;
use ring::rand::{SecureRandom, SystemRandom};

use super::KeyError;
use crate::model::{FeedName, RunReport, Sealed, SourceName};

const PURPOSE: &[u8] = b"quintant cursor";

/// Seals and opens cursors; bound to source and feed, so that one cannot be put in another's place.
pub struct CursorKey(LessSafeKey);

impl CursorKey {
    pub(super) fn derive(secret: &[u8]) -> Self {
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(secret);
        let key = secret.expand(&[PURPOSE], &CHACHA20_POLY1305).map(UnboundKey::from);
        Self(LessSafeKey::new(key.expect("the algorithm's own key length is short enough to expand to")))
    }

    pub fn seal(&self, source: &SourceName, feed: &FeedName, cursor: &str) -> Result<Sealed, KeyError> {
        self.seal_at(place(source, feed), cursor)
    }

    /// None: sealed under another key, for another feed, or damaged.
    pub fn open(&self, source: &SourceName, feed: &FeedName, sealed: &Sealed) -> Option<String> {
        self.open_at(place(source, feed), sealed)
    }

    pub fn seal_report(&self, source: &SourceName, feed: &FeedName, report: &RunReport) -> Result<Sealed, KeyError> {
        let text = serde_json::to_string(report).expect("its keys are words");
        self.seal_at(report_place(source, feed), &text)
    }

    /// None: sealed under another key, for another feed, damaged, or by another version.
    pub fn open_report(&self, source: &SourceName, feed: &FeedName, sealed: &Sealed) -> Option<RunReport> {
        serde_json::from_str(&self.open_at(report_place(source, feed), sealed)?).ok()
    }

    fn seal_at(&self, place: Aad<Vec<u8>>, text: &str) -> Result<Sealed, KeyError> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| KeyError::NoRandomness)?;
        let mut text = text.as_bytes().to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), place, &mut text)
            .map_err(|_| KeyError::NoRandomness)?;
        Ok(Sealed::new([&nonce[..], &text].concat()))
    }

    fn open_at(&self, place: Aad<Vec<u8>>, sealed: &Sealed) -> Option<String> {
        let (nonce, text) = sealed.as_bytes().split_first_chunk::<NONCE_LEN>()?;
        let mut text = text.to_vec();
        let opened = self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), place, &mut text).ok()?;
        String::from_utf8(opened.to_vec()).ok()
    }
}

fn place(source: &SourceName, feed: &FeedName) -> Aad<Vec<u8>> {
    Aad::from(format!("{source}/{feed}").into_bytes())
}

/// No feed's name holds a space.
fn report_place(source: &SourceName, feed: &FeedName) -> Aad<Vec<u8>> {
    Aad::from(format!("{source}/{feed} report").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_in_its_own_place_alone() {
        let key = CursorKey::derive(&[7; 32]);
        let (source, other) = ("github".parse().unwrap(), "ghes".parse().unwrap());
        let feed = "commits".parse().unwrap();
        let sealed = key.seal(&source, &feed, "{\"head\":\"0123\"}").unwrap();
        assert_eq!(key.open(&source, &feed, &sealed).as_deref(), Some("{\"head\":\"0123\"}"));
        assert_eq!(key.open(&other, &feed, &sealed), None);
        assert_eq!(CursorKey::derive(&[8; 32]).open(&source, &feed, &sealed), None);
        let mut damaged = sealed.as_bytes().to_vec();
        damaged[20] ^= 1;
        assert_eq!(key.open(&source, &feed, &Sealed::new(damaged)), None);
        assert_eq!(key.open(&source, &feed, &Sealed::new(vec![1, 2, 3])), None);
        assert!(!sealed.as_bytes().windows(4).any(|window| window == b"0123"));
    }

    #[test]
    fn a_report_is_no_cursor() {
        let key = CursorKey::derive(&[7; 32]);
        let (source, feed) = ("github".parse().unwrap(), "commits".parse().unwrap());
        let mut report = RunReport::default();
        report.problem("not_found", Some("octo/gone"), 1);
        report.facts.insert(crate::model::FactKind::SurveyResponse, 2);
        let sealed = key.seal_report(&source, &feed, &report).unwrap();
        assert_eq!(key.open_report(&source, &feed, &sealed), Some(report));
        assert_eq!(key.open(&source, &feed, &sealed), None);
    }
}
