//! The surveys as pages for people: forms without a script, whose token is typed in and travels in the body alone.

use std::sync::LazyLock;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest;

use super::Counter;
use super::body::{Fields, TOKEN, Whole};
use crate::api::{Problem, problem};
use crate::model::{Asked, Instrument, Question};

pub(crate) const ROUTE: &str = "/surveys/{instrument}";

const STYLE: &str = include_str!("page.css");

/// Nothing is loaded, run, framed or sent elsewhere.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("it is ASCII")
});

/// The empty form.
pub(crate) async fn ask(Path(name): Path<String>, uri: axum::http::Uri) -> Response {
    match Instrument::from_name(&name) {
        Some(instrument) => html(StatusCode::OK, instrument, &form(instrument, None)),
        None => problem::not_found(uri).await.into_response(),
    }
}

/// The form, filled in.
pub(crate) async fn take(
    State(counter): State<Counter>,
    Path(name): Path<String>,
    uri: axum::http::Uri,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Response {
    let Some(instrument) = Instrument::from_name(&name) else { return problem::not_found(uri).await.into_response() };
    match fill_in(instrument, &counter, &headers, &body).await {
        Ok(()) => html(StatusCode::OK, instrument, THANKS),
        Err(problem) => html(problem.status(), instrument, &form(instrument, Some(&problem))),
    }
}

const THANKS: &str = "<p role=\"status\">Thank you. Your answer is sealed until the survey is closed; your token is used up, and nobody can tell which \
answer came with it.</p>";

async fn fill_in(instrument: Instrument, counter: &Counter, headers: &HeaderMap, body: &[u8]) -> Result<(), Problem> {
    counter.answer(instrument, headers, &Fields::of_form(headers, body)?).await
}

fn html(status: StatusCode, instrument: Instrument, content: &str) -> Response {
    let title = title(instrument);
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · Quintant</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{content}\n</main>\n</body>\n</html>\n"
    );
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, POLICY.clone()),
        (HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer")),
    ];
    (status, headers, page).into_response()
}

/// What was typed is not shown again: a page may be kept by a browser.
fn form(instrument: Instrument, wrong: Option<&Problem>) -> String {
    let wrong = wrong.map_or_else(String::new, |problem| {
        format!("<p class=\"wrong\" role=\"alert\">Nothing was taken: {}.</p>\n", escaped(problem.detail()))
    });
    let questions: String = instrument.asks().iter().map(question).collect();
    let name = instrument.as_str();
    format!(
        "{wrong}<p class=\"quiet\">Nobody sees your answer: it is sealed now, opened together with all others when the survey is closed, and becomes part \
         of one figure of five people or more. With fewer, nothing is told at all.</p>\n\
         <form method=\"post\" action=\"/surveys/{name}\" autocomplete=\"off\">\n{questions}\
         <div class=\"question\"><label for=\"{TOKEN}\">Your token</label>\
         <span class=\"hint\" id=\"{TOKEN}-hint\">Good for one answer. Upper and lower case are the same.</span>\
         <input id=\"{TOKEN}\" name=\"{TOKEN}\" type=\"text\" required autocomplete=\"off\" autocapitalize=\"characters\" spellcheck=\"false\" \
         aria-describedby=\"{TOKEN}-hint\"></div>\n<button type=\"submit\">Send</button>\n</form>"
    )
}

fn question(asked: &Asked) -> String {
    let Asked { field, question, is_required } = *asked;
    let (least, most) = question.range();
    let (step, required) = (if question.is_whole() { "1" } else { "any" }, if is_required { " required" } else { "" });
    let may_be_left_out = if is_required { "" } else { " You may leave it out." };
    format!(
        "<div class=\"question\"><label for=\"{field}\">{}</label><span class=\"hint\" id=\"{field}-hint\">{least} to {most}.{may_be_left_out}</span>\
         <input id=\"{field}\" name=\"{field}\" type=\"number\" inputmode=\"decimal\" min=\"{least}\" max=\"{most}\" step=\"{step}\"{required} \
         aria-describedby=\"{field}-hint\"></div>\n",
        wording(question)
    )
}

const fn title(instrument: Instrument) -> &'static str {
    match instrument {
        Instrument::Pulse => "How was your week?",
        Instrument::Nps => "Would you recommend working here?",
        Instrument::Annual => "How has the year been?",
    }
}

/// As people are asked.
pub(super) const fn wording(question: Question) -> &'static str {
    match question {
        Question::Score => "How likely are you to recommend working here? 0 is not at all, 10 is certainly",
        Question::Rating => "How satisfied are you with your work? 1 is not at all, 5 is very",
        Question::Burnout => "I feel burned out from my work. 1 is no, not at all, 5 is yes, very much",
        Question::FlowDays => "On how many days of a week could you work in a state of flow?",
        Question::ValuablePercent => "How much of your time went into valuable work, in per cent?",
        Question::CognitiveLoad => "How heavy was the cognitive load? 1 is light, 5 is overwhelming",
        Question::ContextSwitches => "How often a day did you have to switch context?",
        Question::ConstructiveFeedback => {
            "The review feedback I got was constructive. 1 is no, not at all, 5 is yes, very much"
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
