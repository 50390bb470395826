//! A survey service: naive dates and both of them, bounds that are inclusive, 500 for everything else.

use std::cell::RefCell;
use std::rc::Rc;

use quintant_plugin_nps::Nps;
use quintant_sdk::instant::parse_rfc3339;
use quintant_sdk::prelude::*;
use quintant_sdk::testing::Source;
use serde_json::{Value, json};

type Fault = dyn Fn(&str) -> Option<Result<Response, HttpError>>;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    /// Reads naive dates only.
    Original,
    /// Reads dates with a zone only, and echoes them with `Z`.
    Repaired,
}

pub(crate) struct SurveyServer {
    pub(crate) make: Make,
    /// When somebody answered, and with which score.
    pub(crate) answers: Vec<(Instant, u8)>,
    pub(crate) response_rate: f64,
    pub(crate) health: Value,
    pub(crate) fault: Option<Box<Fault>>,
    /// Every request, as path and query.
    pub(crate) seen: Vec<String>,
}

pub(crate) type Shared = Rc<RefCell<SurveyServer>>;

pub(crate) fn server(answers: &[(&str, u8)]) -> Shared {
    let answers = answers.iter().map(|(at, score)| (at_utc(at), *score)).collect();
    let health = json!({ "status": "healthy", "service": "nps-survey-service", "database_connected": true });
    let make = Make::Original;
    Rc::new(RefCell::new(SurveyServer { make, answers, response_rate: 50.0, health, fault: None, seen: vec![] }))
}

/// A source at 2026-07-15, its window from 2026-06-01 on.
pub(crate) fn source(server: &Shared, settings: Value) -> Source<Nps> {
    let server = Rc::clone(server);
    Source::new(settings, move |request| server.borrow_mut().answer(request))
        .window(at_utc("2026-06-01T00:00:00"), at_utc("2026-07-15T12:00:00"))
}

pub(crate) fn at_utc(text: &str) -> Instant {
    parse_rfc3339(&format!("{text}Z")).unwrap()
}

impl SurveyServer {
    fn answer(&mut self, request: &HttpRequest) -> Result<Response, HttpError> {
        assert_eq!((request.endpoint.as_str(), request.method), ("api", Method::Get));
        let quintant_sdk::http::Target::Path(mut url) = request.target.clone() else { panic!("a URL is followed") };
        for (index, (name, value)) in request.query.iter().enumerate() {
            url += &format!("{}{name}={value}", if index == 0 { '?' } else { '&' });
        }
        self.seen.push(url.clone());
        if let Some(answer) = self.fault.as_ref().and_then(|fault| fault(&url)) {
            return answer;
        }
        let (path, query) = url.split_once('?').unwrap_or((&url, ""));
        Ok(match path {
            "/health" => json_body(200, &self.health),
            "/api/v1/nps/metrics" => self.metrics(query),
            _ => json_body(404, &json!({ "detail": "Not Found" })),
        })
    }

    fn metrics(&self, query: &str) -> Response {
        let parameter = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let failed = json_body(500, &json!({ "detail": "Failed to calculate NPS metrics" }));
        let (Some(start), Some(end)) = (parameter("start_date"), parameter("end_date")) else { return failed };
        let zone = if self.make == Make::Original { "Z" } else { "" };
        let micros = |text: &str| {
            let whole = parse_rfc3339(&format!("{text}{zone}"))?;
            let micros = text.trim_end_matches('Z').split_once('.').map_or("0", |(_, digits)| digits);
            Some((whole.div_euclid(1_000) * 1_000_000) + micros.parse::<i64>().unwrap())
        };
        let (Some(from), Some(to)) = (micros(start), micros(end)) else { return failed };
        let inside: Vec<u8> = self
            .answers
            .iter()
            .filter(|(at, _)| (from..=to).contains(&(at * 1_000)))
            .map(|(_, score)| *score)
            .collect();
        let count = |range: std::ops::RangeInclusive<u8>| inside.iter().filter(|score| range.contains(score)).count();
        let (promoters, passives, detractors) = (count(9..=10), count(7..=8), count(0..=6));
        let total = inside.len();
        let score = if total == 0 { 0.0 } else { 100.0 * (promoters as f64 - detractors as f64) / total as f64 };
        let body = json!({
            "nps_score": (score * 100.0).round() / 100.0,
            "total_responses": total,
            "promoters": promoters,
            "passives": passives,
            "detractors": detractors,
            "response_rate": if total == 0 { 0.0 } else { self.response_rate },
            "period_start": start,
            "period_end": end,
        });
        json_body(200, &body)
    }
}

pub(crate) fn json_body(status: u16, body: &Value) -> Response {
    Response::new(status).with("content-type", "application/json").body(body.to_string())
}
