//! Seats and reports as GitHub tells them; what is not needed is not read.

use quintant_sdk::prelude::*;
use serde::Deserialize;

/// `GET /orgs/{org}/copilot/billing`.
#[derive(Debug, Deserialize)]
pub struct Billing {
    pub seat_breakdown: Seats,
}

/// How many seats there are, and how many were used since the last bill.
#[derive(Debug, Deserialize)]
pub struct Seats {
    pub total: u32,
    pub active_this_cycle: u32,
}

/// `GET /orgs/{org}/copilot/metrics/reports/organization-1-day`.
#[derive(Debug, Deserialize)]
pub struct Report {
    pub download_links: Vec<String>,
}

/// A line of a report's file.
#[derive(Debug, Deserialize)]
struct Line {
    daily_active_users: u32,
}

/// How many people a day's files count, and how many lines could not be read. None: no line tells.
#[must_use]
pub fn daily_active_users(files: &[Response]) -> (Option<u32>, u32) {
    let lines = files.iter().flat_map(|file| file.body.split(|byte| *byte == b'\n'));
    let lines = lines.filter(|line| !line.trim_ascii().is_empty());
    let (mut people, mut rejected) = (None, 0_u32);
    for line in lines {
        match serde_json::from_slice::<Line>(line) {
            // An organization's day is one line; another one would count the same people again.
            Ok(line) => people = people.max(Some(line.daily_active_users)),
            Err(_) => rejected = rejected.saturating_add(1),
        }
    }
    (people, rejected)
}
