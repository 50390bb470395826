//! What an endpoint authenticates with, read where it stands. Its text leaves this room in an `Authorization` header only.

use std::time::Duration;

use reqwest::header::HeaderValue;
use tokio::time::Instant;

use super::app_token::{App, AppKeyError};
use crate::config::{Auth, Secret, SecretError, SecretRef};

/// Why a credential could not be had.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    AppKey(#[from] AppKeyError),
}

/// How the endpoint authenticates.
pub(super) enum Way {
    Bearer(SecretRef),
    Basic(SecretRef),
    App(App),
}

/// A credential as it is sent.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) header: HeaderValue,
    pub(super) secret: Secret,
    /// From when on it should be replaced, though it may still work.
    pub(super) renew_at: Option<Instant>,
}

impl Way {
    /// One for each credential; none where there is none.
    pub(super) fn all(auth: Option<&Auth>) -> Vec<Self> {
        match auth {
            None => Vec::new(),
            Some(Auth::Bearer(secrets)) => secrets.0.iter().cloned().map(Way::Bearer).collect(),
            Some(Auth::Basic(secret)) => vec![Way::Basic(secret.clone())],
            Some(Auth::GithubApp(app)) => vec![Way::App(App::new(app))],
        }
    }

    /// Reads what stands in the environment or in a file. None: it must be asked for with [`App::signed`].
    pub(super) fn read(&self) -> Result<Option<Held>, CredentialError> {
        match self {
            Way::Bearer(secret) => Ok(Some(Held::new("Bearer", secret.read()?, None)?)),
            Way::Basic(secret) => Ok(Some(Held::new("Basic", secret.read()?, None)?)),
            Way::App(app) => app.check().map(|()| None).map_err(CredentialError::from),
        }
    }
}

impl Held {
    pub(super) fn new(scheme: &str, secret: Secret, lifetime: Option<Duration>) -> Result<Self, SecretError> {
        let mut header = HeaderValue::from_str(&format!("{scheme} {}", secret.expose()))
            .map_err(|_| SecretError::NoText("an HTTP header".to_owned()))?;
        header.set_sensitive(true);
        Ok(Self { header, secret, renew_at: lifetime.map(|lifetime| Instant::now() + lifetime) })
    }

    pub(super) fn is_due(&self) -> bool {
        self.renew_at.is_some_and(|at| at <= Instant::now())
    }
}
