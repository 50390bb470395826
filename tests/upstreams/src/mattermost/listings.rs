//! Teams, channels and accounts as the server lists them.

use serde_json::{Value, json};

use super::answer::{View, forbidden, found, millis, not_found, refusal};
use crate::loopback::Answer;
use crate::organisation::chat::{Channel, ChatTeam, ChatUser, PostKind, Privacy};

pub(super) fn own_account(view: &View<'_>) -> Answer {
    let roles = if view.is_administrator { "system_user system_admin" } else { "system_user" };
    found(&json!({
        "id": "q8wz9t1m7bd5ym3kx4oe6hsc2r", "create_at": 1_577_836_800_000_i64, "update_at": 1_577_836_800_000_i64,
        "delete_at": 0, "username": "quintant", "email": "quintant@localhost", "roles": roles, "is_bot": true,
        "bot_description": "counts messages",
    }))
}

/// A user of another kind is not told apart here: unknown ids are left out.
pub(super) fn users_by_id(view: &View<'_>, body: &[u8]) -> Answer {
    let Ok(ids) = serde_json::from_slice::<Vec<String>>(body) else {
        return refusal(
            400,
            "api.context.invalid_body_param.app_error",
            "Invalid or missing user_ids in request body.",
        );
    };
    if ids.is_empty() {
        return refusal(
            400,
            "api.context.invalid_body_param.app_error",
            "Invalid or missing user_ids in request body.",
        );
    }
    let known = view.chat.users.iter().filter(|user| ids.contains(&user.id));
    found(&known.map(|user| show_user(view, user)).collect())
}

fn show_user(view: &View<'_>, user: &ChatUser) -> Value {
    let deactivated_at = user.deactivated_at.filter(|at| *at <= view.now);
    let mut shown = json!({
        "id": user.id, "create_at": 1_577_836_800_000_i64, "update_at": 1_577_836_800_000_i64,
        "delete_at": millis(deactivated_at), "username": user.username, "auth_service": "", "email": user.email,
        "nickname": "", "first_name": "", "last_name": "", "position": "", "roles": "system_user", "locale": "en",
        "disable_welcome_email": false,
    });
    if user.is_bot {
        shown["is_bot"] = true.into();
        shown["bot_description"] = "".into();
    }
    shown
}

pub(super) fn teams(view: &View<'_>) -> Answer {
    let mut open: Vec<&ChatTeam> = view.chat.teams.iter().filter(|team| team.is_open).collect();
    open.sort_by_key(|team| &team.name);
    found(&view.page(open).into_iter().map(show_team).collect())
}

pub(super) fn team_by_name(view: &View<'_>, name: &str) -> Answer {
    match view.chat.teams.iter().find(|team| team.name == name) {
        Some(team) => found(&show_team(team)),
        None => refusal(404, "app.team.get_by_name.missing.app_error", "Unable to find the existing team."),
    }
}

fn show_team(team: &ChatTeam) -> Value {
    json!({
        "id": team.id, "create_at": 1_577_836_800_000_i64, "update_at": 1_577_836_800_000_i64, "delete_at": 0,
        "display_name": team.name, "name": team.name, "description": "", "email": "",
        "type": if team.is_open { "O" } else { "I" }, "company_name": "", "allowed_domains": "", "invite_id": "",
        "allow_open_invite": team.is_open, "scheme_id": null, "group_constrained": null, "policy_id": null,
    })
}

pub(super) fn channels(view: &View<'_>, team: &str) -> Answer {
    let Some(team) = view.chat.teams.iter().position(|known| known.id == team) else {
        return refusal(404, "app.team.get.find.app_error", "Unable to find the existing team.");
    };
    let is_listed = |channel: &Channel| {
        channel.team == Some(team)
            && channel.exists_at(view.now)
            && channel.is_public_at(view.now)
            && !channel.is_archived_at(view.now)
    };
    let mut listed: Vec<usize> =
        (0..view.chat.channels.len()).filter(|position| is_listed(&view.chat.channels[*position])).collect();
    listed.sort_by_key(|position| &view.chat.channels[*position].name);
    found(&view.page(listed).into_iter().map(|position| show_channel(view, position)).collect())
}

pub(super) fn channel(view: &View<'_>, id: &str) -> Answer {
    match readable(view, id) {
        Ok(position) => found(&show_channel(view, position)),
        Err(refusal) => refusal,
    }
}

/// The channel with that id, where the account may read it.
pub(super) fn readable(view: &View<'_>, id: &str) -> Result<usize, Answer> {
    let known = |channel: &Channel| channel.id == id && channel.exists_at(view.now);
    let position = view.chat.channels.iter().position(known).ok_or_else(not_found)?;
    if view.chat.channels[position].is_public_at(view.now) { Ok(position) } else { Err(forbidden()) }
}

fn show_channel(view: &View<'_>, position: usize) -> Value {
    let channel = &view.chat.channels[position];
    let all = || view.world.posts_of[position].iter().map(|post| &view.chat.posts[*post]);
    let posts = || all().take_while(|post| post.at <= view.now);
    let last = posts().filter(|post| post.kind != PostKind::System).last();
    let kind = match channel.privacy {
        _ if channel.is_public_at(view.now) => "O",
        Privacy::Direct => "D",
        _ => "P",
    };
    let (counted_from, base) = match channel.counter_reset {
        Some((at, count)) if at <= view.now => (at, count),
        _ => (jiff::Timestamp::MIN, channel.earlier_messages),
    };
    let counted = posts().filter(|post| post.kind != PostKind::System && post.at > counted_from);
    let total = base + counted.count() as u64;
    let last_post_at = last.map_or(channel.created_at, |post| post.at).as_millisecond();
    json!({
        "id": channel.id, "create_at": channel.created_at.as_millisecond(),
        "update_at": channel.created_at.as_millisecond(),
        "delete_at": millis(channel.archived_at.filter(|at| *at <= view.now)),
        "team_id": channel.team.map_or("", |team| view.chat.teams[team].id.as_str()), "type": kind,
        "display_name": channel.name, "name": channel.name, "header": "", "purpose": "",
        "last_post_at": last_post_at, "total_msg_count": total, "total_msg_count_root": total / 2,
        "extra_update_at": 0, "creator_id": "", "scheme_id": null, "props": null, "group_constrained": null,
        "shared": null, "policy_id": null, "last_root_post_at": last_post_at,
    })
}
