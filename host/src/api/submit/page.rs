//! The surveys as pages for people: without a script, whose token is typed in and travels in the body alone. What was sent leaves no entry in a
//! browser's history: a page to read follows it.

use std::sync::LazyLock;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest;

use super::Counter;
use super::body::{Fields, Whole};
use super::form::{Wrong, form};
use crate::api::{Problem, problem};
use crate::model::Instrument;

pub(crate) const ROUTE: &str = "/surveys/{instrument}";
pub(crate) const THANKS_ROUTE: &str = "/surveys/{instrument}/thanks";

const STYLE: &str = include_str!("page.css");

/// Nothing is loaded, run, framed or sent elsewhere.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("it is ASCII")
});

/// The empty form, with what was wrong with the last try.
pub(crate) async fn ask(Path(name): Path<String>, uri: Uri) -> Response {
    let Some(instrument) = Instrument::from_name(&name) else { return problem::not_found(uri).await.into_response() };
    let wrong = uri.query().and_then(|query| Wrong::read(instrument, query));
    let title = title(instrument);
    let head = if wrong.is_some() { format!("Nothing was taken: {title}") } else { title.to_owned() };
    html(StatusCode::OK, &head, title, &form(instrument, wrong.as_ref()))
}

/// The form, filled in.
pub(crate) async fn take(
    State(counter): State<Counter>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Response {
    let Some(instrument) = Instrument::from_name(&name) else { return problem::not_found(uri).await.into_response() };
    let problem = match fill_in(instrument, &counter, &headers, &body).await {
        Ok(()) => return Redirect::to(&format!("/surveys/{name}/thanks")).into_response(),
        Err(problem) => problem,
    };
    match Wrong::of(instrument, &problem) {
        Some(wrong) => Redirect::to(&wrong.address(instrument)).into_response(),
        None => {
            let told =
                format!("<p class=\"alert\" role=\"alert\">Nothing was taken: {}.</p>", escaped(problem.detail()));
            html(problem.status(), "Nothing was taken", title(instrument), &told)
        }
    }
}

pub(crate) async fn thank(Path(name): Path<String>, uri: Uri) -> Response {
    match Instrument::from_name(&name) {
        Some(_) => html(StatusCode::OK, "Thank you", "Thank you", THANKS),
        None => problem::not_found(uri).await.into_response(),
    }
}

const THANKS: &str = "<p role=\"status\">Your answer is sealed until the survey is closed. Your token is used up, and nobody can tell which answer came \
with it.</p>\n<p class=\"quiet\">You may close this page.</p>";

async fn fill_in(instrument: Instrument, counter: &Counter, headers: &HeaderMap, body: &[u8]) -> Result<(), Problem> {
    counter.answer(instrument, headers, &Fields::of_form(headers, body)?).await
}

fn html(status: StatusCode, head: &str, title: &str, content: &str) -> Response {
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{head} · Quintant</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>Quintant</header>\n<main>\n<h1>{title}</h1>\n{content}\n</main>\n\
         </body>\n</html>\n"
    );
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, POLICY.clone()),
        (HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer")),
    ];
    (status, headers, page).into_response()
}

const fn title(instrument: Instrument) -> &'static str {
    match instrument {
        Instrument::Pulse => "How was your week?",
        Instrument::Nps => "Would you recommend working here?",
        Instrument::Annual => "How has the year been?",
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
