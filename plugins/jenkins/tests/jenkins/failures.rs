//! What upstream trouble becomes: a failure of the run, or a problem of one folder or job.

use quintant_sdk::prelude::*;
use serde_json::json;

use crate::server::{DATE, FOLDER, FREESTYLE, HOUR, JenkinsServer, NOW, Shared, built, cursor, drain, html, source};
use crate::show;

fn two_jobs(fault: impl Fn(&str) -> Option<Result<Response, HttpError>> + 'static) -> Shared {
    let mut server = JenkinsServer::with(&[("broken", FREESTYLE), ("fine", FREESTYLE), ("folder", FOLDER)]);
    server.build("broken", built(1, 5, "SUCCESS"));
    server.build("fine", built(1, 5, "SUCCESS"));
    server.fault = Some(Box::new(fault));
    server.shared()
}

#[test]
fn a_lost_job_or_folder_is_a_problem_and_the_others_go_on() {
    for (status, problem, is_covered) in
        [(403, "Forbidden", true), (404, "NotFound", true), (500, "Unavailable", false), (502, "Unavailable", false)]
    {
        for scope in ["broken", "folder"] {
            let server = two_jobs(move |url| url.starts_with(&format!("/job/{scope}/api")).then(|| html(status)));
            let pages = drain(&server, json!({ "coverage": false }), NOW, None);
            let text = show(&pages);
            assert!(text.contains(&format!("problem {problem} {scope} x1\n")) && text.contains("fine #1"), "{text}");
            assert_eq!(pages.last().unwrap().covered_through.is_some(), is_covered, "{status}");
        }
    }
}

#[test]
fn what_could_not_be_read_is_read_later_though_it_began_long_before() {
    let server = two_jobs(|url| url.starts_with("/job/broken").then(|| Err(HttpError::Unreachable("dns".to_owned()))));
    let first = drain(&server, json!({ "coverage": false }), NOW, None);
    assert_eq!(first.last().unwrap().covered_through, None);
    server.borrow_mut().fault = None;
    let source = source(&server, json!({ "coverage": false })).window(NOW - 720 * HOUR, NOW + HOUR);
    let second = source.drain("builds", cursor(&first)).unwrap();
    assert!(show(&second).contains("broken #1 success"), "{}", show(&second));
}

#[test]
fn failures_of_the_run_have_their_case() {
    let login = "HTML instead of JSON: a login page, as single sign-on shows it; use an API token, and let it pass";
    let moved = |why: &str| {
        let advice = "redirected, as to a login page: use an API token, or the address that Jenkins has today";
        Error::Unauthorized(format!("{advice} ({why})"))
    };
    let cases: Vec<(Result<Response, HttpError>, Error)> = vec![
        (html(200), Error::Unauthorized(login.to_owned())),
        (html(302), moved("the answer leads elsewhere")),
        (
            Err(HttpError::Denied("a redirect to another origin was refused".to_owned())),
            moved("a redirect to another origin was refused"),
        ),
        (
            html(401),
            Error::Unauthorized(
                "Jenkins refused the credential: user name or API token are wrong, or none was sent".to_owned(),
            ),
        ),
        (
            html(403),
            Error::Unauthorized(
                "Jenkins refuses its list of jobs: the account needs the permissions Overall/Read and Job/Read"
                    .to_owned(),
            ),
        ),
        (
            html(404),
            Error::Misconfigured(
                "there is no Jenkins at the endpoint's `url`: its context path may be missing".to_owned(),
            ),
        ),
        (html(503), Error::Transient("Jenkins is getting ready, or what stands before it is (status 503)".to_owned())),
        (html(500), Error::Transient("Jenkins gives no usable answer".to_owned())),
        (Err(HttpError::Unreachable("dns".to_owned())), Error::Transient("Jenkins gives no usable answer".to_owned())),
        (
            Err(HttpError::TooLarge(16_777_216)),
            Error::Permanent(
                "the list of jobs is larger than an answer may be, although `tree` asks for little of it: \
             does a proxy drop the query?"
                    .to_owned(),
            ),
        ),
        (Ok(Response::new(429).with("retry-after", "9")), Error::RateLimited(Some(9))),
        (Err(HttpError::Throttled(None)), Error::RateLimited(None)),
        (Err(HttpError::Cancelled), Error::Cancelled),
        (
            Err(HttpError::Denied("no such endpoint".to_owned())),
            Error::Permanent("request denied: no such endpoint".to_owned()),
        ),
        (html(418), Error::Permanent("Jenkins answered with the unexpected status 418".to_owned())),
        (
            Ok(Response::new(200).body("{}")),
            Error::Permanent(
                "Jenkins answered with `no content type` instead of JSON: a proxy may answer in its place".to_owned(),
            ),
        ),
        (
            Ok(Response::new(200).with("content-type", "application/json").body("secret")),
            Error::Permanent(
                "status 200 with a body that is not the expected JSON \
             (content-type `application/json`, 6 bytes, line 1 column 1)"
                    .to_owned(),
            ),
        ),
    ];
    for (answer, expected) in cases {
        let server = two_jobs(move |_| Some(answer.clone()));
        assert_eq!(source(&server, json!({})).collect("builds", None).unwrap_err(), expected);
    }
}

#[test]
fn a_login_page_in_the_middle_ends_the_run_and_nothing_counts_as_read() {
    let server = two_jobs(|url| url.starts_with("/job/fine/api").then(|| html(200)));
    let error = source(&server, json!({ "coverage": false })).drain("builds", None).unwrap_err();
    assert!(matches!(error, Error::Unauthorized(_)), "{error}");
}

#[test]
fn a_job_whose_answer_is_too_large_is_reported() {
    let server = two_jobs(|url| url.starts_with("/job/broken").then_some(Err(HttpError::TooLarge(8))));
    let pages = drain(&server, json!({ "coverage": false }), NOW, None);
    assert!(show(&pages).contains("problem Truncated broken x1\n"), "{}", show(&pages));
}

#[test]
fn garbage_is_never_a_panic() {
    let deep = "[".repeat(10_000);
    let nested = format!("{{\"jobs\":{}{}}}", "[".repeat(120), "]".repeat(120));
    for body in ["", "{}", "[", "[1]", "null", "\u{feff}{}", r#"{"jobs":{}}"#, r#"{"jobs":[[]]}"#, "\0", &deep, &nested]
    {
        let body = body.to_owned();
        let json = move |_: &str| {
            Some(Ok(Response::new(200).with("content-type", "application/json").with("date", DATE).body(body.clone())))
        };
        let server = two_jobs(json);
        let _ = source(&server, json!({})).drain("builds", None);
        let _ = source(&server, json!({})).check();
    }
}

#[test]
fn a_cursor_of_another_version_starts_over() {
    let server = two_jobs(|_| None);
    for cursor in ["", "7", "[]", r#"{"known":{}}"#] {
        let error = source(&server, json!({})).collect("builds", Some(cursor)).unwrap_err();
        assert!(matches!(error, Error::CursorExpired(_)), "{error}");
    }
}

#[test]
fn an_unknown_feed_is_refused() {
    let error = source(&two_jobs(|_| None), json!({})).collect("stars", None).unwrap_err();
    assert_eq!(error, Error::Permanent("there is no feed `stars`".to_owned()));
}

#[test]
fn a_cursor_stays_small_with_five_thousand_jobs_and_names_as_long_as_they_get() {
    let long = "x".repeat(200);
    let names: Vec<String> = (0..5_000).map(|number| format!("folder/{long}-{number:04}")).collect();
    let mut items: Vec<(&str, &'static str)> = names.iter().map(|name| (name.as_str(), FREESTYLE)).collect();
    items.push(("folder", FOLDER));
    let mut server = JenkinsServer::with(&items);
    for (number, name) in names.iter().enumerate() {
        let running = number % 3 == 0;
        server.build(name, if running { crate::server::running(1, 5) } else { built(1, 5, "SUCCESS") });
    }
    let server = server.shared();
    let pages = drain(&server, json!({}), NOW, None);
    let largest = pages.iter().filter_map(|page| page.cursor.as_ref().map(String::len)).max().unwrap();
    assert!(largest < 1 << 20, "{largest}");
    assert_eq!(pages.iter().map(|page| page.facts.len()).sum::<usize>(), 3_333);
    // Hundreds of running builds fit; what does not is said, and holds coverage back.
    assert!(show(&pages).contains("problem Truncated running builds"));
    assert_eq!(pages.last().unwrap().covered_through, None);
}
