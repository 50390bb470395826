//! Days of what runs: told of the whole organization, once, where the operator has asked for them; and nothing of people is in them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};
use quintant::model::{Component, Dimension, Metric};
use quintant_tests::{Host, HostOptions, emitting_sources, simulation_end};
use quintant_upstreams::oracle::{Calendar, Measure, Oracle, Sources};
use quintant_upstreams::organisation::Organisation;
use quintant_upstreams::script::{Answer, Script, Scripted};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, raw_sql};

use crate::oracle::{SETTLE, SOURCES, at, host_of, services};

const DAY: SignedDuration = SignedDuration::from_hours(24);
const TOLD: &str = "SELECT concat_ws(' ', day, component, total, count) FROM release.day ORDER BY 1";
const DAYS: &str = "SELECT DISTINCT day::text FROM release.day ORDER BY 1";
const MEASURES: &str = "SELECT to_jsonb(m)::text FROM release.measure m ORDER BY 1";
const LAST_DAY: &str = "/api/v1/metrics/space/performance?time_range=24h";
const ON: &str = "[privacy]\ndaily_system = true\n";

/// What the simulation did is counted by the oracle, which knows nothing of the host. Days of 25 and of 23 hours are among them.
#[tokio::test(flavor = "multi_thread")]
async fn days_tell_what_really_ran() {
    for (seed, zone, end, newest, odd, hours) in [
        (15, "Europe/Berlin", "2026-10-28T18:00:00Z", date(2026, 10, 26), date(2026, 10, 25), 25),
        (8, "America/New_York", "2027-03-17T18:00:00Z", date(2027, 3, 15), date(2027, 3, 14), 23),
    ] {
        let organisation = Arc::new(Organisation::generate(seed, at(end)));
        let services = services(&organisation).await;
        let zoned = format!("timezone = \"{zone}\"");
        let edits =
            [("timezone = \"UTC\"", zoned.as_str()), ("minimum_group = 5", "minimum_group = 5\ndaily_system = true")];
        let host = host_of(&organisation, &services, at(end), &edits).await;
        for source in SOURCES {
            host.collect_from(source).await;
        }
        host.release().await;

        let mut oracle = Oracle::new(&organisation, at(end), at(end), SETTLE);
        (oracle.sources, oracle.calendar) = (Sources::ALL, Calendar(TimeZone::get(zone).unwrap()));
        let [midnight, next] = [odd, odd + 1.day()].map(|day| day.in_tz(zone).unwrap().timestamp());
        assert_eq!(next.duration_since(midnight), SignedDuration::from_hours(hours));
        let dates: Vec<Date> = (0..7).rev().map(|back| newest - back.days()).collect();
        let days = oracle.days(&dates);
        let mut expected: Vec<String> = dates
            .iter()
            .zip(&days)
            .flat_map(|(date, day)| day.iter().map(move |(component, measure)| (date, component, measure)))
            .map(|(date, component, Measure { total, count, .. })| format!("{date} {component} {total} {count}"))
            .collect();
        expected.sort();
        assert_eq!(host.database.texts(TOLD).await, expected, "{zone}");
        for component in ["builds", "deployments", "failed_deployments", "rework", "recovery"] {
            assert!(days.iter().any(|day| day[component].total > 0), "{component}: {expected:?}");
        }

        let (served, database, _folder) = host.serve().await;
        served.wait_for("/readyz", |status, _| status == 200).await;
        check_answer(&serde_json::from_str(&served.get(LAST_DAY).await.1).unwrap(), newest, &days[6]);
        served.stop().await;
        database.drop_now().await;
    }
}

fn check_answer(answer: &Value, newest: Date, day: &BTreeMap<&str, Measure>) {
    let end = (newest + 1.day()).to_string();
    assert_eq!((&answer["window"]["from"], &answer["window"]["to"]), (&json!(newest.to_string()), &json!(end)));
    assert_eq!((&answer["window"]["weeks_covered"], &answer["window"]["weeks_total"]), (&json!(0), &json!(0)));
    for (metric, component, least) in [
        ("change_failure_rate", "failed_deployments", 5),
        ("build_success_rate", "builds", 5),
        ("deployment_rework_rate", "rework", 5),
        ("test_coverage", "covered_lines", 1),
    ] {
        let Measure { total, count, .. } = day[component];
        if count < least {
            let why = if count == 0 { "no_events" } else { "suppressed" };
            assert_eq!((&answer[metric], &answer["withheld"][metric]), (&Value::Null, &json!(why)), "{metric}");
            continue;
        }
        // To a tenth, half away from zero.
        let tenths = i32::try_from((2000 * total + count) / (2 * count)).unwrap();
        assert_eq!(answer[metric], json!(f64::from(tenths) / 10.0), "{metric}");
        let detail = json!({ "as_of": end, "numerator": total, "denominator": count });
        assert_eq!(answer["details"][metric], detail, "{metric}");
    }
    let deployments = day["deployments"].total;
    assert_eq!(answer["deployment_frequency"], json!(f64::from(i32::try_from(deployments).unwrap())));
    let detail = json!({ "as_of": end, "numerator": deployments, "denominator": 1 });
    assert_eq!(answer["details"]["deployment_frequency"], detail);
    assert_eq!(answer["open_incidents"], json!(day["open_incidents"].total));
    assert_eq!(answer["mttr_minutes"].is_null(), day["recovery"].count < 5, "{answer}");
    assert_eq!(answer["withheld"]["lead_time_hours"], "window_too_short");
}

/// A host whose source lists what people did and what ran, one listing after the other.
async fn host(people: usize, privacy: &str, listings: &[(&[Value], &[Value])]) -> (Host, Scripted) {
    let mut script = Script::new();
    for (number, (work, rest)) in (1..).zip(listings) {
        for (feed, facts) in [("/work", work), ("/rest", rest)] {
            script = script.on_nth(feed, number, Answer::json(200, &json!({ "facts": facts })));
        }
    }
    let scripted = script.on("/", Answer::json(200, &json!({}))).start().await.unwrap();
    let sources = emitting_sources(&[("code", scripted.url(), "")]);
    let text = format!("{sources}\n[[team]]\nname = \"amber\"\n[roster]\nfile = \"roster.csv\"\n{privacy}");
    let mut roster = "person,team,from,code\n".to_owned();
    for person in 0..people {
        writeln!(roster, "person-{person:03},amber,2026-01-05,dev-{person:03}").unwrap();
    }
    (Host::for_text_and_roster(&text, &roster, HostOptions::default()).await, scripted)
}

/// So many builds of a day at noon, two thirds of them good.
fn builds(day: Date, count: usize) -> Vec<Value> {
    let noon = at(&format!("{day}T12:00:00Z")).as_millisecond();
    let build = |number: usize| {
        json!({ "kind": "build", "key": format!("{day}/{number}"), "at": noon, "pipeline": "octo/shop", "number": number,
                "started_at": noon - 60_000, "on_default_branch": true, "result": if number.is_multiple_of(3) { "failure" } else { "success" } })
    };
    (0..count).map(build).collect()
}

/// What everybody merged in the last whole week.
fn changes(people: usize) -> Vec<Value> {
    let (opened, merged) = (at("2026-11-17T09:00:00Z"), at("2026-11-18T09:00:00Z"));
    let change = |person: usize| {
        json!({ "kind": "change", "key": format!("c{person}"), "at": merged.as_millisecond(), "repo": "octo/shop", "id": format!("{person}"),
                "author": format!("dev-{person:03}"), "opened_at": opened.as_millisecond(), "review_comments": 1 })
    };
    (0..people).map(change).collect()
}

async fn collect_and_release(host: &Host) {
    let summaries = host.collect().await;
    assert!(summaries.iter().all(|summary| summary.outcome == "ok"), "{summaries:?}");
    host.release().await;
}

/// Not the last one that has begun, but the last one that has settled.
const SUNDAY: Date = date(2026, 11, 22);

#[tokio::test]
async fn forty_nine_people_have_no_days() {
    let ran = builds(SUNDAY, 9);
    for (people, is_one_out, days) in [(49, false, 0), (50, false, 7), (50, true, 0)] {
        let (host, _scripted) = host(people, ON, &[(&[], &ran)]).await;
        if is_one_out {
            host.app.opt_out("person-007").await.unwrap();
        }
        collect_and_release(&host).await;
        assert_eq!(host.database.texts(DAYS).await.len(), days, "{people} people");
        let answer = host.get(LAST_DAY).await.1;
        if days == 0 {
            assert_eq!(answer["withheld"]["build_success_rate"], "window_too_short", "{people} people");
        } else {
            assert_eq!(
                (&answer["build_success_rate"], &answer["window"]["from"]),
                (&json!(66.7), &json!("2026-11-22"))
            );
        }
        host.finish().await;
    }
}

#[tokio::test]
async fn days_are_off_by_default_and_are_gone_when_they_are_off_again() {
    let ran = builds(SUNDAY, 9);
    let asked = [
        LAST_DAY,
        "/api/v1/explain/build_success_rate?time_range=24h",
        "/api/v1/metrics/space/health?time_range=24h",
        "/api/v1/metrics/space/performance/trend?time_range=24h",
        "/api/v1/metrics/space/performance?time_range=7d",
        "/api/v1/metrics/space/performance?from=2026-11-22&to=2026-11-23",
        "/metrics",
    ];
    let (off, _scripted) = host(60, "", &[(&[], &ran)]).await;
    let (mut on, _scripted_too) = host(60, ON, &[(&[], &ran)]).await;
    let answers = async |host: &Host| {
        let mut answers = Vec::new();
        for path in asked {
            let answer = host.get_text(path).await.1;
            answers.push(answer.split(",\"timestamp\"").next().unwrap().to_owned());
        }
        answers
    };
    for host in [&off, &on] {
        collect_and_release(host).await;
    }
    assert_eq!(off.database.count("SELECT count(*) FROM release.day").await, 0);
    let without = answers(&off).await;
    assert!(without[0].contains("\"build_success_rate\":\"window_too_short\""), "{}", without[0]);

    let with = answers(&on).await;
    assert!(with[0].contains("\"build_success_rate\":66.7") && with[1].contains("`privacy.daily_system` is on"));
    // Scores, courses, dates that somebody made up, weeks and series are as without.
    assert_eq!(with[2..], without[2..]);
    let rows = on.database.count("SELECT count(*) FROM release.day").await;
    on.app.setup.config.privacy.daily_system = false;
    collect_and_release(&on).await;
    assert_eq!(answers(&on).await, without);
    assert_eq!(on.database.count("SELECT count(*) FROM release.day").await, rows);
    off.finish().await;
    on.finish().await;
}

#[tokio::test]
async fn rule_r07_a_released_day_never_changes_and_an_old_one_is_never_told() {
    let (monday, before) = (builds(date(2026, 11, 23), 6), builds(SUNDAY, 9));
    let later = [builds(SUNDAY, 30), builds(date(2026, 11, 16), 30), monday].concat();
    let (host, _scripted) = host(50, ON, &[(&[], &before), (&[], &later)]).await;
    collect_and_release(&host).await;
    let told = host.database.texts(TOLD).await;
    let days = host.database.texts(DAYS).await;
    assert_eq!((days.len(), days[0].as_str(), days[6].as_str()), (7, "2026-11-16", "2026-11-22"));
    let weeks = host.database.texts(MEASURES).await;

    // More is known of days that were told, and another one is over.
    host.set_now(simulation_end() + DAY);
    collect_and_release(&host).await;
    let of_sunday = "SELECT count(*) FROM raw.build WHERE at_ms = 1795348800000";
    assert_eq!(host.database.count(of_sunday).await, 30, "nothing came late");
    let now = host.database.texts(TOLD).await;
    assert_eq!(now[..told.len()], told);
    assert!(now.contains(&"2026-11-23 builds 4 6".to_owned()), "{now:?}");
    assert_eq!(host.database.texts(MEASURES).await, weeks);

    // Whoever was away for three weeks tells the last seven days, and not those between.
    host.set_now(simulation_end() + 21 * DAY);
    collect_and_release(&host).await;
    let days = host.database.texts(DAYS).await;
    assert_eq!((days.len(), days[7].as_str(), days[8].as_str()), (15, "2026-11-23", "2026-12-07"));
    host.finish().await;
}

/// Two organizations in which the same ran, and in one of which nobody worked, look alike by day; where one more was built, they do not.
#[tokio::test]
async fn rule_r19_days_tell_nothing_of_people() {
    let (ran, more) = (builds(SUNDAY, 9), builds(SUNDAY, 10));
    let worked = changes(60);
    let mut seen = Vec::new();
    for (work, rest) in [(&[][..], &ran), (&worked[..], &ran), (&worked[..], &more)] {
        let (host, _scripted) = host(60, ON, &[(work, rest)]).await;
        collect_and_release(&host).await;
        let merged = host.get("/api/v1/metrics/space/activity?time_range=7d").await.1["pull_requests_count"].clone();
        assert_eq!(merged == 60, !work.is_empty(), "{merged}");
        seen.push((host.database.texts(TOLD).await, days_of(&host).await));
        host.finish().await;
    }
    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[1].0, seen[2].0);
    assert_ne!(seen[1].1, seen[2].1);
}

/// Everything that is answered of the last day, of everybody and of a team.
async fn days_of(host: &Host) -> Vec<String> {
    let mut answers = Vec::new();
    for scope in ["", "&team=amber"] {
        for dimension in Dimension::ALL {
            let path = format!("/api/v1/metrics/space/{}?time_range=24h{scope}", dimension.as_str());
            let (_, answer) = host.get(&path).await;
            for metric in dimension.metrics() {
                let is_told = !answer[metric.as_str()].is_null();
                assert!(!is_told || (scope.is_empty() && is_of_machines(*metric)), "{path}: {answer}");
                let why = &answer["withheld"][metric.as_str()];
                let may_be_told = is_of_machines(*metric) && scope.is_empty();
                assert!(may_be_told || ["window_too_short", "no_source"].contains(&why.as_str().unwrap()), "{why}");
            }
            answers.push(answer.to_string());
        }
        for metric in Metric::ALL {
            let path = format!("/api/v1/explain/{}?time_range=24h{scope}", metric.as_str());
            answers.push(host.get(&path).await.1.to_string());
        }
    }
    answers
}

fn is_of_machines(metric: Metric) -> bool {
    matches!(
        metric,
        Metric::DeploymentFrequency
            | Metric::ChangeFailureRate
            | Metric::MttrMinutes
            | Metric::BuildSuccessRate
            | Metric::TestCoverage
            | Metric::DeploymentReworkRate
            | Metric::OpenIncidents
    )
}

/// Whatever the code does, the table takes nothing of people and names no team.
#[tokio::test]
async fn rule_r19_no_row_of_a_day_can_be_about_people_or_a_team() {
    let (host, _scripted) = host(1, ON, &[]).await;
    let mut connection = host.database.connect().await;
    raw_sql("SET ROLE quintant_release").execute(&mut connection).await.unwrap();
    let mut taken = Vec::new();
    for component in Component::ALL {
        let name = component.as_str();
        let statement = format!("INSERT INTO release.day VALUES ('2026-11-22', '{name}', 1, 1, NULL, NULL, 0)");
        match raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await {
            Ok(_) => taken.push(name),
            Err(error) => assert_eq!(error.as_database_error().unwrap().code().unwrap(), "23514", "{name}"),
        }
    }
    let of_systems = Component::ALL.into_iter().filter(|component| component.family().is_of_systems());
    assert_eq!(taken, of_systems.map(Component::as_str).collect::<Vec<_>>(), "what is new needs a migration");
    let machines = [
        "builds",
        "covered_lines",
        "deployments",
        "deployment_days",
        "failed_deployments",
        "rework",
        "recovery",
        "open_incidents",
    ];
    assert_eq!(taken, machines);
    let columns = "SELECT attname::text FROM pg_attribute WHERE attrelid = 'release.day'::regclass AND attnum > 0 ORDER BY attnum";
    let columns = host.database.texts(columns).await;
    assert_eq!(columns, ["day", "component", "total", "count", "buckets", "counts", "released_ms"]);
    connection.close().await.unwrap();
    host.finish().await;
}
