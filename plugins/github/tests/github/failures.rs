//! What upstream trouble becomes: a failure of the run, or a problem of one repository.

use quintant_sdk::prelude::*;

use crate::server::{GitHubServer, NOW, Shared, pull, review, shared, source};
use crate::{show, stored};

fn two_repositories(fault: impl Fn(&str) -> Option<Result<Response, HttpError>> + 'static) -> Shared {
    let mut server = GitHubServer { fault: Some(Box::new(fault)), ..GitHubServer::default() };
    for number in 1..=4 {
        server.pulls.insert(number, pull(number, 1, f64::from(number), Some(f64::from(number))));
        server.reviews.insert(number, vec![review(u64::from(number), 2, "APPROVED", 0.7)]);
    }
    server.history.grow(&mut crate::history::numbers(2), 4, NOW - 86_400_000, NOW);
    shared(server)
}

fn broken(status: u16) -> impl Fn(&str) -> Option<Result<Response, HttpError>> {
    move |url| url.contains("/octo/broken").then(|| Ok(Response::new(status).body("<html>")))
}

#[test]
fn a_lost_repository_is_a_problem_and_the_others_go_on() {
    for (status, problem, covered) in [
        (403, "Forbidden", true),
        (404, "NotFound", true),
        (410, "NotFound", true),
        (451, "Forbidden", true),
        (422, "Unavailable", false),
        (500, "Unavailable", false),
        (503, "Unavailable", false),
    ] {
        for feed in ["pull_requests", "commits"] {
            let server = two_repositories(broken(status));
            let source = source(&server, &["octo/broken", "octo/app"], 100);
            let pages = source.drain(feed, None).unwrap();
            let text: String = pages.iter().map(show).collect();
            assert!(text.contains(&format!("problem {problem} octo/broken x1\n")), "{status} {text}");
            assert!(!stored(&pages).is_empty());
            let through = pages.last().unwrap().covered_through;
            assert_eq!(through.is_some(), covered, "{status} {feed}");
        }
    }
}

#[test]
fn no_answer_holds_coverage_back() {
    for error in [HttpError::Unreachable("dns".to_owned()), HttpError::TooLarge(8)] {
        let server = two_repositories(move |url| url.contains("/pulls/3/reviews").then(|| Err(error.clone())));
        let pages = source(&server, &["octo/app"], 100).drain("pull_requests", None).unwrap();
        assert!(show(pages.last().unwrap()).contains("problem Unavailable octo/app x1"));
        assert_eq!(pages.last().unwrap().covered_through, None);
        server.borrow_mut().fault = None;
        let cursor = pages.last().unwrap().cursor.clone();
        let again = source(&server, &["octo/app"], 100).drain("pull_requests", cursor.as_deref());
        assert_eq!(stored(&again.unwrap()).len(), 8);
    }
}

#[test]
fn a_pull_request_that_vanished_is_passed_over() {
    let server = two_repositories(|url| url.contains("/pulls/3/reviews").then(|| Ok(Response::new(404))));
    let pages = source(&server, &["octo/app"], 100).drain("pull_requests", None).unwrap();
    assert!(show(pages.last().unwrap()).contains("problem NotFound octo/app x1"));
    assert_eq!(stored(&pages).len(), 6);
    assert!(pages.last().unwrap().covered_through.is_some());
}

#[test]
fn failures_of_the_run_have_their_case() {
    let limited = |headers: &'static [(&'static str, &'static str)]| {
        headers.iter().fold(Response::new(403), |response, (name, value)| response.with(name, *value))
    };
    // 1767225600 is the server's clock.
    let date = ("date", crate::server::DATE);
    let cases: Vec<(Result<Response, HttpError>, Error)> = vec![
        (Ok(Response::new(401)), Error::Unauthorized("GitHub refused the credential".to_owned())),
        (Ok(Response::new(429)), Error::RateLimited(None)),
        (Ok(limited(&[("retry-after", "60")])), Error::RateLimited(Some(60))),
        (Ok(limited(&[("retry-after", "86400")])), Error::RateLimited(Some(86_400))),
        (
            Ok(limited(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1767225603")]).with(date.0, date.1)),
            Error::RateLimited(Some(3)),
        ),
        (Ok(limited(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "17")])), Error::RateLimited(Some(60))),
        (Ok(limited(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "soon")])), Error::RateLimited(None)),
        (
            Ok(Response::new(403).body(r#"{"message":"You have exceeded a secondary rate limit."}"#)),
            Error::RateLimited(None),
        ),
        (Err(HttpError::Throttled(Some(9))), Error::RateLimited(Some(9))),
        (Err(HttpError::Cancelled), Error::Cancelled),
        (
            Err(HttpError::Denied("another host".to_owned())),
            Error::Permanent("request denied: another host".to_owned()),
        ),
        (
            Ok(Response::new(200).with("content-type", "text/html").body("<html>secret</html>")),
            Error::Permanent(
                "status 200 with a body that is not the expected JSON \
                 (content-type `text/html`, 19 bytes, line 1 column 1)"
                    .to_owned(),
            ),
        ),
        (Ok(Response::new(300)), Error::Permanent("GitHub answered with the unexpected status 300".to_owned())),
    ];
    for (answer, expected) in cases {
        for feed in ["pull_requests", "commits"] {
            let answer = answer.clone();
            let server = two_repositories(move |_| Some(answer.clone()));
            let error = source(&server, &["octo/app"], 100).collect(feed, None).unwrap_err();
            assert_eq!(error, expected);
        }
    }
}

#[test]
fn garbage_is_never_a_panic() {
    let deep = "[".repeat(10_000);
    for body in ["", "{}", "[", "[1]", "null", "\u{feff}[]", "[{}]", "[\0]", r#"[{"number":1}]"#, &deep] {
        for feed in ["pull_requests", "commits"] {
            let body = body.to_owned();
            let server = two_repositories(move |_| Some(Ok(Response::new(200).body(body.clone()))));
            if let Err(error) = source(&server, &["octo/app"], 100).drain(feed, None) {
                assert!(matches!(error, Error::Permanent(_)), "{error}");
            }
        }
    }
}

#[test]
fn a_small_budget_still_gets_through() {
    for feed in ["pull_requests", "commits"] {
        let server = two_repositories(|_| None);
        let whole = stored(&source(&server, &["octo/app"], 100).drain(feed, None).unwrap());
        let mut pages = Vec::new();
        let mut cursor: Option<String> = None;
        for run in 0.. {
            assert!(run < 50, "no progress");
            let budget = std::cell::Cell::new(5);
            server.borrow_mut().fault = Some(Box::new(move |_| {
                budget.set(budget.get() - 1);
                (budget.get() < 0).then_some(Err(HttpError::Throttled(Some(60))))
            }));
            let source = source(&server, &["octo/app"], 100);
            while let Ok(page) = source.collect(feed, cursor.as_deref()) {
                cursor = page.cursor.clone();
                pages.push(page);
                if !pages.last().unwrap().more {
                    break;
                }
            }
            if pages.last().is_some_and(|page| !page.more) {
                break;
            }
        }
        assert_eq!(stored(&pages), whole);
    }
}

#[test]
fn pages_that_loop_end_truncated() {
    for feed in ["pull_requests", "commits"] {
        let server = two_repositories(|url| {
            let looping = url.contains("/pulls?") || url.contains("/commits?sha");
            let next = format!("<{}/repos/octo/app/pulls?page=2>; rel=\"next\"", crate::server::ORIGIN);
            looping.then(|| Ok(Response::new(200).with("link", next).body("[]")))
        });
        let pages = source(&server, &["octo/app"], 100).drain(feed, None).unwrap();
        let text: String = pages.iter().map(show).collect();
        assert!(text.contains("problem Truncated octo/app x1"), "{text}");
    }
}

#[test]
fn shortened_answers_are_reported() {
    let server = two_repositories(|url| {
        let answer = Response::new(200).with("x-github-sso", "partial-results; organizations=1");
        url.contains("/pulls?").then(|| Ok(answer.body("[]")))
    });
    let page = source(&server, &["octo/app"], 100).collect("pull_requests", None).unwrap();
    assert_eq!(show(&page), "problem Truncated octo/app x1\n");
}

#[test]
fn a_cursor_of_another_version_starts_over() {
    let server = two_repositories(|_| None);
    let source = source(&server, &["octo/app"], 100);
    for cursor in ["", "{}", "7", r#"{"known":{"..":1},"scan":null}"#] {
        let error = source.collect("commits", Some(cursor)).unwrap_err();
        assert!(matches!(error, Error::CursorExpired(_)), "{error}");
    }
}

#[test]
fn an_unknown_feed_is_refused() {
    let server = two_repositories(|_| None);
    let error = source(&server, &["octo/app"], 100).collect("stars", None).unwrap_err();
    assert_eq!(error, Error::Permanent("there is no feed `stars`".to_owned()));
}
