//! Explains to an operator what works: the server, the token, each team, and what the mode needs.

use quintant_sdk::prelude::*;
use serde::Deserialize;

use crate::analytics;
use crate::api::{Api, Loss, Stop, get};
use crate::payload::{Channel, Id, PostPage, Team};
use crate::places;
use crate::posts;
use crate::settings::{Mode, Settings};

/// Looks at everything the feeds need.
///
/// # Errors
/// When the run was cancelled, or Mattermost answers what cannot be understood.
pub fn run(client: &Client, context: &Context<Settings>) -> Result<Vec<CheckItem>> {
    let api = Api::new(client, context.now);
    let settings = &context.settings;
    let mut items = Vec::new();
    let report = look(&api, settings, &mut items);
    match report {
        Ok(()) => {}
        Err(Error::Unauthorized(why)) => {
            items.push(
                CheckItem::fail("token", why).hint("create a new personal access token, or one of a bot account"),
            );
        }
        Err(Error::RateLimited(seconds)) => {
            let wait = seconds.map_or_else(String::new, |seconds| format!(" for {seconds} s"));
            let item = CheckItem::warn("rate limit", format!("used up{wait}"));
            items.push(item.hint("wait; lower `requests_per_hour` of the endpoint if this comes again"));
        }
        Err(Error::Misconfigured(why)) => items.push(CheckItem::fail("teams", why)),
        Err(Error::Transient(why)) => items.push(CheckItem::fail("server", why).hint("try again in a few minutes")),
        Err(error) => return Err(error),
    }
    Ok(items)
}

fn look(api: &Api<'_>, settings: &Settings, items: &mut Vec<CheckItem>) -> Result<()> {
    match api.send(&get("/system/ping")) {
        Ok(_) => items.push(CheckItem::pass("server", "Mattermost answered")),
        Err(Stop::Run(error)) => return Err(error),
        Err(Stop::Here(_)) => {
            let item = CheckItem::fail("server", "`/api/v4/system/ping` gave no usable answer");
            items.push(item.hint("look at the endpoint's `url` (without `/api/v4`), the network and any proxy"));
            return Ok(());
        }
    }
    let Some(own) = own_account(api, settings, items)? else { return Ok(()) };
    let teams = places::teams(api, settings)?;
    for (name, loss) in &teams.lost {
        items.push(lost(format!("team {name}"), *loss));
    }
    if teams.found.is_empty() && teams.lost.is_empty() {
        let item = CheckItem::fail("teams", "there is no open team that the account sees");
        items.push(item.hint("name the teams in `teams`, and let the account join them"));
    }
    for team in &teams.found {
        let name = format!("team {}", team.name);
        let channels = match places::channels(api, team.id.as_str(), settings) {
            Ok(channels) => channels.items,
            Err(Stop::Here(loss)) => {
                items.push(lost(name, loss));
                continue;
            }
            Err(Stop::Run(error)) => return Err(error),
        };
        if channels.is_empty() {
            let item = CheckItem::warn(name, "has no public channel that is read");
            items.push(item.hint("look at `channels_except`, and whether the account is in the team"));
            continue;
        }
        items.push(match settings.mode {
            Mode::Counts => CheckItem::pass(name, "its public channels can be listed"),
            Mode::Posts => channel_item(api, name, &channels)?,
            Mode::Analytics => analytics_item(api, name, team)?,
        });
    }
    match settings.mode {
        Mode::Counts => {}
        Mode::Posts => items.push(accounts_item(api, own)?),
        Mode::Analytics => items.push(
            CheckItem::warn("analytics", "they include private channels, and days are those of the server's zone")
                .hint("set the server to the calendar's zone; `mode = \"counts\"` reads public channels only"),
        ),
    }
    Ok(())
}

fn own_account(api: &Api<'_>, settings: &Settings, items: &mut Vec<CheckItem>) -> Result<Option<Id>> {
    #[derive(Deserialize)]
    struct Own {
        id: Id,
        roles: Option<String>,
    }
    let own = match api.send(&get("/users/me")) {
        Ok(response) => response.json::<Own>()?,
        Err(Stop::Run(error)) => return Err(error),
        Err(Stop::Here(loss)) => {
            items.push(lost("token".to_owned(), loss));
            return Ok(None);
        }
    };
    let is_administrator =
        own.roles.as_deref().unwrap_or_default().split_ascii_whitespace().any(|role| role == "system_admin");
    items.push(match (is_administrator, settings.mode) {
        (true, Mode::Counts | Mode::Posts) => CheckItem::warn("token", "accepted; of a system administrator")
            .hint("a bot account that is in the teams is enough, and cannot read private channels"),
        (false, Mode::Analytics) => CheckItem::warn("token", "accepted, but not of a system administrator")
            .hint("analytics need the permission `manage_system` or a role that may read site statistics"),
        _ => CheckItem::pass("token", "accepted"),
    });
    Ok(Some(own.id))
}

/// Whether posts can be read; of one channel, and of one post nothing is kept.
fn channel_item(api: &Api<'_>, name: String, channels: &[Channel]) -> Result<CheckItem> {
    let Some(channel) = channels.iter().max_by_key(|channel| channel.last_post_at) else {
        return Ok(CheckItem::pass(name, "has no channel to try"));
    };
    let request = get(format_args!("/channels/{}/posts", channel.id)).query("page", "0").query("per_page", "1");
    let page = match api.send(&request) {
        Ok(response) => PostPage::read(&response)?,
        Err(Stop::Here(loss)) => return Ok(lost(format!("{name}, posts of a public channel"), loss)),
        Err(Stop::Run(error)) => return Err(error),
    };
    if page.is_truncated {
        return Ok(CheckItem::warn(name, "posts can be read, but the server hides older ones")
            .hint("its licence limits the history: back-filling stops there"));
    }
    Ok(CheckItem::pass(name, "posts of its public channels can be read"))
}

fn analytics_item(api: &Api<'_>, name: String, team: &Team) -> Result<CheckItem> {
    match analytics::are_offered(api, &team.id) {
        Ok(true) => Ok(CheckItem::pass(name, "its analytics can be read")),
        Ok(false) => Ok(CheckItem::warn(name, "the server answers -1: it keeps no statistics")
            .hint("raise `MaxUsersForStatistics` on the server, or use `mode = \"counts\"`")),
        Err(Stop::Here(loss)) => Ok(lost(format!("{name}, analytics"), loss)),
        Err(Stop::Run(error)) => Err(error),
    }
}

fn accounts_item(api: &Api<'_>, own: Id) -> Result<CheckItem> {
    let name = "accounts";
    match posts::users(api, &[own]) {
        Ok(users) if users.items.iter().any(|user| user.email.as_deref().is_some_and(|email| !email.is_empty())) => {
            Ok(CheckItem::pass(name, "user names and addresses can be read"))
        }
        Ok(_) => {
            Ok(CheckItem::pass(name, "user names can be read, addresses cannot")
                .hint("write user names into the roster"))
        }
        Err(Stop::Here(loss)) => Ok(lost(format!("{name} (`POST /api/v4/users/ids`)"), loss)),
        Err(Stop::Run(Error::Misconfigured(why))) => {
            Ok(CheckItem::fail(name, why).hint("grant `post` among the endpoint's methods, or use another `mode`"))
        }
        Err(Stop::Run(error)) => Err(error),
    }
}

fn lost(name: String, loss: Loss) -> CheckItem {
    match loss {
        Loss::NotFound => CheckItem::fail(name, "does not exist, or the account may not see it")
            .hint("check the spelling, and let the account join the team"),
        Loss::Forbidden => CheckItem::fail(name, "is refused to this account")
            .hint("let the account join the team, or give it the permission"),
        Loss::NotOffered => CheckItem::fail(name, "is not offered: the server's licence or settings leave it out")
            .hint("use another `mode`, or switch it on in the server's system console"),
        Loss::Unavailable => CheckItem::fail(name, "gave no usable answer").hint("try again in a few minutes"),
    }
}
