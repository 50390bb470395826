//! Recorded sessions, collected whole by the real plugin. What the plugin asks beyond a recording is told from the recorded state.

use expect_test::{Expect, expect};
use jiff::Timestamp;
use quintant::plugin::CheckItem;
use quintant::store::RunSummary;
use quintant_tests::{Host, HostOptions, github_source};
use quintant_upstreams::replay::{Replay, Replaying};
use serde_json::{Value, json};

const SESSION: &str = "emulate-0.11.2-session.jsonl";
const REPOSITORY: &str = "/repos/octocat/hello-world";
const PULLS: &str = "/repos/octocat/hello-world/pulls?state=all&per_page=5&sort=updated&direction=desc";
const SETTINGS: &str = "repositories = [\"octocat/hello-world\"]\npage_size = 5\npull_requests_by = \"rest\"";
/// The server's clock, which is the harness's now.
const DATE: &str = "Tue, 24 Nov 2026 12:00:00 GMT";
/// 90 days before it, and a second.
const WINDOW_START: &str = "2026-08-26T11:59:59Z";

fn recording(name: &str) -> Replay {
    Replay::recording(name).unwrap()
}

fn body(replay: &Replay, path: &str) -> Value {
    replay.recorded(path).unwrap_or_else(|| panic!("`{path}` is not recorded")).body.clone()
}

fn items(replay: &Replay, path: &str) -> Vec<Value> {
    body(replay, path).as_array().unwrap().clone()
}

/// All recorded pull requests, page after page.
fn recorded_pulls() -> Vec<Value> {
    let session = recording(SESSION);
    [PULLS.to_owned(), format!("{PULLS}&page=2"), format!("{PULLS}&page=3")]
        .iter()
        .flat_map(|page| items(&session, page))
        .collect()
}

/// All recorded commits, newest first.
fn recorded_commits() -> Vec<Value> {
    items(&recording(SESSION), &format!("{REPOSITORY}/commits?sha=main&per_page=100"))
}

fn milliseconds(date: &Value) -> i64 {
    date.as_str().unwrap().parse::<Timestamp>().unwrap().as_millisecond()
}

/// When pull requests ended of which `date` is set.
fn ends(date: &str) -> Vec<i64> {
    let mut ends: Vec<i64> =
        recorded_pulls().iter().filter(|pull| !pull[date].is_null()).map(|pull| milliseconds(&pull[date])).collect();
    ends.sort_unstable();
    ends
}

/// When commits landed: with the commit of the first-parent chain that brought them. Every recorded branch has one commit.
fn landings() -> Vec<i64> {
    let commits = recorded_commits();
    let mut next = commits.first();
    let mut landings = Vec::new();
    while let Some(commit) = next {
        let parents = commit["parents"].as_array().unwrap();
        let at = milliseconds(&commit["commit"]["committer"]["date"]);
        landings.extend(std::iter::repeat_n(at, parents.len().max(1)));
        next = parents.first().and_then(|parent| commits.iter().find(|commit| commit["sha"] == parent["sha"]));
    }
    landings.sort_unstable();
    landings
}

/// The reviews that are recorded, none for the other pull requests, and no events.
fn with_reviews(replay: Replay) -> Replay {
    let session = recording(SESSION);
    recorded_pulls().iter().fold(replay, |replay, pull| {
        let number = &pull["number"];
        let reviews = session
            .recorded(&format!("{REPOSITORY}/pulls/{number}/reviews"))
            .map_or_else(|| json!([]), |recorded| recorded.body.clone());
        replay.answer("GET", &format!("{REPOSITORY}/pulls/{number}/reviews?per_page=100"), 200, &[], reviews).answer(
            "GET",
            &format!("{REPOSITORY}/issues/{number}/events?per_page=100"),
            200,
            &[],
            json!([]),
        )
    })
}

/// The recorded commits as the plugin asks for them: the head, those of the window, and all of them on two pages.
fn with_commits(replay: Replay) -> Replay {
    let commits = recorded_commits();
    let head = commits[0]["sha"].as_str().unwrap();
    let window: Timestamp = WINDOW_START.parse().unwrap();
    let recent: Vec<&Value> = commits
        .iter()
        .filter(|commit| milliseconds(&commit["commit"]["committer"]["date"]) >= window.as_millisecond())
        .collect();
    let listing = format!("{REPOSITORY}/commits?sha={head}&per_page=5");
    let since = WINDOW_START.replace(':', "%3A");
    let second = format!("/repositories/1/commits?sha={head}&per_page=5&page=2");
    let link = format!("<https://api.github.com{second}>; rel=\"next\"");
    replay
        .answer("GET", &format!("{REPOSITORY}/commits?per_page=1"), 200, &[], json!([commits[0]]))
        .answer("GET", REPOSITORY, 200, &[], recorded_pulls()[0]["base"]["repo"].clone())
        .answer("GET", &format!("{listing}&since={since}"), 200, &[], json!(recent))
        .answer("GET", &listing, 200, &[("link", &link)], json!(commits[..5]))
        .answer("GET", &second, 200, &[], json!(commits[5..]))
}

async fn host_for(replaying: &Replaying, settings: &str, options: HostOptions) -> Host {
    Host::for_text(&github_source(replaying.url(), settings), options).await
}

fn check_requests(replaying: &Replaying, from: usize, expected: &Expect) {
    let asked: String =
        replaying.requests()[from..].iter().map(|request| format!("{} {}\n", request.status, request.target)).collect();
    expected.assert_eq(&asked);
    assert_eq!(replaying.unmatched(), []);
}

fn check_runs(summaries: &[RunSummary], expected: &Expect) {
    let text: String = summaries
        .iter()
        .map(|run| {
            let RunSummary { outcome, code, pages, facts, rejected, problems, .. } = run;
            format!("{outcome} {code:?} {pages} pages {facts} facts {rejected} rejected {problems} problems\n")
        })
        .collect();
    expected.assert_eq(&text);
}

/// What the database holds is what the session tells.
async fn check_rows(host: &Host) {
    let numbers = |sql: &'static str| host.database.numbers(sql);
    assert_eq!(numbers("SELECT at_ms FROM raw.change WHERE merged ORDER BY 1").await, ends("merged_at"));
    assert_eq!(numbers("SELECT at_ms FROM raw.change ORDER BY 1").await, ends("closed_at"));
    assert_eq!(
        numbers("SELECT opened_ms FROM raw.change WHERE first_review_ms IS NOT NULL AND approved_ms = first_review_ms")
            .await,
        [milliseconds(&recorded_pulls().last().unwrap()["created_at"])]
    );
    let session = recording(SESSION);
    let reviews: Vec<i64> = [1, 2]
        .iter()
        .flat_map(|number| items(&session, &format!("{REPOSITORY}/pulls/{number}/reviews")))
        .map(|review| milliseconds(&review["submitted_at"]))
        .collect();
    assert_eq!(numbers("SELECT at_ms FROM raw.review ORDER BY 1").await, reviews);
    assert_eq!(numbers("SELECT at_ms FROM raw.commit ORDER BY 1").await, landings());
    assert_eq!(numbers("SELECT parents FROM raw.commit ORDER BY 1").await, [0, 1, 1, 1, 2, 2]);
    assert_eq!(
        numbers("SELECT count(DISTINCT person) FROM (SELECT author FROM raw.change UNION SELECT author FROM raw.commit UNION SELECT change_author FROM raw.review) AS authors(person)").await,
        [1],
        "octocat wrote everything"
    );
    assert_eq!(
        numbers("SELECT count(*) FROM raw.review r JOIN raw.change c ON c.first_reviewer = r.reviewer").await,
        [2]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_session_is_collected_whole_and_once() {
    let replaying = with_commits(with_reviews(recording(SESSION))).dated(DATE).start().await.unwrap();
    let host = host_for(&replaying, SETTINGS, HostOptions::default()).await;
    check_runs(
        &host.collect().await,
        &expect![[r#"
        ok None 3 pages 6 facts 0 rejected 0 problems
        ok None 2 pages 6 facts 0 rejected 0 problems
    "#]],
    );
    check_rows(&host).await;
    check_requests(
        &replaying,
        0,
        &expect![[r#"
        200 /repos/octocat/hello-world/pulls?state=all&sort=updated&direction=desc&per_page=5
        200 /repos/octocat/hello-world/pulls/12/reviews?per_page=100
        200 /repos/octocat/hello-world/pulls/11/reviews?per_page=100
        200 /repos/octocat/hello-world/pulls/10/reviews?per_page=100
        200 /repos/octocat/hello-world/pulls/9/reviews?per_page=100
        200 /repos/octocat/hello-world/pulls/8/reviews?per_page=100
        200 /repos/octocat/hello-world/pulls?state=all&per_page=5&sort=updated&direction=desc&page=2
        200 /repos/octocat/hello-world/pulls/7/reviews?per_page=100
        200 /repos/octocat/hello-world/pulls/6/reviews?per_page=100
        200 /repos/octocat/hello-world/pulls/5/reviews?per_page=100
        200 /repos/octocat/hello-world/pulls/4/reviews?per_page=100
        200 /repos/octocat/hello-world/pulls/3/reviews?per_page=100
        200 /repos/octocat/hello-world/pulls?state=all&per_page=5&sort=updated&direction=desc&page=3
        200 /repos/octocat/hello-world/pulls/2/reviews?per_page=100
        200 /repos/octocat/hello-world/pulls/1/reviews?per_page=100
        200 /repos/octocat/hello-world/issues/1/events?per_page=100
        200 /repos/octocat/hello-world/commits?per_page=1
        200 /repos/octocat/hello-world
        200 /repos/octocat/hello-world/commits?sha=6a0e0c9bed98130b12da2ab38b08642fb2d63027&per_page=5&since=2026-08-26T11%3A59%3A59Z
        200 /repos/octocat/hello-world/commits?sha=6a0e0c9bed98130b12da2ab38b08642fb2d63027&per_page=5
        200 /repositories/1/commits?sha=6a0e0c9bed98130b12da2ab38b08642fb2d63027&per_page=5&page=2
    "#]],
    );
    let dump = host.database.dump("raw").await;

    let whole = replaying.requests().len();
    check_runs(
        &host.collect().await,
        &expect![[r#"
        ok None 1 pages 0 facts 0 rejected 0 problems
        ok None 1 pages 0 facts 0 rejected 0 problems
    "#]],
    );
    check_requests(
        &replaying,
        whole,
        &expect![[r#"
        200 /repos/octocat/hello-world/pulls?state=all&sort=updated&direction=desc&per_page=5
        200 /repos/octocat/hello-world/commits?per_page=1
    "#]],
    );
    assert_eq!(host.database.dump("raw").await, dump);

    let before = replaying.requests().len();
    host.database.execute("DELETE FROM app.feed").await;
    check_runs(
        &host.collect().await,
        &expect![[r#"
        ok None 3 pages 6 facts 0 rejected 0 problems
        ok None 2 pages 6 facts 0 rejected 0 problems
    "#]],
    );
    assert_eq!(replaying.requests().len() - before, whole, "all of it was read again");
    assert_eq!(replaying.unmatched(), []);
    assert_eq!(host.database.dump("raw").await, dump);
    host.finish().await;
}

/// GitHub's own pages lead to `/repositories/{id}/…`; the emulator's do not.
#[tokio::test(flavor = "multi_thread")]
async fn pages_that_leave_the_repositorys_path_are_followed() {
    let recorded = recording("paginate-issues.jsonl");
    let issues = "/repos/octokit-fixture-org/tmp-scenario-paginate-issues-20220719043836917-izyoe/issues?per_page=3";
    let link = &recorded.recorded(issues).unwrap().headers["link"];
    assert!(
        link.starts_with("<https://api.github.com/repositories/515435940/issues?per_page=3&page=2>; rel=\"next\""),
        "{link}"
    );
    let parameters = PULLS.split_once('?').unwrap().1;
    let link_to = |page: u32| {
        link.replace("/repositories/515435940/issues?per_page=3", &format!("/repositories/1/pulls?{parameters}"))
            .replace("page=2", &format!("page={page}"))
    };
    let session = recording(SESSION);
    let page = |number: u32| body(&session, &format!("{PULLS}&page={number}"));
    let replay = Replay::default()
        .answer("GET", PULLS, 200, &[("link", &link_to(2))], body(&session, PULLS))
        .answer("GET", &format!("/repositories/1/pulls?{parameters}&page=2"), 200, &[("link", &link_to(3))], page(2))
        .answer("GET", &format!("/repositories/1/pulls?{parameters}&page=3"), 200, &[], page(3));
    let replaying = with_commits(with_reviews(replay)).dated(DATE).start().await.unwrap();
    let host = host_for(&replaying, SETTINGS, HostOptions::default()).await;
    host.collect().await;
    check_rows(&host).await;
    let listings: Vec<String> = replaying
        .requests()
        .into_iter()
        .map(|request| request.target)
        .filter(|target| target.contains("/pulls?"))
        .collect();
    assert_eq!(listings.len(), 3, "{listings:?}");
    assert!(listings[1..].iter().all(|target| target.starts_with("/repositories/1/pulls?")), "{listings:?}");
    assert_eq!(replaying.unmatched(), []);
    host.finish().await;
}

const OLD_NAME: &str = "octokit-fixture-org/tmp-scenario-rename-repository-20220719044033126-ukeod";

/// The recorded rename, with the one commit that the repository was created with.
fn renamed() -> Replay {
    let replay = recording("rename-repository.jsonl");
    let limits = body(&recording(SESSION), "/rate_limit");
    let repository = replay.recorded("/repositories/515436299").unwrap().clone();
    let date = repository.headers["date"].clone();
    let created = &repository.body["created_at"];
    assert_eq!(created, &repository.body["pushed_at"]);
    let signature = json!({ "name": "a", "email": "a@example.invalid", "date": created });
    let commit = json!({
        "sha": "0123456789abcdef0123456789abcdef01234567",
        "commit": { "author": signature, "committer": signature },
        "author": null,
        "parents": [],
    });
    let moved =
        |replay: Replay, path: &str, answer: Value| {
            let [from, to] = [format!("/repos/{OLD_NAME}{path}"), format!("/repositories/515436299{path}")];
            let location = format!("https://api.github.com{to}");
            replay
                .answer("GET", &from, 301, &[("location", &location)], json!({ "message": "Moved Permanently" }))
                .answer("GET", &to, 200, &[("date", &date)], answer)
        };
    let replay = replay.answer("GET", "/rate_limit", 200, &[("x-ratelimit-limit", "5000")], limits);
    let replay = moved(replay, "/pulls?state=all&sort=updated&direction=desc&per_page=100", json!([]));
    let listing = format!("/commits?sha={}&per_page=100", commit["sha"].as_str().unwrap());
    let since = "since=2022-04-20T04%3A40%3A59Z";
    [("/commits?per_page=1", ""), (&listing, ""), (&listing, since)].iter().fold(replay, |replay, (path, since)| {
        let path = if since.is_empty() { (*path).to_owned() } else { format!("{path}&{since}") };
        moved(replay, &path, json!([commit]))
    })
}

fn check_items(items: &[CheckItem], expected: &Expect) {
    let text: String = items
        .iter()
        .map(|item| {
            format!("{:?} {}: {} ({})\n", item.status, item.name, item.message, item.hint.as_deref().unwrap_or(""))
        })
        .collect();
    expected.assert_eq(&text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_rename_is_followed_and_told() {
    let replaying = renamed().start().await.unwrap();
    let now = "2022-07-19T04:41:00Z".parse().unwrap();
    let settings = format!(
        "repositories = [\"{OLD_NAME}\"]\npull_requests_by = \"rest\"\ndeployments = false\nworkflow_runs = false"
    );
    let host = host_for(&replaying, &settings, HostOptions { now, ..HostOptions::default() }).await;
    let mut session = host.app.setup.sources[0].start(&host.app.setup.config.calendar).await.unwrap();
    check_items(
        &session.check(now).await.unwrap(),
        &expect![[r#"
        Pass api reachable: GitHub answered ()
        Pass credential: accepted; fine-grained, or of an app (it needs read access to metadata, contents, pull requests and issues)
        Warn repository octokit-fixture-org/tmp-scenario-rename-repository-20220719044033126-ukeod: is called `octokit-fixture-org/tmp-scenario-rename-repository-20220719044033126-ukeod-newname` today (write the new name into `repositories`)
        Pass pull requests: are read by REST, as it is set ()
    "#]],
    );
    check_requests(
        &replaying,
        0,
        &expect![[r#"
        200 /rate_limit
        301 /repos/octokit-fixture-org/tmp-scenario-rename-repository-20220719044033126-ukeod
        200 /repositories/515436299
    "#]],
    );

    let before = replaying.requests().len();
    check_runs(
        &host.collect().await,
        &expect![[r#"
        ok None 1 pages 0 facts 0 rejected 0 problems
        ok None 2 pages 1 facts 0 rejected 0 problems
    "#]],
    );
    check_requests(
        &replaying,
        before,
        &expect![[r#"
        301 /repos/octokit-fixture-org/tmp-scenario-rename-repository-20220719044033126-ukeod/pulls?state=all&sort=updated&direction=desc&per_page=100
        200 /repositories/515436299/pulls?state=all&sort=updated&direction=desc&per_page=100
        301 /repos/octokit-fixture-org/tmp-scenario-rename-repository-20220719044033126-ukeod/commits?per_page=1
        200 /repositories/515436299/commits?per_page=1
        301 /repos/octokit-fixture-org/tmp-scenario-rename-repository-20220719044033126-ukeod
        200 /repositories/515436299
        301 /repos/octokit-fixture-org/tmp-scenario-rename-repository-20220719044033126-ukeod/commits?sha=0123456789abcdef0123456789abcdef01234567&per_page=100&since=2022-04-20T04%3A40%3A59Z
        200 /repositories/515436299/commits?sha=0123456789abcdef0123456789abcdef01234567&per_page=100&since=2022-04-20T04%3A40%3A59Z
        301 /repos/octokit-fixture-org/tmp-scenario-rename-repository-20220719044033126-ukeod/commits?sha=0123456789abcdef0123456789abcdef01234567&per_page=100
        200 /repositories/515436299/commits?sha=0123456789abcdef0123456789abcdef01234567&per_page=100
    "#]],
    );
    assert!(replaying.requests().iter().all(|request| request.authorization.is_some()));
    let created = body(&recording("rename-repository.jsonl"), "/repositories/515436299")["created_at"].clone();
    assert_eq!(host.database.numbers("SELECT at_ms FROM raw.commit").await, [milliseconds(&created)]);
    let server: Timestamp = "2022-07-19T04:40:38Z".parse().unwrap();
    assert_eq!(
        host.database.numbers("SELECT covered_through_ms FROM app.feed").await,
        [server.as_millisecond(); 2],
        "covered through the server's clock, not the host's"
    );
    host.finish().await;
}
