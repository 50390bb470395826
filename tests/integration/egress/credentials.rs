//! A credential that was changed is used at once, and one that is refused is left to the others.

use std::time::Duration;

use quintant_tests::{Log, TOKEN, github_source};
use quintant_upstreams::script::{Answer, Behaviour, Script, Scripted};
use serde_json::json;

use super::{host, outcome, quiet, run};

const PULLS: &str = "/repos/octo/app/pulls?";
const NEW: &str = "Bearer the-new-token";

fn credentials(scripted: &Scripted) -> Vec<String> {
    scripted.requests().into_iter().map(|request| request.authorization.unwrap()).collect()
}

fn refused() -> Answer {
    Answer::json(401, &json!({ "message": "Bad credentials" }))
}

#[tokio::test]
async fn a_secret_that_is_changed_between_runs_is_used_in_the_next() {
    let scripted = quiet(Script::new()).start().await.unwrap();
    let host = host(&github_source(scripted.url(), "repositories = [\"octo/app\"]")).await;
    run(&host).await;
    let before = credentials(&scripted);
    std::fs::write(host.folder().join("github.token"), "the-new-token\n").unwrap();
    assert_eq!(outcome(&run(&host).await), ("ok", None));
    assert!(before.iter().all(|token| *token == format!("Bearer {TOKEN}")));
    assert!(credentials(&scripted)[before.len()..].iter().all(|token| token == NEW));
    host.finish().await;
}

#[tokio::test]
async fn a_secret_that_is_changed_during_a_run_is_tried_when_the_old_one_is_refused() {
    let page = Answer::json(200, &json!([])).header("link", "<{origin}/repositories/1/pulls?page=2>; rel=\"next\"");
    let slow = Behaviour::SlowBytes { pause: Duration::from_millis(5) };
    let script = Script::new()
        .on(PULLS, page.behaving(slow))
        .on_credential("/repositories/1/pulls", NEW, Answer::json(200, &json!([])))
        .on("/repositories/1/pulls", refused());
    let scripted = quiet(script).start().await.unwrap();
    let host = host(&github_source(scripted.url(), "repositories = [\"octo/app\"]\npull_requests_by = \"rest\"")).await;
    let change = async {
        while scripted.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        std::fs::write(host.folder().join("github.token"), "the-new-token").unwrap();
    };
    let (summary, ()) = tokio::join!(run(&host), change);
    assert_eq!((outcome(&summary), summary.retries), (("ok", None), 1));
    assert_eq!(credentials(&scripted)[..3], [&format!("Bearer {TOKEN}"), &format!("Bearer {TOKEN}"), NEW]);
    host.finish().await;
}

#[tokio::test]
async fn a_refused_credential_is_left_out_and_the_other_goes_on() {
    let log = Log::capture();
    let script = Script::new().on_credential("/", &format!("Bearer {TOKEN}"), refused());
    let scripted = quiet(script).start().await.unwrap();
    let text = github_source(scripted.url(), "repositories = [\"octo/app\"]");
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.token");
    std::fs::write(&other, "the-new-token").unwrap();
    let both = format!("[{{ file = \"github.token\" }}, {{ file = \"{}\" }}]", other.display());
    let host = host(&text.replace("{ file = \"github.token\" }", &both)).await;
    for _ in 0..2 {
        assert_eq!(outcome(&run(&host).await), ("ok", None));
    }
    let used = credentials(&scripted);
    assert!(used.len() > 2 && used[1..].iter().all(|token| token == NEW), "{used:?}");
    log.assert_line(&["WARN", "the source refused credential 1 of 2; the others are used for a while"]);
    assert!(!log.text().contains(TOKEN) && !log.text().contains("the-new-token"));
    host.finish().await;
}

#[tokio::test]
async fn when_every_credential_is_refused_the_run_ends() {
    let scripted = quiet(Script::new().on("/", refused())).start().await.unwrap();
    let text = github_source(scripted.url(), "repositories = [\"octo/app\"]");
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.token");
    std::fs::write(&other, "the-new-token").unwrap();
    let both = format!("[{{ file = \"github.token\" }}, {{ file = \"{}\" }}]", other.display());
    let host = host(&text.replace("{ file = \"github.token\" }", &both)).await;
    assert_eq!(outcome(&run(&host).await), ("failed", Some("unauthorized")));
    let asked = credentials(&scripted);
    assert_eq!(
        (asked.len(), &asked[..2]),
        (3, &[format!("Bearer {TOKEN}"), NEW.to_owned()][..]),
        "once for the second feed"
    );
    host.finish().await;
}
