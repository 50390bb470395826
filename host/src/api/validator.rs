//! `ETag` and `If-None-Match`: who has an answer already is told that it still holds.

use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};

use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Weak: an answer may be compressed, and may tell when it was given.
#[derive(Debug, Clone)]
pub(super) struct Tag(HeaderValue);

impl Tag {
    pub(super) fn of(what: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        let tag = format!("W/\"{:016x}\"", hasher.finish());
        Self(HeaderValue::try_from(tag).expect("quoted hexadecimal digits are a header value"))
    }
}

/// What the client says that it has.
pub(super) struct Known(Vec<HeaderValue>);

impl<S: Send + Sync> FromRequestParts<S> for Known {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.get_all(header::IF_NONE_MATCH).iter().cloned().collect()))
    }
}

impl Known {
    /// Either 304, or what `give` makes.
    pub(super) fn or_give<E>(
        &self,
        tag: Tag,
        content_type: &'static str,
        give: impl FnOnce() -> Result<Bytes, E>,
    ) -> Result<Response, E> {
        let mut response = if self.lists(&tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(header::CONTENT_TYPE, content_type)], give()?).into_response()
        };
        mark(response.headers_mut(), tag);
        Ok(response)
    }

    fn lists(&self, tag: &Tag) -> bool {
        let sent = self.0.iter().flat_map(|list| list.as_bytes().split(|byte| *byte == b','));
        sent.map(<[u8]>::trim_ascii).any(|sent| sent == b"*" || opaque(sent) == opaque(tag.0.as_bytes()))
    }
}

/// A proxy that encodes an answer may make its tag strong or weak.
fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

/// To be asked again each time, with the tag; other encodings are other bytes.
fn mark(headers: &mut HeaderMap, tag: Tag) {
    headers.insert(header::ETAG, tag.0);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
}
