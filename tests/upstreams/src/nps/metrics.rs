//! Tallies of a window: both bounds count, an empty window scores 0, and the rate may exceed 100.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::json;

use super::Make;
use crate::loopback::Answer;
use crate::organisation::survey::Survey;

/// A date as it was sent.
enum Sent {
    Naive(DateTime),
    Aware(Timestamp),
}

/// None where the service fails: its database takes naive dates only, or aware ones only.
pub(super) fn metrics(survey: &Survey, make: Make, query: &[(String, String)], now: Timestamp) -> Option<Answer> {
    let sent = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str());
    let mut dates = Vec::new();
    for name in ["start_date", "end_date"] {
        let Some(text) = sent(name) else { continue };
        let Some(date) = read(text) else { return Some(unprocessable(name, text)) };
        dates.push(date);
    }
    // A date that is left out becomes an aware one: together with a naive one it can be neither compared nor stored.
    let [start, end] = dates.try_into().ok()?;
    let (from, to, echo) = match (make, start, end) {
        (Make::Original, Sent::Naive(start), Sent::Naive(end)) => {
            (utc(start)?, utc(end)?, [start, end].map(|date| date.strftime("%Y-%m-%dT%H:%M:%S%.f").to_string()))
        }
        (Make::Repaired, Sent::Aware(start), Sent::Aware(end)) => {
            (start, end, [start, end].map(|date| date.to_string()))
        }
        _ => return None,
    };
    let inside = |at: Timestamp| from <= at && at <= to && at <= now;
    let scores = || survey.responses.iter().filter(|response| inside(response.at)).map(|response| response.score);
    let promoters = scores().filter(|score| *score >= 9).count();
    let passives = scores().filter(|score| (7..=8).contains(score)).count();
    let total = scores().count();
    let detractors = total - promoters - passives;
    let sent: u32 =
        survey.invitations.iter().filter(|campaign| inside(campaign.at)).map(|campaign| campaign.sent).sum();
    let percent = |part: f64, whole: f64| if whole > 0.0 { (part / whole * 10_000.0).round() / 100.0 } else { 0.0 };
    let [promoting, detracting, all] =
        [promoters, detractors, total].map(|count| f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
    let [start, end] = echo;
    Some(Answer::json(
        200,
        &json!({
            "nps_score": percent(promoting - detracting, all),
            "total_responses": total,
            "promoters": promoters,
            "passives": passives,
            "detractors": detractors,
            "response_rate": percent(all, f64::from(sent)),
            "period_start": start,
            "period_end": end,
        }),
    ))
}

fn read(text: &str) -> Option<Sent> {
    text.parse().map(Sent::Aware).or_else(|_| text.parse().map(Sent::Naive)).ok()
}

fn utc(date: DateTime) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(date).ok()
}

fn unprocessable(name: &str, input: &str) -> Answer {
    let detail = json!([{
        "type": "datetime_from_date_parsing",
        "loc": ["query", name],
        "msg": "Input should be a valid datetime or date, invalid character in year",
        "input": input,
        "ctx": { "error": "invalid character in year" },
    }]);
    Answer::json(422, &json!({ "detail": detail }))
}
