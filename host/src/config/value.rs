//! The values that keys have: each says what is wrong with it, and what would be right.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use toml::Spanned;
use toml::de::DeValue;
use url::Url;

use super::mistake::Note;
use super::read::{Node, Read, Reader};
use super::suggest;
use crate::model::{self, ServiceName, SourceName, TeamName};

/// A whole number between bounds.
pub(super) struct Whole<const LEAST: u32, const MOST: u32>(pub(super) u32);

impl<const LEAST: u32, const MOST: u32> Read for Whole<LEAST, MOST> {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        let DeValue::Integer(written) = node.value.get_ref() else { return reader.wrong_type(node, "a whole number") };
        match i128::from_str_radix(written.as_str(), written.radix()).ok().and_then(|number| u32::try_from(number).ok())
        {
            Some(number) if (LEAST..=MOST).contains(&number) => Some(Self(number)),
            _ => {
                let message = format!("`{}` is {written}; allowed are {LEAST} to {MOST}", node.key);
                reader.wrong_value(node, message, format!("allowed are {LEAST} to {MOST}"))
            }
        }
    }

    fn schema() -> Value {
        json!({ "type": "integer", "minimum": LEAST, "maximum": MOST })
    }
}

/// How much something counts, compared with others: a number from 0.1 to 10.
pub(super) struct Weight(pub(super) f64);

impl Weight {
    /// None is 0: who leaves something out of a score should not do so quietly.
    const BOUNDS: std::ops::RangeInclusive<f64> = 0.1..=10.0;
}

impl Read for Weight {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        let written = match node.value.get_ref() {
            DeValue::Integer(whole) => whole.as_str(),
            DeValue::Float(fraction) => fraction.as_str(),
            _ => return reader.wrong_type(node, "a number"),
        };
        match written.replace('_', "").parse().ok().filter(|weight| Self::BOUNDS.contains(weight)) {
            Some(weight) => Some(Self(weight)),
            None => {
                let message = format!("`{}` is {written}; allowed are 0.1 to 10", node.key);
                reader.wrong_value(node, message, "allowed are 0.1 to 10")
            }
        }
    }

    fn schema() -> Value {
        json!({ "type": "number", "minimum": Self::BOUNDS.start(), "maximum": Self::BOUNDS.end() })
    }
}

/// A length of time such as `36h`, `90s` or `1h 30m`, between bounds in seconds.
pub(super) struct Pause<const LEAST: u64, const MOST: u64>(pub(super) Duration);

impl<const LEAST: u64, const MOST: u64> Read for Pause<LEAST, MOST> {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        let text = reader.text(node)?;
        let Some(given) = text.parse::<SignedDuration>().ok().and_then(|given| Duration::try_from(given).ok()) else {
            let message = format!("`{}` is no length of time", node.key);
            return reader.wrong_value(node, message, "write for example `90s`, `15m`, `36h`");
        };
        let (least, most) = (Duration::from_secs(LEAST), Duration::from_secs(MOST));
        let bound = match given {
            _ if given < least => format!("the shortest allowed is `{}`", written(least)),
            _ if given > most => format!("the longest allowed is `{}`", written(most)),
            _ => return Some(Self(given)),
        };
        let message = format!("`{}` is `{}`; {bound}", node.key, written(given));
        reader.wrong_value(node, message, bound)
    }

    fn schema() -> Value {
        json!({ "type": "string", "pattern": "^\\s*[0-9]", "examples": ["90s", "15m", "36h"] })
    }
}

fn written(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds >= 3600 && seconds.is_multiple_of(3600) { format!("{}h", seconds / 3600) } else { format!("{seconds}s") }
}

impl Read for SocketAddr {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        let text = reader.text(node)?;
        text.parse().ok().or_else(|| {
            let message = format!("`{}` is no address and port", node.key);
            reader.wrong_value(node, message, "write for example `127.0.0.1:8000` or `[::1]:8000`")
        })
    }

    fn schema() -> Value {
        json!({ "type": "string", "pattern": ":[0-9]+$" })
    }
}

impl Read for TimeZone {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        let text = reader.text(node)?;
        TimeZone::get(text).ok().or_else(|| {
            let message = format!("`{}` is no time zone", node.key);
            reader.wrong_value(node, message, "write an IANA name such as `Europe/Berlin`")
        })
    }

    fn schema() -> Value {
        json!({ "type": "string", "examples": ["Europe/Berlin"] })
    }
}

macro_rules! name {
    ($type:ty) => {
        impl Read for $type {
            fn read(node: Node, reader: &mut Reader) -> Option<Self> {
                let text = reader.text(node)?;
                match text.parse::<$type>() {
                    Ok(name) => Some(name),
                    Err(error) => {
                        let said = error.to_string();
                        let (message, rule) = said.split_once(": ").unwrap_or((&said, ""));
                        reader.wrong_value(node, message.to_owned(), rule)
                    }
                }
            }

            fn schema() -> Value {
                json!({ "type": "string", "minLength": 1, "maxLength": 64 })
            }
        }
    };
}

name!(SourceName);
name!(TeamName);
name!(ServiceName);
name!(model::Word);

impl Read for bool {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        match node.value.get_ref() {
            DeValue::Boolean(is_true) => Some(*is_true),
            _ => reader.wrong_type(node, "`true` or `false`"),
        }
    }

    fn schema() -> Value {
        json!({ "type": "boolean" })
    }
}

impl Read for String {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        reader.text(node).map(str::to_owned)
    }

    fn schema() -> Value {
        json!({ "type": "string" })
    }
}

/// Text in which `*` matches any run of characters. What is written as a regular expression would match nothing.
pub(super) struct Pattern(pub(super) String);

impl Read for Pattern {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        let text = reader.text(node)?;
        let is_expression = text.starts_with('^') || text.ends_with('$') || text.contains(".*") || text.contains('|');
        let flaw = if is_expression {
            "looks like a regular expression"
        } else if text.is_empty() || text.len() > 256 || text.trim() != text || text.contains(char::is_control) {
            "is no pattern"
        } else {
            return Some(Self(text.to_owned()));
        };
        let message = format!("a pattern of `{}` {flaw}", node.key);
        reader.wrong_value(node, message, "write the text itself, with `*` for any run of characters, such as `prod*`")
    }

    fn schema() -> Value {
        json!({ "type": "string", "minLength": 1, "maxLength": 256, "pattern": "^[^\\s^]", "examples": ["prod*", "octo/payments-*"] })
    }
}

/// Relative ones start at the configuration's folder.
impl Read for PathBuf {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        reader.text(node).map(|text| reader.folder.join(text))
    }

    fn schema() -> Value {
        json!({ "type": "string" })
    }
}

/// A value out of a few words.
pub(super) trait Word: Copy + 'static {
    const WORDS: &'static [(&'static str, Self)];
    /// Whether a wrong word may be printed, because nobody would write a secret there.
    const SHOWS_WRONG: bool;
}

impl<T: Word> Read for T {
    /// After a mistake the first of them stands in, so that nothing is said as if the key were left out.
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        let text = reader.text(node)?;
        if let Some((_, value)) = T::WORDS.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let words: Vec<&str> = T::WORDS.iter().map(|(word, _)| *word).collect();
        let allowed = suggest::quoted(&words).replace(", ", " or ");
        let label = match suggest::nearest(text, &words) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("expected {allowed}"),
        };
        let note = Note::new(format!("`{}` should be {allowed}", node.key)).label(label);
        reader.note(node.value.span(), if T::SHOWS_WRONG { note.showing_value() } else { note });
        T::WORDS.first().map(|(_, value)| *value)
    }

    fn schema() -> Value {
        json!({ "enum": T::WORDS.iter().map(|(word, _)| *word).collect::<Vec<_>>() })
    }
}

/// The root of a service: no user, query or fragment, where secrets would hide.
pub(super) struct BaseUrl(pub(super) Url);

impl Read for BaseUrl {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        let text = reader.text(node)?;
        let flaw = match Url::parse(text) {
            Err(_) => "no URL",
            Ok(url) if !["http", "https"].contains(&url.scheme()) || !url.has_host() => {
                "no `http://` or `https://` URL"
            }
            Ok(url) if !url.username().is_empty() || url.password().is_some() => "a URL with a user",
            Ok(url) if url.query().is_some() => "a URL with a query",
            Ok(url) if url.fragment().is_some() => "a URL with a fragment",
            Ok(url) => return Some(Self(url)),
        };
        let note = Note::new(format!("`{}` is {flaw}", node.key))
            .label("write `http://` or `https://` with a host and, if need be, a path")
            .help("secrets go into `auth`");
        reader.note(node.value.span(), note);
        None
    }

    fn schema() -> Value {
        json!({ "type": "string", "format": "uri", "pattern": "^https?://[^?#@]+$" })
    }
}

/// The name of an environment variable, by its form: a secret that is written in its place is not printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable(pub(super) String);

impl Read for Variable {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        let text = reader.text(node)?;
        let is_name = text.len() <= 128
            && text.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
            && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        if is_name {
            return Some(Self(text.to_owned()));
        }
        let note = Note::new(format!("`{}` is no name of an environment variable", node.key))
            .label("upper-case letters, digits and `_`")
            .help("the secret itself is never written here: `export NAME=…` and write `{ env = \"NAME\" }`");
        reader.note(node.value.span(), note);
        None
    }

    fn schema() -> Value {
        json!({ "type": "string", "pattern": "^[A-Z_][A-Z0-9_]{0,127}$" })
    }
}

/// A plugin's own settings, which its schema tells about.
pub(super) struct Settings(pub(super) Map<String, Value>);

impl Read for Settings {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        match to_json(node.value) {
            Value::Object(settings) => Some(Self(settings)),
            _ => reader.wrong_type(node, "a table"),
        }
    }

    fn schema() -> Value {
        json!({ "type": "object" })
    }

    fn absent() -> Option<Self> {
        Some(Self(Map::new()))
    }
}

/// Dates become text; numbers that JSON has no form for become null.
pub(super) fn to_json(value: &Spanned<DeValue>) -> Value {
    match value.get_ref() {
        DeValue::String(text) => json!(text),
        DeValue::Integer(number) => {
            let written = (number.as_str(), number.radix());
            match (i64::from_str_radix(written.0, written.1), u64::from_str_radix(written.0, written.1)) {
                (Ok(number), _) => json!(number),
                (_, Ok(number)) => json!(number),
                _ => Value::Null,
            }
        }
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Value::Null, |number| json!(number)),
        DeValue::Boolean(is_true) => json!(is_true),
        DeValue::Datetime(at) => json!(at.to_string()),
        DeValue::Array(array) => array.iter().map(to_json).collect(),
        DeValue::Table(table) => {
            Value::Object(table.iter().map(|(key, value)| (key.get_ref().to_string(), to_json(value))).collect())
        }
    }
}
