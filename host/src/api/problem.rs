//! Errors as RFC 9457 problem documents: a stable code, a plain sentence, nothing of what was sent.

use std::borrow::Cow;
use std::fmt;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::request::RequestId;
use super::schema;
use crate::config::nearest;

macro_rules! codes {
    ($($(#[doc = $meaning:literal])+ $variant:ident = $name:literal, $status:ident;)+) => {
        /// What clients may branch on: a code never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Code { $($(#[doc = $meaning])+ $variant),+ }

        impl Code {
            pub(super) const ALL: &'static [Code] = &[$(Code::$variant),+];

            pub(super) const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $name),+ }
            }

            pub(super) const fn meaning(self) -> &'static str {
                match self { $(Code::$variant => concat!($($meaning),+).trim_ascii()),+ }
            }

            pub(super) const fn status(self) -> StatusCode {
                match self { $(Code::$variant => StatusCode::$status),+ }
            }
        }
    };
}

codes! {
    /// The query string cannot be read.
    BadQuery = "bad_query", BAD_REQUEST;
    /// A parameter that does not exist; `allowed` lists those that do.
    UnknownParameter = "unknown_parameter", BAD_REQUEST;
    /// A parameter that is given more than once.
    RepeatedParameter = "repeated_parameter", BAD_REQUEST;
    /// `allowed` lists the dimensions.
    UnknownDimension = "unknown_dimension", BAD_REQUEST;
    /// `allowed` lists the metrics.
    UnknownMetric = "unknown_metric", BAD_REQUEST;
    /// `allowed` lists the teams, the pools of small teams, and `unassigned`.
    UnknownTeam = "unknown_team", BAD_REQUEST;
    /// `allowed` lists the time ranges.
    UnknownTimeRange = "unknown_time_range", BAD_REQUEST;
    /// `time_range` together with dates, or one date without the other.
    AmbiguousTimeRange = "ambiguous_time_range", BAD_REQUEST;
    /// Not a date, or `from` does not lie before `to`.
    BadDate = "bad_date", BAD_REQUEST;
    /// The body is no JSON object, or no form.
    BadBody = "bad_body", BAD_REQUEST;
    /// Nobody vouches for what is submitted: neither a known client nor a token that was issued.
    Unauthorized = "unauthorized", UNAUTHORIZED;
    /// There is nothing at this path.
    NotFound = "not_found", NOT_FOUND;
    /// The path is there; `Allow` tells its methods.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED;
    /// The token was used before.
    TokenUsed = "token_used", CONFLICT;
    /// The survey that the token is for is closed.
    CampaignClosed = "campaign_closed", CONFLICT;
    /// No such survey is open for whoever answers.
    NoCampaign = "no_campaign", CONFLICT;
    /// The request's body is longer than any that is taken.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE;
    /// The path and the query are longer than any that mean something.
    UriTooLong = "uri_too_long", URI_TOO_LONG;
    /// The body is of another type than the one that is taken.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE;
    /// A field of the body that nobody asks for; `allowed` lists those that are.
    UnknownField = "unknown_field", UNPROCESSABLE_ENTITY;
    /// A field of the body that is missing or wrong; `allowed` lists what would be right, where that is a list.
    BadField = "bad_field", UNPROCESSABLE_ENTITY;
    /// A mistake of this program; its log tells more under the request's id.
    Internal = "internal", INTERNAL_SERVER_ERROR;
    /// The database cannot be reached; try again after `Retry-After`.
    DatabaseUnavailable = "database_unavailable", SERVICE_UNAVAILABLE;
    /// Too much is asked at once; try again after `Retry-After`.
    Overloaded = "overloaded", SERVICE_UNAVAILABLE;
    /// The answer took too long; try again after `Retry-After`.
    TimedOut = "timed_out", SERVICE_UNAVAILABLE;
}

impl Code {
    const fn title(self) -> &'static str {
        match self.status() {
            StatusCode::BAD_REQUEST => "the request cannot be answered",
            StatusCode::UNAUTHORIZED => "not authorized",
            StatusCode::NOT_FOUND => "not found",
            StatusCode::METHOD_NOT_ALLOWED => "method not allowed",
            StatusCode::CONFLICT => "too late",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported media type",
            StatusCode::UNPROCESSABLE_ENTITY => "the body cannot be taken",
            StatusCode::PAYLOAD_TOO_LARGE => "body too large",
            StatusCode::URI_TOO_LONG => "address too long",
            StatusCode::INTERNAL_SERVER_ERROR => "internal error",
            _ => "not ready",
        }
    }

    /// Whether only what is submitted can be answered so.
    pub(super) const fn is_of_submissions(self) -> bool {
        matches!(
            self,
            Code::BadBody
                | Code::Unauthorized
                | Code::TokenUsed
                | Code::CampaignClosed
                | Code::NoCampaign
                | Code::UnsupportedMediaType
                | Code::UnknownField
                | Code::BadField
        )
    }

    const fn retry_after_seconds(self) -> Option<u16> {
        match self {
            Code::Overloaded | Code::TimedOut => Some(1),
            Code::DatabaseUnavailable => Some(5),
            _ => None,
        }
    }

    /// An answer with the status and the headers that go with the code.
    pub(super) fn answer(self, body: impl IntoResponse) -> Response {
        let mut response = (self.status(), body).into_response();
        if let Some(seconds) = self.retry_after_seconds() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status() == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What went wrong. `request.rs` writes it down, since it knows the request's id.
#[derive(Debug, Clone)]
pub struct Problem {
    code: Code,
    detail: Cow<'static, str>,
    allowed: Vec<String>,
    /// The field of a form that it is about.
    field: Option<&'static str>,
}

/// A problem document (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Document {
    /// Always `about:blank`: the title is the status's.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    #[schema(value_type = schema::ProblemCode)]
    code: Code,
    /// A sentence for people: what is wrong, and what would be right.
    detail: Cow<'static, str>,
    /// What would be right, where that is a list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    allowed: Vec<String>,
    /// As in the header `X-Request-Id`, and in the log.
    #[schema(value_type = schema::RequestIdText)]
    request_id: String,
}

impl Problem {
    pub(super) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), allowed: Vec::new(), field: None }
    }

    pub(super) fn allowing(self, allowed: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { allowed: allowed.into_iter().map(Into::into).collect(), ..self }
    }

    pub(super) fn about(self, field: &'static str) -> Self {
        Self { field: Some(field), ..self }
    }

    pub(super) fn is_about(&self, field: &str) -> bool {
        self.field == Some(field)
    }

    /// There is no `given`; tells what is there, and which of that may have been meant.
    pub(super) fn unknown<'a>(code: Code, what: &str, given: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        let meant = nearest(given, &known).map(|meant| format!("; did you mean `{meant}`?"));
        Self::new(code, format!("there is no such {what}{}", meant.unwrap_or_default())).allowing(known)
    }

    pub(super) fn unavailable() -> Self {
        Self::new(
            Code::DatabaseUnavailable,
            "the database cannot be reached; what was released is safe and will be answered again",
        )
    }

    pub(super) fn internal() -> Self {
        Self::new(Code::Internal, "this is a mistake of ours; whoever runs this finds more in the log")
    }

    pub(super) fn code(&self) -> Code {
        self.code
    }

    pub(super) fn status(&self) -> StatusCode {
        self.code.status()
    }

    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// The whole answer.
    pub(super) fn render(self, id: &RequestId) -> Response {
        let Self { code, detail, allowed, field: _ } = self;
        let status = code.status();
        let document = Document {
            kind: "about:blank",
            title: code.title(),
            status: status.as_u16(),
            code,
            detail,
            allowed,
            request_id: id.as_str().to_owned(),
        };
        code.answer(([(header::CONTENT_TYPE, "application/problem+json")], Json(document)))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

pub(super) async fn not_found(uri: Uri) -> Problem {
    let hint = if uri.path().len() > 1 && uri.path().ends_with('/') { "; paths here do not end in `/`" } else { "" };
    let detail = format!("there is nothing at this path; the metrics are at `/api/v1/metrics/space`{hint}");
    Problem::new(Code::NotFound, detail)
}

pub(super) async fn method_not_allowed() -> Problem {
    Problem::new(Code::MethodNotAllowed, "`Allow` tells which methods this path answers")
}
