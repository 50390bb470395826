//! What one person is shown leaves the host for one reader alone: encrypted to a public key, in the format of <https://age-encryption.org/v1>.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{hkdf, hmac};

use super::KeyError;

const KIND: &str = "age";
const KEY_BYTES: usize = 32;
const CHUNK_BYTES: usize = 64 * 1024;
const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Who may read it: the public half of an X25519 key, as `age-keygen` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient([u8; KEY_BYTES]);

/// A text that is no recipient. It is not repeated: it may be the secret half.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no recipient; write the public key that `age-keygen` prints, `age1` and 58 letters and digits")]
pub struct NoRecipient;

impl FromStr for Recipient {
    type Err = NoRecipient;

    fn from_str(text: &str) -> Result<Self, NoRecipient> {
        let key = from_bech32(KIND, text).ok_or(NoRecipient)?;
        key.try_into().map(Self).map_err(|_| NoRecipient)
    }
}

impl Recipient {
    pub fn encrypt(&self, text: &[u8]) -> Result<Vec<u8>, KeyError> {
        let (mut file_key, mut nonce) = ([0; 16], [0; 16]);
        SystemRandom::new().fill(&mut file_key).map_err(|_| KeyError::NoRandomness)?;
        SystemRandom::new().fill(&mut nonce).map_err(|_| KeyError::NoRandomness)?;
        let (share, wrapped) = self.wrap(&file_key)?;
        let header = format!(
            "age-encryption.org/v1\n-> X25519 {}\n{}\n---",
            STANDARD_NO_PAD.encode(share),
            STANDARD_NO_PAD.encode(wrapped)
        );
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &derive(&file_key, &[], b"header")), header.as_bytes());
        let mut sealed = format!("{header} {}\n", STANDARD_NO_PAD.encode(mac)).into_bytes();
        sealed.extend(nonce);
        seal_chunks(&derive(&file_key, &nonce, b"payload"), text, &mut sealed);
        Ok(sealed)
    }

    /// The file's key, for whoever has the secret half.
    fn wrap(&self, file_key: &[u8]) -> Result<(Vec<u8>, Vec<u8>), KeyError> {
        let no_key = |_| KeyError::NoRandomness;
        let secret = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).map_err(no_key)?;
        let share = secret.compute_public_key().map_err(no_key)?.as_ref().to_vec();
        let salt = [&share, &self.0[..]].concat();
        let key = agree_ephemeral(secret, &UnparsedPublicKey::new(&X25519, &self.0), |shared| {
            derive(shared, &salt, b"age-encryption.org/v1/X25519")
        })
        .map_err(|_| KeyError::WeakRecipient)?;
        let mut wrapped = file_key.to_vec();
        seal(&cipher(&key), [0; NONCE_LEN], &mut wrapped);
        Ok((share, wrapped))
    }
}

/// Each chunk under its number, and the last one under a mark, so that none can be left out.
fn seal_chunks(key: &[u8; KEY_BYTES], text: &[u8], sealed: &mut Vec<u8>) {
    let cipher = cipher(key);
    let chunks: Vec<&[u8]> = if text.is_empty() { vec![&[]] } else { text.chunks(CHUNK_BYTES).collect() };
    for (number, chunk) in (0_u64..).zip(&chunks) {
        let mut nonce = [0; NONCE_LEN];
        nonce[3..11].copy_from_slice(&number.to_be_bytes());
        nonce[11] = u8::from(number + 1 == chunks.len() as u64);
        let mut chunk = chunk.to_vec();
        seal(&cipher, nonce, &mut chunk);
        sealed.append(&mut chunk);
    }
}

fn seal(cipher: &LessSafeKey, nonce: [u8; NONCE_LEN], text: &mut Vec<u8>) {
    cipher
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), text)
        .expect("a chunk is far below the cipher's limit");
}

fn cipher(key: &[u8; KEY_BYTES]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).expect("the key is as long as the cipher's"))
}

fn derive(secret: &[u8], salt: &[u8], purpose: &[u8]) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    let derived = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    derived
        .expand(&[purpose], hkdf::HKDF_SHA256)
        .and_then(|expanded| expanded.fill(&mut key))
        .expect("the hash's own length is short enough to expand to");
    key
}

/// The bytes behind `kind`, where the checksum is right.
fn from_bech32(kind: &str, text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix(kind)?.strip_prefix('1')?;
    let values: Vec<u8> = digits
        .bytes()
        .map(|byte| LETTERS.iter().position(|letter| *letter == byte).and_then(|value| u8::try_from(value).ok()))
        .collect::<Option<_>>()?;
    let spread = kind.bytes().map(|byte| byte >> 5).chain([0]).chain(kind.bytes().map(|byte| byte & 31));
    if checksum(spread.chain(values.iter().copied())) != 1 {
        return None;
    }
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for value in values.split_last_chunk::<6>()?.0 {
        (held, bits) = ((held << 5 | u32::from(*value)) & 0xfff, bits + 5);
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    (bits < 5 && held & ((1 << bits) - 1) == 0).then_some(bytes)
}

fn checksum(values: impl Iterator<Item = u8>) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |sum, value| {
        let folded = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
        (0..5).filter(|bit| sum >> (25 + bit) & 1 == 1).fold(folded, |folded, bit| folded ^ GENERATOR[bit])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public key of the format's own example.
    const EXAMPLE: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

    #[test]
    fn a_recipient_is_spelled_whole_or_refused() {
        let recipient: Recipient = EXAMPLE.parse().unwrap();
        assert_eq!((recipient.0[0], recipient.0[31]), (0x13, 0x72));
        for wrong in [
            "",
            "age1",
            "age1q",
            &EXAMPLE[..61],
            &EXAMPLE.replace("zv", "vz"),
            &EXAMPLE.to_uppercase(),
            "ssh-ed25519 AAAA",
        ] {
            assert_eq!(wrong.parse::<Recipient>(), Err(NoRecipient), "{wrong}");
        }
    }

    #[test]
    fn a_file_is_as_long_as_its_chunks_say() {
        let recipient: Recipient = EXAMPLE.parse().unwrap();
        let length = |bytes: usize| {
            let sealed = recipient.encrypt(&vec![7; bytes]).unwrap();
            assert!(sealed.starts_with(b"age-encryption.org/v1\n-> X25519 "));
            let header = sealed.windows(4).position(|window| window == b"\n---").unwrap();
            sealed.len() - (header + "\n--- ".len() + 43 + 1)
        };
        assert_eq!((length(0), length(1), length(CHUNK_BYTES), length(CHUNK_BYTES + 1)), (32, 33, 65_568, 65_585));
    }
}
