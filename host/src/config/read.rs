//! How the file is read: a mistake is noted, and reading goes on as if the key were left out.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::{Mistake, Note};
use super::suggest;

/// What can stand at a key.
pub(super) trait Read: Sized {
    /// Nothing after a mistake, which is noted.
    fn read(node: Node, reader: &mut Reader) -> Option<Self>;

    /// JSON Schema of what is read.
    fn schema() -> Value;

    /// What it is where the key is left out; nothing where it must be written.
    fn absent() -> Option<Self> {
        None
    }
}

/// A value and the key that it stands at.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a Spanned<DeValue<'a>>,
}

/// A key as a section declares it.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// TOML.
    pub(super) default: Option<&'static str>,
}

/// Collects mistakes. Relative paths start at its folder.
pub(super) struct Reader {
    pub(super) folder: PathBuf,
    pub(super) mistakes: Vec<Mistake>,
    /// Keys that are not there, which a line that cannot be read may have been meant for.
    pub(super) missing: Vec<Mistake>,
}

/// A value with its place, for what can be said only beside others.
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// Declares a section: a struct whose fields are the keys. A field with `= DEFAULT` (in TOML) may be left out, as one whose
/// type says so (`Option`, lists); others must be written. The comments become the schema's descriptions.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        $name:ident {
            $( $(#[doc = $doc:literal])+ $key:ident: $type:ty $(= $default:tt)?, )+
        }
    ) => {
        $(#[doc = $about])+
        pub(super) struct $name {
            $( $(#[doc = $doc])+ pub(super) $key: $type, )+
        }

        impl $name {
            const KEYS: &[Key] = &[$(
                Key { name: stringify!($key), about: concat!($($doc),+), default: section!(@default $($default)?) },
            )+];
        }

        impl Read for $name {
            fn read(node: Node, reader: &mut Reader) -> Option<Self> {
                let table = reader.table(node, Self::KEYS)?;
                let mut keys = Self::KEYS.iter();
                $( let $key = keys.next().and_then(|key| reader.key::<$type>(node, table, key)); )+
                Some(Self { $( $key: $key?, )+ })
            }

            fn schema() -> serde_json::Value {
                let is_required = [$( <$type>::absent().is_none() ),+];
                crate::config::schema::section(concat!($($about),+), Self::KEYS, &[$( <$type>::schema() ),+], &is_required)
            }
        }
    };
    (@default) => { None };
    (@default $default:tt) => { Some(stringify!($default)) };
}

/// Declares a table that has exactly one of its keys, as an enum.
macro_rules! choice {
    (
        $(#[doc = $about:literal])+
        $name:ident as $form:literal {
            $( $(#[doc = $doc:literal])+ $key:ident: $variant:ident($type:ty), )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name {
            $( $(#[doc = $doc])+ $variant($type), )+
        }

        impl $crate::config::read::Read for $name {
            fn read(node: $crate::config::read::Node, reader: &mut $crate::config::read::Reader) -> Option<Self> {
                const KEYS: &[$crate::config::read::Key] = &[$(
                    $crate::config::read::Key { name: stringify!($key), about: concat!($($doc),+), default: None },
                )+];
                match reader.choice(node, KEYS, $form)? {
                    $( chosen if chosen.key == stringify!($key) => {
                        <$type as $crate::config::read::Read>::read(chosen, reader).map(Self::$variant)
                    } )+
                    _ => None,
                }
            }

            fn schema() -> serde_json::Value {
                $crate::config::schema::choice(
                    concat!($($about),+),
                    &[$( (stringify!($key), concat!($($doc),+), <$type as $crate::config::read::Read>::schema()) ),+],
                )
            }
        }
    };
}

pub(super) use {choice, section};

impl Reader {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), mistakes: Vec::new(), missing: Vec::new() }
    }

    pub(super) fn note(&mut self, span: Range<usize>, note: Note) {
        self.mistakes.push(Mistake { span, note });
    }

    /// The type is wrong. The value is not shown: it may be a secret at the wrong place.
    pub(super) fn wrong_type<T>(&mut self, node: Node, expected: &str) -> Option<T> {
        let (key, given) = (node.key, type_name(node.value.get_ref()));
        let label = format!("expected {expected}");
        self.note(node.value.span(), Note::new(format!("`{key}` is {given}; it should be {expected}")).label(label));
        None
    }

    /// The value is wrong, and no secret.
    pub(super) fn wrong_value<T>(&mut self, node: Node, message: String, label: impl Into<String>) -> Option<T> {
        self.note(node.value.span(), Note::new(message).label(label).showing_value());
        None
    }

    pub(super) fn text<'a>(&mut self, node: Node<'a>) -> Option<&'a str> {
        match node.value.get_ref() {
            DeValue::String(text) => Some(text),
            _ => self.wrong_type(node, "a string"),
        }
    }

    /// A table that has no other keys.
    pub(super) fn table<'a>(&mut self, node: Node<'a>, known: &[Key]) -> Option<&'a DeTable<'a>> {
        let DeValue::Table(table) = node.value.get_ref() else { return self.wrong_type(node, "a table") };
        let names: Vec<&str> = known.iter().map(|key| key.name).collect();
        for key in table.keys().filter(|key| !names.contains(&key.get_ref().as_ref())) {
            self.note(key.span(), suggest::unknown("key", key.get_ref(), node.key, &names));
        }
        Some(table)
    }

    /// One key of a section.
    pub(super) fn key<T: Read>(&mut self, section: Node, table: &DeTable, key: &Key) -> Option<T> {
        let written = table.get(key.name);
        if let Some(value) = written
            && let Some(read) = T::read(Node { key: key.name, value }, self)
        {
            return Some(read);
        }
        let left_out = match key.default {
            Some(toml) => default(toml, key.name, &self.folder),
            None => T::absent(),
        };
        if left_out.is_none() && written.is_none() {
            let note = Note::new(format!("`{}` is missing in `{}`", key.name, section.key)).help(format!(
                "`{}`: {}",
                key.name,
                key.about.trim()
            ));
            self.missing.push(Mistake { span: section.value.span(), note });
        }
        left_out
    }

    /// The only key of a table that has to have one of several.
    pub(super) fn choice<'a>(&mut self, node: Node<'a>, keys: &'static [Key], form: &str) -> Option<Node<'a>> {
        let before = self.mistakes.len();
        let DeValue::Table(_) = node.value.get_ref() else { return self.wrong_type(node, form) };
        let table = self.table(node, keys)?;
        let mut given = table.iter();
        match (given.next(), given.next()) {
            _ if self.mistakes.len() > before => None,
            (Some((key, value)), None) => {
                keys.iter().find(|known| known.name == key.get_ref()).map(|key| Node { key: key.name, value })
            }
            _ => {
                let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
                let message = format!("`{}` has to have exactly one of {}", node.key, suggest::quoted(&names));
                self.note(node.value.span(), Note::new(message).label(format!("expected {form}")));
                None
            }
        }
    }
}

/// Reads a default, which is TOML as a person would write it.
fn default<T: Read>(toml: &str, key: &str, folder: &Path) -> Option<T> {
    let value = DeValue::parse(toml).expect("a default is TOML");
    let mut reader = Reader::new(folder);
    let read = T::read(Node { key, value: &value }, &mut reader);
    assert!(reader.mistakes.is_empty(), "the default of `{key}` is wrong");
    read
}

fn type_name(value: &DeValue) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

impl<T: Read> Read for Placed<T> {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        T::read(node, reader).map(|value| Self { value, span: node.value.span() })
    }

    fn schema() -> Value {
        T::schema()
    }
}

impl<T: Read> Read for Option<T> {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        T::read(node, reader).map(Some)
    }

    fn schema() -> Value {
        T::schema()
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// Good elements stay, so that they are looked at further.
impl<T: Read> Read for Vec<T> {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        let DeValue::Array(array) = node.value.get_ref() else {
            let expected = if node.value.get_ref().is_table() {
                "an array of tables, which is written `[[NAME]]`"
            } else {
                "an array"
            };
            return reader.wrong_type(node, expected);
        };
        Some(array.iter().filter_map(|value| T::read(Node { key: node.key, value }, reader)).collect())
    }

    fn schema() -> Value {
        serde_json::json!({ "type": "array", "items": T::schema() })
    }

    fn absent() -> Option<Self> {
        Some(Vec::new())
    }
}

impl<T: Read> Read for BTreeMap<String, T> {
    fn read(node: Node, reader: &mut Reader) -> Option<Self> {
        let DeValue::Table(table) = node.value.get_ref() else { return reader.wrong_type(node, "a table") };
        let entry = |(key, value)| {
            let key: &Spanned<std::borrow::Cow<str>> = key;
            T::read(Node { key: key.get_ref(), value }, reader).map(|read| (key.get_ref().to_string(), read))
        };
        Some(table.iter().filter_map(entry).collect())
    }

    fn schema() -> Value {
        serde_json::json!({ "type": "object", "additionalProperties": T::schema() })
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}
