//! Where a mistake stands and what would be right.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A configuration that cannot be used; prints as `path:line:column: what is wrong`.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError {
    path: PathBuf,
    position: Option<(usize, usize)>,
    message: String,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some((line, column)) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A mistake with the place of the value that is wrong.
pub(super) struct Mistake {
    pub(super) span: Range<usize>,
    pub(super) message: String,
}

impl ConfigError {
    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        Self { path: path.to_owned(), position: None, message: format!("cannot be read: {error}") }
    }

    pub(super) fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        let position = error.span().map(|span| line_and_column(text, span.start));
        Self { path: path.to_owned(), position, message: in_words_of_toml(error.message().trim()) }
    }

    pub(super) fn mistake(path: &Path, text: &str, mistake: &Mistake) -> Self {
        Self {
            path: path.to_owned(),
            position: Some(line_and_column(text, mistake.span.start)),
            message: mistake.message.clone(),
        }
    }
}

/// A wrong type without the value, which may be a secret at the wrong place, and without names of Rust.
fn in_words_of_toml(message: &str) -> String {
    let Some((given, expected)) =
        message.strip_prefix("invalid type: ").and_then(|types| types.rsplit_once(", expected "))
    else {
        return message.replace("expected u32", "expected a whole number from 0 up");
    };
    let given = match given.split([' ', '`']).next() {
        Some("map") => "table",
        Some("sequence") => "array",
        Some("floating") => "fraction",
        other => other.unwrap_or(given),
    };
    let expected = match expected {
        "u32" => "a whole number",
        "a sequence" => "an array; tables that can be repeated are written `[[NAME]]`",
        "a map" => "a table",
        other => other.strip_prefix("struct ").map_or(other, |_| "a table"),
    };
    format!("invalid type: {given}, expected {expected}")
}

fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(offset)];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
    (line, column)
}
