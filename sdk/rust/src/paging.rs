//! Pages that are chained by `Link` headers, with an end even when the chain has none.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::http::{Client, HttpError, HttpRequest, Response, Target};

/// The URL of relation `rel` in the value of a `Link` header (RFC 8288).
///
/// ```
/// use quintant_sdk::paging::link;
/// let value = r#"<https://h/x?page=2>; rel="next", <https://h/x?page=9>; rel="last""#;
/// assert_eq!(link(value, "next"), Some("https://h/x?page=2"));
/// assert_eq!(link(value, "prev"), None);
/// ```
#[must_use]
pub fn link<'a>(value: &'a str, rel: &str) -> Option<&'a str> {
    let mut rest = value;
    loop {
        let (_, after) = rest.split_once('<')?;
        let (url, after) = after.split_once('>')?;
        let (parameters, remainder) = split_unquoted(after, b',');
        if has_relation(parameters, rel) {
            return Some(url);
        }
        rest = remainder;
    }
}

/// Splits at the first `delimiter` that no quotes enclose.
fn split_unquoted(text: &str, delimiter: u8) -> (&str, &str) {
    let mut quoted = false;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            _ if byte == delimiter && !quoted => return (&text[..index], &text[index + 1..]),
            _ => {}
        }
    }
    (text, "")
}

fn has_relation(parameters: &str, rel: &str) -> bool {
    let mut rest = parameters;
    while !rest.is_empty() {
        let (parameter, remainder) = split_unquoted(rest, b';');
        rest = remainder;
        let Some((name, value)) = parameter.split_once('=') else {
            continue;
        };
        let mut relations = value.trim().trim_matches('"').split(' ');
        if name.trim().eq_ignore_ascii_case("rel") && relations.any(|one| one.eq_ignore_ascii_case(rel)) {
            return true;
        }
    }
    false
}

/// The pages seen so far. Fits into a cursor: eight bytes a page, as numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Trail(Vec<u64>);

impl Trail {
    /// No chain may be longer, however new its URLs look.
    pub const MAX_PAGES: usize = 10_000;

    /// Remembers `url`; false when it was seen before or the chain is too long.
    pub fn visit(&mut self, url: &str) -> bool {
        let mark = fnv1a(url);
        let fresh = self.0.len() < Self::MAX_PAGES && !self.0.contains(&mark);
        if fresh {
            self.0.push(mark);
        }
        fresh
    }
}

fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// An iterator over the pages of a listing; made by [`Client::pages`].
///
/// It goes on after any answer that carries a next page, whatever the status, and stops where the
/// chain loops or exceeds [`Trail::MAX_PAGES`]: then [`Pages::truncated`] is true.
pub struct Pages<'a> {
    client: &'a Client,
    next: Option<HttpRequest>,
    trail: Trail,
    truncated: bool,
}

impl<'a> Pages<'a> {
    pub(crate) fn new(client: &'a Client, request: HttpRequest) -> Self {
        Self { client, next: Some(request), trail: Trail::default(), truncated: false }
    }

    /// True when the chain was left before its end.
    #[must_use]
    pub fn truncated(&self) -> bool {
        self.truncated
    }
}

impl Iterator for Pages<'_> {
    type Item = Result<Response, HttpError>;

    fn next(&mut self) -> Option<Self::Item> {
        let request = self.next.take()?;
        let answer = self.client.send(&request);
        if let Some(url) = answer.as_ref().ok().and_then(Response::next_page) {
            self.truncated = !self.trail.visit(url);
            if !self.truncated {
                let target = Target::Url(url.to_owned());
                self.next = Some(HttpRequest { target, query: Vec::new(), ..request });
            }
        }
        Some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_are_found_in_every_spelling() {
        for (value, expected) in [
            (r#"<u>; rel="next""#, Some("u")),
            ("<u>;rel=next", Some("u")),
            (r#"<u>; REL="prev Next""#, Some("u")),
            (r#"<a,b>; title="x, <y>; rel=next"; rel="last", <u>; rel=next"#, Some("u")),
            (r#"<u>; rel="nextish""#, None),
            ("", None),
            ("<", None),
            ("<u", None),
            (r#"<é>; title="é"#, None),
        ] {
            assert_eq!(link(value, "next"), expected, "{value}");
        }
    }

    #[test]
    fn a_chain_that_loops_ends_truncated() {
        let client = Client::answered_by(|request| {
            let next = match &request.target {
                Target::Url(url) if url == "b" => "a",
                _ => "b",
            };
            Ok(Response::new(200).with("link", format!("<{next}>; rel=\"next\"")))
        });
        let mut pages = client.pages(HttpRequest::get("api", "/x"));
        assert_eq!(pages.by_ref().count(), 3);
        assert!(pages.truncated());
    }
}
