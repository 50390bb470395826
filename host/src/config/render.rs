//! Mistakes as rustc prints them: place, line, caret, help. What may be a secret is hidden.

use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::Mistake;
use super::schema::is_key;

const MOST_PRINTED: usize = 100;

/// How mistakes are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    /// For a terminal.
    Coloured,
}

impl Style {
    fn renderer(self) -> Renderer {
        match self {
            Style::Plain => Renderer::plain(),
            Style::Coloured => Renderer::styled(),
        }
    }
}

pub(super) fn without_place(path: &Path, message: &str, style: Style) -> String {
    let title = Level::ERROR.primary_title(format!("`{}` {message}", path.display()));
    style.renderer().render(&[Group::with_title(title)])
}

/// All of them, up to a bound, and how many there are.
pub(super) fn mistakes(path: &Path, text: &str, mistakes: &[Mistake], style: Style) -> String {
    let renderer = style.renderer();
    let origin = path.display().to_string();
    let syntax = Syntax::of(text);
    let mut printed = String::new();
    for mistake in mistakes.iter().take(MOST_PRINTED) {
        let line = syntax.line_of(mistake);
        let annotation = AnnotationKind::Primary.span(line.span).label(mistake.note.label.as_deref());
        let snippet = Snippet::source(line.text).line_start(line.number).path(&origin).annotation(annotation);
        let group = Level::ERROR.primary_title(&mistake.note.message).element(snippet);
        let group = match &mistake.note.help {
            Some(help) => group.element(Level::HELP.message(help)),
            None => group,
        };
        printed.push_str(&renderer.render(&[group]));
        printed.push_str("\n\n");
    }
    let total = match mistakes.len() {
        1 => format!("1 mistake in {origin}"),
        many => format!("{many} mistakes in {origin}"),
    };
    printed.push_str(&renderer.render(&[Group::with_title(Level::ERROR.primary_title(total))]));
    printed
}

/// A text by what may be printed of it.
struct Syntax<'a> {
    text: &'a str,
    /// Keys and headers.
    names: Vec<Range<usize>>,
    values: Vec<Range<usize>>,
    /// Where nothing is sure to be a name.
    broken: Vec<Range<usize>>,
}

struct Line {
    number: usize,
    text: String,
    span: Range<usize>,
}

impl<'a> Syntax<'a> {
    fn of(text: &'a str) -> Self {
        let (root, errors) = DeTable::parse_recoverable(text);
        let broken = errors.iter().map(|error| error.span().unwrap_or(0..text.len())).collect();
        let mut syntax = Self { text, names: Vec::new(), values: Vec::new(), broken };
        syntax.table(root.get_ref());
        syntax
    }

    fn table(&mut self, table: &DeTable) {
        for (key, value) in table {
            self.names.push(key.span());
            self.value(value);
        }
    }

    fn value(&mut self, value: &Spanned<DeValue>) {
        match value.get_ref() {
            DeValue::Table(table) => {
                if self.text[value.span()].starts_with('[') {
                    self.names.push(value.span());
                }
                self.table(table);
            }
            DeValue::Array(array) => array.iter().for_each(|element| self.value(element)),
            _ => self.values.push(value.span()),
        }
    }

    /// The line on which a mistake begins. Columns stay as they are: a star stands for each hidden character.
    fn line_of(&self, mistake: &Mistake) -> Line {
        let start = self.text.floor_char_boundary(mistake.span.start);
        let first = self.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let last = self.text[first..].find('\n').map_or(self.text.len(), |length| first + length);
        let line = self.text[first..last].trim_end_matches('\r');
        let is_broken = self.broken.iter().any(|span| span.start <= last && span.end >= first);
        let (mut shown, mut from, mut to) = (String::new(), None, None);
        for (index, character) in line.char_indices() {
            let at = first + index;
            if at >= start && from.is_none() {
                from = Some(shown.len());
            }
            if at >= mistake.span.end && to.is_none() {
                to = Some(shown.len());
            }
            let is_printed = if is_broken {
                index < harmless_start(line)
            } else {
                (mistake.note.shows_value && mistake.span.contains(&at)) || self.is_plain(at, character)
            };
            if character == '#' && !is_printed && !is_broken && !self.values.iter().any(|value| value.contains(&at)) {
                break;
            }
            shown.push(if is_printed { character } else { '*' });
        }
        let from = from.unwrap_or(shown.len());
        let to = to.unwrap_or(shown.trim_end().len()).max(from);
        Line { number: self.text[..first].matches('\n').count() + 1, text: shown.trim_end().to_owned(), span: from..to }
    }

    fn is_plain(&self, at: usize, character: char) -> bool {
        if self.names.iter().any(|name| name.contains(&at)) {
            return true;
        }
        match self.values.iter().find(|value| value.contains(&at)) {
            Some(value) => ['"', '\''].contains(&character) && (at == value.start || at + 1 == value.end),
            None => character.is_whitespace() || "={}[],.".contains(character),
        }
    }
}

/// How much of a line that cannot be read may be printed: a key of ours and `=`, or a header of our keys.
fn harmless_start(line: &str) -> usize {
    let is_quote_or_space = |c: char| c == '"' || c == '\'' || c.is_whitespace();
    let rest = match (line.trim_start().strip_prefix('['), line.split_once('=')) {
        (Some(header), _) => {
            let header = header.trim_start_matches('[');
            let keys = header.split(|c: char| !(c.is_ascii_lowercase() || c == '_' || c == '.')).next().unwrap_or("");
            if !keys.split('.').all(is_key) {
                return 0;
            }
            header[keys.len()..].trim_start_matches(']')
        }
        (None, Some((key, value))) if is_key(key.trim()) => value.trim_start_matches(is_quote_or_space),
        _ => return 0,
    };
    line.len() - rest.len()
}
