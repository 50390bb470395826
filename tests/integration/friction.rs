//! Reports of friction, attacked: what somebody writes is nowhere, and a few reports tell nothing.

use quintant_tests::{Asking, Log, WriteAheadLog};
use serde_json::{Value, json};

const PATH: &str = "/api/v1/friction/log";
/// In no other test: the WAL is the whole cluster's.
const CANARIES: [&str; 2] = ["Quokkabird", "quokkabird"];

fn report(category: &str) -> Value {
    json!({
        "title": "Quokkabird of dev-001 broke the build",
        "description": "ask @quokkabird or quokkabird.person@example.invalid, see https://example.invalid/quokkabird",
        "severity": "high",
        "category": category,
    })
}

fn assert_free_of_canaries(what: &str, text: &str) {
    for canary in CANARIES {
        assert!(!text.contains(canary), "{what} holds `{canary}`");
    }
}

#[tokio::test]
async fn rule_r10_no_text_of_a_report_is_anywhere() {
    let asking = Asking::start("").await;
    let client = asking.client("portal", "amber");
    let token = asking.tokens(asking.open("pulse")("cobalt"), 1).remove(0);
    let mut written = WriteAheadLog::keep(&asking.host.database).await;
    let served = asking.serve().await;
    let log = Log::capture();
    for category in ["tests", "Quokkabird", "build of Quokkabird"] {
        let (status, answer) = served.post(PATH, &report(category), Some(&client)).await;
        assert_eq!((status, &answer["status"]), (200, &json!("success")));
        assert!(answer["id"].as_str().is_some_and(|id| id.len() == 32), "{answer}");
        assert_free_of_canaries("an answer", &answer.to_string());
    }
    let mut with_token = report("build");
    with_token["token"] = json!(token);
    assert_eq!(served.post(PATH, &with_token, None).await.0, 200);
    let (status, problem) = served.post(PATH, &with_token, None).await;
    assert_eq!((status, &problem["code"]), (409, &json!("token_used")));
    let mut wrong = report("build");
    wrong["severity"] = json!("Quokkabird");
    let (status, problem) = served.post(PATH, &wrong, Some(&client)).await;
    assert_eq!((status, &problem["allowed"]), (422, &json!(["low", "medium", "high", "critical"])));
    assert_free_of_canaries("a problem", &problem.to_string());
    for (field, code) in [("author", "unknown_field"), ("title", "bad_field")] {
        let mut wrong = report("build");
        wrong[field] = if field == "title" { json!("Quokkabird".repeat(40)) } else { json!("Quokkabird") };
        let (status, problem) = served.post(PATH, &wrong, Some(&client)).await;
        assert_eq!((status, &problem["code"]), (422, &json!(code)));
        assert_free_of_canaries("a problem", &problem.to_string());
    }
    let (status, problem) = served.post(PATH, &report("tests"), None).await;
    assert_eq!((status, &problem["code"]), (401, &json!("unauthorized")));

    let waiting = asking.host.database.dump("app").await;
    served.stop().await;
    asking.listen().await;
    let rows = asking
        .host
        .database
        .texts("SELECT category || ' ' || severity || ' ' || team FROM raw.friction ORDER BY 1")
        .await;
    assert_eq!(rows, ["build high cobalt", "other high amber", "other high amber", "tests high amber"]);
    assert_eq!(asking.host.database.count("SELECT count(*) FROM app.friction_inbox").await, 0);
    let instants = "SELECT count(DISTINCT at_ms) FROM raw.friction";
    assert_eq!(asking.host.database.count(instants).await, 1, "a report knows its week alone");
    let lines: String =
        log.text().lines().filter(|line| !line.contains("reqwest") && !line.contains("hyper")).collect();
    assert_free_of_canaries("the log", &lines);
    assert_free_of_canaries("what waits", &waiting);
    for schema in ["app", "raw", "release"] {
        assert_free_of_canaries(schema, &asking.host.database.dump(schema).await);
    }
    let wal = written.read(&asking.host.database).await;
    for canary in CANARIES {
        assert!(!wal.windows(canary.len()).any(|window| window == canary.as_bytes()), "the WAL holds `{canary}`");
    }
    // As a word of its own it would be there.
    let kept = "INSERT INTO app.friction_inbox VALUES (1, 'quokkabird', 'low', NULL)";
    asking.host.database.execute(kept).await;
    let wal = written.read(&asking.host.database).await;
    assert!(wal.windows(10).any(|window| window == b"quokkabird"));
    asking.host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_r10_nine_reports_of_a_week_tell_nothing_and_ten_do() {
    let asking = Asking::start("").await;
    assert_eq!(asking.operate(&["status"]), json!({ "feeds": [] }), "nobody may report yet");
    let client = asking.client("portal", "amber");
    // Reports count from the first whole week on.
    for categories in [vec!["tests"; 9], [vec!["tests"; 6], vec!["build"; 3], vec!["Quokkabird"]].concat()] {
        asking.wait_days(7);
        let served = asking.serve().await;
        for category in categories {
            assert_eq!(served.post(PATH, &report(category), Some(&client)).await.0, 200);
        }
        served.stop().await;
        asking.listen().await;
    }
    asking.wait_days(9);
    asking.listen().await;
    let status = asking.operate(&["status"]);
    let [feed] = status["feeds"].as_array().unwrap().as_slice() else { panic!("{status}") };
    assert_eq!(
        (&feed["source"], &feed["feed"], &feed["last_run"]),
        (&json!("quintant"), &json!("friction"), &json!(null))
    );
    assert!(feed["covered"]["from"].as_str() < feed["covered"]["through"].as_str(), "{feed}");
    let text = asking.try_to(&["status"]).stdout;
    let told = "quintant/friction\n  reported   by people; taken in by `serve`, once a minute\n  covered    ";
    assert!(text.starts_with(told) && text.lines().count() == 3, "{text}");
    asking.host.release().await;
    let told = asking
        .host
        .database
        .texts("SELECT cell || ' ' || facet || ' ' || total FROM release.measure WHERE family = 'friction' ORDER BY 1")
        .await;
    assert_eq!(told, ["amber  10", "amber other 10"]);
    let atoms = "SELECT count(DISTINCT start_week) FROM release.atom WHERE family = 'friction' AND cell = 'amber'";
    assert!(asking.host.database.count(atoms).await >= 2, "the week of nine was told of, too");
    asking.host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_clients_are_answered_and_count_for_nothing() {
    let asking = Asking::start("[compat]\noriginal_api = true\n").await;
    let served = asking.serve().await;
    let (status, answer) = served.post(PATH, &report("tests"), None).await;
    assert_eq!((status, &answer["status"]), (200, &json!("success")));
    assert!(answer["id"].is_string() && answer["message"].is_string(), "{answer}");
    assert_eq!(asking.host.database.count("SELECT count(*) FROM app.friction_inbox").await, 0);
    served.stop().await;
    asking.host.finish().await;
}
