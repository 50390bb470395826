//! `/openapi.json`: what the handlers say about themselves, and what is true of all of them.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response as Answer;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Components, ContentBuilder, Header, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required,
    Response, Schema, ServerBuilder,
};
use utoipa::{PartialSchema, ToSchema};

use super::Problem;
use super::problem::{Code, Document};
use super::schema::{NotModified, RequestIdText};
use super::validator::{Known, Tag};

const REQUEST_ID: &str = "X-Request-Id";
const RETRY_AFTER: &str = "Retry-After";
const ETAG: &str = "ETag";
const CACHE_CONTROL: &str = "Cache-Control";
const VARY: &str = "Vary";
const WWW_AUTHENTICATE: &str = "WWW-Authenticate";

const DESCRIPTION: &str = "Released, privacy-safe figures of the five SPACE dimensions: satisfaction, performance, activity, \
communication, efficiency. Every figure rests on five people or more and comes in whole weeks; what is released once never \
changes. A field without a value is null, and `withheld` says why.\n\n\
Each path answers GET and HEAD, or POST where something is submitted; other methods get 405 with `Allow`, other paths 404. Errors are problem documents \
(RFC 9457) with a stable `code`. Answers are compressed for those who accept gzip.";

/// What can be asked, and what is answered
///
/// This document.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "get_openapi", tag = "description",
    responses((status = 200, description = "An OpenAPI document, version 3.1.", body = Object), NotModified, (status = 503, description = "")),
)]
pub(super) async fn document(known: Known) -> Result<Answer, Problem> {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(text()));
    known.or_give(Tag::of(&*TEXT), "application/json", || Ok(TEXT.clone()))
}

/// The whole document.
pub(super) fn text() -> String {
    let mut text = describe().to_pretty_json().expect("the document has string keys");
    text.push('\n');
    text
}

fn describe() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Quintant")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()));
    let tag = |name, description| TagBuilder::new().name(name).description(Some(description)).build();
    let mut openapi = OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new().url("/").build()]))
        .tags(Some([
            tag("metrics", "Released figures."),
            tag("submissions", "What people and their programs tell. None of these requests is logged."),
            tag("probes", "For whoever runs it."),
            tag("description", "About this interface."),
        ]))
        .build();
    openapi.merge(super::answers().into_openapi());
    openapi.merge(super::sources().into_openapi());
    openapi.merge(super::probes().into_openapi());
    openapi.merge(super::submissions().into_openapi());
    for path in openapi.paths.paths.values_mut() {
        path.get.iter_mut().chain(&mut path.post).for_each(complete);
    }
    add_shared(openapi.components.get_or_insert_default());
    openapi
}

/// What operations refer to.
fn add_shared(components: &mut Components) {
    let mut problem = vec![(Document::name().into_owned(), Document::schema())];
    Document::schemas(&mut problem);
    components.schemas.extend(problem);
    for code in Code::ALL.iter().filter(|code| **code != Code::MethodNotAllowed) {
        let name = response_name(code.status());
        let response = components.responses.entry(name).or_insert_with(|| {
            let mut response = Response::new("");
            add_header(&mut response, REQUEST_ID);
            RefOr::T(response)
        });
        if let RefOr::T(response) = response {
            add_problem(response, *code);
        }
    }
    let client = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
        "A program's token, as `quintant token new --scope submit` prints it. It vouches for one answer a person.",
    ));
    components.add_security_scheme("client", SecurityScheme::Http(client.build()));
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1.0));
    components.headers.extend([
        header(REQUEST_ID, "In the log, too.", RequestIdText::schema()),
        header(RETRY_AFTER, "Seconds until it may be better.", seconds),
        header(ETAG, "Changes when the answer does; for `If-None-Match`.", text()),
        header(CACHE_CONTROL, "`no-cache`: ask each time.", text()),
        header(WWW_AUTHENTICATE, "`Bearer`.", text()),
        header(VARY, "`accept-encoding`: it may be compressed.", text()),
    ]);
}

/// Adds what every operation has because of the layers around it.
fn complete(operation: &mut Operation) {
    let has_parameters = operation.parameters.is_some();
    let has_dimension = parameters(operation).any(|place| *place == ParameterIn::Path);
    let can_be_known = operation.responses.responses.contains_key(StatusCode::NOT_MODIFIED.as_str());
    if can_be_known {
        let known = ParameterBuilder::new()
            .name("If-None-Match")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some("The `ETag` of an answer that the client has."))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
        operation.parameters.get_or_insert_default().push(RefOr::T(known.build()));
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        add_header(response, REQUEST_ID);
        if can_be_known && !status.starts_with('5') {
            for name in [ETAG, CACHE_CONTROL, VARY] {
                add_header(response, name);
            }
        }
    }
    let is_submission = operation.request_body.is_some();
    for code in Code::ALL {
        let status = code.status();
        match status {
            _ if code.is_of_submissions() && !is_submission => continue,
            StatusCode::BAD_REQUEST if !has_parameters && !is_submission => continue,
            StatusCode::NOT_FOUND if !has_dimension => continue,
            StatusCode::METHOD_NOT_ALLOWED => continue,
            _ => {}
        }
        let shared = || RefOr::Ref(Ref::from_response_name(response_name(status)));
        let response = operation.responses.responses.entry(status.as_str().to_owned()).or_insert_with(shared);
        // A handler that tells of this status itself answers without a database, or says in its own words that there is none.
        if let RefOr::T(response) = response
            && *code != Code::DatabaseUnavailable
        {
            add_problem(response, *code);
        }
    }
}

fn parameters(operation: &Operation) -> impl Iterator<Item = &ParameterIn> {
    operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(&parameter.parameter_in),
        RefOr::Ref(_) => None,
    })
}

fn response_name(status: StatusCode) -> String {
    format!("Problem{}", status.as_str())
}

/// One more code that a response may have.
fn add_problem(response: &mut Response, code: Code) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(Document::name())));
    response.content.entry("application/problem+json".to_owned()).or_insert_with(|| RefOr::T(content.build()));
    let between = if response.description.is_empty() { "" } else { " · " };
    response.description.push_str(&format!("{between}`{}`: {}", code.as_str(), code.meaning()));
    if code.status() == StatusCode::SERVICE_UNAVAILABLE {
        add_header(response, RETRY_AFTER);
    }
    if code.status() == StatusCode::UNAUTHORIZED {
        add_header(response, WWW_AUTHENTICATE);
    }
}

fn add_header(response: &mut Response, name: &str) {
    let shared = Ref::new(format!("#/components/headers/{name}"));
    response.headers.insert(name.to_owned(), RefOr::Ref(shared));
}

fn header(name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> (String, RefOr<Header>) {
    let header = HeaderBuilder::new().schema(Some(schema)).description(Some(description));
    (name.to_owned(), RefOr::T(header.build()))
}

#[cfg(test)]
mod tests {
    use expect_test::expect_file;

    /// `cargo xtask openapi` writes it anew.
    #[test]
    fn the_committed_document_is_the_derived_one() {
        expect_file!["../../openapi.json"].assert_eq(&super::text());
    }

    #[test]
    fn only_what_needs_the_database_can_lack_it_and_whatever_is_busy_says_for_how_long() {
        let document: serde_json::Value = serde_json::from_str(&super::text()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let operations = |path: &serde_json::Value| -> Vec<serde_json::Value> {
            path.as_object().unwrap().values().cloned().collect()
        };
        for (path, operation) in
            paths.iter().flat_map(|(path, all)| operations(all).into_iter().map(move |one| (path, one)))
        {
            let mut busy = &operation["responses"]["503"];
            if let Some(reference) = busy["$ref"].as_str() {
                busy = document.pointer(reference.trim_start_matches('#')).unwrap();
            }
            assert!(busy["headers"]["Retry-After"].is_object(), "{path}: {busy}");
            let description = busy["description"].as_str().unwrap();
            let needs_database = !["/livez", "/openapi.json"].contains(&path.as_str());
            assert_eq!(description.contains("database"), needs_database, "{path}: {description}");
            assert!(description.contains("`overloaded`: "), "{path}: {description}");
        }
    }
}
