//! Names that people write in the configuration, checked once at the door.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a {what}: {rule}")]
pub struct NameError {
    what: &'static str,
    given: String,
    rule: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    let given = text.chars().take(64).collect();
                    Err(NameError { what: $what, given, rule: $rule })
                }
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A configured source: `github`, `ci-eu`.
    SourceName,
    "source name",
    "lower-case letters, digits and `-`, starting with a letter, at most 64 characters",
    |text| is_word(text, b'-')
);

name!(
    /// A feed that a plugin declares: `pull_requests`.
    FeedName,
    "feed name",
    "lower-case letters, digits and `_`, starting with a letter, at most 64 characters",
    |text| is_word(text, b'_')
);

name!(
    /// A configured team: `payments`. Pools of small teams are named by their members, which is why `+` is not allowed in one.
    TeamName,
    "team name",
    "letters, digits, `-`, `_`, `.` and spaces inside, at most 64 characters, neither `unassigned` nor `organization`",
    |text| {
        !["unassigned", "organization"].contains(&text)
            && text.len() <= 64
            && text.trim() == text
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_. ".contains(c))
    }
);

name!(
    /// A configured service: `payments-api`, `payments/worker`.
    ServiceName,
    "service name",
    "letters, digits, `-`, `_`, `.` and `/`, starting with a letter or digit, at most 64 characters",
    |text| {
        text.len() <= 64
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
    }
);

name!(
    /// A word of a plugin's own vocabulary that is kept as it is, a tool or a category: too narrow a form for an e-mail, a sentence or a full name.
    Word,
    "word",
    "lower-case letters, digits, `-` and `_`, at most 64 characters",
    |text| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
    }
);

impl SourceName {
    /// What is reported to this program itself is kept under this name, which no configured source may have.
    pub const OWN: &str = "quintant";

    pub fn own() -> Self {
        Self(Self::OWN.to_owned())
    }
}

fn is_word(text: &str, joiner: u8) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == joiner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_name_is_a_lower_case_word() {
        assert_eq!("ci-eu".parse::<SourceName>().map(String::from), Ok("ci-eu".to_owned()));
        let error = "Git Hub".parse::<SourceName>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`Git Hub` is not a source name: lower-case letters, digits and `-`, starting with a letter, at most 64 characters"
        );
    }

    #[test]
    fn a_word_has_no_room_for_an_address_or_a_sentence() {
        assert_eq!("code-review_2".parse::<Word>().map(String::from), Ok("code-review_2".to_owned()));
        for text in ["", "AI", "dev@example.invalid", "first last", "a.b", &"x".repeat(65)] {
            assert!(text.parse::<Word>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_team_cannot_be_called_like_another_cell() {
        assert!("a+b".parse::<TeamName>().is_err_and(|error| error.to_string().contains("`a+b`")));
        for taken in ["unassigned", "organization"] {
            assert!(taken.parse::<TeamName>().is_err_and(|error| error.to_string().contains("neither `unassigned`")));
        }
    }
}
