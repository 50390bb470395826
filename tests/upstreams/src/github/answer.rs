//! Turns what was found into an answer: who may ask at all, rate limit, entity tag and the headers that everything carries.

use axum::http::{HeaderMap, Method};
use jiff::Timestamp;

use super::resources::{Found, found};
use super::{View, World, graphql};

const API_VERSIONS: [&str; 2] = ["2022-11-28", "2026-03-10"];

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

pub(super) fn answer(world: &World, method: &Method, target: &str, headers: &HeaderMap, body: &[u8]) -> Answer {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let now = world.moving().now;
    if header("user-agent").is_none_or(str::is_empty) {
        let text =
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.\r\n";
        let headers = vec![("content-type", "application/octet-stream".to_owned()), ("date", date(now))];
        return Answer { status: 403, headers, body: text.as_bytes().to_vec() };
    }
    let view = View { organisation: &world.organisation, base: &world.base, now };
    let found = if header("authorization") != Some(&format!("Bearer {}", world.options.token)) {
        Found::refusal(401, "Bad credentials")
    } else if let Some(version) = header("x-github-api-version").filter(|version| !API_VERSIONS.contains(version)) {
        Found::refusal(400, &format!("Version \"{version}\" is not a supported version of the API."))
    } else if method == Method::POST && target == graphql::path(&world.options.prefix) {
        return graphql::answer(world, &view, body);
    } else if method != Method::GET {
        Found::unknown(&format!("the method `{method}`"))
    } else if is_spent(world) {
        Found::refusal(403, "API rate limit exceeded for user ID 39652352.")
    } else {
        found(world, &view, target)
    };
    finish(world, now, found, header("if-none-match"))
}

fn is_spent(world: &World) -> bool {
    let mut moving = world.moving();
    moving.begin_hour();
    moving.used >= world.options.requests_per_hour
}

fn finish(world: &World, now: Timestamp, found: Found, if_none_match: Option<&str>) -> Answer {
    let body = match found.status {
        204 => Vec::new(),
        _ => serde_json::to_vec(&found.body).expect("a JSON value can be written"),
    };
    let weak = if found.body.is_array() { "W/" } else { "" };
    let tag = format!("{weak}\"{}\"", fingerprint(&body));
    let unchanged = found.status == 200 && if_none_match.is_some_and(|tags| matches_tag(tags, &tag));

    let counted = !unchanged && found.status != 401;
    let (used, reset) = {
        let mut moving = world.moving();
        if counted && moving.used < world.options.requests_per_hour {
            moving.used += 1;
        }
        (moving.used, moving.reset_at(now).as_second())
    };
    let limit = world.options.requests_per_hour;
    let mut headers = vec![
        ("date", date(now)),
        ("content-type", "application/json; charset=utf-8".to_owned()),
        ("cache-control", "private, max-age=60, s-maxage=60".to_owned()),
        ("vary", "Accept, Authorization, Cookie, Accept-Encoding, X-Requested-With".to_owned()),
        ("x-github-media-type", "github.v3; format=json".to_owned()),
        ("x-github-api-version-selected", API_VERSIONS[0].to_owned()),
        ("x-ratelimit-limit", limit.to_string()),
        ("x-ratelimit-remaining", limit.saturating_sub(used).to_string()),
        ("x-ratelimit-used", used.to_string()),
        ("x-ratelimit-reset", reset.to_string()),
        ("x-ratelimit-resource", "core".to_owned()),
    ];
    if found.status == 200 {
        headers.push(("etag", tag));
    }
    headers.extend(found.link.map(|link| ("link", link)));
    headers.extend(found.location.map(|location| ("location", location)));
    if unchanged {
        return Answer { status: 304, headers, body: Vec::new() };
    }
    Answer { status: found.status, headers, body }
}

/// Weak comparison, as `If-None-Match` asks for.
fn matches_tag(tags: &str, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    tags.trim() == "*" || tags.split(',').any(|known| bare(known) == bare(tag))
}

/// 64 hexadecimal digits that differ when the bytes do (four FNV-1a sums with different seeds).
fn fingerprint(bytes: &[u8]) -> String {
    let mut sums = [0xcbf2_9ce4_8422_2325_u64, 0x9ae1_6a3b_2f90_404f, 0xc3a5_c85c_97cb_3127, 0xb492_b66f_be98_f273];
    for (index, byte) in bytes.iter().enumerate() {
        let sum = &mut sums[index % 4];
        *sum = (*sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    sums.iter().map(|sum| format!("{sum:016x}")).collect()
}

pub(super) fn date(now: Timestamp) -> String {
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap_or_default()
}
