//! Files that a service keeps elsewhere: the reports of Copilot.

use std::io::ErrorKind;
use std::net::TcpListener;

use quintant_tests::{ground, plugins};

use super::*;

const BILLING: &str = "/orgs/octo/copilot/billing";
const REPORTS: &str = "/orgs/octo/copilot/metrics/reports/organization-1-day?day=";
const YESTERDAY: &str = "2026-11-23";
const FILE: &str = "/reports/yesterday?signature=a%2Fb&expires=1";

/// A GitHub that keeps yesterday's report at `link`, and no file of any other day.
async fn github(link: &str) -> Scripted {
    let seats = json!({ "seat_breakdown": { "total": 30, "active_this_cycle": 21 } });
    let report = json!({ "download_links": [link], "report_day": YESTERDAY });
    Script::new()
        .on(BILLING, Answer::json(200, &seats))
        .on(&format!("{REPORTS}{YESTERDAY}"), Answer::json(200, &report))
        .on(REPORTS, Answer::json(200, &json!({ "download_links": [] })))
        .start()
        .await
        .unwrap()
}

/// A source that may fetch from these other origins, too.
fn source(url: &str, also: &[&str]) -> String {
    format!(
        "{}[[source]]\nname = \"github\"\nplugin = \"{}\"\nfeeds = [\"copilot\"]\n[source.endpoints.api]\nurl = \"{url}\"\n\
         auth = {{ bearer = {{ file = \"github.token\" }} }}\nnetworks = [\"127.0.0.1/32\"]\nalso = {also:?}\n\
         [source.settings]\norganizations = [\"octo\"]\ncopilot = true\n",
        ground(),
        plugins().join("github.wasm").display()
    )
}

/// One run: what came of it, and seats and daily users as they are stored.
async fn run(github: &Scripted, also: &[&str]) -> (RunSummary, Vec<String>) {
    let host =
        Host::for_text(&source(github.url(), also), HostOptions { limits: limits(), ..HostOptions::default() }).await;
    let [summary] = host.collect().await.try_into().unwrap();
    let rows = "SELECT concat_ws(' ', tool, to_timestamp(from_ms / 1000) AT TIME ZONE 'UTC', people, eligible) FROM raw.tally ORDER BY 1";
    let rows = host.database.texts(rows).await;
    host.finish().await;
    let bearer = Some(format!("Bearer {TOKEN}"));
    assert!(github.requests().iter().all(|request| request.authorization == bearer));
    (summary, rows)
}

const SEATS: &str = "ai 2026-11-24 00:00:00 21 30";

#[tokio::test]
async fn scenario_09_a_report_at_a_named_host_is_fetched_without_the_credential() {
    let lines = "{\"day\":\"2026-11-23\",\"daily_active_users\":17}\n";
    let file = Answer::new(200, lines).header("content-type", "application/octet-stream").header("set-cookie", "a=b");
    let downloads = Script::new().on(FILE, file).start().await.unwrap();
    let github = github(&format!("{}{FILE}", downloads.url())).await;
    let (summary, rows) = run(&github, &[downloads.url()]).await;
    assert_eq!((summary.outcome.as_str(), summary.problems, summary.rejected), ("ok", 0, 0), "{summary:?}");
    assert_eq!(rows, [SEATS, "ai-daily 2026-11-23 00:00:00 17"]);
    let [request] = downloads.requests().try_into().unwrap();
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", FILE));
    assert_eq!((request.authorization.as_deref(), request.header("cookie")), (None, None));
    assert!(!format!("{request:?}").contains(TOKEN), "{request:?}");
}

/// The link is told with its organisation, the seats are kept, and the report is asked for again by the next run.
fn assert_refused((summary, rows): (RunSummary, Vec<String>)) {
    assert_eq!((summary.outcome.as_str(), summary.problems), ("partial", 1), "{summary:?}");
    let problem = &summary.report.problems[0];
    assert_eq!((problem.kind.as_str(), problem.scope.as_deref()), ("forbidden", Some("octo")));
    assert_eq!(rows, [SEATS]);
}

#[tokio::test]
async fn scenario_09_a_report_at_a_host_that_is_not_named_is_refused() {
    let log = Log::capture();
    let [named, other] = [Script::new().start().await.unwrap(), Script::new().start().await.unwrap()];
    let github = github(&format!("{}{FILE}", other.url())).await;
    assert_refused(run(&github, &[named.url()]).await);
    log.assert_line(&["WARN", &format!("the source leads to `{}`, which is neither", other.url())]);
    log.assert_line(&["a download is refused by the host: name its origin in the endpoint's `also`"]);
    assert_eq!((named.connections(), other.connections()), (0, 0));
}

#[tokio::test]
async fn scenario_09_a_report_at_an_inside_address_is_refused() {
    let listener = TcpListener::bind("127.0.0.2:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    for (origin, also) in [
        (format!("http://127.0.0.2:{port}"), true),
        (format!("http://127.0.0.2:{port}"), false),
        (format!("http://2130706434:{port}"), true),
        ("http://169.254.169.254".to_owned(), true),
    ] {
        let github = github(&format!("{origin}{FILE}")).await;
        let also = if also { vec![origin.as_str()] } else { Vec::new() };
        assert_refused(run(&github, &also).await);
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "{origin} was connected to");
    }
}
