//! A world as two sources list it: its code and deployments, and its chat.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use quintant::model::{Calendar, TeamName, Week};
use serde_json::{Value, json};

use super::play::name;
use super::world::{Account, MERGED_AFTER, World};

/// What has happened before a moment: work on code, what its source knows besides, and chat.
pub(super) fn listings(world: &World, before: Timestamp) -> [Value; 3] {
    let mut listings = [Vec::new(), Vec::new(), Vec::new()];
    let mut list = |place: usize, at: Timestamp, mut fact: Value| {
        if at < before {
            fact["at"] = json!(at.as_millisecond());
            listings[place].push(fact);
        }
    };
    let account = |account: Option<Account>| account.map(name);
    for (index, merge) in world.merges.iter().enumerate() {
        let opened_at = start_of(merge.week);
        let after = |seconds: i64| opened_at + SignedDuration::from_secs(seconds);
        let reviewed_at = merge.reviewer.map(|_| after(merge.waited).as_millisecond());
        let owner = merge.owner.map_or("nobody", |team| world.teams[team].as_str());
        let (repository, sha) = (format!("octo/{owner}"), format!("{index:040x}"));
        list(
            0,
            after(MERGED_AFTER),
            json!({
                "kind": "change", "key": format!("c{index}"), "repo": repository, "id": format!("{index}"), "author": account(merge.author),
                "opened_at": opened_at.as_millisecond(), "first_review_at": reviewed_at, "first_reviewer": account(merge.reviewer),
                "review_comments": merge.comments, "merge_sha": sha,
            }),
        );
        if let Some(reviewer) = merge.reviewer {
            list(
                0,
                after(merge.waited),
                json!({
                    "kind": "review", "key": format!("r{index}"), "repo": repository, "change": format!("{index}"), "reviewer": name(reviewer),
                    "change_author": account(merge.author),
                }),
            );
        }
        if let Some(seconds) = merge.delivered {
            list(
                1,
                after(seconds),
                json!({
                    "kind": "deployment", "key": format!("d{index}"), "service": "shop", "environment": "production", "id": format!("{index}"),
                    "started_at": opened_at.as_millisecond(), "shas": [sha],
                }),
            );
        }
    }
    for (index, (week, author)) in world.commits.iter().enumerate() {
        let sha = format!("{:040x}", index + 1_000_000);
        list(
            0,
            start_of(*week) + SignedDuration::from_hours(50),
            json!({
                "kind": "commit", "key": sha, "repo": "octo/nobody", "sha": sha, "author": name(*author),
            }),
        );
    }
    for (index, usage) in world.uses.iter().enumerate() {
        // A day of its own for each use of one tool by one account in a week.
        list(
            2,
            start_of(usage.week) + SignedDuration::from_hours(24),
            json!({
                "kind": "usage", "key": format!("u{index}"), "actor": name(usage.actor), "tool": usage.tool, "count": usage.count,
            }),
        );
    }
    for (index, (week, category, team)) in world.friction.iter().enumerate() {
        let team = team.map(|team| world.teams[team].as_str());
        list(
            2,
            start_of(*week) + SignedDuration::from_hours(60),
            json!({
                "kind": "friction", "key": format!("f{index}"), "category": category, "severity": "low", "team": team,
            }),
        );
    }
    for (index, incident) in world.incidents.iter().enumerate() {
        let (service, id) = (service(&world.teams[incident.team]), format!("i{index}"));
        let deployed_at = start_of(incident.week) + SignedDuration::from_hours(20);
        let opened_at = deployed_at + SignedDuration::from_hours(1);
        let deployment = json!({ "service": service, "environment": "production", "id": id });
        let opened = json!({
            "kind": "incident", "key": format!("{id}/opened"), "id": id, "service": service, "opened_at": opened_at.as_millisecond(),
            "caused_by": deployment,
        });
        let mut cause = deployment;
        cause["kind"] = json!("deployment");
        cause["key"] = json!(format!("d{id}"));
        cause["started_at"] = json!(deployed_at.as_millisecond());
        list(1, deployed_at, cause);
        if let Some(lasted) = incident.lasted {
            let mut resolved = opened.clone();
            resolved["key"] = json!(format!("{id}/resolved"));
            resolved["phase"] = json!("resolved");
            list(1, opened_at + SignedDuration::from_secs(lasted), resolved);
        }
        list(1, opened_at, opened);
    }
    for (index, (week, messages)) in world.tallies.iter().enumerate() {
        let (from, through) = (start_of(*week), start_of(week.plus(1)));
        list(
            2,
            through - SignedDuration::from_hours(1),
            json!({
                "kind": "tally", "key": format!("t{index}"), "tool": "mattermost", "scope": "town-square", "from": from.as_millisecond(),
                "through": through.as_millisecond(), "count": messages,
            }),
        );
    }
    listings.map(|facts| json!({ "facts": facts }))
}

/// What a team's service is called.
pub(super) fn service(team: &TeamName) -> String {
    format!("service-of-{team}")
}

fn start_of(week: Week) -> Timestamp {
    Calendar::new(TimeZone::UTC).start_of(week)
}
