//! Limits of how often may be asked.

use super::*;

#[tokio::test]
async fn scenario_03_a_short_rate_limit_is_waited_for() {
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
async fn scenario_03_a_rate_limit_that_lasts_ends_the_run_until_then() {
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
async fn scenario_04_an_answer_that_uses_up_the_limit_is_the_last_one_asked_for() {
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
async fn scenario_04_a_reset_that_tells_nothing_is_waited_for_a_minute() {
    let used_up = |reset: &str| {
        let answer = Answer::json(403, &json!({ "message": "API rate limit exceeded" })).header("date", DATE);
        answer.header("x-ratelimit-remaining", "0").header("x-ratelimit-reset", reset)
    };
    let resets = [("in-the-past", used_up("1795521600")), ("no-number", used_up("soon")), ("nothing", used_up(""))];
    let scripts = resets.map(|(name, answer)| (name, Script::new().until_healed(SECOND_PAGE, answer)));
    let mut bench = Bench::start(scripts).await;
    for case in bench.cases() {
        let [summary, _] = bench.host.collect_from(case.name).await.try_into().unwrap();
        case.assert_stopped(&summary, Some("rate_limited"), 2).await;
        assert_eq!(summary.retry_at, Some(simulation_end() + SignedDuration::from_mins(1)), "{}", case.name);
    }
    bench.restart().await;
    for case in bench.cases() {
        case.assert_goes_on().await;
    }
    bench.finish().await;
}
