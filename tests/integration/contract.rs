//! `/openapi.json` tells the truth: every answer has a status, a type, headers and a form that it names.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use axum::response::Response;
use jsonschema::Validator;
use quintant_tests::{Host, HostOptions, Released, emitting_sources, simulation_end};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::api::{fresh_host, released_host};

async fn ask(router: &Router, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn body(response: Response) -> Vec<u8> {
    axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()
}

/// The document, and what was already made of its schemas, which takes longer than asking does.
struct Document(Value, RefCell<HashMap<String, Rc<Validator>>>);

impl Document {
    async fn of(router: &Router) -> Self {
        let response = ask(router, Method::GET, "/openapi.json", &[]).await;
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
        Self(serde_json::from_slice(&body(response).await).unwrap(), RefCell::default())
    }

    /// Those that answer a method.
    fn paths(&self, method: &str) -> Vec<&str> {
        let paths = self.0["paths"].as_object().unwrap().iter();
        paths.filter(|(_, path)| path[method].is_object()).map(|(path, _)| path.as_str()).collect()
    }

    /// What a reference points to, or the thing itself.
    fn resolve<'a>(&'a self, thing: &'a Value) -> &'a Value {
        match thing["$ref"].as_str() {
            Some(reference) => self.0.pointer(reference.trim_start_matches('#')).unwrap(),
            None => thing,
        }
    }

    /// As the document has it, and with nothing beside what it names.
    fn validator(&self, schema: &Value) -> Rc<Validator> {
        let text = schema.to_string();
        Rc::clone(self.1.borrow_mut().entry(text).or_insert_with(|| Rc::new(self.make_validator(schema))))
    }

    fn make_validator(&self, schema: &Value) -> Validator {
        let mut schema = json!({ "allOf": [schema], "components": self.0["components"] });
        close(&mut schema["components"]["schemas"]);
        let options = jsonschema::options().should_validate_formats(true);
        options.build(&schema).unwrap_or_else(|error| panic!("{error}"))
    }

    async fn check(&self, template: &str, path: &str, response: Response) {
        self.check_operation(&self.0["paths"][template]["get"], path, response).await;
    }

    async fn check_operation(&self, operation: &Value, path: &str, response: Response) {
        let status = response.status();
        let told = self.resolve(&operation["responses"][status.as_str()]);
        assert!(told.is_object(), "{path}: {status} is not in the document");
        for (name, header) in told["headers"].as_object().unwrap() {
            let value = response.headers().get(name).unwrap_or_else(|| panic!("{path}: {status} has no `{name}`"));
            let value = value.to_str().unwrap();
            let schema = &self.resolve(header)["schema"];
            let value = if schema["type"] == "integer" { value.parse().unwrap() } else { json!(value) };
            assert!(self.validator(schema).is_valid(&value), "{path}: `{name}` is {value}");
        }
        let content_type = response.headers().get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap().to_owned());
        let body = body(response).await;
        let Some(content_type) = content_type else {
            assert!(body.is_empty() && told["content"].is_null(), "{path}: {status} has no type");
            return;
        };
        let schema = &told["content"][&content_type]["schema"];
        assert!(schema.is_object(), "{path}: `{content_type}` with {status} is not in the document");
        let text = String::from_utf8(body).unwrap();
        let value = if content_type.contains("json") { serde_json::from_str(&text).unwrap() } else { json!(text) };
        let validator = self.validator(schema);
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{path}: {errors:#?} in {value:#}");
    }
}

/// Clients must take fields that come later; we must not have any that are not told.
fn close(schema: &mut Value) {
    if let Some(fields) = schema.as_object_mut() {
        if fields.contains_key("properties") && !fields.contains_key("additionalProperties") {
            fields.insert("additionalProperties".to_owned(), json!(false));
        }
        fields.values_mut().for_each(close);
    } else if let Some(items) = schema.as_array_mut() {
        items.iter_mut().for_each(close);
    }
}

/// What may stand for a parameter, as the document lists it.
fn values(operation: &Value, name: &str) -> Vec<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let parameter = parameters
        .filter(|parameter| parameter["name"] == name)
        .find(|parameter| parameter["schema"]["enum"].is_array());
    parameter.map_or_else(Vec::new, |parameter| serde_json::from_value(parameter["schema"]["enum"].clone()).unwrap())
}

/// The name in a path's braces.
fn placeholder(path: &str) -> Option<&str> {
    Some(path.split_once('{')?.1.split_once('}')?.0)
}

async fn check_everything(host: &Host) {
    const SPACE: &str = "/api/v1/metrics/space";
    const FEW: usize = 6;
    let router = &host.app.router().await.unwrap();
    let document = Document::of(router).await;
    let (_, problem) = host.get("/api/v1/metrics/space?team=nobody").await;
    let teams: Vec<String> = serde_json::from_value(problem["allowed"].clone()).unwrap();
    let mut questions = vec![String::new(), "?time_range=90d".to_owned(), "?from=2026-10-05&to=2026-11-02".to_owned()];
    questions.extend(
        values(&document.0["paths"][SPACE]["get"], "time_range").iter().map(|range| format!("?time_range={range}")),
    );
    questions.extend(teams.iter().map(|team| format!("?team={}", team.replace('+', "%2B"))));
    let wrong = ["?team=nobody", "?time_range=1y", "?from=now&to=then", "?to=2026-01-01", "?x=1", "?team=a&team=b"];
    questions.extend(wrong.map(str::to_owned));

    let mut asked = Vec::new();
    for path in document.paths("get") {
        let operation = &document.0["paths"][path]["get"];
        let mut names = vec!["x".to_owned()];
        if let Some(placeholder) = placeholder(path) {
            let (_, problem) = host.get(&path.replace(&format!("{{{placeholder}}}"), "x")).await;
            let known: Vec<String> = serde_json::from_value(problem["allowed"].clone()).unwrap_or_default();
            let listed = values(operation, placeholder);
            assert!(listed.is_empty() || listed == known, "{path}: {known:?}");
            names.splice(0..0, known);
        }
        let has_questions = !values(operation, "time_range").is_empty();
        for (position, name) in names.iter().enumerate() {
            let place = placeholder(path).map(|placeholder| path.replace(&format!("{{{placeholder}}}"), name));
            if place.is_none() && position > 0 {
                continue;
            }
            let place = place.unwrap_or_else(|| path.to_owned());
            let several = names.len() <= FEW || position == 0;
            let questions = questions.iter().take(if !has_questions {
                1
            } else if several {
                usize::MAX
            } else {
                2
            });
            asked.extend(questions.map(|question| (path, format!("{place}{question}"))));
        }
    }
    assert!(asked.len() > 300, "{asked:?}");
    for (template, path) in asked {
        let response = ask(router, Method::GET, &path, &[]).await;
        let (status, tag) = (response.status(), response.headers().get(header::ETAG).cloned());
        document.check(template, &path, response).await;
        assert_eq!(tag.is_some(), status == 200 && !["/health", "/livez", "/readyz"].contains(&template), "{path}");
        if let Some(tag) = tag {
            let known = ask(router, Method::GET, &path, &[("if-none-match", tag.to_str().unwrap())]).await;
            assert_eq!((known.status().as_u16(), known.headers().get(header::ETAG)), (304, Some(&tag)), "{path}");
            document.check(template, &path, known).await;
        }
    }
    let long = format!("{SPACE}?team={}", "x".repeat(5000));
    document.check(SPACE, &long, ask(router, Method::GET, &long, &[]).await).await;
}

/// A host of which every family of facts was released, with what a plugin measures itself.
async fn told_host() -> Host {
    let source = [("emitting", "http://127.0.0.1:9", "samples = { queue_length = \"system\" }")];
    let host = Host::for_text(&emitting_sources(&source), HostOptions::default()).await;
    let atoms = Released { teams: 4, weeks: 24, seed: 3 }.atoms();
    let releasing = host.app.store().releasing().await.unwrap();
    releasing.commit(&[], &atoms, &[], simulation_end()).await.unwrap();
    host
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_as_the_document_says() {
    for host in [fresh_host().await, released_host().await, told_host().await] {
        check_everything(&host).await;
        host.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plugin_measures_is_told_of_the_organization_where_it_is_granted() {
    let host = told_host().await;
    let (status, sample) = host.get("/api/v1/metrics/samples/queue_length").await;
    assert_eq!((status, &sample["aggregation"], sample["value"].is_number()), (200, &json!("last"), true), "{sample}");
    let (status, problem) = host.get("/api/v1/metrics/samples/focus_hours").await;
    assert_eq!(
        (status, &problem["code"], &problem["allowed"]),
        (400, &json!("unknown_metric"), &json!(["queue_length"]))
    );
    let (_, health) = host.get("/api/v1/metrics/space/health?time_range=90d").await;
    assert!(health["health_score"].as_f64().is_some_and(|score| (0.0..=100.0).contains(&score)), "{health}");
    assert_eq!(health["dimensions_known"], 5);
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_submitted_is_answered_as_the_document_says() {
    let host = fresh_host().await;
    let router = host.app.router().await.unwrap();
    let document = Document::of(&router).await;
    let paths = document.paths("post");
    assert_eq!(paths.len(), 4, "{paths:?}");
    for path in paths {
        let operation = &document.0["paths"][path]["post"];
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let required = document.resolve(schema)["required"].as_array().unwrap();
        assert!(!required.is_empty() && operation["security"].is_array(), "{path}");
        let mut right = json!({});
        for field in required {
            let field = field.as_str().unwrap();
            let known = &document.resolve(schema)["properties"][field];
            right[field] = known.get("maximum").or(known["enum"].get(0)).cloned().unwrap_or_else(|| json!("x"));
        }
        assert!(document.validator(schema).is_valid(&right), "{path}: {right}");
        let mut unknown = right.clone();
        unknown["author"] = json!("dev-001");
        assert!(!document.validator(schema).is_valid(&unknown), "{path}: {unknown}");
        let json_body = ("content-type", "application/json");
        for (text, header, status) in [
            (right.to_string(), json_body, 401),
            (right.to_string(), ("content-type", "text/plain"), 415),
            (unknown.to_string(), json_body, 422),
            ("{}".to_owned(), json_body, 422),
            ("[".to_owned(), json_body, 400),
            ("x".repeat(70_000), json_body, 413),
        ] {
            let request = Request::post(path).header(header.0, header.1).body(Body::from(text)).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{path}");
            document.check_operation(operation, path, response).await;
        }
    }
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_the_head_gets_the_headers_alone() {
    let host = fresh_host().await;
    let router = &host.app.router().await.unwrap();
    for path in Document::of(router).await.paths("get") {
        let path = path.replace("{dimension}", "activity").replace("{metric}", "commits_count");
        let names = |response: &Response| -> Vec<String> {
            let mut names: Vec<String> = response.headers().keys().map(ToString::to_string).collect();
            names.sort();
            names
        };
        let (head, get) = (ask(router, Method::HEAD, &path, &[]).await, ask(router, Method::GET, &path, &[]).await);
        assert_eq!((head.status(), names(&head)), (get.status(), names(&get)), "{path}");
        let length = head.headers()[header::CONTENT_LENGTH].to_str().unwrap().parse::<usize>().unwrap();
        assert_eq!((length, body(head).await.len()), (body(get).await.len(), 0), "{path}");
    }
    host.finish().await;
}
