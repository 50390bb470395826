//! What belongs to the organization as a whole: its repositories, teams and their members, and the use of Copilot.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::paging::page;
use super::people::{WEB, account};
use super::repositories::repository;
use super::resources::Found;
use super::route::{Query, Shared};
use super::{View, World};
use crate::organisation::{AccountId, AccountKind, Repository, Team, date_of};

const LOGIN: &str = "acme";
const ID: &str = "39652351";
/// How long after a day ends its report is there.
const REPORTED_AFTER_DAYS: i32 = 2;

pub(super) fn found(world: &World, view: &View<'_>, organization: &str, resource: &Shared<'_>, query: &Query) -> Found {
    if organization != LOGIN && organization != ID {
        return Found::nothing();
    }
    let by_id = format!("{}/organizations/{ID}", view.base);
    match resource {
        Shared::Repositories => {
            if (query.get("type"), query.get("sort")) != (Some("all"), Some("full_name")) {
                return Found::unknown("repositories of another type than `all` or sorted by other than `full_name`");
            }
            let mut all: Vec<&Repository> =
                view.organisation.repositories.iter().filter(|repository| repository.created_at <= view.now).collect();
            all.sort_by_key(|repository| &repository.name);
            let page = page(&all, query, &format!("{by_id}/repos"));
            Found::list(page.items.iter().map(|item| repository(view, item)).collect(), page.link)
        }
        Shared::Teams => {
            let all: Vec<&Team> = view.organisation.teams.iter().collect();
            let page = page(&all, query, &format!("{by_id}/teams"));
            Found::list(page.items.iter().map(|item| team(view, item)).collect(), page.link)
        }
        Shared::Members(slug) => {
            if query.get("role") != Some("all") {
                return Found::unknown("members of another role than `all`");
            }
            if view.organisation.teams.iter().all(|team| team.name != *slug) {
                return Found::nothing();
            }
            let all = members(view, slug);
            let page = page(&all, query, &format!("{by_id}/team/{slug}/members"));
            Found::list(page.items.iter().map(|item| account(view, Some(*item))).collect(), page.link)
        }
        Shared::CopilotBilling if world.options.downloads.is_none() => Found::nothing(),
        Shared::CopilotBilling => {
            let (active, seats) = view.organisation.copilot.billed(date_of(view.now));
            Found::object(json!({
                "seat_breakdown": {
                    "total": seats,
                    "added_this_cycle": 0,
                    "pending_cancellation": 0,
                    "pending_invitation": 0,
                    "active_this_cycle": active,
                    "inactive_this_cycle": seats - active,
                },
                "seat_management_setting": "assign_selected",
                "ide_chat": "enabled",
                "platform_chat": "enabled",
                "cli": "enabled",
                "public_code_suggestions": "block",
                "plan_type": "business",
            }))
        }
        Shared::CopilotReport => report(world, view, query),
    }
}

fn report(world: &World, view: &View<'_>, query: &Query) -> Found {
    let Some(downloads) = &world.options.downloads else {
        return Found::nothing();
    };
    let Some(day) = query.get("day").and_then(|day| day.parse::<Date>().ok()) else {
        return Found::refusal(422, "day must be a date like 2026-01-31.");
    };
    if (date_of(view.now) - day).get_days() < REPORTED_AFTER_DAYS {
        return Found { status: 204, ..Found::object(Value::Null) };
    }
    let people = view.organisation.copilot.users(day);
    let link = format!("{downloads}/reports/{day}?daily_active_users={people}&signature=made-up");
    Found::object(json!({"download_links": [link], "report_day": day.to_string()}))
}

fn team(view: &View<'_>, team: &Team) -> Value {
    let id = team.name.bytes().fold(7_u64, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte));
    let url = format!("{}/organizations/{ID}/team/{id}", view.base);
    json!({
        "id": id,
        "node_id": format!("T_kwDO{id:010X}"),
        "url": url,
        "html_url": format!("{WEB}/orgs/{LOGIN}/teams/{}", team.name),
        "name": team.name,
        "slug": team.name,
        "description": null,
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "permission": "pull",
        "members_url": format!("{url}/members{{/member}}"),
        "repositories_url": format!("{url}/repos"),
        "parent": null,
    })
}

/// The accounts of everybody who is in the team that day.
fn members(view: &View<'_>, team: &str) -> Vec<AccountId> {
    let today = date_of(view.now);
    let organisation = view.organisation;
    let mut members = Vec::new();
    for (position, account) in organisation.accounts.iter().enumerate() {
        let is_its = |login: &String| login.eq_ignore_ascii_case(&account.login);
        let rows = organisation.roster.iter().filter(|row| row.from <= today && row.github.iter().any(is_its));
        let latest = rows.max_by_key(|row| row.from).and_then(|row| row.team.as_deref());
        if account.kind == AccountKind::User && latest == Some(team) {
            members.push(AccountId(position));
        }
    }
    members
}
