//! What `check` tells an operator.

use expect_test::{Expect, expect};
use quintant_sdk::prelude::*;
use serde_json::json;

use crate::server::{Make, Shared, json_body, server, source};

fn check(server: &Shared, expect: &Expect) {
    let items = source(server, json!({})).check().unwrap();
    let line = |item: &CheckItem| {
        let hint = item.hint.as_deref().unwrap_or("-");
        format!("{:?} {}: {} ({hint})\n", item.status, item.name, item.message)
    };
    expect.assert_eq(&items.iter().map(line).collect::<String>());
}

#[test]
fn everything_works() {
    check(
        &server(&[("2026-07-07T10:00:00", 9)]),
        &expect![[r#"
        CheckStatus::Pass service: calls itself healthy (-)
        CheckStatus::Pass responses of week-2026-07-06: can be read, with dates that have no zone, as the service wants them (-)
    "#]],
    );
}

#[test]
fn a_repaired_service_and_a_doubtful_rate() {
    let server = server(&[("2026-07-07T10:00:00", 9)]);
    server.borrow_mut().make = Make::Repaired;
    server.borrow_mut().response_rate = 250.0;
    check(
        &server,
        &expect![[r#"
        CheckStatus::Pass service: calls itself healthy (-)
        CheckStatus::Pass responses of week-2026-07-06: can be read, with dates in UTC, as the service wants them (-)
        CheckStatus::Warn response rate: is above 100 % (it is kept with a mark: the service counts invitations of campaigns that started in the window)
    "#]],
    );
}

#[test]
fn a_service_without_its_database() {
    let server = server(&[]);
    server.borrow_mut().health = json!({ "status": "degraded", "database_connected": false });
    server.borrow_mut().fault = Some(Box::new(|url| {
        let failed = || Ok(json_body(500, &json!({ "detail": "Failed to calculate NPS metrics" })));
        url.starts_with("/api").then(failed)
    }));
    check(
        &server,
        &expect![[r#"
        CheckStatus::Fail service: reports that its database is not connected (its health is answered with 200 even then: look at its database)
        CheckStatus::Fail responses of week-2026-07-06: the NPS service reports that its database is not connected (it is tried again at every run)
    "#]],
    );
}

#[test]
fn another_service() {
    let server = server(&[]);
    server.borrow_mut().fault = Some(Box::new(|_| Some(Ok(Response::new(404)))));
    check(
        &server,
        &expect![[r#"
        CheckStatus::Warn service: `/health` answers nothing of use (look at the endpoint's `url`: it is what `/health` and `/api/v1/nps/metrics` lie below)
        CheckStatus::Fail responses of week-2026-07-06: there is no `/api/v1/nps/metrics` at the endpoint's `url` (correct the endpoint's `url`)
    "#]],
    );
}
