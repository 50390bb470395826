//! The text of a configuration, and places in it.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::file::File;
use super::mistake::{ConfigError, Mistake, Note};
use super::read::{Node, Read, Reader};

/// A configuration's text.
#[derive(Clone)]
pub struct Document {
    path: PathBuf,
    text: Arc<str>,
}

/// A value in a configuration by the keys and indices that lead to it: `source`, `0`, `plugin`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    steps: Vec<String>,
    is_key: bool,
}

impl Place {
    /// One key further, or one index of an array.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.steps.push(key.to_owned());
        self
    }

    /// The name of the last key itself instead of its value.
    #[must_use]
    pub fn name(self) -> Self {
        Self { is_key: true, ..self }
    }

    /// The place of `self` below another.
    #[must_use]
    pub fn below(self, mut above: Self) -> Self {
        above.steps.extend(self.steps);
        Self { is_key: self.is_key, ..above }
    }
}

/// `settings.repositories.1`
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.steps.join("."))
    }
}

impl Document {
    pub(super) fn new(path: &Path, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.into() }
    }

    /// What is wrong at these places, each the nearest that is written down.
    pub fn error(&self, notes: Vec<(Place, Note)>) -> ConfigError {
        let root = DeTable::parse_recoverable(&self.text).0;
        let root = Spanned::new(root.span(), DeValue::Table(root.into_inner()));
        let mistakes = notes.into_iter().map(|(place, note)| Mistake { span: span(&root, &place), note }).collect();
        ConfigError::new(&self.path, &self.text, mistakes)
    }

    pub(super) fn read(&self, reader: &mut Reader) -> Option<File> {
        let (root, errors) = DeTable::parse_recoverable(&self.text);
        let root = Spanned::new(0..0, DeValue::Table(root.into_inner()));
        let file = File::read(Node { key: "", value: &root }, reader);
        let broken: Vec<Mistake> = errors
            .iter()
            .map(|error| Mistake { span: error.span().unwrap_or(0..0), note: Note::new(error.message().trim()) })
            .collect();
        if !broken.is_empty() {
            // What such a line was meant to be is unknown, so nothing else is said about it.
            let lines: Vec<usize> = broken.iter().map(|mistake| self.line(mistake)).collect();
            reader.mistakes.retain(|mistake| !lines.contains(&self.line(mistake)));
            reader.missing.clear();
            reader.mistakes.extend(broken);
        }
        reader.mistakes.append(&mut reader.missing);
        file
    }

    fn line(&self, mistake: &Mistake) -> usize {
        self.text[..self.text.floor_char_boundary(mistake.span.start)].matches('\n').count()
    }
}

/// Nothing of the text, which may hold secrets at wrong places.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Document").field(&self.path).finish()
    }
}

fn span(root: &Spanned<DeValue>, place: &Place) -> Range<usize> {
    let mut found = (root.span(), root.span());
    let mut value = root;
    for step in &place.steps {
        let next = match value.get_ref() {
            DeValue::Table(table) => table.get_key_value(step.as_str()).map(|(key, value)| (key.span(), value)),
            DeValue::Array(array) => {
                step.parse::<usize>().ok().and_then(|index| array.get(index)).map(|value| (value.span(), value))
            }
            _ => None,
        };
        let Some((key, below)) = next else { break };
        found = (key, below.span());
        value = below;
    }
    if place.is_key { found.0 } else { found.1 }
}
