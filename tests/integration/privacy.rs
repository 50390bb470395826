//! What no row, log or answer may hold, and what a release may never change.

use std::collections::BTreeSet;
use std::sync::Arc;

use expect_test::expect;
use jiff::SignedDuration;
use quintant_tests::{Host, HostOptions, Log, SEED, emitting_sources, simulation_end};
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::organisation::Organisation;
use quintant_upstreams::script::{Answer, Script};
use serde_json::json;

async fn simulation() -> Simulation {
    let organisation = Organisation::generate(SEED, simulation_end());
    let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
    Simulation::start(Arc::new(organisation), options).await.unwrap()
}

/// Every login, e-mail, sha, title and person's name of the organisation, and the token.
fn canaries(organisation: &Organisation) -> Vec<String> {
    let mut words = vec![quintant_upstreams::github::TOKEN.to_owned(), "@example.invalid".to_owned()];
    words.extend(organisation.accounts.iter().map(|account| account.login.clone()).filter(|login| login.len() > 4));
    words.extend(organisation.roster.iter().map(|row| row.person.clone()));
    for repository in &organisation.repositories {
        words.extend(repository.commits.iter().map(|commit| commit.sha.clone()));
    }
    words.sort();
    words.dedup();
    words
}

fn assert_free_of(words: &[String], what: &str, text: &str) {
    let found: Vec<&String> = words.iter().filter(|word| text.contains(word.as_str())).take(5).collect();
    assert!(found.is_empty(), "{what} holds {found:?}");
}

#[tokio::test]
async fn identities_and_secrets_are_in_no_row_log_or_answer() {
    let simulation = simulation().await;
    let words = canaries(simulation.organisation());
    assert!(words.len() > 1000);
    let log = Log::capture();
    let host = Host::for_organisation(simulation.organisation(), simulation.url(), HostOptions::default()).await;
    host.collect().await;
    host.release().await;
    let mut answers = String::new();
    for path in [
        "/health",
        "/metrics",
        "/api/v1/metrics/space",
        "/api/v1/metrics/space/activity?time_range=90d",
        "/api/v1/metrics/space/communication?team=nobody",
        "/api/v1/metrics/space/dev-007",
        "/dev-007",
    ] {
        answers.push_str(&host.get_text(path).await.1);
    }
    let log = log.text();
    assert!(log.contains("collected") && log.contains("DEBUG"), "the log was not captured");
    assert_free_of(&words, "the log", &log);
    assert_free_of(&words, "an answer", &answers);
    assert_rows_free_of(&words, &host, &["app", "raw", "release"]).await;
    host.finish().await;
}

async fn assert_rows_free_of(words: &[String], host: &Host, schemas: &[&str]) {
    for schema in schemas {
        let rows = host.database.dump(schema).await;
        assert!(rows.len() > 100, "the dump of `{schema}` is empty");
        assert_free_of(words, schema, &rows);
        // As the dump shows text in a column of bytes.
        let hex: Vec<String> =
            words.iter().map(|word| word.bytes().map(|byte| format!("{byte:02x}")).collect()).collect();
        assert_free_of(&hex, schema, &rows);
    }
}

#[tokio::test]
async fn a_text_of_no_kind_of_fact_reaches_a_row_or_a_log() {
    let at = "2026-11-19T12:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let day = at - 12 * 3_600_000;
    // No word, as a source's own text is none: it has to be hashed, or refused where a word is kept.
    let text = "Canary@Example.invalid";
    let reference = json!({ "service": text, "environment": text, "id": text });
    let mut facts = vec![
        json!({ "kind": "build", "pipeline": text, "sha": text }),
        json!({ "kind": "deployment", "service": text, "environment": text, "id": text, "repo": text, "head_sha": text, "shas": [text],
                "rolls_back": reference }),
        json!({ "kind": "incident", "id": text, "service": text, "opened_at": at, "caused_by": reference, "severity": text }),
        json!({ "kind": "usage", "at": day, "actor": text, "tool": "ai", "count": 1 }),
        json!({ "kind": "usage", "at": day, "actor": text, "tool": text, "count": 1 }),
        json!({ "kind": "tally", "tool": "ai", "scope": text, "from": day, "through": at, "count": 1 }),
        json!({ "kind": "tally", "tool": text, "from": day, "through": at, "count": 1 }),
        json!({ "kind": "survey_response", "instrument": "nps", "campaign": text, "team": text, "answers": { "score": 9, text: 1 } }),
        json!({ "kind": "survey_response", "instrument": text, "campaign": "c", "answers": { "score": 9 } }),
        json!({ "kind": "friction", "category": "ci", "severity": "low", "team": text }),
        json!({ "kind": "friction", "category": text, "severity": text }),
        json!({ "kind": "membership", "account": text, "team": text }),
        json!({ "kind": "sample", "metric": "focus_hours", "value": 1, "actor": text, "scope": text }),
        json!({ "kind": "sample", "metric": text, "value": 1 }),
    ];
    for (number, fact) in facts.iter_mut().enumerate() {
        fact["key"] = json!(format!("{text}{number}"));
        if fact["at"].is_null() {
            fact["at"] = json!(at);
        }
    }
    let listing = json!({ "facts": facts, "cursor": text, "not_found": [] });
    let scripted = Script::new().on("/", Answer::json(200, &listing)).start().await.unwrap();
    let log = Log::capture();
    let source = emitting_sources(&[("emitting", scripted.url(), "samples = { focus_hours = \"person\" }")]);
    let host = Host::for_text(&source, HostOptions::default()).await;
    let summaries = host.collect().await;
    let stored: Vec<u32> = summaries.iter().map(|summary| summary.facts).collect();
    assert_eq!(stored, [0, 9], "{summaries:?}");
    let words = [text, "canary", "Canary", "example.invalid"].map(str::to_owned);
    assert_rows_free_of(&words, &host, &["app", "raw"]).await;
    assert_free_of(&words, "the log", &log.text());
    host.finish().await;
}

#[tokio::test]
async fn rule_r07_a_released_atom_never_changes() {
    let simulation = simulation().await;
    let host = Host::for_organisation(simulation.organisation(), simulation.url(), HostOptions::default()).await;
    host.collect().await;
    host.release().await;
    let before = host.database.dump("release").await;
    let (_, answer) = host.get("/api/v1/metrics/space/activity?time_range=90d").await;

    let mut connection = host.database.connect().await;
    // Late facts, a lost source and a roster that was edited afterwards.
    sqlx::query("DELETE FROM raw.review WHERE week % 2 = 0").execute(&mut connection).await.unwrap();
    sqlx::query("UPDATE raw.change SET author = decode(md5(key::text), 'hex')").execute(&mut connection).await.unwrap();
    let roster = std::fs::read_to_string(host.folder().join("roster.csv")).unwrap();
    let (header, rows) = roster.split_once('\n').unwrap();
    let kept: Vec<&str> = rows.lines().skip(15).collect();
    std::fs::write(host.folder().join("roster.csv"), format!("{header}\n{}\n", kept.join("\n"))).unwrap();
    host.collect().await;
    host.release().await;

    assert_eq!(host.database.dump("release").await, before);
    assert_eq!(host.get("/api/v1/metrics/space/activity?time_range=90d").await.1, answer);
    // A host that did not know what it had told would tell something else now.
    for table in ["raw.assignment", "release.measure", "release.atom", "release.span"] {
        host.database.execute_by(&format!("DELETE FROM {table}")).await;
    }
    assert!(host.release().await > 0);
    let again = host.get("/api/v1/metrics/space/activity?time_range=90d").await.1;
    assert_ne!(again["commits_count"], answer["commits_count"]);
    host.finish().await;
}

#[tokio::test]
async fn rule_r16_spans_of_a_team_never_overlap_and_work_is_told_once_after_roster_edits() {
    let simulation = simulation().await;
    let first = simulation_end() - SignedDuration::from_hours(21 * 24);
    simulation.set_now(first);
    let host = Host::for_organisation(
        simulation.organisation(),
        simulation.url(),
        HostOptions { now: first, ..HostOptions::default() },
    )
    .await;
    host.collect().await;
    host.release().await;

    // Everybody of the largest team is said to have been in the smallest one all the time.
    let roster = std::fs::read_to_string(host.folder().join("roster.csv")).unwrap();
    let teams: Vec<String> = simulation.organisation().teams.iter().map(|team| team.name.clone()).collect();
    let size = |team: &str| roster.lines().filter(|line| line.split(',').nth(1) == Some(team)).count();
    let largest = teams.iter().max_by_key(|team| size(team)).unwrap();
    let smallest = teams.iter().min_by_key(|team| size(team)).unwrap();
    std::fs::write(host.folder().join("roster.csv"), roster.replace(&format!(",{largest},"), &format!(",{smallest},")))
        .unwrap();
    simulation.set_now(simulation_end());
    host.set_now(simulation_end());
    host.collect().await;
    assert!(host.release().await > 0);

    let overlapping = host
        .database
        .count(
            "SELECT count(*) FROM release.span a JOIN release.span b ON (a.cell, a.start_week) <> (b.cell, b.start_week)
             AND (a.teams && b.teams OR a.cell = b.cell) AND a.start_week <= b.start_week AND b.start_week < a.start_week + a.weeks",
        )
        .await;
    assert_eq!(overlapping, 0);
    let told =
        host.database.count("SELECT sum(count)::bigint FROM release.measure WHERE component = 'merged_changes'").await;
    let happened = host.database.count("SELECT count(*) FROM raw.change WHERE merged").await;
    assert!(told <= happened, "{told} changes were told of {happened}");
    host.finish().await;
}

/// Whatever else the host might tell of itself would have to be written down here first: nothing depends on what was collected.
#[tokio::test]
async fn rule_r13_every_series_and_label_is_known() {
    let simulation = simulation().await;
    let host = Host::for_organisation(simulation.organisation(), simulation.url(), HostOptions::default()).await;
    let (served, database, _folder) = host.serve().await;
    let is_whole =
        |_, text: &str| ["space_commits_total{", "quintant_last_success_"].iter().all(|name| text.contains(name));
    let text = served.wait_for("/metrics", is_whole).await;
    let list = series_and_labels(&text);
    expect![[r#"
        quintant_build_info
        quintant_config_last_reload_successful
        quintant_last_success_timestamp_seconds
        quintant_next_run_timestamp_seconds
        quintant_quarantined
        quintant_release_waiting
        quintant_runs_total
        quintant_throttled
        space_active_developers
        space_commits_total
        space_cross_team_collaboration
        space_pr_comments_avg
        space_pull_requests_total
        space_review_time_hours
        space_review_time_seconds

        source
        status
        team
        version
    "#]]
    .assert_eq(&list);
    // One that is planted stands out.
    for planted in ["quintant_facts_total 7\n", "space_commits_total{account=\"dev-001\",team=\"\"} 7\n"] {
        assert_ne!(series_and_labels(&format!("{text}{planted}")), list, "{planted}");
    }
    served.stop().await;
    database.drop_now().await;
}

/// What an exposition names, without a number.
fn series_and_labels(text: &str) -> String {
    let (mut series, mut labels) = (BTreeSet::new(), BTreeSet::new());
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        series.insert(name.to_owned());
        let inside = line.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or("", |(inside, _)| inside);
        labels.extend(inside.split(',').filter_map(|pair| Some(pair.split_once('=')?.0.to_owned())));
    }
    let list = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>().join("\n");
    format!("{}\n\n{}\n", list(series), list(labels))
}
