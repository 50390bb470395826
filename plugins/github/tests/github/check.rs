//! What `check` tells an operator.

use expect_test::{Expect, expect};
use quintant_sdk::prelude::*;

use crate::server::{GitHubServer, shared, source};

fn check(fault: impl Fn(&str) -> Option<Result<Response, HttpError>> + 'static, expect: &Expect) {
    let server = shared(GitHubServer { fault: Some(Box::new(fault)), ..GitHubServer::default() });
    let items = source(&server, &["octo/app", "octo/web"], 100).check().unwrap();
    let lines: String = items
        .iter()
        .map(|item| {
            let hint = item.hint.as_deref().unwrap_or("-");
            format!("{:?} {}: {} ({hint})\n", item.status, item.name, item.message)
        })
        .collect();
    expect.assert_eq(&lines);
}

#[test]
fn everything_works() {
    check(
        |_| None,
        &expect![[r#"
        CheckStatus::Pass api reachable: GitHub answered (-)
        CheckStatus::Pass credential: accepted; fine-grained, or of an app (it needs read access to metadata, contents, pull requests and issues)
        CheckStatus::Pass repository octo/app: can be read (-)
        CheckStatus::Pass repository octo/web: can be read (-)
    "#]],
    );
}

#[test]
fn a_refused_token_ends_the_report() {
    check(
        |_| Some(Ok(Response::new(401))),
        &expect![[r#"
        CheckStatus::Fail credential: GitHub refused the credential (the token is wrong, expired or revoked: create a new one)
    "#]],
    );
}

#[test]
fn a_server_without_limits_and_a_hidden_repository() {
    check(
        |url| {
            let hidden = url == "/rate_limit" || url.contains("/web");
            hidden.then(|| Ok(Response::new(404)))
        },
        &expect![[r#"
            CheckStatus::Pass api reachable: GitHub answered, without rate limits (-)
            CheckStatus::Pass repository octo/app: can be read (-)
            CheckStatus::Fail repository octo/web: does not exist, or the credential may not see it (check the spelling and the token's repository access)
        "#]],
    );
}

#[test]
fn scopes_and_a_renamed_repository() {
    check(
        |url| match url {
            "/rate_limit" => {
                let answer = Response::new(200).with("x-oauth-scopes", "read:org, public_repo");
                Some(Ok(answer.with("x-ratelimit-limit", "5000").body("{}")))
            }
            "/repos/octo/web" => {
                let body = r#"{"id":1,"full_name":"octo/site"}"#;
                Some(Ok(Response::new(200).body(body)))
            }
            _ => None,
        },
        &expect![[r#"
            CheckStatus::Pass api reachable: GitHub answered (-)
            CheckStatus::Warn credential: accepted, but without scope `repo` (private repositories need it)
            CheckStatus::Pass repository octo/app: can be read (-)
            CheckStatus::Warn repository octo/web: is called `octo/site` today (write the new name into `repositories`)
        "#]],
    );
}

#[test]
fn nothing_answers() {
    check(
        |_| Some(Err(HttpError::Unreachable("dns".to_owned()))),
        &expect![[r#"
            CheckStatus::Fail api reachable: GitHub gave no usable answer (look at the endpoint's `url`, the network and any proxy)
        "#]],
    );
}

#[test]
fn what_is_not_shown_of_a_repository_is_told_with_what_to_do() {
    check(
        |url| match url {
            "/repos/octo/app" => {
                Some(Ok(Response::new(200).body(r#"{"id":42,"url":"https://api.test/repos/octo/app"}"#)))
            }
            "/repos/octo/app/deployments?per_page=1" => Some(Ok(Response::new(403).body("{}"))),
            "/repos/octo/app/actions/runs?per_page=1" => Some(Ok(Response::new(200).body("{}"))),
            _ => None,
        },
        &expect![[r#"
            CheckStatus::Pass api reachable: GitHub answered (-)
            CheckStatus::Pass credential: accepted; fine-grained, or of an app (it needs read access to metadata, contents, pull requests and issues)
            CheckStatus::Pass repository octo/app: can be read (-)
            CheckStatus::Pass repository octo/web: can be read (-)
            CheckStatus::Pass pull requests: are read by REST, as it is set (-)
            CheckStatus::Warn deployments: are not shown to this credential, or not in use, in octo/app (give it read access to them, or set `deployments = false`)
            CheckStatus::Pass workflow runs: can be read (-)
        "#]],
    );
}
