//! The troubles that the real services make, by the numbers of tests/SCENARIOS.md: each is played by a scripted server, and each run tells
//! what happened, keeps what was whole, and lets the next one go on.

mod answers;
mod downloads;
mod limits;
mod origins;
mod paging;
mod repositories;

use std::io::Write as _;
use std::time::Duration;

use jiff::SignedDuration;
use quintant::plugin::Limits;
use quintant::store::RunSummary;
use quintant_tests::{Host, HostOptions, Log, TOKEN, github_sources, simulation_end};
use quintant_upstreams::requests::Request;
use quintant_upstreams::script::{Answer, Behaviour, Script, Scripted};
use serde_json::{Value, json};

/// Three pages of two merged pull requests each.
const FIRST_PAGE: &str = "/repos/octo/app/pulls?";
const SECOND_PAGE: &str = "/repositories/1/pulls?page=2";
const THIRD_PAGE: &str = "/repositories/1/pulls?page=3";
/// Of the last pull request on the first page.
const LAST_REVIEWS: &str = "/repos/octo/app/pulls/5/reviews";
/// The harness's now, and two hours later.
const DATE: &str = "Tue, 24 Nov 2026 12:00:00 GMT";
const RESET: &str = "1795528800";

fn pull(number: u32) -> Value {
    let day = |hour: u32| format!("2026-11-{}T{hour:02}:00:00Z", 10 + number);
    json!({
        "number": number,
        "state": "closed",
        "user": { "login": "ada", "id": 7, "type": "User" },
        "created_at": day(9),
        "updated_at": day(10),
        "closed_at": day(10),
        "merged_at": day(10),
        "base": { "ref": "main", "repo": { "id": 1, "default_branch": "main" } },
    })
}

fn page(numbers: [u32; 2], next: Option<&str>) -> Answer {
    let answer = Answer::json(200, &json!(numbers.map(pull)));
    match next {
        Some(next) => answer.header("link", &format!("<{next}>; rel=\"next\"")),
        None => answer,
    }
}

fn second_page() -> Answer {
    page([4, 3], Some(&format!("{{origin}}{THIRD_PAGE}")))
}

/// What is not said otherwise is honest.
fn honest(script: Script) -> Script {
    script
        .on(FIRST_PAGE, page([6, 5], Some(&format!("{{origin}}{SECOND_PAGE}"))))
        .on(SECOND_PAGE, second_page())
        .on(THIRD_PAGE, page([2, 1], None))
        .on("/repos/octo/app/pulls/", Answer::json(200, &json!([])))
        .on("/repos/octo/gone/pulls", Answer::json(200, &json!([])))
        .on("/repos/octo", Answer::json(409, &json!({ "message": "Git Repository is empty." })))
}

fn limits() -> Limits {
    Limits {
        response_bytes: 64 << 10,
        request: Duration::from_millis(700),
        retry_pause: Duration::from_millis(1),
        longest_wait: Duration::from_secs(5),
        ..Limits::default()
    }
}

/// One host, with an upstream and a source of its own for each case.
struct Bench {
    host: Host,
    log: Log,
    upstreams: Vec<(&'static str, Scripted)>,
}

impl Bench {
    async fn start(cases: impl IntoIterator<Item = (&'static str, Script)>) -> Self {
        Self::with_repositories("\"octo/app\"", cases).await
    }

    async fn with_repositories(repositories: &str, cases: impl IntoIterator<Item = (&'static str, Script)>) -> Self {
        Self::with(repositories, limits(), cases).await
    }

    async fn with_limits(limits: Limits, cases: impl IntoIterator<Item = (&'static str, Script)>) -> Self {
        Self::with("\"octo/app\"", limits, cases).await
    }

    async fn with(repositories: &str, limits: Limits, cases: impl IntoIterator<Item = (&'static str, Script)>) -> Self {
        let log = Log::capture();
        let mut upstreams = Vec::new();
        for (name, script) in cases {
            upstreams.push((name, honest(script).start().await.unwrap()));
        }
        let sources: Vec<(&str, &str)> = upstreams.iter().map(|(name, scripted)| (*name, scripted.url())).collect();
        let text = github_sources(&sources, &format!("repositories = [{repositories}]\npull_requests_by = \"rest\""));
        let host = Host::for_text(&text, HostOptions { limits, ..HostOptions::default() }).await;
        Self { host, log, upstreams }
    }

    fn cases(&self) -> impl Iterator<Item = Case<'_>> {
        self.upstreams.iter().map(|(name, upstream)| Case { bench: self, name, upstream })
    }

    fn only(&self) -> Case<'_> {
        self.cases().next().unwrap()
    }

    /// As when the limits have passed that the host knows of.
    async fn restart(&mut self) {
        self.host.restart().await;
    }

    async fn finish(self) {
        for (place, text) in [
            ("log", self.log.text()),
            ("app", self.host.database.dump("app").await),
            ("raw", self.host.database.dump("raw").await),
        ] {
            assert!(!text.contains(TOKEN), "the token is in {place}");
        }
        self.host.finish().await;
    }
}

struct Case<'a> {
    bench: &'a Bench,
    name: &'a str,
    upstream: &'a Scripted,
}

impl Case<'_> {
    /// Of the feed of pull requests; the one of commits must be fine.
    async fn collect(&self) -> RunSummary {
        let [pulls, commits] = self.bench.host.collect_from(self.name).await.try_into().unwrap();
        assert_eq!((commits.outcome.as_str(), commits.code), ("ok", None), "{}", self.name);
        let bearer = Some(format!("Bearer {TOKEN}"));
        assert!(self.upstream.requests().iter().all(|request| request.authorization == bearer), "{}", self.name);
        pulls
    }

    fn asked(&self, prefix: &str) -> Vec<Request> {
        self.upstream.requests().into_iter().filter(|request| request.target.starts_with(prefix)).collect()
    }

    async fn changes(&self) -> i64 {
        let count = "SELECT count(*) FROM raw.change JOIN app.source s ON s.id = source_id WHERE s.name = $1";
        self.bench.host.database.numbers_of(self.name, count).await[0]
    }

    /// Milliseconds, of the feeds that have covered anything.
    async fn covered(&self, feed: &str) -> Vec<i64> {
        let covered = "SELECT covered_through_ms FROM app.feed f JOIN app.source s ON s.id = f.source_id
            WHERE s.name || '/' || f.name = $1 AND covered_through_ms IS NOT NULL";
        self.bench.host.database.numbers_of(&format!("{}/{feed}", self.name), covered).await
    }

    /// The run ended early and left the pages before the trouble, and the watermark.
    async fn assert_stopped(&self, summary: &RunSummary, code: Option<&str>, changes: i64) {
        let name = self.name;
        let outcome = if code.is_some() { "failed" } else { "partial" };
        assert_eq!((summary.outcome.as_str(), summary.code.as_deref()), (outcome, code), "{name}");
        assert_eq!(summary.problems, u32::from(code.is_none()), "{name}");
        assert_eq!(self.changes().await, changes, "{name}");
        assert_eq!(self.covered("pull_requests").await, [0; 0], "{name}: the watermark stays");
    }

    /// A run after the trouble is complete.
    async fn assert_goes_on(&self) {
        self.upstream.heal();
        let summary = self.collect().await;
        assert_eq!((summary.outcome.as_str(), summary.code), ("ok", None), "{}", self.name);
        assert_eq!(self.changes().await, 6, "{}", self.name);
        assert_eq!(self.covered("pull_requests").await, [simulation_end().as_millisecond()], "{}", self.name);
    }
}

/// Trouble at one place, what the run comes to (none: partial), and how often it asks there.
type Trouble = (&'static str, Answer, Option<&'static str>, usize);

async fn check(at: &'static str, changes: i64, troubles: &[Trouble]) {
    let scripts = troubles.iter().map(|(name, answer, ..)| (*name, Script::new().until_healed(at, answer.clone())));
    let bench = Bench::start(scripts).await;
    for (case, (name, _, code, tries)) in bench.cases().zip(troubles) {
        let summary = case.collect().await;
        case.assert_stopped(&summary, *code, changes).await;
        assert_eq!(case.asked(at).len(), *tries, "{name}");
        assert!(case.upstream.sent_bytes() < 32 << 20, "{name}: {} bytes were taken", case.upstream.sent_bytes());
        case.assert_goes_on().await;
    }
    bench.finish().await;
}
