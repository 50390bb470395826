//! Answers that are none.

use super::*;

#[tokio::test]
async fn scenario_01_what_passes_is_tried_again_and_nothing_comes_twice() {
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
        assert_eq!(summary.retries, 1, "{}", case.name);
        assert_eq!(case.asked(SECOND_PAGE).len(), 2, "{}", case.name);
        assert_eq!(case.changes().await, 6, "{}", case.name);
        case.assert_goes_on().await;
    }
    bench.finish().await;
}

#[tokio::test]
async fn scenario_02_what_does_not_pass_leaves_the_run_partial_and_the_watermark_where_it_was() {
    let unicorn = Answer::new(503, "<html>Unicorn</html>").header("content-type", "application/json");
    let troubles = [
        ("status-500", Answer::new(500, ""), None, 3),
        ("status-502", Answer::json(502, &json!({ "error": "Server Error" })), None, 3),
        ("status-503", unicorn, None, 3),
        ("status-422", Answer::new(422, ""), None, 1),
    ];
    check(SECOND_PAGE, 2, &troubles).await;
}

#[tokio::test]
async fn scenario_10_an_answer_that_is_too_large_is_cut_off() {
    let after = |behaviour| Answer::new(200, " ".repeat(4096)).behaving(behaviour);
    let troubles = [
        ("too-long", after(Behaviour::Long { bytes: 5 << 30 }), None, 1),
        ("chunks-without-end", after(Behaviour::EndlessChunks), None, 1),
        ("a-gzip-bomb", bomb(), None, 1),
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
async fn scenario_11_an_answer_that_is_no_page_is_stored_in_no_part() {
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
        trouble("bytes-of-zero", Answer::new(200, vec![0; 64])),
        trouble("endless-depth", Answer::new(200, "[".repeat(10_000))),
        trouble("an-unknown-status", Answer::new(418, "")),
        ("redirects-without-end", circle, Some("cursor_expired"), 12),
    ];
    check(SECOND_PAGE, 2, &troubles).await;
}

#[tokio::test]
async fn scenario_14_an_upstream_that_takes_its_time_is_given_up() {
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
async fn scenario_15_a_refused_credential_ends_the_run_at_once() {
    for (at, changes) in [(FIRST_PAGE, 0), (LAST_REVIEWS, 0), (THIRD_PAGE, 4)] {
        let answer = Answer::json(401, &json!({ "message": format!("Bad credentials: Bearer {TOKEN}") }));
        check(at, changes, &[("refused", answer, Some("unauthorized"), 1)]).await;
    }
}

#[tokio::test]
async fn scenario_18_an_item_that_cannot_be_read_costs_only_itself() {
    let deep = format!("[{},{}{}]", pull(2), "[".repeat(10_000), "]".repeat(10_000));
    let bench = Bench::start([("deep", Script::new().on(THIRD_PAGE, Answer::new(200, deep)))]).await;
    let summary = bench.only().collect().await;
    assert_eq!((summary.outcome.as_str(), summary.code, summary.problems), ("partial", None, 1));
    assert_eq!(bench.only().changes().await, 5);
    assert_eq!(bench.only().covered("pull_requests").await, [simulation_end().as_millisecond()]);
    bench.finish().await;
}

/// What services send one day or another; the good one between them is not lost.
#[tokio::test]
async fn scenario_18_strange_items_are_mapped_or_counted() {
    let strange = |number: u32, changes: Value| {
        let mut item = pull(2);
        item["number"] = json!(number);
        item.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        item
    };
    let mapped = json!([
        strange(10, json!({ "user": null })),
        strange(11, json!({ "user": {} })),
        strange(12, json!({ "user": { "login": "ghost", "id": 10_137, "type": "User" } })),
        strange(
            13,
            json!({ "id": 9_007_199_254_740_993_u64, "state": "archived", "node_id": null, "unheard_of": [1] })
        ),
        strange(14, json!({ "merged_at": "2026-11-12T02:00:00-08:00", "closed_at": "2026-11-12T02:00:00-08:00" })),
        strange(15, json!({ "merged_at": "2026-11-12T09:59:60Z", "closed_at": "2026-11-12T09:59:60Z" })),
        pull(2),
    ]);
    let rejected = json!([
        strange(20, json!({ "created_at": "-0001-01-01T00:00:00Z" })),
        strange(21, json!({ "created_at": null })),
        strange(22, json!({ "closed_at": 5 })),
        { "message": "what is this" },
        strange(23, json!({ "number": null })),
    ]);
    let later =
        json!([strange(24, json!({ "merged_at": "9999-12-31T23:59:59Z", "closed_at": "9999-12-31T23:59:59Z" }))]);
    let machine =
        json!([strange(25, json!({ "user": { "login": "dependabot[bot]", "id": 49_699_333, "type": "Bot" } }))]);
    let cases = [
        ("mapped", mapped, "ok", 0, 7),
        ("rejected", rejected, "partial", 5, 0),
        ("later", later, "ok", 0, 0),
        ("machine", machine, "ok", 0, 0),
    ];
    let scripts =
        cases.each_ref().map(|(name, page, ..)| (*name, Script::new().on(THIRD_PAGE, Answer::json(200, page))));
    let bench = Bench::start(scripts).await;
    for (case, (name, _, outcome, problems, changes)) in bench.cases().zip(cases) {
        let summary = case.collect().await;
        assert_eq!((summary.outcome.as_str(), summary.problems), (outcome, problems), "{name}");
        assert_eq!(case.changes().await, 4 + changes, "{name}");
        assert_eq!(case.covered("pull_requests").await, [simulation_end().as_millisecond()], "{name}");
    }
    bench.finish().await;
}

/// What is covered follows the server's clock, and never runs ahead of ours.
#[tokio::test]
async fn scenario_19_a_clock_that_is_wrong_loses_nothing() {
    let clocks = [
        ("two-hours-behind", "Tue, 24 Nov 2026 10:00:00 GMT", -2),
        ("two-hours-ahead", "Tue, 24 Nov 2026 14:00:00 GMT", 0),
    ];
    let scripts = clocks.map(|(name, date, _)| {
        let first = page([6, 5], Some(&format!("{{origin}}{SECOND_PAGE}"))).header("date", date);
        (name, Script::new().on(FIRST_PAGE, first))
    });
    let bench = Bench::start(scripts).await;
    for (case, (name, _, hours)) in bench.cases().zip(clocks) {
        let summary = case.collect().await;
        assert_eq!((summary.outcome.as_str(), summary.facts), ("ok", 6), "{name}");
        let covered = simulation_end() + SignedDuration::from_hours(hours);
        assert_eq!(case.covered("pull_requests").await, [covered.as_millisecond()], "{name}");
    }
    bench.finish().await;
}

#[tokio::test]
async fn scenario_25_a_connection_that_breaks_the_protocol_is_an_error() {
    let after = |behaviour| Answer::new(200, " ".repeat(4096)).behaving(behaviour);
    let ssh = Answer::new(200, "SSH-2.0-OpenSSH_9.9\r\n\r\n").behaving(Behaviour::Raw);
    let troubles = [
        ("a-length-that-is-not-reached", after(Behaviour::WrongLength { declared: 5000 }), None, 3),
        ("closed-in-the-middle", after(Behaviour::CloseMidBody { after: 100 }), None, 3),
        ("closed-at-once", after(Behaviour::CloseAtOnce), None, 3),
        ("no-http", ssh, None, 3),
        ("a-head-without-end", after(Behaviour::EndlessHead), None, 3),
        ("a-header-of-a-megabyte", second_page().header("x-long", &"a".repeat(1 << 20)), None, 3),
    ];
    check(SECOND_PAGE, 2, &troubles).await;
}

#[tokio::test]
async fn scenario_25_what_is_said_twice_does_no_harm_and_no_cookie_is_kept() {
    let cookie = "session=of-the-first-source; Domain=127.0.0.1; Path=/";
    let baked = second_page().header("set-cookie", cookie).header("x-twice", "a").header("x-twice", "b");
    let scripts = ["first", "second"].map(|name| (name, Script::new().on(SECOND_PAGE, baked.clone())));
    let bench = Bench::start(scripts).await;
    for case in bench.cases() {
        case.assert_goes_on().await;
        let headers = |request: Request| request.headers;
        let mut sent = case.upstream.requests().into_iter().flat_map(headers);
        assert!(sent.all(|(name, _)| name != "cookie"), "{}", case.name);
    }
    bench.finish().await;
}

#[tokio::test]
async fn scenario_26_what_an_upstream_repeats_of_the_credential_is_masked() {
    let echo = Answer::new(200, "<html>").header("content-type", &format!("text/html; {TOKEN}"));
    let bench = Bench::start([("echo", Script::new().until_healed(FIRST_PAGE, echo))]).await;
    bench.only().collect().await;
    bench.log.assert_line(&["source.name=echo ", "ended early", "status 200", "`text/html`"]);
    bench.only().assert_goes_on().await;
    bench.finish().await;

    let elsewhere = Answer::new(302, "").header("location", &format!("https://{TOKEN}.example/"));
    let bench = Bench::start([("echo", Script::new().until_healed(FIRST_PAGE, elsewhere))]).await;
    bench.only().collect().await;
    bench.log.assert_line(&["source.name=echo ", "the source leads to `***`"]);
    assert!(!bench.log.text().contains(TOKEN));
    bench.finish().await;
}
