//! Repositories of whole organizations.

use quintant_sdk::prelude::*;
use serde_json::{Value, json};

use crate::server::{GitHubServer, NOW, Shared, configured, pull, shared};
use crate::show;

fn organization(repositories: &[(&str, Value)]) -> Shared {
    let mut server = GitHubServer::default();
    let listed = repositories.iter().map(|(name, more)| {
        let mut repository = json!({ "full_name": name, "archived": false, "disabled": false, "fork": false });
        repository.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        repository
    });
    server.organizations.insert("octo".to_owned(), listed.collect());
    server.pulls.insert(1, pull(1, 1, 20.0, Some(20.0)));
    shared(server)
}

fn settings(more: &Value) -> Value {
    let mut settings = json!({ "organizations": ["octo"], "pull_requests_by": "rest" });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    settings
}

/// Names of the repositories that were read.
fn read(server: &Shared) -> Vec<String> {
    let seen = std::mem::take(&mut server.borrow_mut().seen);
    let listings = seen.iter().filter_map(|url| url.strip_prefix("/repos/")?.split_once("/pulls?"));
    listings.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn what_may_have_news_is_read_beside_what_is_named() {
    let repositories = [
        ("octo/app", json!({})),
        ("octo/old", json!({ "archived": true })),
        ("octo/off", json!({ "disabled": true })),
        ("octo/copy", json!({ "fork": true })),
        ("octo/web", json!({ "archived": null })),
        ("octo/a b", json!({})),
    ];
    let server = organization(&repositories);
    let named = json!({ "repositories": ["other/lib", "OCTO/app"] });
    let pages = configured(&server, settings(&named)).drain("pull_requests", None).unwrap();
    assert_eq!(read(&server), ["other/lib", "OCTO/app", "octo/web"]);
    assert!(show(&pages[0]).contains("problem Rejected octo x1"));
    assert_eq!(pages.last().unwrap().covered_through, Some(NOW));
    configured(&server, settings(&json!({ "forks": true }))).drain("pull_requests", None).unwrap();
    assert_eq!(read(&server), ["octo/app", "octo/copy", "octo/web"]);
}

#[test]
fn a_repository_that_is_new_is_found_by_the_next_scan_and_the_others_stay_known() {
    let server = organization(&[("octo/app", json!({}))]);
    let source = configured(&server, settings(&json!({})));
    let pages = source.drain("pull_requests", None).unwrap();
    let new = json!({ "full_name": "octo/web" });
    server.borrow_mut().organizations.get_mut("octo").unwrap().push(new);
    read(&server);
    let pages = source.drain("pull_requests", pages.last().unwrap().cursor.as_deref()).unwrap();
    assert_eq!(read(&server), ["octo/app", "octo/web"]);
    let facts: usize = pages.iter().map(|page| page.facts.len()).sum();
    assert_eq!(facts, 1, "of the new one: the other has no news");
}

#[test]
fn an_organization_that_is_lost_keeps_what_is_known_of_it() {
    for (status, problem, is_covered) in
        [(404, "NotFound", true), (403, "Forbidden", true), (500, "Unavailable", false)]
    {
        let server = organization(&[("octo/app", json!({}))]);
        let source = configured(&server, settings(&json!({ "repositories": ["other/lib"] })));
        let first = source.drain("pull_requests", None).unwrap();
        server.borrow_mut().fault =
            Some(Box::new(move |url| url.starts_with("/orgs/").then(|| Ok(Response::new(status)))));
        let lost = source.drain("pull_requests", first.last().unwrap().cursor.as_deref()).unwrap();
        assert!(show(&lost[0]).contains(&format!("problem {problem} octo x1")), "{status}");
        assert_eq!(lost.last().unwrap().covered_through.is_some(), is_covered, "{status}");
        server.borrow_mut().fault = None;
        let found = source.drain("pull_requests", lost.last().unwrap().cursor.as_deref()).unwrap();
        assert!(found.iter().all(|page| page.facts.is_empty()), "{status}: read as news again");
    }
}

#[test]
fn a_list_that_was_shortened_for_want_of_sso_is_told() {
    let server = organization(&[("octo/app", json!({}))]);
    server.borrow_mut().fault = Some(Box::new(|url| {
        let sso = "partial-results; organizations=1";
        url.starts_with("/orgs/")
            .then(|| Ok(Response::new(200).body(r#"[{"full_name":"octo/app"}]"#).with("x-github-sso", sso)))
    }));
    let page = configured(&server, settings(&json!({}))).collect("pull_requests", None).unwrap();
    assert!(show(&page).contains("problem Truncated octo x1"));
}

#[test]
fn nothing_to_read_is_a_mistake() {
    let server = organization(&[]);
    let error = configured(&server, json!({})).collect("commits", None).unwrap_err();
    let message = "neither `repositories` nor `organizations` names anything to read";
    assert_eq!(error, Error::Misconfigured(message.to_owned()));
}
