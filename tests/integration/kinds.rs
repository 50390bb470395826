//! Facts of every kind, from a guest to their rows: as they were told, once, and gone when they no longer hold.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use jiff::{SignedDuration, Timestamp};
use quintant::app::Collector;
use quintant::model::{Rejected, RejectedCounts};
use quintant::store::RunSummary;
use quintant_tests::{Host, HostOptions, Site, emitting_sources};
use quintant_upstreams::script::{Answer, Script, Scripted};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const AT: &str = "2026-11-19T12:00:00Z";
const DAY: &str = "2026-11-19T00:00:00Z";
const SHA: &str = "0123456789abcdef0123456789abcdef01234567";
const TABLES: [&str; 12] = [
    "raw.change",
    "raw.review",
    "raw.commit",
    "raw.build",
    "raw.deployment",
    "raw.incident",
    "raw.usage",
    "raw.tally",
    "raw.survey_response",
    "raw.friction",
    "raw.membership",
    "raw.sample",
];

/// Whose work each of them holds.
/// Whose a fact of each of them is.
const BEARERS: [&str; 12] =
    ["author", "reviewer", "author", OWNER, OWNER, OWNER, "actor", "NULL::bytea", TEAM, TEAM, "account", "actor"];
const OWNER: &str = "convert_to(owner, 'UTF8')";
const TEAM: &str = "convert_to(team, 'UTF8')";

const GRANTS: &str = "samples = { queue_length = \"system\", focus_hours = \"person\" }";
const SERVICES: &str = "[[team]]\nname = \"amber\"\n[[service]]\nname = \"payments\"\nteam = \"amber\"\n\
     pipelines = [\"payments/*\"]\nrepositories = [\"octo/payments\"]\nproduction = [\"live\"]\n";

fn ms(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

fn work() -> Vec<Value> {
    let (at, before) = (ms(AT), ms("2026-11-18T12:00:00Z"));
    vec![
        json!({ "kind": "change", "key": "1/merged", "at": at, "repo": "octo/payments", "id": "1", "opened_at": before, "author": "dev-001",
                "merge_sha": SHA }),
        json!({ "kind": "review", "key": "r1", "at": at, "repo": "octo/payments", "change": "1", "reviewer": "dev-002" }),
        json!({ "kind": "commit", "key": "1@a", "at": at, "repo": "octo/payments", "sha": SHA, "author": "dev-001" }),
    ]
}

fn rest() -> Vec<Value> {
    let (at, before, day) = (ms(AT), ms("2026-11-19T11:00:00Z"), ms(DAY));
    let deployed = json!({ "service": "payments/deploy", "environment": "Live", "id": "7" });
    vec![
        json!({ "kind": "build", "key": "b7", "at": at, "pipeline": "payments/api", "number": 7, "attempt": 2, "sha": SHA,
                "on_default_branch": true, "started_at": before, "result": "unstable", "lines_covered": 80, "lines_total": 100,
                "tests_failed": 3 }),
        json!({ "kind": "deployment", "key": "d7", "at": at, "service": "payments/deploy", "environment": "Live", "id": "7",
                "started_at": before, "repo": "octo/payments", "head_sha": SHA, "shas": [SHA, "f".repeat(40)], "unplanned": true }),
        json!({ "kind": "deployment", "key": "d8", "at": at, "service": "other", "environment": "Production", "id": "8",
                "started_at": before, "result": "failure", "rollback": true, "rolls_back": deployed }),
        json!({ "kind": "incident", "key": "i1/opened", "at": before, "id": "i1", "service": "octo/payments", "opened_at": before,
                "caused_by": deployed, "severity": "High" }),
        json!({ "kind": "incident", "key": "i1/resolved", "at": at, "id": "i1", "service": "octo/payments", "opened_at": before,
                "phase": "resolved", "caused_by": deployed }),
        json!({ "kind": "usage", "key": "ai/dev-001", "at": day, "actor": "dev-001", "tool": "ai", "count": 12 }),
        json!({ "kind": "tally", "key": "chat", "at": ms("2026-11-20T00:00:00Z"), "tool": "mattermost", "scope": "town-square",
                "from": day, "through": ms("2026-11-20T00:00:00Z"), "count": 40, "people": 6, "eligible": 9, "bots_included": true }),
        json!({ "kind": "survey_response", "key": "s1", "at": at, "instrument": "pulse", "campaign": "autumn", "team": "AMBER",
                "answers": { "score": 9, "flow-days": 2.5 } }),
        json!({ "kind": "friction", "key": "f1", "at": at, "category": "slow-builds", "severity": "high", "team": "amber" }),
        json!({ "kind": "membership", "key": "m1", "at": at, "account": "dev-001", "team": "amber" }),
        json!({ "kind": "membership", "key": "m2", "at": at, "account": "dev-002", "team": "guild" }),
        json!({ "kind": "membership", "key": "m3", "at": at, "account": "dev-003" }),
        json!({ "kind": "sample", "key": "q1", "at": at, "metric": "queue_length", "value": 2.5, "scope": "payments" }),
        json!({ "kind": "sample", "key": "h1", "at": at, "metric": "focus_hours", "value": 4, "actor": "dev-001" }),
    ]
}

fn keys(facts: &[Value]) -> Vec<[Value; 2]> {
    facts.iter().map(|fact| [fact["kind"].clone(), fact["key"].clone()]).collect()
}

/// The same facts, some days later.
fn moved(facts: Vec<Value>, days: i64) -> Vec<Value> {
    let later = |value: &mut Value| {
        if let Some(at) = value.as_i64().filter(|at| *at > 1_000_000_000_000) {
            *value = json!(at + days * 86_400_000);
        }
    };
    let moved = |mut fact: Value| {
        fact.as_object_mut().unwrap().values_mut().for_each(later);
        fact
    };
    facts.into_iter().map(moved).collect()
}

fn listing(listing: &Value) -> Answer {
    Answer::json(200, listing)
}

/// An upstream whose feeds list these one after the other.
async fn upstream(work: &[Value], rest: &[Value]) -> Scripted {
    let mut script = Script::new();
    for (prefix, listings) in [("/work", work), ("/rest", rest)] {
        for (number, said) in (1..).zip(listings) {
            script = script.on_nth(prefix, number, listing(said));
        }
    }
    script.on("/", listing(&json!({}))).start().await.unwrap()
}

async fn host(scripted: &Scripted) -> Host {
    let text = emitting_sources(&[("emitting", scripted.url(), GRANTS)]) + SERVICES;
    Host::for_text(&text, HostOptions::default()).await
}

async fn collect(host: &Host) -> [RunSummary; 2] {
    let summaries: [RunSummary; 2] = host.collect().await.try_into().unwrap();
    assert!(summaries.iter().all(|summary| summary.code.is_none()), "{summaries:?}");
    summaries
}

async fn check_rows(host: &Host, table: &str, expected: Expect) {
    expected.assert_eq(&(host.database.rows(table).await.join("\n") + "\n"));
}

async fn sizes(host: &Host) -> Vec<usize> {
    let mut sizes = Vec::new();
    for table in TABLES {
        sizes.push(host.database.rows(table).await.len());
    }
    sizes
}

/// Which transaction wrote each fact.
async fn versions(host: &Host) -> Vec<i64> {
    let versions = TABLES.map(|table| format!("SELECT xmin::text::bigint FROM {table}")).join(" UNION ALL ");
    host.database.numbers_by(&versions).await
}

const WHOLE: [usize; 12] = [1, 1, 1, 1, 2, 2, 1, 1, 1, 1, 3, 2];

#[tokio::test]
async fn facts_of_every_kind_are_stored_as_they_were_told() {
    let scripted = upstream(&[json!({ "facts": work() })], &[json!({ "facts": rest() })]).await;
    let host = host(&scripted).await;
    let [_, summary] = collect(&host).await;
    assert_eq!((summary.facts, summary.rejected, summary.report.facts.len()), (14, 0, 9));
    assert_eq!(summary.report.unmapped, BTreeMap::from([("other".to_owned(), 1)]));
    check_rows(
        &host,
        "raw.commit",
        expect![[r#"
        week=2967 at_ms=1795089600000 sha=#16 author=#16 parents=1 repository=#16 earlier_repository=#16
    "#]],
    )
    .await;
    check_rows(&host, "raw.build", expect![[r#"
        week=2967 at_ms=1795089600000 pipeline=#16 earlier_pipeline=#16 service=payments owner=amber attempt=2 sha=#16 on_default_branch=true started_ms=1795086000000 result=unstable lines_covered=80 lines_total=100 tests_failed=3
    "#]]).await;
    check_rows(&host, "raw.deployment", expect![[r#"
        week=2967 at_ms=1795089600000 deployment=#16 service_key=#16 earlier_service_key=#16 environment=#16 production=true started_ms=1795086000000 result=failure rollback=true rolls_back=#16 earlier_rolls_back=#16 unplanned=false
        week=2967 at_ms=1795089600000 deployment=#16 service_key=#16 earlier_service_key=#16 service=payments owner=amber environment=#16 production=true started_ms=1795086000000 result=success repository=#16 head_sha=#16 earlier_head_sha=#16 shas=#32 earlier_shas=#32 rollback=false unplanned=true
    "#]]).await;
    check_rows(&host, "raw.incident", expect![[r#"
        week=2967 at_ms=1795086000000 incident=#16 earlier_incident=#16 service_key=#16 earlier_service_key=#16 service=payments owner=amber phase=opened opened_ms=1795086000000 caused_by=#16 earlier_caused_by=#16 severity=high
        week=2967 at_ms=1795089600000 incident=#16 earlier_incident=#16 service_key=#16 earlier_service_key=#16 service=payments owner=amber phase=resolved opened_ms=1795086000000 caused_by=#16 earlier_caused_by=#16
    "#]]).await;
    check_rows(
        &host,
        "raw.usage",
        expect![[r#"
        week=2967 at_ms=1795046400000 actor=#16 tool=ai count=12
    "#]],
    )
    .await;
    check_rows(&host, "raw.tally", expect![[r#"
        week=2967 at_ms=1795132799999 tool=mattermost scope=#16 from_ms=1795046400000 through_ms=1795132800000 count=40 people=6 eligible=9 bots_included=true
    "#]]).await;
    check_rows(
        &host,
        "raw.survey_response",
        expect![[r#"
        week=2967 at_ms=1795089600000 instrument=pulse campaign=#16 team=amber score=9 flow_days=2.5
    "#]],
    )
    .await;
    check_rows(
        &host,
        "raw.friction",
        expect![[r#"
        week=2967 at_ms=1795089600000 category=slow-builds severity=high team=amber
    "#]],
    )
    .await;
    check_rows(
        &host,
        "raw.membership",
        expect![[r#"
        week=2967 at_ms=1795089600000 account=#16
        week=2967 at_ms=1795089600000 account=#16 team_key=#16
        week=2967 at_ms=1795089600000 account=#16 team_key=#16 team=amber
    "#]],
    )
    .await;
    check_rows(
        &host,
        "raw.sample",
        expect![[r#"
        week=2967 at_ms=1795089600000 metric=focus_hours value=4 actor=#16
        week=2967 at_ms=1795089600000 metric=queue_length value=2.5 scope=#16
    "#]],
    )
    .await;
    host.finish().await;
}

#[tokio::test]
async fn facts_that_are_read_again_are_not_written_again() {
    let (work, rest) = (json!({ "facts": work() }), json!({ "facts": rest() }));
    let scripted = upstream(&[work.clone(), work], &[rest.clone(), rest]).await;
    let host = host(&scripted).await;
    collect(&host).await;
    let (written, rows) = (versions(&host).await, host.database.dump("raw").await);
    assert_eq!(written.len(), WHOLE.iter().sum::<usize>());
    collect(&host).await;
    assert_eq!(versions(&host).await, written);
    assert_eq!(host.database.dump("raw").await, rows);
    host.finish().await;
}

#[tokio::test]
async fn a_fact_of_any_kind_leaves_the_week_that_it_moves_from() {
    let listings = |facts: fn() -> Vec<Value>| {
        [json!({ "facts": facts() }), json!({ "facts": moved(facts(), -7) }), json!({ "facts": moved(facts(), -42) })]
    };
    let scripted = upstream(&listings(work), &listings(rest)).await;
    let host = host(&scripted).await;
    let weeks = TABLES.map(|table| format!("SELECT week::bigint FROM {table}")).join(" UNION ");
    for week in [2967, 2966, 2961] {
        collect(&host).await;
        assert_eq!(host.database.numbers_by(&weeks).await, [week]);
        assert_eq!(sizes(&host).await, WHOLE);
    }
    host.finish().await;
}

#[tokio::test]
async fn a_fact_of_any_kind_is_gone_when_it_is_taken_back() {
    let taken_back = |facts: Vec<Value>| json!({ "retract": keys(&facts) });
    let scripted =
        upstream(&[json!({ "facts": work() }), taken_back(work())], &[json!({ "facts": rest() }), taken_back(rest())])
            .await;
    let host = host(&scripted).await;
    collect(&host).await;
    assert_eq!(sizes(&host).await, WHOLE);
    collect(&host).await;
    assert_eq!(sizes(&host).await, [0; 12]);
    host.finish().await;
}

#[tokio::test]
async fn a_fact_of_any_kind_that_was_told_stays_as_it_was_told() {
    let taken_back = |facts: Vec<Value>| json!({ "retract": keys(&facts), "facts": moved(facts, -42) });
    let scripted = upstream(
        &[json!({ "facts": work() }), json!({ "facts": moved(work(), -7) }), taken_back(work())],
        &[json!({ "facts": rest() }), json!({ "facts": moved(rest(), -7) }), taken_back(rest())],
    )
    .await;
    let host = host(&scripted).await;
    collect(&host).await;
    for (table, bearer) in TABLES.into_iter().zip(BEARERS) {
        let kind = table.strip_prefix("raw.").unwrap();
        let told = format!(
            "INSERT INTO raw.assignment SELECT DISTINCT week, '{kind}', coalesce({bearer}, ''::bytea), 'amber' FROM {table}"
        );
        host.database.execute_by(&told).await;
    }
    let written = versions(&host).await;
    for _ in 0..2 {
        collect(&host).await;
        assert_eq!(versions(&host).await, written);
    }
    host.finish().await;
}

#[tokio::test]
async fn facts_of_every_kind_go_with_their_epoch() {
    let scripted = upstream(&[json!({ "facts": work() })], &[json!({ "facts": rest() })]).await;
    let host = host(&scripted).await;
    collect(&host).await;
    let epochs = "SELECT count(*) FROM pg_class WHERE relname ~ '_e228$' AND relkind = 'r'";
    assert_eq!(host.database.count(epochs).await, 12);
    let joined = "SELECT (SELECT count(*) FROM raw.deployment WHERE coalesce(earlier_shas, earlier_head_sha, earlier_service_key, earlier_rolls_back) IS NOT NULL)
        + (SELECT count(*) FROM raw.incident WHERE coalesce(earlier_incident, earlier_service_key, earlier_caused_by) IS NOT NULL)
        + (SELECT count(*) FROM raw.build WHERE earlier_pipeline IS NOT NULL)
        + (SELECT count(*) FROM raw.commit WHERE earlier_repository IS NOT NULL)";
    assert_eq!(host.database.count(joined).await, 6);
    forget(&host, "2027-02-01T12:00:00Z").await;
    assert_eq!(
        (sizes(&host).await, host.database.count(joined).await),
        (WHOLE.to_vec(), 0),
        "the epoch before is gone"
    );
    forget(&host, "2027-02-28T12:00:00Z").await;
    assert_eq!(sizes(&host).await, [0; 12]);
    forget(&host, "2027-06-01T12:00:00Z").await;
    assert_eq!(host.database.count(epochs).await, 0);
    host.finish().await;
}

async fn forget(host: &Host, now: &str) {
    host.set_now(now.parse().unwrap());
    Collector::new(&host.app, CancellationToken::new()).forget().await.unwrap();
}

#[tokio::test]
async fn what_one_source_deploys_is_found_where_another_landed_it() {
    let landed = moved(vec![work()[2].clone()], -35);
    let code = upstream(&[json!({ "facts": landed })], &[]).await;
    let delivery = upstream(&[], &[json!({ "facts": rest() })]).await;
    let text = emitting_sources(&[("code", code.url(), ""), ("delivery", delivery.url(), "")]) + SERVICES;
    let host = Host::for_text(&text, HostOptions::default()).await;
    host.collect_from("code").await;
    host.collect_from("delivery").await;
    let found = "SELECT count(*) FROM raw.deployment d JOIN raw.commit c
        ON c.epoch = d.epoch - 1 AND c.sha = substring(d.earlier_shas, 1, 16) AND c.sha = d.earlier_head_sha";
    assert_eq!(host.database.count(found).await, 1);
    let rolled_back = "SELECT count(*) FROM raw.deployment d JOIN raw.deployment r ON r.rolls_back = d.deployment";
    assert_eq!(host.database.count(rolled_back).await, 1);
    let caused = "SELECT count(*) FROM raw.incident i JOIN raw.deployment d ON i.caused_by = d.deployment";
    assert_eq!(host.database.count(caused).await, 2);
    host.finish().await;
}

#[tokio::test]
async fn what_cannot_be_is_left_out_with_its_reason() {
    let (at, day) = (ms(AT), ms(DAY));
    let tally = |key: &str, from: i64, through: i64, count: Option<u32>| json!({ "kind": "tally", "key": key, "at": from, "tool": "ai", "from": from, "through": through, "count": count });
    let usage = |key: &str, at: i64, actor: Option<&str>, tool: &str, count: u32| json!({ "kind": "usage", "key": key, "at": at, "actor": actor, "tool": tool, "count": count });
    let sample = |key: &str, metric: &str, value: f64, actor: Option<&str>| json!({ "kind": "sample", "key": key, "at": at, "metric": metric, "value": value, "actor": actor });
    let response = |key: &str, answers: Value| json!({ "kind": "survey_response", "key": key, "at": at, "instrument": "pulse", "campaign": "c", "answers": answers });
    let many: Vec<String> = (0..1001).map(|number| format!("{number:040x}")).collect();
    let facts = vec![
        // Taken without a part.
        json!({ "kind": "build", "key": "b", "at": at, "pipeline": "p", "started_at": at + 1, "lines_covered": 2, "lines_total": 1 }),
        json!({ "kind": "deployment", "key": "d", "at": at, "service": "s", "environment": "e", "id": "1", "started_at": at, "shas": many }),
        json!({ "kind": "incident", "key": "i", "at": at, "id": "i", "service": "s", "opened_at": at, "severity": "very high" }),
        response("s", json!({ "score": 11, "rating": 4, "favourite-colour": 3 })),
        json!({ "kind": "friction", "key": "f", "at": at, "category": "ci", "severity": "low", "team": "nobody's" }),
        // Refused.
        json!({ "kind": "incident", "key": "i2", "at": at, "id": "i", "service": "s", "opened_at": at + 1, "phase": "resolved" }),
        json!({ "kind": "incident", "key": "i3", "at": at, "id": "i", "service": "s", "opened_at": at - 1 }),
        usage("u1", at, Some("dev-001"), "ai", 1),
        usage("u2", day, Some("dev-001"), "dev@example.invalid", 1),
        usage("u3", day, Some("dev-001"), "ai", 100_001),
        usage("u4", day, None, "ai", 1),
        tally("t1", day, day, Some(1)),
        tally("t2", day, day + 1, None),
        tally("t3", day, day + 367 * 86_400_000, Some(1)),
        response("s2", json!({ "score": 9.5 })),
        json!({ "kind": "friction", "key": "f2", "at": at, "category": "The build is slow", "severity": "low" }),
        json!({ "kind": "membership", "key": "m", "at": at, "team": "amber" }),
        sample("q1", "unheard_of", 1.0, None),
        sample("q2", "was_helped", 1.0, None),
        sample("q3", "queue_length", 1.0, Some("dev-001")),
        sample("q4", "focus_hours", 1.0, None),
        sample("q5", "focus_hours", -1.0, Some("dev-001")),
    ];
    let scripted = upstream(&[], &[json!({ "facts": facts })]).await;
    let host = host(&scripted).await;
    let [_, summary] = collect(&host).await;
    let expected = RejectedCounts::from([
        (Rejected::PhaseOutOfOrder, 1),
        (Rejected::Contradictory, 4),
        (Rejected::TooManyCommits, 1),
        (Rejected::BadWord, 3),
        (Rejected::OutOfBounds, 5),
        (Rejected::UnknownQuestion, 1),
        (Rejected::UnknownTeam, 1),
        (Rejected::NotADay, 1),
        (Rejected::NoActor, 3),
        (Rejected::Empty, 2),
        (Rejected::UndeclaredMetric, 1),
        (Rejected::NotGranted, 1),
        (Rejected::UnwantedActor, 1),
    ]);
    assert_eq!((summary.report.rejected, summary.facts), (expected, 5));
    assert_eq!(host.database.count("SELECT length(shas)::bigint FROM raw.deployment").await, 16_000);
    host.finish().await;
}

#[tokio::test]
async fn machines_use_nothing_and_belong_nowhere() {
    let facts = vec![
        json!({ "kind": "usage", "key": "u", "at": ms(DAY), "actor": "helper[bot]", "tool": "ai", "count": 3 }),
        json!({ "kind": "membership", "key": "m", "at": ms(AT), "account": "helper[bot]", "team": "amber" }),
        json!({ "kind": "sample", "key": "s", "at": ms(AT), "metric": "focus_hours", "value": 3, "actor": "helper[bot]" }),
    ];
    let scripted = upstream(&[], &[json!({ "facts": facts })]).await;
    let host = host(&scripted).await;
    let [_, summary] = collect(&host).await;
    assert_eq!((summary.facts, summary.rejected), (0, 0));
    assert_eq!(host.database.count("SELECT count(*) FROM raw.alias").await, 0);
    host.finish().await;
}

#[tokio::test]
async fn a_grant_names_a_declared_metric_and_whom_it_is_about() {
    let refusal = async |grants: &str| {
        let text = emitting_sources(&[("emitting", "http://127.0.0.1:9", grants)]);
        let refusal = Host::refusal(&text).await;
        refusal.lines().filter(|line| !line.contains("quintant.toml")).collect::<Vec<_>>().join("\n")
    };
    expect![[r#"
        error: unknown metric `focus_hour` in `samples`
           |
        12 | samples = { focus_hour = "person" }
           |                          ^^^^^^^^ did you mean `focus_hours`?
           |
           = help: allowed are `queue_length`, `focus_hours`, `was_helped`
    "#]]
    .assert_eq(&refusal("samples = { focus_hour = \"person\" }").await);
    expect![[r#"
        error: the plugin declares `focus_hours` for the subject `person`, not `system`
           |
        12 | samples = { focus_hours = "system" }
           |                           ^^^^^^^^ write "person" if that may be kept
    "#]]
    .assert_eq(&refusal("samples = { focus_hours = \"system\" }").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_which_samples_are_kept_and_how_others_would_be() {
    let site =
        Site::new(&emitting_sources(&[("emitting", "http://127.0.0.1:9", "samples = { focus_hours = \"person\" }")]));
    site.write("database.url", "postgres://nobody@127.0.0.1:9/nothing");
    let ran = site.run(&["check"]);
    let said = ran.stdout.split_once('\n').map(|(_, rest)| rest.to_owned());
    expect![[r#"
        samples of `queue_length` are refused; `samples = { queue_length = "system" }` would keep them
        samples of `focus_hours` are kept, about the subject `person`
        samples of `was_helped` are refused; `samples = { was_helped = "anonymous" }` would keep them
        the configuration is good; `check --online` asks the sources
    "#]]
    .assert_eq(&said.unwrap_or_default().lines().map(|line| line.trim_start().to_owned() + "\n").collect::<String>());
}

#[tokio::test]
async fn only_the_chosen_feeds_are_read() {
    let scripted = upstream(&[], &[json!({ "facts": work() })]).await;
    let text = emitting_sources(&[("emitting", scripted.url(), "feeds = [\"rest\"]")]);
    let host = Host::for_text(&text, HostOptions::default()).await;
    let runs = host.collect().await;
    assert_eq!(runs.len(), 1);
    host.finish().await;
    for (feeds, expected) in
        [("[\"everything\"]", "unknown feed `everything` in `feeds`"), ("[]", "`feeds` names no feed")]
    {
        let text = emitting_sources(&[("emitting", "http://127.0.0.1:9", &format!("feeds = {feeds}"))]);
        let refusal = Host::refusal(&text).await;
        assert!(refusal.contains(expected), "{refusal}");
        assert!(refusal.contains(&format!("| feeds = {feeds}")), "{refusal}");
    }
}

#[tokio::test]
async fn a_cursor_of_an_older_version_is_dropped_and_the_look_back_is_read_again() {
    let first = json!({ "facts": work(), "cursor": "one" });
    let second = json!({ "takes": "two" });
    let third = json!({ "facts": work(), "cursor": "two" });
    let scripted = upstream(&[first, second, third], &[]).await;
    let host = host(&scripted).await;
    collect(&host).await;
    let rows = host.database.dump("raw").await;
    host.set_now("2026-11-25T12:00:00Z".parse().unwrap());
    let [summary, _] = collect(&host).await;
    assert_eq!((summary.outcome.as_str(), summary.pages, summary.facts), ("ok", 1, 3));
    assert_eq!(host.database.dump("raw").await, rows);
    let asked: Vec<String> = scripted
        .requests()
        .into_iter()
        .map(|request| request.target)
        .filter(|path| path.starts_with("/work"))
        .collect();
    let look_back =
        |now: &str| (now.parse::<Timestamp>().unwrap() - SignedDuration::from_hours(90 * 24)).as_millisecond();
    let overlap = ms("2026-11-23T12:00:00Z");
    let expected = [
        format!("/work?from={}", look_back("2026-11-24T12:00:00Z")),
        format!("/work?from={overlap}&cursor=one"),
        format!("/work?from={}", look_back("2026-11-25T12:00:00Z")),
    ];
    assert_eq!(asked, expected);
    host.finish().await;
}
