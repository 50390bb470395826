//! Who may ask at all, the rate limiter, and which route answers; what is not known is 501.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{ADMINISTRATOR_TOKEN, Reset, World, analytics, listings, posts};
use crate::loopback::{Answer, Asked, parts};
use crate::organisation::chat::Chat;

/// One request's view of the server.
pub(super) struct View<'a> {
    pub(super) world: &'a World,
    pub(super) chat: &'a Chat,
    pub(super) now: Timestamp,
    pub(super) query: Vec<(String, String)>,
    pub(super) is_administrator: bool,
}

impl View<'_> {
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.parameter(name)?.parse().ok()
    }

    /// A page as it was asked for, but never longer than the server likes.
    pub(super) fn page<T>(&self, items: impl IntoIterator<Item = T>) -> Vec<T> {
        let size = self.page_size();
        let number = self.number("page").unwrap_or(0);
        items.into_iter().skip(number.saturating_mul(size)).take(size).collect()
    }

    pub(super) fn page_size(&self) -> usize {
        self.number("per_page").unwrap_or(60).min(self.world.options.largest_page)
    }
}

pub(super) fn answer(world: &World, asked: &Asked<'_>) -> Answer {
    let now = world.moving().now;
    let answer = match limit(world, now) {
        Ok(headers) => {
            headers.into_iter().fold(route(world, asked, now), |answer, (name, value)| answer.with(name, value))
        }
        Err(refusal) => refusal,
    };
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now);
    answer
        .with("date", date.expect("the story lies in this era"))
        .with("x-request-id", "j1pxq4me1jd9tn8bc7kq7mz7ya")
        .with("x-version-id", "10.5.1.10.5.1.simulated.true")
}

fn route(world: &World, asked: &Asked<'_>, now: Timestamp) -> Answer {
    let (path, query) = parts(asked.target);
    let Some(path) = path.strip_prefix("/api/v4/") else { return unknown(asked) };
    let segments: Vec<&str> = path.split('/').collect();
    if (asked.method, segments.as_slice()) == ("GET", &["system", "ping"]) {
        return Answer::json(200, &json!({ "status": "OK", "AndroidLatestVersion": "", "IosLatestVersion": "" }));
    }
    let token = asked.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let is_administrator = match token {
        Some(token) if token == world.options.token => false,
        Some(ADMINISTRATOR_TOKEN) => true,
        _ => {
            return refusal(
                401,
                "api.context.session_expired.app_error",
                "Invalid or expired session, please login again.",
            );
        }
    };
    let view = View { world, chat: &world.organisation.chat, now, query, is_administrator };
    if let Some((name, _)) = view.query.iter().find(|(name, _)| !parameters(&segments).contains(&name.as_str())) {
        return missing_here(&format!("the parameter `{name}` of {path}"));
    }
    match (asked.method, segments.as_slice()) {
        ("GET", ["users", "me"]) => listings::own_account(&view),
        ("POST", ["users", "ids"]) => listings::users_by_id(&view, asked.body),
        ("GET", ["teams"]) => listings::teams(&view),
        ("GET", ["teams", "name", name]) => listings::team_by_name(&view, name),
        ("GET", ["teams", id, "channels"]) => listings::channels(&view, id),
        ("GET", ["channels", id]) => listings::channel(&view, id),
        ("GET", ["channels", id, "posts"]) => posts::posts(&view, id),
        ("GET", ["analytics", "old"]) => analytics::analytics(&view),
        _ => unknown(asked),
    }
}

fn parameters(segments: &[&str]) -> &'static [&'static str] {
    match segments {
        ["teams"] | ["teams", _, "channels"] => &["page", "per_page"],
        ["channels", _, "posts"] => &["page", "per_page", "before", "since"],
        ["analytics", "old"] => &["name", "team_id"],
        _ => &[],
    }
}

/// Headers that tell what is left, or the refusal.
fn limit(world: &World, now: Timestamp) -> Result<Vec<(&'static str, String)>, Answer> {
    let Some(most) = world.options.requests_per_second else { return Ok(Vec::new()) };
    let mut moving = world.moving();
    if moving.second.0.elapsed() >= Duration::from_secs(1) {
        moving.second = (Instant::now(), 0);
    }
    moving.since_crowded += 1;
    if world.options.crowded_after.is_some_and(|after| moving.since_crowded > after) {
        (moving.since_crowded, moving.second.1) = (0, most);
    }
    let reset = match world.options.reset {
        Reset::Seconds => 1,
        Reset::Epoch => now.as_second() + 1,
    };
    let left = most.checked_sub(moving.second.1 + 1);
    let headers = vec![
        ("x-ratelimit-limit", most.to_string()),
        ("x-ratelimit-remaining", left.unwrap_or(0).to_string()),
        ("x-ratelimit-reset", reset.to_string()),
    ];
    if left.is_some() {
        moving.second.1 += 1;
        return Ok(headers);
    }
    let refusal = Answer { status: 429, headers, body: b"limit exceeded\n".to_vec() };
    let refusal = refusal.with("content-type", "text/plain; charset=utf-8");
    Err(match world.options.reset {
        Reset::Seconds => refusal.with("retry-after", "1"),
        Reset::Epoch => refusal,
    })
}

pub(super) fn refusal(status: u16, id: &str, message: &str) -> Answer {
    let request_id = "j1pxq4me1jd9tn8bc7kq7mz7ya";
    let body = json!({
        "id": id, "message": message, "detailed_error": "", "request_id": request_id, "status_code": status,
    });
    Answer::json(status, &body)
}

pub(super) fn forbidden() -> Answer {
    refusal(403, "api.context.permissions.app_error", "You do not have the appropriate permissions.")
}

pub(super) fn not_found() -> Answer {
    refusal(404, "app.channel.get.existing.app_error", "Unable to find the existing channel.")
}

fn unknown(asked: &Asked<'_>) -> Answer {
    missing_here(&format!("{} {}", asked.method, asked.target))
}

fn missing_here(what: &str) -> Answer {
    refusal(501, "simulation", &format!("the simulated Mattermost does not know {what}"))
}

pub(super) fn found(body: &Value) -> Answer {
    Answer::json(200, body)
}

/// Milliseconds, or 0 where there is none.
pub(super) fn millis(at: Option<Timestamp>) -> i64 {
    at.map_or(0, Timestamp::as_millisecond)
}
