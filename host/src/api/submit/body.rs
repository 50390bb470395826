//! What a body holds, judged field by field. Nothing unknown is passed over in silence, and no value comes back in an error.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Number, Value};

use crate::api::Problem;
use crate::api::problem::Code;
use crate::model::{Asked, Instrument, Question, Word};

pub(super) const TOKEN: &str = "token";
/// A field of the original service's pulse that no figure rests on.
const FRICTION_EXPERIENCED: &str = "friction_experienced";
pub(super) const SEVERITIES: [&str; 4] = ["low", "medium", "high", "critical"];
pub(super) const LONGEST_TITLE: usize = 200;
pub(super) const REPORT: [&str; 5] = ["title", "description", "severity", "category", TOKEN];
const OTHER: &str = "other";

/// The whole body, within the bounds that hold for all.
pub(crate) struct Whole(pub(super) Bytes);

impl<S: Send + Sync> FromRequest<S> for Whole {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        Bytes::from_request(request, state).await.map(Self).map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                Problem::new(Code::BodyTooLarge, "the body is longer than any that is taken")
            }
            _ => Problem::new(Code::BadBody, "the body broke off"),
        })
    }
}

pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn of_json(headers: &HeaderMap, body: &[u8]) -> Result<Self, Problem> {
        expect_type(headers, "application/json")?;
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            _ => Err(Problem::new(Code::BadBody, "the body is no JSON object")),
        }
    }

    /// What is left empty in a form is not there; numbers are numbers.
    pub(super) fn of_form(headers: &HeaderMap, body: &[u8]) -> Result<Self, Problem> {
        expect_type(headers, "application/x-www-form-urlencoded")?;
        let mut fields = Map::new();
        for (name, value) in url::form_urlencoded::parse(body).filter(|(_, value)| !value.trim().is_empty()) {
            let number = value.trim().parse().ok().and_then(Number::from_f64).map(Value::Number);
            let value = number.filter(|_| name != TOKEN).unwrap_or_else(|| Value::String(value.into_owned()));
            if fields.insert(name.into_owned(), value).is_some() {
                return Err(Problem::new(Code::BadBody, "a field is given more than once"));
            }
        }
        Ok(Self(fields))
    }

    pub(super) fn token(&self) -> Result<Option<&str>, Problem> {
        match self.0.get(TOKEN) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(token)) => Ok(Some(token)),
            Some(_) => Err(wrong(TOKEN, "is a text")),
        }
    }

    pub(super) fn answers(&self, instrument: Instrument) -> Result<BTreeMap<Question, f64>, Problem> {
        let asked = instrument.asks().iter().map(|asked| asked.field);
        let further = (instrument == Instrument::Pulse).then_some(FRICTION_EXPERIENCED);
        self.expect_only(asked.chain(further).chain([TOKEN]))?;
        if further.and_then(|field| self.0.get(field)).is_some_and(|value| !value.is_boolean() && !value.is_null()) {
            return Err(wrong(FRICTION_EXPERIENCED, "is true or false"));
        }
        instrument.asks().iter().filter_map(|asked| self.answer(asked).transpose()).collect()
    }

    fn answer(&self, asked: &Asked) -> Result<Option<(Question, f64)>, Problem> {
        let Asked { field, question, is_required } = *asked;
        match self.0.get(field) {
            None | Some(Value::Null) if is_required => Err(wrong(field, "is missing")),
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_f64() {
                Some(number) if question.allows(number) => Ok(Some((question, number))),
                _ => {
                    let (least, most) = question.range();
                    let what = if question.is_whole() { "a whole number" } else { "a number" };
                    Err(wrong(field, &format!("is {what} from {least} to {most}")))
                }
            },
        }
    }

    /// The category and the severity; the texts are looked at for their form, and left behind.
    pub(super) fn friction(&self, categories: &[Word]) -> Result<(Word, Word), Problem> {
        self.expect_only(REPORT.into_iter())?;
        let text = |field: &str| self.0.get(field).and_then(Value::as_str);
        let title = text("title").ok_or_else(|| wrong("title", "is a text"))?;
        if title.trim().is_empty() || title.chars().count() > LONGEST_TITLE {
            return Err(wrong("title", &format!("has 1 to {LONGEST_TITLE} characters")));
        }
        text("description").ok_or_else(|| wrong("description", "is a text"))?;
        let severity = text("severity").and_then(|given| SEVERITIES.into_iter().find(|known| *known == given));
        let severity = severity.ok_or_else(|| wrong("severity", "is one of `allowed`").allowing(SEVERITIES))?;
        let category = match self.0.get("category") {
            None | Some(Value::Null) => None,
            Some(Value::String(given)) => {
                categories.iter().find(|known| known.as_str().eq_ignore_ascii_case(given.trim()))
            }
            Some(_) => return Err(wrong("category", "is a text")),
        };
        let word = |text: &str| -> Word { text.parse().expect("it is a word") };
        Ok((category.cloned().unwrap_or_else(|| word(OTHER)), word(severity)))
    }

    fn expect_only(&self, known: impl Iterator<Item = &'static str>) -> Result<(), Problem> {
        let known: Vec<&str> = known.collect();
        if self.0.keys().all(|field| known.contains(&field.as_str())) {
            return Ok(());
        }
        Err(Problem::new(Code::UnknownField, "there is a field that nobody asks for").allowing(known))
    }
}

fn expect_type(headers: &HeaderMap, expected: &'static str) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    Err(Problem::new(Code::UnsupportedMediaType, format!("the body has to be of the type `{expected}`")))
}

fn wrong(field: &'static str, rule: &str) -> Problem {
    Problem::new(Code::BadField, format!("`{field}` {rule}")).about(field)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        match value {
            Value::Object(fields) => Fields(fields),
            _ => panic!("an object"),
        }
    }

    fn check(instrument: Instrument, value: Value, expected: &Expect) {
        let told = match fields(value).answers(instrument) {
            Ok(answers) => format!("{answers:?}"),
            Err(problem) => problem.to_string(),
        };
        expected.assert_eq(&told);
    }

    #[test]
    fn the_original_services_pulse_is_taken() {
        let original = json!({ "valuable_work_percentage": 70, "flow_state_days": 3, "cognitive_load": 3, "friction_experienced": true });
        check(Instrument::Pulse, original, &expect!["{FlowDays: 3.0, ValuablePercent: 70.0, CognitiveLoad: 3.0}"]);
    }

    #[test]
    fn what_is_wrong_is_named_without_its_value() {
        let pulse = |field: &str, value: Value| {
            let mut body = json!({ "valuable_work_percentage": 70, "flow_state_days": 3, "cognitive_load": 3 });
            body[field] = value;
            body
        };
        check(
            Instrument::Pulse,
            pulse("cognitive_load", json!(2.5)),
            &expect!["bad_field: `cognitive_load` is a whole number from 1 to 5"],
        );
        check(
            Instrument::Pulse,
            pulse("flow_state_days", json!(8)),
            &expect!["bad_field: `flow_state_days` is a number from 0 to 7"],
        );
        check(
            Instrument::Pulse,
            pulse("flow_state_days", json!("dev-001")),
            &expect!["bad_field: `flow_state_days` is a number from 0 to 7"],
        );
        check(
            Instrument::Pulse,
            pulse("flow_state_days", Value::Null),
            &expect!["bad_field: `flow_state_days` is missing"],
        );
        check(
            Instrument::Pulse,
            pulse("friction_experienced", json!(1)),
            &expect!["bad_field: `friction_experienced` is true or false"],
        );
        check(
            Instrument::Pulse,
            pulse("author", json!("dev-001")),
            &expect!["unknown_field: there is a field that nobody asks for"],
        );
        check(Instrument::Nps, json!({ "score": 11 }), &expect!["bad_field: `score` is a whole number from 0 to 10"]);
    }

    #[test]
    fn an_unknown_category_is_another_and_texts_are_left_behind() {
        let categories = ["tests".parse().unwrap()];
        let report = |category: Value| {
            let body = json!({ "title": "t", "description": "", "severity": "high", "category": category });
            fields(body).friction(&categories).map(|(category, severity)| format!("{category} {severity}"))
        };
        assert_eq!(report(json!("Tests")).ok().as_deref(), Some("tests high"));
        assert_eq!(report(json!("the tests of dev-001")).ok().as_deref(), Some("other high"));
        assert_eq!(report(Value::Null).ok().as_deref(), Some("other high"));
        assert!(report(json!(1)).is_err());
    }

    #[test]
    fn what_a_form_leaves_empty_is_not_there() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let body = b"token=12345678&score=9&flow_state_days=";
        let form = Fields::of_form(&headers, body).unwrap_or_else(|problem| panic!("{problem}"));
        assert_eq!(form.token().ok().flatten(), Some("12345678"));
        assert_eq!(form.answers(Instrument::Nps).ok(), Some([(Question::Score, 9.0)].into()));
        let form =
            Fields::of_form(&headers, b"token=&score=9&author=dev-001").unwrap_or_else(|problem| panic!("{problem}"));
        assert_eq!((form.token().ok().flatten(), form.answers(Instrument::Nps).is_err()), (None, true));
    }
}
