//! Reads what was encrypted to a key, as `age --decrypt` does.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::{hkdf, hmac};
use x25519_dalek::{PublicKey, StaticSecret};

/// A key of which both halves are known. It is nobody's.
pub struct AgeKey {
    secret: StaticSecret,
}

impl AgeKey {
    /// The secret half of [`AgeKey::RECIPIENT`].
    pub fn of_tests() -> Self {
        Self { secret: StaticSecret::from([42; 32]) }
    }

    /// The public half, as `age-keygen` would print it.
    pub const RECIPIENT: &str = "age1q740705lc9njw42y7np6dgtumqml9mrw0rxc54a3u00m8nqrtfmqg3lme7";

    /// The text, if it was encrypted to this key and nothing of it is missing or changed.
    pub fn decrypt(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let end = sealed.windows(5).position(|window| window == b"\n--- ")? + 4;
        let header = std::str::from_utf8(&sealed[..end]).ok()?;
        let (mac, payload) = sealed[end + 1..].split_at_checked(44)?;
        let mut lines = header.strip_prefix("age-encryption.org/v1\n")?.lines();
        // Other recipients have stanzas of other kinds.
        let share = lines.find_map(|line| line.strip_prefix("-> X25519 "))?;
        let (share, wrapped): ([u8; 32], &str) = (decode(share.as_bytes())?.try_into().ok()?, lines.next()?);
        let shared = self.secret.diffie_hellman(&PublicKey::from(share));
        let salt = [share, PublicKey::from(&self.secret).to_bytes()].concat();
        let wrapping = derive(shared.as_bytes(), &salt, b"age-encryption.org/v1/X25519");
        let file_key = open(&wrapping, [0; 12], &decode(wrapped.as_bytes())?)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &derive(&file_key, &[], b"header"));
        hmac::verify(&key, header.as_bytes(), &decode(mac.strip_suffix(b"\n")?)?).ok()?;
        let (nonce, chunks) = payload.split_at_checked(16)?;
        let key = derive(&file_key, nonce, b"payload");
        let chunks: Vec<&[u8]> = chunks.chunks(64 * 1024 + 16).collect();
        let mut text = Vec::new();
        for (number, chunk) in (0_u64..).zip(&chunks) {
            let mut nonce = [0; 12];
            nonce[3..11].copy_from_slice(&number.to_be_bytes());
            nonce[11] = u8::from(number + 1 == chunks.len() as u64);
            text.extend(open(&key, nonce, chunk)?);
        }
        Some(text)
    }
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD_NO_PAD.decode(text).ok()
}

fn derive(secret: &[u8], salt: &[u8], purpose: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    let derived = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    derived.expand(&[purpose], hkdf::HKDF_SHA256).unwrap().fill(&mut key).unwrap();
    key
}

fn open(key: &[u8; 32], nonce: [u8; 12], sealed: &[u8]) -> Option<Vec<u8>> {
    let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).unwrap());
    let mut text = sealed.to_vec();
    Some(key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut text).ok()?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by another implementation of the format.
    const SEALED: &[u8] = include_bytes!("../cases/keys/sealed.age");

    #[test]
    fn what_another_program_has_sealed_is_opened() {
        assert_eq!(AgeKey::of_tests().decrypt(SEALED).unwrap(), b"sealed by another program\n");
        let mut changed = SEALED.to_vec();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(AgeKey::of_tests().decrypt(&changed), None);
    }
}
