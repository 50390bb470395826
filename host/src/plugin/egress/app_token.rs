//! GitHub Apps: a token of an hour, asked for with a claim that the app's own key signs.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use url::Url;

use super::limit;
use crate::config::{GithubApp, Secret, SecretError, SecretRef};

/// The claim begins a little earlier and ends a little before GitHub's ten minutes: clocks differ.
const BEGAN_SECONDS_AGO: i64 = 60;
const ENDS_IN_SECONDS: i64 = 9 * 60;
/// A token is replaced so long before its end, so that none ends on the way.
const RENEWED_BEFORE: Duration = Duration::from_secs(5 * 60);

/// Why a claim could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum AppKeyError {
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("the key of the GitHub App is no RSA key in PEM form (`-----BEGIN RSA PRIVATE KEY-----`)")]
    NoRsaKey,
    #[error("the key of the GitHub App cannot sign")]
    CannotSign,
}

/// An installed app, by its numbers and where its key stands.
pub(super) struct App {
    id: u32,
    installation: u32,
    key: SecretRef,
}

impl App {
    pub(super) fn new(app: &GithubApp) -> Self {
        Self { id: app.id, installation: app.installation, key: app.key.clone() }
    }

    /// Whether the key can be read.
    pub(super) fn check(&self) -> Result<(), AppKeyError> {
        self.key_pair().map(drop)
    }

    /// Where its tokens are asked for, below an API's base.
    pub(super) fn url(&self, base: &Url) -> Url {
        let mut url = base.clone();
        url.set_path(&format!(
            "{}/app/installations/{}/access_tokens",
            base.path().trim_end_matches('/'),
            self.installation
        ));
        url
    }

    /// A claim to be this app, good for some minutes.
    pub(super) fn signed(&self, now: Timestamp) -> Result<Secret, AppKeyError> {
        let claims = serde_json::json!({
            "iat": now.as_second() - BEGAN_SECONDS_AGO,
            "exp": now.as_second() + ENDS_IN_SECONDS,
            "iss": self.id.to_string(),
        });
        let encoded = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let message = format!("{}.{}", encoded(r#"{"alg":"RS256","typ":"JWT"}"#), encoded(&claims.to_string()));
        let key = self.key_pair()?;
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .map_err(|_| AppKeyError::CannotSign)?;
        Ok(Secret::new(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }

    fn key_pair(&self) -> Result<RsaKeyPair, AppKeyError> {
        let pem = self.key.read_lines()?;
        let key = match PrivateKeyDer::from_pem_slice(pem.expose().as_bytes()) {
            Ok(PrivateKeyDer::Pkcs1(der)) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            Ok(PrivateKeyDer::Pkcs8(der)) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            _ => return Err(AppKeyError::NoRsaKey),
        };
        key.map_err(|_| AppKeyError::NoRsaKey)
    }
}

/// The token in an answer, and for how long it should be used; by the server's clock where it tells it.
pub(super) fn minted(headers: &HeaderMap, body: &[u8], now: Timestamp) -> Option<(Secret, Duration)> {
    #[derive(Deserialize)]
    struct Minted {
        token: String,
        expires_at: Timestamp,
    }
    let Minted { token, expires_at } = serde_json::from_slice(body).ok()?;
    let lifetime = Duration::try_from(expires_at.duration_since(limit::server_now(headers, now))).unwrap_or_default();
    Some((Secret::new(token), lifetime.saturating_sub(RENEWED_BEFORE)))
}
