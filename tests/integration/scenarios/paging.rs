//! Listings that change, repeat or never end while they are read.

use super::*;

const TAG: &str = "W/\"2026\"";

#[tokio::test]
async fn scenario_05_what_has_not_changed_is_covered_by_one_request() {
    let tagged = page([6, 5], Some(&format!("{{origin}}{SECOND_PAGE}"))).header("etag", TAG);
    let script =
        Script::new().on_nth(FIRST_PAGE, 1, tagged).on_nth(FIRST_PAGE, 2, Answer::new(304, "").header("etag", TAG));
    let bench = Bench::start([("unchanged", script)]).await;
    let case = bench.only();
    case.collect().await;
    let asked = case.upstream.requests().len();
    let later = simulation_end() + SignedDuration::from_hours(1);
    bench.host.set_now(later);
    let summary = case.collect().await;
    assert_eq!((summary.outcome.as_str(), summary.facts, summary.requests), ("ok", 0, 1));
    let again = &case.upstream.requests()[asked..];
    let validators: Vec<_> =
        again.iter().flat_map(|request| &request.headers).filter(|(name, _)| name == "if-none-match").collect();
    assert_eq!(validators, [&("if-none-match".to_owned(), TAG.to_owned())]);
    assert_eq!(case.asked(SECOND_PAGE).len(), 1, "the second page is not asked for again");
    assert_eq!(case.covered("pull_requests").await, [later.as_millisecond()]);
    assert_eq!(case.changes().await, 6);
    bench.finish().await;
}

/// While the second page is asked for, the oldest pull request is touched and moves to the top: the second page then begins with what the first
/// ended with, and the third is short of one.
#[tokio::test]
async fn scenario_12_what_moves_while_it_is_paged_through_is_neither_lost_nor_counted_twice() {
    let touched = json!({ "updated_at": "2026-11-24T11:59:00Z" });
    let mut moved = pull(1);
    moved.as_object_mut().unwrap().extend(touched.as_object().unwrap().clone());
    let next = |answer: Answer, to: &str| answer.header("link", &format!("<{{origin}}{to}>; rel=\"next\""));
    let listing = |pulls: &[Value]| Answer::json(200, &json!(pulls));
    let script = Script::new()
        .on_nth(SECOND_PAGE, 1, next(listing(&[pull(5), pull(4)]), THIRD_PAGE))
        .on_nth(THIRD_PAGE, 1, listing(&[pull(3), pull(2)]))
        .on_nth(FIRST_PAGE, 2, next(listing(&[moved, pull(6)]), SECOND_PAGE));
    let bench = Bench::start([("moving", script)]).await;
    let case = bench.only();
    let summary = case.collect().await;
    assert_eq!((summary.outcome.as_str(), case.changes().await), ("ok", 5));
    bench.host.set_now(simulation_end() + SignedDuration::from_hours(1));
    let summary = case.collect().await;
    assert_eq!((summary.outcome.as_str(), case.changes().await), ("ok", 6), "the overlap finds what moved");
    bench.finish().await;
}

#[tokio::test]
async fn scenario_13_pages_in_a_circle_are_left_and_told() {
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

/// Each page leads to another one, as long as anybody asks.
#[tokio::test]
async fn scenario_13_pages_without_end_end_at_the_runs_limit() {
    let pages = 40;
    let script = (1..=pages).fold(Script::new(), |script, number| {
        let next = format!("{{origin}}/repositories/1/pulls?page={:03}", number + 1);
        script.on(&format!("/repositories/1/pulls?page={number:03}"), page([4, 3], Some(&next)))
    });
    let script = script.on(FIRST_PAGE, page([6, 5], Some("{origin}/repositories/1/pulls?page=001")));
    let limits = Limits { pages: 10, ..limits() };
    let bench = Bench::with_limits(limits, [("endless", script)]).await;
    let case = bench.only();
    let [summary, _] = bench.host.collect_from(case.name).await.try_into().unwrap();
    case.assert_stopped(&summary, Some("rate_limited"), 4).await;
    assert!(case.asked("/repositories/1/pulls").len() <= 10, "{:?}", case.asked("/repositories/1/pulls").len());
    bench.finish().await;
}
