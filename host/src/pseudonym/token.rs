//! What is handed out and never kept: tokens of surveys and of clients. Of either the database knows the hash.

use ring::{digest, hkdf, hmac};

use super::key_file::{KEY_BYTES, KeyError, random};
use crate::model::{CampaignId, SurveyToken, TokenHash};

const PURPOSE: &[u8] = b"quintant survey token";
/// As Crockford has it: neither I, L, O nor U.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const DIGITS_TOGETHER: usize = 8;

const CAMPAIGN_BYTES: usize = 4;
const RANDOM_BYTES: usize = 12;
const MARK_BYTES: usize = 4;
const TOKEN_BYTES: usize = CAMPAIGN_BYTES + RANDOM_BYTES + MARK_BYTES;

const CLIENT_PREFIX: &str = "quintant_";

/// Issues tokens of surveys, and recognizes those that were issued, used or not: each bears a mark.
#[derive(Clone)]
pub struct SurveyTokens(hmac::Key);

impl SurveyTokens {
    pub(super) fn derive(secret: &[u8; KEY_BYTES]) -> Self {
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(secret);
        let key = secret.expand(&[PURPOSE], hmac::HMAC_SHA256).map(hmac::Key::from);
        Self(key.expect("the algorithm's own key length is short enough to expand to"))
    }

    /// A new one, as it is handed out, and what is kept of it.
    pub fn issue(&self, campaign: CampaignId) -> Result<(String, TokenHash), KeyError> {
        let mut token = campaign.index().to_be_bytes().to_vec();
        token.extend(random::<RANDOM_BYTES>()?);
        token.extend(self.mark(&token));
        Ok((written(&token), hash(&token)))
    }

    /// None: none that was ever issued here.
    pub fn read(&self, text: &str) -> Option<SurveyToken> {
        let token = bytes(text)?;
        let (named, mark) = token.split_at(CAMPAIGN_BYTES + RANDOM_BYTES);
        let campaign = u32::from_be_bytes(named[..CAMPAIGN_BYTES].try_into().expect("it is that long"));
        (self.mark(named) == mark)
            .then(|| SurveyToken { campaign: CampaignId::from_index(campaign), hash: hash(&token) })
    }

    fn mark(&self, named: &[u8]) -> [u8; MARK_BYTES] {
        let tag = hmac::sign(&self.0, named);
        tag.as_ref()[..MARK_BYTES].try_into().expect("a tag is longer")
    }
}

/// What a client shows as `Authorization: Bearer`.
pub struct ClientToken(String);

impl ClientToken {
    pub fn issue() -> Result<Self, KeyError> {
        let digits: String = random::<KEY_BYTES>()?.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self(format!("{CLIENT_PREFIX}{digits}")))
    }

    /// None: of no form that is ever issued.
    pub fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(CLIENT_PREFIX)?;
        let is_one = digits.len() == 2 * KEY_BYTES && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_one.then(|| Self(text.to_owned()))
    }

    /// As it is handed out, once.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn hash(&self) -> TokenHash {
        hash(self.0.as_bytes())
    }
}

/// They are random enough not to be found by trying.
fn hash(token: &[u8]) -> TokenHash {
    let digest = digest::digest(&digest::SHA256, token);
    TokenHash::from_bytes(digest.as_ref().try_into().expect("a SHA-256 is 32 bytes long"))
}

fn written(token: &[u8]) -> String {
    let mut text = String::new();
    for (index, group) in token.chunks(5).enumerate() {
        if index > 0 {
            text.push('-');
        }
        let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for place in (0..DIGITS_TOGETHER).rev() {
            text.push(char::from(DIGITS[(bits >> (5 * place) & 31) as usize]));
        }
    }
    text
}

/// As people type it: in any case, with or without what is between the groups.
fn bytes(text: &str) -> Option<[u8; TOKEN_BYTES]> {
    let digits: Vec<u64> =
        text.chars().filter(|c| *c != '-' && !c.is_whitespace()).map(digit).collect::<Option<Vec<_>>>()?;
    if digits.len() != TOKEN_BYTES / 5 * DIGITS_TOGETHER {
        return None;
    }
    let mut token = [0; TOKEN_BYTES];
    for (group, digits) in token.chunks_mut(5).zip(digits.chunks(DIGITS_TOGETHER)) {
        let bits = digits.iter().fold(0, |bits, digit| bits << 5 | digit);
        group.copy_from_slice(&bits.to_be_bytes()[3..]);
    }
    Some(token)
}

fn digit(typed: char) -> Option<u64> {
    let meant = match typed.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    DIGITS.iter().position(|digit| char::from(*digit) == meant).map(|place| place as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_recognized_however_it_is_typed() {
        let tokens = SurveyTokens::derive(&[7; 32]);
        let campaign = CampaignId::from_index(300);
        let (text, hash) = tokens.issue(campaign).unwrap();
        assert_eq!(text.len(), 35, "{text}");
        let expected = Some(SurveyToken { campaign, hash });
        assert_eq!(tokens.read(&text), expected);
        assert_eq!(tokens.read(&text.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l")), expected);
    }

    #[test]
    fn what_was_not_issued_here_is_no_token() {
        let tokens = SurveyTokens::derive(&[7; 32]);
        let (text, _) = SurveyTokens::derive(&[8; 32]).issue(CampaignId::from_index(1)).unwrap();
        for text in [text.as_str(), "", "00000000-00000000-00000000-00000000", "ÄÖÜ", &"0".repeat(64)] {
            assert_eq!(tokens.read(text), None, "{text}");
        }
    }

    #[test]
    fn a_client_token_is_one_by_its_form() {
        let token = ClientToken::issue().unwrap();
        assert_eq!(ClientToken::read(token.expose()).map(|read| read.hash()), Some(token.hash()));
        for text in ["", "quintant_", "quintant_zz", &token.expose().replace("quintant", "other")] {
            assert!(ClientToken::read(text).is_none(), "{text}");
        }
    }
}
