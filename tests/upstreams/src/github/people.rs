//! User objects, as they are repeated all over GitHub's answers.

use serde_json::{Value, json};

use super::View;
use crate::organisation::{Account, AccountId, AccountKind, CommitAccount, CommitAuthor};

/// Where the web pages of the simulated service would be; nothing ever asks for one.
pub(super) const WEB: &str = "https://github.example.invalid";

pub(super) fn account(view: &View<'_>, id: Option<AccountId>) -> Value {
    id.map_or(Value::Null, |id| user(view, view.organisation.account(id)))
}

pub(super) fn committer(view: &View<'_>, author: &CommitAuthor) -> Value {
    match author.account {
        CommitAccount::Known(id) => account(view, Some(id)),
        CommitAccount::Null => Value::Null,
        CommitAccount::Empty => json!({}),
    }
}

/// The account behind every button of the web interface.
pub(super) fn web_flow(view: &View<'_>) -> Value {
    let account = Account {
        id: 19_864_447,
        login: "web-flow".to_owned(),
        name: "GitHub".to_owned(),
        email: "noreply@github.com".to_owned(),
        kind: AccountKind::User,
    };
    user(view, &account)
}

pub(super) fn owner(view: &View<'_>) -> Value {
    let mut owner = actor(view, 39_652_351, "acme", "Organization", &format!("{WEB}/acme"));
    owner["node_id"] = Value::from("O_kgDOAl0Kfw");
    owner
}

fn user(view: &View<'_>, account: &Account) -> Value {
    match account.kind {
        AccountKind::User => actor(view, account.id, &account.login, "User", &format!("{WEB}/{}", account.login)),
        AccountKind::Bot => {
            let app = account.login.trim_end_matches("[bot]");
            actor(view, account.id, &account.login, "Bot", &format!("{WEB}/apps/{app}"))
        }
    }
}

fn actor(view: &View<'_>, id: u64, login: &str, kind: &str, web: &str) -> Value {
    let url = format!("{}/users/{}", view.base, login.replace('[', "%5B").replace(']', "%5D"));
    json!({
        "login": login,
        "id": id,
        "node_id": format!("U_kgDO{id:08X}"),
        "avatar_url": format!("https://avatars.example.invalid/u/{id}?v=4"),
        "gravatar_id": "",
        "url": url,
        "html_url": web,
        "followers_url": format!("{url}/followers"),
        "following_url": format!("{url}/following{{/other_user}}"),
        "gists_url": format!("{url}/gists{{/gist_id}}"),
        "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{url}/subscriptions"),
        "organizations_url": format!("{url}/orgs"),
        "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events{{/privacy}}"),
        "received_events_url": format!("{url}/received_events"),
        "type": kind,
        "user_view_type": "public",
        "site_admin": false,
    })
}
