//! Who did something: as a source spells it, and as the database may know it. Only `pseudonym` turns one into the other.

use std::fmt;

use super::{Epoch, SourceName, Week};

/// A person's account exactly as the source spells it.
///
/// It can be neither printed, serialized nor bound to a query:
///
/// ```compile_fail
/// fn printable<T: std::fmt::Display>() {}
/// printable::<quintant::model::RawIdentity>();
/// ```
/// ```compile_fail
/// fn serializable<T: serde::Serialize>() {}
/// serializable::<quintant::model::RawIdentity>();
/// ```
/// ```compile_fail
/// fn bindable<T: for<'q> sqlx::Encode<'q, sqlx::Postgres>>() {}
/// bindable::<quintant::model::RawIdentity>();
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RawIdentity {
    id: String,
    names: Vec<String>,
    bot: bool,
}

impl RawIdentity {
    /// `id`: the source's immutable id. `names`: every spelling that a roster or a bot list may use.
    pub fn new(id: String, names: Vec<String>, bot: bool) -> Self {
        Self { id, names, bot }
    }

    /// Whether the source or one of the spellings calls it a bot; `patterns` are the operator's, `*` matches any run of characters.
    pub fn is_bot(&self, patterns: &[String]) -> bool {
        self.bot
            || self
                .names
                .iter()
                .any(|name| name.ends_with("[bot]") || patterns.iter().any(|pattern| glob_match(pattern, name)))
    }

    /// Whether both are the same account of the same source.
    pub fn is_same_account(&self, other: &RawIdentity) -> bool {
        self.id == other.id
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }
}

impl fmt::Debug for RawIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawIdentity(..)")
    }
}

/// A natural key as the source spells it: a repository, a sha, `octo/app#4711`. As closed as [`RawIdentity`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RawKey(String);

impl RawKey {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RawKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawKey(..)")
    }
}

macro_rules! keyed_hash {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type([u8; 16]);

        impl $type {
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }
    };
}

keyed_hash!(
    /// An account of one source, as a keyed hash of its immutable id.
    Pseudonym
);
keyed_hash!(
    /// One spelling of an account, as a keyed hash: what a roster finds its accounts by.
    Alias
);
keyed_hash!(
    /// A natural key, as a keyed hash.
    EntityKey
);

keyed_hash!(
    /// An account, a spelling of it, or a person of the roster, as whoever opted out is remembered: under a key of its own, the same in every epoch.
    OptOutDigest
);

/// One spelling of an account, and the account, both under the key of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spelling {
    pub epoch: Epoch,
    pub alias: Alias,
    pub account: Pseudonym,
}

/// A spelling, where it was seen, and when last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    pub source: SourceName,
    pub spelling: Spelling,
    pub week: Week,
}

/// Random bytes that an epoch's key is made with. Where they are destroyed, nothing can make it again.
#[derive(Clone, PartialEq, Eq)]
pub struct EpochSalt([u8; 32]);

impl EpochSalt {
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for EpochSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EpochSalt(..)")
    }
}

/// Encrypted text, opaque to everything but `pseudonym`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Whether `text` is `pattern`, in which `*` stands for any run of characters; upper and lower case are the same.
pub(crate) fn glob_match(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_matches_any_run_of_characters() {
        for (pattern, text, expected) in [
            ("octo/*", "octo/app", true),
            ("octo/pay*-api", "Octo/payments-API", true),
            ("*-ci", "acme-ci", true),
            ("*-ci", "acme-cinema", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("app", "app2", false),
            ("*", "", true),
        ] {
            assert_eq!(glob_match(pattern, text), expected, "{pattern} ~ {text}");
        }
    }

    #[test]
    fn debug_tells_nothing() {
        let identity = RawIdentity::new("1".into(), vec!["dev-001".into()], false);
        assert_eq!(format!("{identity:?} {:?}", RawKey::new("acme/app#1")), "RawIdentity(..) RawKey(..)");
    }

    #[test]
    fn bots_are_told_by_the_source_by_suffix_or_by_pattern() {
        let named = |name: &str, bot| RawIdentity::new("1".into(), vec![name.into()], bot);
        assert!(named("dev-001", true).is_bot(&[]));
        assert!(named("updates[bot]", false).is_bot(&[]));
        assert!(named("acme-ci", false).is_bot(&["*-ci".into()]));
        assert!(!named("dev-001", false).is_bot(&["*-ci".into()]));
    }
}
