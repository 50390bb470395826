//! Guests that do what they should not, and files that are no guests. The host survives each and goes on.

use std::path::Path;
use std::time::Duration;

use quintant::plugin::Limits;
use quintant::store::RunSummary;
use quintant_tests::{Host, HostOptions, Log, guest_sources, guests};
use quintant_upstreams::script::{Answer, Script};
use tokio_util::sync::CancellationToken;

const NOBODY: &str = "http://127.0.0.1:9";
const COMMITS: &str = "SELECT count(*) FROM raw.commit";

/// Small enough to be used up at once, and enough for a guest that behaves.
fn small() -> Limits {
    Limits {
        memory_bytes: 16 << 20,
        cpu: Duration::from_millis(200),
        wall: Duration::from_secs(60),
        pages: 5,
        log_lines: 20,
        ..Limits::default()
    }
}

/// A host with misbehaving sources and one that behaves.
async fn host_with(behaviours: &[&str], limits: Limits) -> Host {
    let options = HostOptions { limits, ..HostOptions::default() };
    Host::for_text(&guest_sources(NOBODY, &[behaviours, &["behave"]].concat()), options).await
}

fn name(behaviour: &str) -> String {
    behaviour.replace('_', "-")
}

async fn run(host: &Host, behaviour: &str) -> RunSummary {
    let [summary] = host.collect_from(&name(behaviour)).await.try_into().unwrap();
    summary
}

/// The source that behaves is collected as if nothing had happened.
async fn assert_goes_on(host: &Host) {
    let summary = run(host, "behave").await;
    assert_eq!((summary.outcome.as_str(), summary.code, summary.facts), ("ok", None, 1));
    let stored = "SELECT count(*) FROM raw.commit JOIN app.source s ON s.id = source_id WHERE s.name = $1";
    assert_eq!(host.database.numbers_of("behave", stored).await, [1]);
}

#[tokio::test]
async fn a_guest_that_breaks_a_rule_fails_its_run_only() {
    let log = Log::capture();
    let cases = [
        ("trap", "trap", "the plugin crashed: wasm trap: wasm `unreachable` instruction executed"),
        ("loop", "cpu_exhausted", "the plugin used up its processor time"),
        ("hoard", "memory_exhausted", "the plugin asked for more memory than it may have"),
        ("cover_the_future", "nonsense", "`covered-through` lies in the future"),
        ("huge_cursor", "nonsense", "a cursor is larger than 1 MiB"),
    ];
    let host = host_with(&cases.map(|(behaviour, ..)| behaviour), small()).await;
    for (behaviour, code, text) in cases {
        check_failure(&host, behaviour, code).await;
        log.assert_line(&[&format!("source.name={} ", name(behaviour)), "ended early", code, text]);
        assert_goes_on(&host).await;
    }
    host.finish().await;
}

#[tokio::test]
async fn a_guest_that_takes_its_time_is_interrupted() {
    let limits = Limits { cpu: Duration::from_secs(3600), wall: Duration::from_millis(200), ..small() };
    let host = host_with(&["loop"], limits).await;
    check_failure(&host, "loop", "timed_out").await;
    assert_goes_on(&host).await;
    host.finish().await;
}

/// The run fails with the code and leaves nothing.
async fn check_failure(host: &Host, behaviour: &str, code: &str) {
    let summary = run(host, behaviour).await;
    assert_eq!((summary.outcome.as_str(), summary.code.as_deref()), ("failed", Some(code)), "{behaviour}");
    assert_eq!((summary.pages, summary.facts, summary.retry_at), (0, 0, None), "{behaviour}");
    let touched = "SELECT count(*) FROM app.feed f JOIN app.source s ON s.id = f.source_id
        WHERE s.name = $1 AND (cursor IS NOT NULL OR covered_through_ms IS NOT NULL)";
    assert_eq!(host.database.numbers_of(&name(behaviour), touched).await, [0], "{behaviour}");
}

#[tokio::test]
async fn a_guest_that_is_never_done_ends_at_the_page_limit() {
    let log = Log::capture();
    let host = host_with(&["never_done"], small()).await;
    let summary = run(&host, "never_done").await;
    assert_eq!((summary.outcome.as_str(), summary.code.as_deref()), ("failed", Some("rate_limited")));
    assert_eq!(summary.pages, 5);
    log.assert_line(&["source.name=never-done ", "ended early", "the run's 5 pages are used up; the next"]);
    assert_goes_on(&host).await;
    host.finish().await;
}

/// The run ends at a budget, which is named, and what was stored before stays.
async fn check_budget(behaviour: &str, answer: Answer, limits: Limits, code: &str, told: &str) -> RunSummary {
    let log = Log::capture();
    let scripted = Script::new().on("/flood", answer).start().await.unwrap();
    let sources = guest_sources(scripted.url(), &[behaviour, "behave"]);
    let host = Host::for_text(&sources, HostOptions { limits, ..HostOptions::default() }).await;
    let summary = run(&host, behaviour).await;
    assert_eq!((summary.outcome.as_str(), summary.code.as_deref()), ("failed", Some(code)));
    log.assert_line(&["ended early", code, told]);
    assert_eq!(host.database.count(COMMITS).await, 1);
    assert_goes_on(&host).await;
    host.finish().await;
    summary
}

#[tokio::test]
async fn a_flood_of_requests_ends_at_the_runs_budget() {
    let limits = Limits { requests: 20, ..small() };
    let told = "the run's 20 requests are used up; the next run goes on from there";
    let summary = check_budget("flood", Answer::new(200, ""), limits, "rate_limited", told).await;
    assert_eq!((summary.pages, summary.requests), (1, 20));
}

#[tokio::test]
async fn a_flood_of_bytes_ends_at_the_runs_budget() {
    let limits = Limits { run_response_bytes: 100_000, ..small() };
    let told = "the run's 100000 bytes of answers are used up; the next run goes on from there";
    let summary = check_budget("flood", Answer::new(200, "x".repeat(9_999)), limits, "rate_limited", told).await;
    assert_eq!((summary.pages, summary.requests), (1, 11));
}

#[tokio::test]
async fn toil_ends_at_the_runs_budget_of_time() {
    let limits = Limits { cpu: Duration::from_secs(60), run: Duration::from_secs(1), pages: 100_000, ..small() };
    let told = "the run's 1 s are used up; the next run goes on from there";
    let summary = check_budget("toil", Answer::new(200, ""), limits, "rate_limited", told).await;
    assert!(summary.pages > 1, "{summary:?}");
}

#[tokio::test]
async fn toil_ends_at_the_runs_budget_of_processor_time() {
    let limits = Limits { cpu: Duration::from_secs(60), run_cpu: Duration::from_millis(300), pages: 10_000, ..small() };
    let told = "the run's processor time is used up by the plugin";
    let summary = check_budget("toil", Answer::new(200, ""), limits, "cpu_exhausted", told).await;
    assert!(summary.pages >= 1, "no call used up its own time: {summary:?}");
}

#[tokio::test]
async fn what_was_stored_before_a_trap_stays() {
    let host = host_with(&["trap_on_second_page"], small()).await;
    for (pages, facts) in [(1, 1), (0, 0)] {
        let summary = run(&host, "trap_on_second_page").await;
        assert_eq!((summary.outcome.as_str(), summary.code.as_deref()), ("failed", Some("trap")));
        assert_eq!((summary.pages, summary.facts), (pages, facts), "the second run goes on where the first stopped");
        assert_eq!(host.database.count(COMMITS).await, 1);
        let kept = "SELECT count(*) FROM app.feed WHERE cursor IS NOT NULL AND covered_through_ms IS NULL";
        assert_eq!(host.database.count(kept).await, 1);
    }
    assert_goes_on(&host).await;
    host.finish().await;
}

#[tokio::test]
async fn bad_facts_are_counted_and_the_good_one_is_stored() {
    let host = host_with(&["bad_facts"], small()).await;
    let summary = run(&host, "bad_facts").await;
    assert_eq!((summary.outcome.as_str(), summary.code.as_deref()), ("ok", None));
    assert_eq!((summary.facts, summary.rejected), (1, 5));
    assert_eq!(host.database.count(COMMITS).await, 1);
    assert_eq!(host.database.count("SELECT count(*) FROM raw.change").await, 0);
    assert_goes_on(&host).await;
    host.finish().await;
}

#[tokio::test]
async fn chatter_is_cut_short_and_can_forge_no_line() {
    let log = Log::capture();
    let host = host_with(&["chatter"], Limits { cpu: Duration::from_secs(10), ..small() }).await;
    let summary = run(&host, "chatter").await;
    assert_eq!(summary.outcome, "ok");
    let text = log.text();
    let chatter: Vec<&str> = text.lines().filter(|line| line.contains("chatter [31m")).collect();
    assert_eq!(chatter.len(), 20);
    assert!(chatter.iter().all(|line| line.contains("WARN") && line.contains("plugin: chatter [31m forged line")));
    assert!(chatter.iter().all(|line| line.ends_with("source.name=chatter")), "{}", chatter[0]);
    assert_eq!(text.matches("plugin: its log lines are used up for this run").count(), 1);
    assert!(!text.lines().any(|line| line.starts_with("forged")) && !text.contains('\u{1b}'));
    assert_goes_on(&host).await;
    host.finish().await;
}

#[tokio::test]
async fn a_guest_reaches_nothing_but_its_endpoint() {
    let scripted = Script::new().start().await.unwrap();
    let options = HostOptions { limits: small(), ..HostOptions::default() };
    let host = Host::for_text(&guest_sources(scripted.url(), &["escape", "behave"]), options).await;
    let summary = run(&host, "escape").await;
    assert_eq!((summary.outcome.as_str(), summary.code), ("ok", None), "the guest fails where it is not denied");
    assert_eq!(scripted.connections(), 0);
    assert_goes_on(&host).await;
    host.finish().await;
}

#[tokio::test]
async fn a_looping_guest_is_cancelled_at_once() {
    let endless = Limits { cpu: Duration::from_secs(3600), wall: Duration::from_secs(3600), ..small() };
    let host = host_with(&["loop"], endless).await;
    let cancel = CancellationToken::new();
    let collecting = host.collect_until("loop", cancel.clone());
    let cancelling = async {
        while host.database.count("SELECT count(*) FROM app.feed").await == 0 {}
        cancel.cancel();
    };
    let (summaries, ()) = tokio::time::timeout(Duration::from_secs(20), async { tokio::join!(collecting, cancelling) })
        .await
        .expect("a cancelled run ends");
    assert_eq!((summaries[0].outcome.as_str(), summaries[0].code.as_deref()), ("failed", Some("cancelled")));
    assert_eq!(host.database.count("SELECT count(*) FROM app.run WHERE code = 'cancelled' AND ended_ms > 0").await, 1);
    assert_goes_on(&host).await;
    host.finish().await;
}

/// A source that is read through the file `bad.wasm`.
fn source_of(file: &Path) -> String {
    guest_sources(NOBODY, &["behave"])
        .replace(&guests().join("misbehaving.wasm").display().to_string(), &file.display().to_string())
}

#[tokio::test]
async fn a_file_that_is_no_plugin_is_refused_with_its_path_and_what_would_be_right() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.wasm");
    let good = std::fs::read(guests().join("misbehaving.wasm")).unwrap();
    let engine = wasmtime::Engine::default();
    let core = wat::parse_str("(module)").unwrap();
    let greedy = r#"(component
        (import "wasi:cli/environment@0.2.0" (instance
            (export "get-environment" (func (result (list (tuple string string)))))))
        (import "wasi:filesystem/preopens@0.2.0" (instance
            (export "get-directories" (func (result (list string)))))))"#;
    for (bytes, expected) in [
        (
            b"collect everything\n".to_vec(),
            "is no WebAssembly component: it does not begin as WebAssembly does; give the `.wasm` file that the plugin's build wrote",
        ),
        (Vec::new(), "is no WebAssembly component: the file is empty"),
        (
            core.clone(),
            "is no WebAssembly component: it is a core module; `wasm-tools component new` makes a component of it",
        ),
        (engine.precompile_component(&good).unwrap(), "is precompiled code; only WebAssembly components are accepted"),
        (engine.precompile_module(&core).unwrap(), "is precompiled code; only WebAssembly components are accepted"),
        (
            wat::parse_str(greedy).unwrap(),
            "asks for more than a collector may have: `wasi:cli/environment@0.2.0`, `wasi:filesystem/preopens@0.2.0`; \
             it may import `quintant:collector/http` and `quintant:collector/log` only",
        ),
        (
            wat::parse_str("(component)").unwrap(),
            "is no collector: no exported instance named `quintant:collector/collector@0.1.0`",
        ),
    ] {
        std::fs::write(&file, bytes).unwrap();
        check_refusal(&file, expected).await;
    }
    std::fs::write(&file, &good[..good.len() / 2]).unwrap();
    let refusal = Host::refusal(&source_of(&file)).await;
    let start = format!("error: plugin `{}` is no WebAssembly component: section range ", file.display());
    assert!(refusal.starts_with(&start) && refusal.contains("is out of bounds"), "{refusal}");

    std::fs::remove_file(&file).unwrap();
    check_refusal(&file, "cannot be read: No such file or directory (os error 2)").await;
    std::fs::create_dir(&file).unwrap();
    check_refusal(&file, "cannot be read: Is a directory (os error 21)").await;
    let host = host_with(&[], small()).await;
    assert_goes_on(&host).await;
    host.finish().await;
}

/// `expected` is what follows the path.
async fn check_refusal(file: &Path, expected: &str) {
    let refusal = Host::refusal(&source_of(file)).await;
    assert_eq!(refusal.lines().next().unwrap(), format!("error: plugin `{}` {expected}", file.display()));
}
