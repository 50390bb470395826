//! Upstreams that refuse, break off, lie or lead astray. Each run tells what happened, keeps what was whole, and the next one goes on.

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
        let log = Log::capture();
        let mut upstreams = Vec::new();
        for (name, script) in cases {
            upstreams.push((name, honest(script).start().await.unwrap()));
        }
        let sources: Vec<(&str, &str)> = upstreams.iter().map(|(name, scripted)| (*name, scripted.url())).collect();
        let text = github_sources(&sources, &format!("repositories = [{repositories}]\npull_requests_by = \"rest\""));
        let host = Host::for_text(&text, HostOptions { limits: limits(), ..HostOptions::default() }).await;
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

#[tokio::test]
async fn a_refused_credential_ends_the_run_at_once() {
    for (at, changes) in [(FIRST_PAGE, 0), (LAST_REVIEWS, 0), (THIRD_PAGE, 4)] {
        let answer = Answer::json(401, &json!({ "message": format!("Bad credentials: Bearer {TOKEN}") }));
        check(at, changes, &[("refused", answer, Some("unauthorized"), 1)]).await;
    }
}

#[tokio::test]
async fn an_answer_that_is_no_page_is_stored_in_no_part() {
    let whole = json!([pull(4), pull(3)]).to_string();
    let echo = Answer::new(200, "<html>").header("content-type", &format!("text/html; {TOKEN}"));
    let circle = Answer::new(302, "").header("location", &format!("{{origin}}{SECOND_PAGE}"));
    let trouble = |name, answer| (name, answer, Some("permanent"), 1);
    let troubles = [
        trouble("html", Answer::new(200, "<html>Sign in</html>").header("content-type", "text/html")),
        trouble("html-with-the-credential", echo),
        trouble("truncated-json", Answer::new(200, whole[..whole.len() - 20].to_owned())),
        trouble("an-empty-body", Answer::new(200, "")),
        trouble("an-object", Answer::json(200, &json!({ "message": "Server Error" }))),
        trouble("garbage", Answer::new(200, vec![0xff, 0xfe, 0x00, 0x9f, 0x92, 0x96])),
        trouble("a-byte-order-mark", Answer::new(200, format!("\u{feff}{whole}"))),
        trouble("endless-depth", Answer::new(200, "[".repeat(10_000))),
        trouble("an-unknown-status", Answer::new(418, "")),
        ("redirects-without-end", circle, Some("cursor_expired"), 12),
    ];
    check(SECOND_PAGE, 2, &troubles).await;
}

#[tokio::test]
async fn what_an_upstream_repeats_of_the_credential_is_masked() {
    let echo = Answer::new(200, "<html>").header("content-type", &format!("text/html; {TOKEN}"));
    let bench = Bench::start([("echo", Script::new().until_healed(FIRST_PAGE, echo))]).await;
    bench.only().collect().await;
    bench.log.assert_line(&["source.name=echo ", "ended early", "status 200", "`text/html; ***`"]);
    bench.only().assert_goes_on().await;
    bench.finish().await;
}

#[tokio::test]
async fn no_answer_leaves_the_run_partial_and_the_watermark_where_it_was() {
    let after = |behaviour| Answer::new(200, " ".repeat(4096)).behaving(behaviour);
    let unicorn = Answer::new(503, "<html>Unicorn</html>").header("content-type", "application/json");
    let ssh = Answer::new(200, "SSH-2.0-OpenSSH_9.9\r\n\r\n").behaving(Behaviour::Raw);
    let troubles = [
        ("status-500", Answer::new(500, ""), None, 3),
        ("status-502", Answer::json(502, &json!({ "error": "Server Error" })), None, 3),
        ("status-503", unicorn, None, 3),
        ("status-422", Answer::new(422, ""), None, 1),
        ("too-long", after(Behaviour::Long { bytes: 1 << 40 }), None, 1),
        ("chunks-without-end", after(Behaviour::EndlessChunks), None, 1),
        ("a-gzip-bomb", bomb(), None, 1),
        ("a-length-that-is-not-reached", after(Behaviour::WrongLength { declared: 5000 }), None, 3),
        ("closed-in-the-middle", after(Behaviour::CloseMidBody { after: 100 }), None, 3),
        ("closed-at-once", after(Behaviour::CloseAtOnce), None, 3),
        ("no-http", ssh, None, 3),
        ("a-head-without-end", after(Behaviour::EndlessHead), None, 3),
    ];
    check(SECOND_PAGE, 2, &troubles).await;
}

/// A few kilobytes that become four megabytes.
fn bomb() -> Answer {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&vec![b' '; 4 << 20]).unwrap();
    let body = encoder.finish().unwrap();
    assert!(body.len() < limits().response_bytes);
    Answer::new(200, body).header("content-encoding", "gzip")
}

#[tokio::test]
async fn an_upstream_that_takes_its_time_is_given_up() {
    let pause = Duration::from_millis(20);
    let after = |behaviour| Answer::new(200, " ".repeat(4096)).behaving(behaviour);
    let troubles = [
        ("silence", after(Behaviour::Hang), None, 3),
        ("a-head-and-silence", after(Behaviour::HangAfterHead), None, 3),
        ("a-byte-now-and-then", after(Behaviour::SlowBytes { pause }), None, 3),
    ];
    check(SECOND_PAGE, 2, &troubles).await;
}

#[tokio::test]
async fn what_passes_is_tried_again_and_nothing_comes_twice() {
    let answers = [
        ("status-500", Answer::new(500, "")),
        ("status-502", Answer::new(502, "<html>Bad gateway</html>")),
        ("status-503", Answer::new(503, "")),
        ("status-504", Answer::new(504, "")),
        ("closed-at-once", Answer::new(200, "").behaving(Behaviour::CloseAtOnce)),
        ("closed-in-the-middle", second_page().behaving(Behaviour::CloseMidBody { after: 40 })),
    ];
    let bench = Bench::start(answers.map(|(name, answer)| (name, Script::new().on_nth(SECOND_PAGE, 1, answer)))).await;
    for case in bench.cases() {
        let summary = case.collect().await;
        assert_eq!((summary.outcome.as_str(), summary.facts), ("ok", 6), "{}", case.name);
        assert_eq!(case.asked(SECOND_PAGE).len(), 2, "{}", case.name);
        assert_eq!(case.changes().await, 6, "{}", case.name);
        case.assert_goes_on().await;
    }
    bench.finish().await;
}

#[tokio::test]
async fn a_lost_repository_is_told_and_the_others_are_read() {
    let statuses = [
        ("status-403", 403, "forbidden"),
        ("status-404", 404, "not_found"),
        ("status-410", 410, "not_found"),
        ("status-451", 451, "forbidden"),
    ];
    let scripts = statuses.map(|(name, status, _)| {
        let answer = Answer::json(status, &json!({ "message": "no" }));
        (name, Script::new().until_healed("/repos/octo/gone/", answer))
    });
    let bench = Bench::with_repositories("\"octo/gone\", \"octo/app\"", scripts).await;
    for (case, (name, _, problem)) in bench.cases().zip(statuses) {
        for summary in bench.host.collect_from(name).await {
            assert_eq!((summary.outcome.as_str(), summary.code, summary.problems), ("partial", None, 1), "{name}");
        }
        assert_eq!(case.asked("/repos/octo/gone/").len(), 2, "{name}: one try a feed");
        assert_eq!(case.changes().await, 6, "{name}");
        for feed in ["pull_requests", "commits"] {
            assert_eq!(case.covered(feed).await, [simulation_end().as_millisecond()], "{name}");
            let told = format!("problem=\"{problem}\" scope=\"octo/gone\" count=1");
            let [source, feed] = [format!("source.name={name} "), format!("feed.name={feed}")];
            bench.log.assert_line(&[&source, &feed, "could not be read", &told]);
        }
        case.assert_goes_on().await;
    }
    bench.finish().await;
}

#[tokio::test]
async fn an_empty_repository_is_no_problem() {
    let empty = Answer::json(409, &json!({ "message": "Git Repository is empty." }));
    let scripts = [("empty", Script::new().until_healed("/repos/octo/gone/", empty))];
    let bench = Bench::with_repositories("\"octo/gone\", \"octo/app\"", scripts).await;
    let summary = bench.only().collect().await;
    assert_eq!((summary.outcome.as_str(), summary.problems, summary.facts), ("ok", 0, 6));
    assert_eq!(bench.only().asked("/repos/octo/gone/").len(), 2);
    bench.only().assert_goes_on().await;
    bench.finish().await;
}

#[tokio::test]
async fn a_rate_limit_that_lasts_ends_the_run_until_then() {
    let refused = |status: u16| Answer::json(status, &json!({ "message": "no" })).header("date", DATE);
    let used_up = |status: u16| refused(status).header("x-ratelimit-remaining", "0").header("x-ratelimit-reset", RESET);
    let secondary = json!({ "message": "You have exceeded a secondary rate limit. Please wait a few minutes." });
    let limits = [
        ("forbidden-for-a-day", refused(403).header("retry-after", "86400"), 86_400),
        ("forbidden-until-a-date", refused(403).header("retry-after", "Tue, 24 Nov 2026 13:00:00 GMT"), 3600),
        ("forbidden-and-used-up", used_up(403), 7200),
        ("too-many-and-used-up", used_up(429), 7200),
        ("too-many-without-a-word", refused(429), 60),
        ("the-secondary-limit", Answer::json(403, &secondary), 60),
        ("unavailable-for-an-hour", refused(503).header("retry-after", "3600"), 3600),
    ];
    let scripts =
        limits.each_ref().map(|(name, answer, _)| (*name, Script::new().until_healed(SECOND_PAGE, answer.clone())));
    let mut bench = Bench::start(scripts).await;
    for (case, (name, _, seconds)) in bench.cases().zip(limits) {
        let [summary, commits] = bench.host.collect_from(name).await.try_into().unwrap();
        assert_eq!(commits.code.as_deref(), Some("rate_limited"), "{name}: the limit holds for all feeds");
        case.assert_stopped(&summary, Some("rate_limited"), 2).await;
        assert_eq!(summary.retry_at, Some(simulation_end() + SignedDuration::from_secs(seconds)), "{name}");
        assert_eq!(case.asked(SECOND_PAGE).len(), 1, "{name}");
        let [pulls, commits] = bench.host.collect_from(name).await.try_into().unwrap();
        assert_eq!([pulls.code, commits.code], [(); 2].map(|()| Some("rate_limited".to_owned())), "{name}");
        assert_eq!((pulls.requests, commits.requests), (0, 0), "{name}: nothing is asked before");
    }
    bench.restart().await;
    for case in bench.cases() {
        case.assert_goes_on().await;
    }
    bench.finish().await;
}

#[tokio::test]
async fn an_answer_that_uses_up_the_limit_is_the_last_one_asked_for() {
    let answer = Answer::json(200, &json!([]))
        .header("date", DATE)
        .header("x-ratelimit-remaining", "0")
        .header("x-ratelimit-reset", RESET);
    let mut bench = Bench::start([("used-up", Script::new().until_healed(LAST_REVIEWS, answer))]).await;
    let case = bench.only();
    let [summary, _] = bench.host.collect_from(case.name).await.try_into().unwrap();
    case.assert_stopped(&summary, Some("rate_limited"), 2).await;
    assert_eq!(summary.retry_at, Some(simulation_end() + SignedDuration::from_hours(2)));
    assert_eq!(case.asked(SECOND_PAGE), []);
    bench.restart().await;
    bench.only().assert_goes_on().await;
    bench.finish().await;
}

#[tokio::test]
async fn a_short_rate_limit_is_waited_for() {
    let statuses = [("status-403", 403), ("status-429", 429), ("status-503", 503)];
    let scripts = statuses.map(|(name, status)| {
        let answer = Answer::json(status, &json!({ "message": "no" })).header("retry-after", "1");
        (name, Script::new().on_nth(SECOND_PAGE, 1, answer))
    });
    let bench = Bench::start(scripts).await;
    for case in bench.cases() {
        let summary = case.collect().await;
        assert_eq!((summary.outcome.as_str(), summary.facts, summary.retry_at), ("ok", 6, None), "{}", case.name);
        let requests = case.upstream.requests();
        let refusal = requests.iter().position(|request| request.target == SECOND_PAGE).unwrap();
        let next = &requests[refusal + 1];
        assert_eq!((next.target.as_str(), next.status), (SECOND_PAGE, 200), "{}", case.name);
        let waited = next.at.duration_since(requests[refusal].at);
        assert!(waited >= Duration::from_secs(1), "{}: asked again after {waited:?}", case.name);
        case.assert_goes_on().await;
    }
    bench.finish().await;
}

#[tokio::test]
async fn nothing_leads_to_another_origin() {
    let other = Script::new().on("/", Answer::json(200, &json!([pull(9)]))).start().await.unwrap();
    let origin = other.url();
    let authority = origin.trim_start_matches("http://");
    let by_name = origin.replace("127.0.0.1", "localhost");
    let redirect = |status: u16, to: &str| Answer::new(status, "").header("location", to);
    let link = |to: &str| page([6, 5], Some(to));
    let ways = [
        ("moved", redirect(301, &format!("{origin}/x")), 0),
        ("found", redirect(302, &format!("{origin}/x")), 0),
        ("redirect-to-an-authority", redirect(307, &format!("//{authority}/x")), 0),
        ("redirect-to-another-name", redirect(308, &format!("{by_name}/x")), 0),
        ("redirect-to-another-scheme", redirect(302, &format!("https://{authority}/x")), 0),
        ("redirect-to-a-file", redirect(302, "file:///etc/passwd"), 0),
        ("redirect-past-a-user", redirect(302, &format!("http://127.0.0.1@{authority}/x")), 0),
        ("link-to-another-port", link(&format!("{origin}/x")), 2),
        ("link-to-another-name", link(&format!("{by_name}/x")), 2),
        ("link-to-another-scheme", link(&format!("https://{authority}/x")), 2),
        ("link-to-a-file", link("file:///etc/passwd"), 2),
        ("link-past-a-user", link(&format!("http://127.0.0.1@{authority}/x")), 2),
    ];
    let scripts =
        ways.each_ref().map(|(name, answer, _)| (*name, Script::new().until_healed(FIRST_PAGE, answer.clone())));
    let bench = Bench::start(scripts).await;
    for (case, (name, _, changes)) in bench.cases().zip(ways) {
        let summary = case.collect().await;
        let is_redirect = changes == 0;
        // A link lies in the cursor: it is forgotten, and the reading starts over once.
        let (code, asked, reason) = if is_redirect {
            ("permanent", 1, "request denied: a redirect to another origin was refused")
        } else {
            ("cursor_expired", 2, "the link to the next page is refused: the target is outside the endpoint")
        };
        case.assert_stopped(&summary, Some(code), changes).await;
        assert_eq!(case.asked(FIRST_PAGE).len(), asked, "{name}");
        bench.log.assert_line(&[&format!("source.name={name}"), "ended early", reason]);
        case.assert_goes_on().await;
    }
    assert_eq!(other.connections(), 0);
    bench.finish().await;
}

#[tokio::test]
async fn a_redirect_on_the_same_origin_keeps_the_credential() {
    let moved = Answer::new(301, "").header("location", "/repositories/1/moved");
    let script = Script::new().on(SECOND_PAGE, moved).on("/repositories/1/moved", second_page());
    let bench = Bench::start([("moved", script)]).await;
    let summary = bench.only().collect().await;
    assert_eq!((summary.outcome.as_str(), summary.facts), ("ok", 6));
    assert_eq!(bench.only().asked("/repositories/1/moved").len(), 1);
    bench.only().assert_goes_on().await;
    bench.finish().await;
}

#[tokio::test]
async fn pages_in_a_circle_are_left_and_told() {
    let circles = [
        ("the-first-leads-to-itself", FIRST_PAGE, [6, 5], "/repos/octo/app/pulls?page=1", 2, [2, 0]),
        ("the-second-leads-to-itself", SECOND_PAGE, [4, 3], SECOND_PAGE, 4, [1, 1]),
        ("the-second-leads-to-the-first", SECOND_PAGE, [4, 3], "/repos/octo/app/pulls?page=1", 4, [2, 1]),
    ];
    let scripts = circles.map(|(name, at, numbers, next, ..)| {
        (name, Script::new().on(at, page(numbers, Some(&format!("{{origin}}{next}")))))
    });
    let bench = Bench::start(scripts).await;
    for (case, (name, _, _, _, changes, asked)) in bench.cases().zip(circles) {
        let summary = case.collect().await;
        assert_eq!((summary.outcome.as_str(), summary.code, summary.problems), ("partial", None, 1), "{name}");
        let told = "problem=\"truncated\" scope=\"octo/app\" count=1";
        bench.log.assert_line(&[&format!("source.name={name} "), "feed.name=pull_requests", told]);
        assert_eq!(case.changes().await, changes, "{name}");
        assert_eq!([FIRST_PAGE, SECOND_PAGE].map(|at| case.asked(at).len()), asked, "{name}");
    }
    bench.finish().await;
}

#[tokio::test]
async fn an_item_that_cannot_be_read_costs_only_itself() {
    let deep = format!("[{},{}{}]", pull(2), "[".repeat(10_000), "]".repeat(10_000));
    let bench = Bench::start([("deep", Script::new().on(THIRD_PAGE, Answer::new(200, deep)))]).await;
    let summary = bench.only().collect().await;
    assert_eq!((summary.outcome.as_str(), summary.code, summary.problems), ("partial", None, 1));
    assert_eq!(bench.only().changes().await, 5);
    assert_eq!(bench.only().covered("pull_requests").await, [simulation_end().as_millisecond()]);
    bench.finish().await;
}
