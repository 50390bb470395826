//! Ways to another place.

use super::*;

/// A way to another place, and how many changes are stored before it is met.
async fn nothing_leads_there(is_redirect: bool, ways: impl Fn(&str) -> Vec<(&'static str, Answer)>) {
    let other = Script::new().on("/", Answer::json(200, &json!([pull(9)]))).start().await.unwrap();
    let ways = ways(other.url());
    let scripts = ways.iter().map(|(name, answer)| (*name, Script::new().until_healed(FIRST_PAGE, answer.clone())));
    let bench = Bench::start(scripts).await;
    for case in bench.cases() {
        let (summary, name) = (case.collect().await, case.name);
        // A link lies in the cursor: it is forgotten, and the reading starts over once.
        let (code, changes, asked, reason) = if is_redirect {
            ("permanent", 0, 1, "request denied: a redirect to another origin was refused")
        } else {
            ("cursor_expired", 2, 2, "the link to the next page is refused: the target is outside the endpoint")
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
async fn scenario_06_no_link_leads_to_another_origin() {
    let link = |name, to: String| (name, page([6, 5], Some(&to)));
    nothing_leads_there(false, |origin| {
        let authority = origin.trim_start_matches("http://");
        let by_name = origin.replace("127.0.0.1", "localhost");
        vec![
            link("link-to-another-port", format!("{origin}/x")),
            link("link-to-another-name", format!("{by_name}/x")),
            link("link-to-another-scheme", format!("https://{authority}/x")),
            link("link-to-a-file", "file:///etc/passwd".to_owned()),
            link("link-past-a-user", format!("http://127.0.0.1@{authority}/x")),
        ]
    })
    .await;
}

#[tokio::test]
async fn scenario_08_no_redirect_leads_to_another_origin() {
    let redirect = |name, status: u16, to: String| (name, Answer::new(status, "").header("location", &to));
    nothing_leads_there(true, |origin| {
        let authority = origin.trim_start_matches("http://");
        let by_name = origin.replace("127.0.0.1", "localhost");
        vec![
            redirect("moved", 301, format!("{origin}/x")),
            redirect("found", 302, format!("{origin}/x")),
            redirect("redirect-to-an-authority", 307, format!("//{authority}/x")),
            redirect("redirect-to-another-name", 308, format!("{by_name}/x")),
            redirect("redirect-to-another-scheme", 302, format!("https://{authority}/x")),
            redirect("redirect-to-a-file", 302, "file:///etc/passwd".to_owned()),
            redirect("redirect-past-a-user", 302, format!("http://127.0.0.1@{authority}/x")),
            redirect("redirect-to-metadata", 302, "http://169.254.169.254/latest/meta-data".to_owned()),
            redirect("redirect-to-loopback-in-six", 302, "http://[::1]/x".to_owned()),
            redirect("redirect-to-a-decimal-address", 302, "http://2130706433/x".to_owned()),
        ]
    })
    .await;
}

#[tokio::test]
async fn scenario_07_a_redirect_on_the_same_origin_keeps_the_credential() {
    let moved = Answer::new(301, "").header("location", "/repositories/1/moved");
    let script = Script::new().on(SECOND_PAGE, moved).on("/repositories/1/moved", second_page());
    let bench = Bench::start([("moved", script)]).await;
    let summary = bench.only().collect().await;
    assert_eq!((summary.outcome.as_str(), summary.facts), ("ok", 6));
    assert_eq!(bench.only().asked("/repositories/1/moved").len(), 1);
    bench.only().assert_goes_on().await;
    bench.finish().await;
}
