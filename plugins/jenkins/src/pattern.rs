//! Patterns with `*`, and templates that take up what a `*` stood for.

use schemars::JsonSchema;
use serde::Deserialize;

/// A whole text; `*` stands for any run of characters, `/` included. Upper and lower case differ.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("minLength" = 1, "maxLength" = 500))]
pub struct Pattern(String);

impl Pattern {
    /// What each `*` stood for, each as short as can be but the last; none where the pattern does not match.
    #[must_use]
    pub fn captures<'a>(&self, text: &'a str) -> Option<Vec<&'a str>> {
        let mut parts = self.0.split('*');
        let mut rest = text.strip_prefix(parts.next().unwrap_or_default())?;
        let Some(last) = parts.next_back() else {
            return rest.is_empty().then(Vec::new);
        };
        let mut captures = Vec::new();
        for part in parts {
            let (skipped, after) = rest.split_once(part)?;
            captures.push(skipped);
            rest = after;
        }
        captures.push(rest.strip_suffix(last)?);
        Some(captures)
    }

    /// Whether the whole of `text` fits.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.captures(text).is_some()
    }

    /// How many texts a match captures.
    #[must_use]
    pub fn stars(&self) -> usize {
        self.0.matches('*').count()
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Pattern {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// A text in which `$1` to `$9` stand for what the first to ninth `*` stood for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("minLength" = 1, "maxLength" = 200))]
pub struct Template(String);

impl Template {
    /// The text with everything put in; none where it asks for more than there is.
    #[must_use]
    pub fn fill(&self, captures: &[&str]) -> Option<String> {
        let mut filled = String::new();
        let mut rest = self.0.as_str();
        while let Some((before, after)) = rest.split_once('$') {
            filled.push_str(before);
            match after.bytes().next() {
                Some(digit @ b'1'..=b'9') => {
                    filled.push_str(captures.get(usize::from(digit - b'1'))?);
                    rest = &after[1..];
                }
                _ => {
                    filled.push('$');
                    rest = after;
                }
            }
        }
        filled.push_str(rest);
        Some(filled)
    }

    /// The text as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Template {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_capture_what_they_stood_for() {
        for (pattern, text, expected) in [
            ("a/b", "a/b", Some(vec![])),
            ("a/*", "a/b/c", Some(vec!["b/c"])),
            ("*/deploy-*", "x/y/deploy-z", Some(vec!["x/y", "z"])),
            ("*", "", Some(vec![""])),
            ("a*b*a", "abba", Some(vec!["", "b"])),
            ("ab*ba", "aba", None),
            ("a/*", "A/b", None),
            ("a", "ab", None),
        ] {
            assert_eq!(Pattern::from(pattern).captures(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn templates_take_captures_up() {
        for (template, expected) in [
            ("svc-$2-$1", Some("svc-b-a")),
            ("$1$1", Some("aa")),
            ("costs $", Some("costs $")),
            ("$0 $x", Some("$0 $x")),
            ("$3", None),
        ] {
            assert_eq!(Template::from(template).fill(&["a", "b"]).as_deref(), expected, "{template}");
        }
    }
}
