//! What `check` tells an operator.

use expect_test::{Expect, expect};
use quintant_sdk::prelude::*;
use serde_json::{Value, json};

use crate::server::{ok, post, server, source, user};

fn check(settings: Value, fault: impl Fn(&str) -> Option<Result<Response, HttpError>> + 'static, expect: &Expect) {
    let server = server();
    server.borrow_mut().posts.insert("c1".to_owned(), vec![post("p1", "u1", "2026-07-14T09:00:00Z")]);
    server.borrow_mut().analytics.insert("post_counts_day".to_owned(), json!([]));
    server.borrow_mut().fault = Some(Box::new(fault));
    let items = source(&server, settings).check().unwrap();
    let line = |item: &CheckItem| {
        let hint = item.hint.as_deref().unwrap_or("-");
        format!("{:?} {}: {} ({hint})\n", item.status, item.name, item.message)
    };
    expect.assert_eq(&items.iter().map(line).collect::<String>());
}

#[test]
fn everything_works() {
    check(
        json!({}),
        |_| None,
        &expect![[r#"
        CheckStatus::Pass server: Mattermost answered (-)
        CheckStatus::Pass token: accepted (-)
        CheckStatus::Pass team engineering: its public channels can be listed (-)
    "#]],
    );
}

#[test]
fn posts_need_more() {
    check(
        json!({ "mode": "posts" }),
        |_| None,
        &expect![[r#"
        CheckStatus::Pass server: Mattermost answered (-)
        CheckStatus::Pass token: accepted (-)
        CheckStatus::Pass team engineering: posts of its public channels can be read (-)
        CheckStatus::Pass accounts: user names and addresses can be read (-)
    "#]],
    );
}

#[test]
fn analytics_say_what_they_include() {
    check(
        json!({ "mode": "analytics" }),
        |_| None,
        &expect![[r#"
        CheckStatus::Pass server: Mattermost answered (-)
        CheckStatus::Warn token: accepted, but not of a system administrator (analytics need the permission `manage_system` or a role that may read site statistics)
        CheckStatus::Pass team engineering: its analytics can be read (-)
        CheckStatus::Warn analytics: they include private channels, and days are those of the server's zone (set the server to the calendar's zone; `mode = "counts"` reads public channels only)
    "#]],
    );
}

#[test]
fn a_server_without_statistics() {
    check(
        json!({ "mode": "analytics" }),
        |url| url.contains("/analytics/").then(|| Ok(ok(&json!([{ "name": "", "value": -1 }])))),
        &expect![[r#"
            CheckStatus::Pass server: Mattermost answered (-)
            CheckStatus::Warn token: accepted, but not of a system administrator (analytics need the permission `manage_system` or a role that may read site statistics)
            CheckStatus::Warn team engineering: the server answers -1: it keeps no statistics (raise `MaxUsersForStatistics` on the server, or use `mode = "counts"`)
            CheckStatus::Warn analytics: they include private channels, and days are those of the server's zone (set the server to the calendar's zone; `mode = "counts"` reads public channels only)
        "#]],
    );
}

#[test]
fn a_refused_token_ends_the_report() {
    check(
        json!({}),
        |url| url.contains("/users/me").then(|| Ok(Response::new(401))),
        &expect![[r#"
        CheckStatus::Pass server: Mattermost answered (-)
        CheckStatus::Fail token: Mattermost refused the token: wrong, expired or revoked (create a new personal access token, or one of a bot account)
    "#]],
    );
}

#[test]
fn an_administrators_token_is_more_than_needed() {
    check(
        json!({}),
        |url| {
            let mut own = user("u1", "root-sample");
            own["roles"] = "system_user system_admin".into();
            url.contains("/users/me").then(|| Ok(ok(&own)))
        },
        &expect![[r#"
            CheckStatus::Pass server: Mattermost answered (-)
            CheckStatus::Warn token: accepted; of a system administrator (a bot account that is in the teams is enough, and cannot read private channels)
            CheckStatus::Pass team engineering: its public channels can be listed (-)
        "#]],
    );
}

#[test]
fn a_team_that_is_not_there_and_one_that_is_refused() {
    check(
        json!({ "teams": ["engineering", "nowhere"] }),
        |url| url.contains("/t1/channels").then(|| Ok(Response::new(403))),
        &expect![[r#"
            CheckStatus::Pass server: Mattermost answered (-)
            CheckStatus::Pass token: accepted (-)
            CheckStatus::Fail team nowhere: does not exist, or the account may not see it (check the spelling, and let the account join the team)
            CheckStatus::Fail team engineering: is refused to this account (let the account join the team, or give it the permission)
        "#]],
    );
}

#[test]
fn what_the_server_does_not_offer() {
    check(
        json!({ "mode": "analytics" }),
        |url| url.contains("/analytics/").then(|| Ok(Response::new(501))),
        &expect![[r#"
            CheckStatus::Pass server: Mattermost answered (-)
            CheckStatus::Warn token: accepted, but not of a system administrator (analytics need the permission `manage_system` or a role that may read site statistics)
            CheckStatus::Fail team engineering, analytics: is not offered: the server's licence or settings leave it out (use another `mode`, or switch it on in the server's system console)
            CheckStatus::Warn analytics: they include private channels, and days are those of the server's zone (set the server to the calendar's zone; `mode = "counts"` reads public channels only)
        "#]],
    );
    check(
        json!({ "mode": "posts" }),
        |url| url.contains("/users/ids").then(|| Err(HttpError::Denied("POST is not granted".to_owned()))),
        &expect![[r#"
            CheckStatus::Pass server: Mattermost answered (-)
            CheckStatus::Pass token: accepted (-)
            CheckStatus::Pass team engineering: posts of its public channels can be read (-)
            CheckStatus::Fail accounts: `mode = "posts"` asks who posted by `POST /api/v4/users/ids`, which changes nothing: POST is not granted (grant `post` among the endpoint's methods, or use another `mode`)
        "#]],
    );
}

#[test]
fn nothing_answers() {
    check(
        json!({}),
        |_| Some(Err(HttpError::Unreachable("dns".to_owned()))),
        &expect![[r#"
        CheckStatus::Fail server: `/api/v4/system/ping` gave no usable answer (look at the endpoint's `url` (without `/api/v4`), the network and any proxy)
    "#]],
    );
}
