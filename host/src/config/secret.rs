//! Where a secret stands, and the secret itself, which prints as nothing.

use std::fmt;
use std::path::PathBuf;

use serde_json::{Value, json};
use toml::de::DeValue;

use super::endpoint::GithubApp;
use super::read::{Node, Read, Reader, choice};
use super::value::Variable;

const LONGEST_SECRET_BYTES: usize = 16 * 1024;

choice! {
    /// A secret, which is never written here itself.
    SecretRef as "`{ env = \"NAME\" }` or `{ file = \"PATH\" }`" {
        /// The environment variable that holds it.
        env: Env(Variable),
        /// The file that holds it and nothing else.
        file: File(PathBuf),
    }
}

choice! {
    /// How the host shows who it is.
    Auth as "`{ bearer = SECRET }`, `{ basic = SECRET }` or `{ github_app = APP }`" {
        /// A token, or several that share the work.
        bearer: Bearer(SecretRefs),
        /// Base64 of `user:password`.
        basic: Basic(SecretRef),
        /// A GitHub App: `{ id = NUMBER, installation = NUMBER, key = SECRET }`.
        github_app: GithubApp(GithubApp),
    }
}

/// One secret, or several of the same use; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRefs(pub Vec<SecretRef>);

impl Read for SecretRefs {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        if !matches!(node.value.get_ref(), DeValue::Array(_)) {
            return <SecretRef as Read>::read(node, reader).map(|secret| Self(vec![secret]));
        }
        let secrets = Vec::<SecretRef>::read(node, reader)?;
        if secrets.is_empty() {
            return reader.wrong_value(node, format!("`{}` lists no secret", node.key), "write at least one");
        }
        Some(Self(secrets))
    }

    fn schema() -> Value {
        json!({ "oneOf": [SecretRef::schema(), { "type": "array", "minItems": 1, "items": SecretRef::schema() }] })
    }
}

/// Why a secret could not be had. Says where it should be, never what it is.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("the environment variable `{0}` is not set")]
    NotSet(String),
    #[error("the secret file `{}` cannot be read: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: std::io::Error },
    #[error("the secret in {0} is empty")]
    Empty(String),
    #[error("the secret in {0} is no text without control characters of at most {LONGEST_SECRET_BYTES} bytes")]
    NoText(String),
}

impl SecretRef {
    /// Reads it, without the white space around it.
    pub fn read(&self) -> Result<Secret, SecretError> {
        self.read_text(char::is_control)
    }

    /// Reads one of several lines, such as a PEM file.
    pub(crate) fn read_lines(&self) -> Result<Secret, SecretError> {
        self.read_text(|c| c.is_control() && !c.is_ascii_whitespace())
    }

    fn read_text(&self, is_refused: impl Fn(char) -> bool) -> Result<Secret, SecretError> {
        let (text, place) = match self {
            SecretRef::Env(Variable(name)) => (
                std::env::var(name).map_err(|_| SecretError::NotSet(name.clone()))?,
                format!("the environment variable `{name}`"),
            ),
            SecretRef::File(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|reason| SecretError::Unreadable { path: path.clone(), reason })?;
                (text, format!("`{}`", path.display()))
            }
        };
        let text = text.trim();
        if text.is_empty() {
            return Err(SecretError::Empty(place));
        }
        if text.len() > LONGEST_SECRET_BYTES || text.chars().any(is_refused) {
            return Err(SecretError::NoText(place));
        }
        Ok(Secret(text.to_owned()))
    }
}

/// A secret in memory.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
