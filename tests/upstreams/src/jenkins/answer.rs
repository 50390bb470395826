//! Who may ask at all, and the headers that everything carries; what goes wrong is told in HTML.

use axum::http::Method;
use serde_json::Value;

use super::View;
use super::route::{self, Found};

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

pub(super) fn answer(view: View<'_>, method: &Method, target: &str, authorization: Option<&str>) -> Answer {
    let expected = format!("Basic {}", view.options.login());
    match authorization {
        None => {
            let mut answer = html(view, 403, "Authentication required");
            answer.headers.push(("x-you-are-authenticated-as", "anonymous".to_owned()));
            answer.headers.push(("x-required-permission", "hudson.model.Hudson.Read".to_owned()));
            return answer;
        }
        Some(given) if given != expected => return html(view, 401, "Invalid password/token for user"),
        Some(_) => {}
    }
    if method != Method::GET {
        return unknown(view, &format!("the method `{method}`"));
    }
    match route::found(view, target) {
        Found::Json(body) => json(view, &body),
        Found::Nothing => html(view, 404, "Not Found"),
        Found::Unknown(what) => unknown(view, &what),
    }
}

fn json(view: View<'_>, body: &Value) -> Answer {
    let mut headers = headers(view, "application/json;charset=utf-8");
    headers.push(("x-content-type-options", "nosniff".to_owned()));
    Answer { status: 200, headers, body: serde_json::to_vec(body).expect("a JSON value can be written") }
}

fn html(view: View<'_>, status: u16, title: &str) -> Answer {
    let body = format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>");
    Answer { status, headers: headers(view, "text/html;charset=utf-8"), body: body.into_bytes() }
}

/// Not guessed at: a test then sees what was asked.
fn unknown(view: View<'_>, what: &str) -> Answer {
    let body = format!("this Jenkins does not know {what}");
    Answer { status: 501, headers: headers(view, "text/plain;charset=utf-8"), body: body.into_bytes() }
}

fn headers(view: View<'_>, content_type: &str) -> Vec<(&'static str, String)> {
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&view.now).unwrap_or_default();
    vec![("date", date), ("content-type", content_type.to_owned()), ("x-jenkins", "2.541.1".to_owned())]
}
