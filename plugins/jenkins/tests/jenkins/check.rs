//! What `check` tells an operator.

use expect_test::{Expect, expect};
use quintant_sdk::prelude::*;
use serde_json::{Value, json};

use crate::server::{FOLDER, FREESTYLE, JenkinsServer, PIPELINE, built, html, source};

fn check(change: impl FnOnce(&mut JenkinsServer), settings: Value, expect: &Expect) {
    let mut server = JenkinsServer::with(&[("a", FOLDER), ("a/app", PIPELINE), ("deploy", FREESTYLE)]);
    server.build("a/app", built(1, 9_000, "SUCCESS"));
    server.build("deploy", built(1, 5, "SUCCESS"));
    server.pages.insert("/whoAmI/api/json".to_owned(), json!({ "anonymous": false }));
    server.pages.insert("/job/a/job/app/wfapi/runs".to_owned(), json!([]));
    change(&mut server);
    let items = source(&server.shared(), settings).check().unwrap();
    let lines: String = items
        .iter()
        .map(|item| {
            let hint = item.hint.as_deref().unwrap_or("-");
            format!("{:?} {}: {} ({hint})\n", item.status, item.name, item.message).replace("CheckStatus::", "")
        })
        .collect();
    expect.assert_eq(&lines);
}

fn rules() -> Value {
    json!({ "deployments": [{ "job": "deploy" }, { "job": "a/*", "stage": "Deploy" }] })
}

#[test]
fn everything_works() {
    check(
        |_| {},
        rules(),
        &expect![[r#"
            Pass jenkins reachable: Jenkins answered (-)
            Pass credential: accepted (-)
            Pass jobs: 2 can be read (-)
            Pass deployments of `deploy`: fits one job (-)
            Pass deployments of `a/*`, stages `Deploy`: fits one job (-)
            Pass stages: can be read (-)
        "#]],
    );
}

#[test]
fn rules_that_fit_nothing_and_stages_that_cannot_be_told() {
    check(
        |server| server.pages.remove("/job/a/job/app/wfapi/runs").map(|_| ()).unwrap(),
        json!({ "deployments": [{ "job": "a/app", "stage": "x" }, { "job": "b/*" }, { "job": "deploy", "stage": "x" }] }),
        &expect![[r#"
            Pass jenkins reachable: Jenkins answered (-)
            Pass credential: accepted (-)
            Pass jobs: 2 can be read (-)
            Pass deployments of `a/app`, stages `x`: fits one job (-)
            Warn deployments of `b/*`: no job has such a name (write full names as `folder/job`, multibranch projects without the branch; `*` stands for anything)
            Warn deployments of `deploy`, stages `x`: the jobs with such a name are no pipelines: they have no stages (leave `stage` out where the whole job deploys)
            Fail stages: Jenkins cannot tell them (install its plugin `pipeline-rest-api` (Pipeline: REST API))
        "#]],
    );
}

#[test]
fn nobody_may_see_anything() {
    check(
        |server| {
            server.items.clear();
            server.pages.insert("/whoAmI/api/json".to_owned(), json!({ "anonymous": true, "name": "anonymous" }));
        },
        json!({ "folders": ["a"] }),
        &expect![[r#"
            Pass jenkins reachable: Jenkins answered (-)
            Warn credential: Jenkins sees anonymous requests (set `auth = { basic = … }` to base64 of `USER:API-TOKEN`, unless anybody may read everything)
            Fail folder a: cannot be read, or not wholly (check its spelling, and that the account has Job/Read there)
            Fail jobs: no job that was ever built can be seen (give the account Job/Read, and look at `folders` and `exclude`: Jenkins leaves out what may not be read)
        "#]],
    );
}

#[test]
fn whoever_is_refused_is_told_why() {
    for (status, expect) in [
        (
            401,
            expect![[r#"
            Fail credential: Jenkins refused the credential: user name or API token are wrong, or none was sent (set `auth = { basic = … }` to base64 of `USER:API-TOKEN`, of a user who may read)
        "#]],
        ),
        (
            403,
            expect![[r#"
            Fail credential: Jenkins answers, but refuses to be read (give it the permissions Overall/Read and Job/Read)
        "#]],
        ),
        (
            200,
            expect![[r#"
            Fail credential: HTML instead of JSON: a login page, as single sign-on shows it; use an API token, and let it pass (set `auth = { basic = … }` to base64 of `USER:API-TOKEN`, of a user who may read)
        "#]],
        ),
        (
            404,
            expect![[r#"
            Fail jenkins reachable: there is no Jenkins at this address (the endpoint's `url` must have the context path, as in `https://HOST/jenkins`)
        "#]],
        ),
        (
            503,
            expect![[r#"
            Fail jenkins reachable: Jenkins is getting ready, or what stands before it is (status 503) (try again in a few minutes)
        "#]],
        ),
    ] {
        check(|server| server.fault = Some(Box::new(move |_| Some(html(status)))), json!({}), &expect);
    }
}

#[test]
fn nothing_answers() {
    let unreachable = |server: &mut JenkinsServer| {
        server.fault = Some(Box::new(|_| Some(Err(HttpError::Unreachable("dns".to_owned())))));
    };
    check(
        unreachable,
        json!({}),
        &expect![[r#"
        Fail jenkins reachable: Jenkins gave no usable answer (look at the endpoint's `url`, the network and any proxy)
    "#]],
    );
}
