//! What is wrong in a configuration, where, and what would be right.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::render::{self, Style};

/// What is said about a wrong place. The value there is shown only where it cannot be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub(super) message: String,
    pub(super) label: Option<String>,
    pub(super) help: Option<String>,
    pub(super) shows_value: bool,
}

impl Note {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), label: None, help: None, shows_value: false }
    }

    /// What is wrong, alone.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// A few words beside the caret.
    #[must_use]
    pub fn label(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// The place is a name or a plain value, which may be printed.
    #[must_use]
    pub fn showing_value(self) -> Self {
        Self { shows_value: true, ..self }
    }
}

/// A note and the bytes that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) span: Range<usize>,
    pub(super) note: Note,
}

/// A mistake as programs read it; lines and columns begin at 1, columns count characters, the end is the one after the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MistakeReport {
    pub path: PathBuf,
    pub line: Option<usize>,
    pub column: Option<usize>,
    pub end_line: Option<usize>,
    pub end_column: Option<usize>,
    pub message: String,
    pub label: Option<String>,
    pub help: Option<String>,
}

/// A configuration that cannot be used. Prints all its mistakes with their lines, without secrets.
#[derive(PartialEq, Eq)]
pub struct ConfigError {
    path: PathBuf,
    problem: Problem,
}

#[derive(PartialEq, Eq)]
enum Problem {
    Unreadable(String),
    Mistakes { text: String, mistakes: Vec<Mistake> },
}

impl ConfigError {
    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        Self { path: path.to_owned(), problem: Problem::Unreadable(format!("cannot be read: {error}")) }
    }

    pub(super) fn new(path: &Path, text: &str, mut mistakes: Vec<Mistake>) -> Self {
        mistakes.sort_by_key(|mistake| mistake.span.start);
        mistakes.dedup();
        Self { path: path.to_owned(), problem: Problem::Mistakes { text: text.to_owned(), mistakes } }
    }

    /// As rustc prints: each mistake with its place, its line and what would be right, and how many there are.
    pub fn render(&self, style: Style) -> String {
        match &self.problem {
            Problem::Unreadable(message) => render::without_place(&self.path, message, style),
            Problem::Mistakes { text, mistakes } => render::mistakes(&self.path, text, mistakes, style),
        }
    }

    pub fn reports(&self) -> Vec<MistakeReport> {
        let report = |note: &Note| MistakeReport {
            path: self.path.clone(),
            line: None,
            column: None,
            end_line: None,
            end_column: None,
            message: note.message.clone(),
            label: note.label.clone(),
            help: note.help.clone(),
        };
        match &self.problem {
            Problem::Unreadable(message) => vec![report(&Note::new(message))],
            Problem::Mistakes { text, mistakes } => mistakes
                .iter()
                .map(|mistake| {
                    let (line, column) = line_and_column(text, mistake.span.start);
                    let (end_line, end_column) = line_and_column(text, mistake.span.end);
                    MistakeReport {
                        line: Some(line),
                        column: Some(column),
                        end_line: Some(end_line),
                        end_column: Some(end_column),
                        ..report(&mistake.note)
                    }
                })
                .collect(),
        }
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Style::Plain))
    }
}

/// The text may hold secrets at wrong places.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(offset)];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
    (line, column)
}
