//! The feed of teams.

use expect_test::expect;
use quintant_sdk::instant::DAY;
use quintant_sdk::prelude::*;
use serde_json::{Value, json};

use crate::server::{GitHubServer, NOW, Shared, configured, shared, user};
use crate::show;

fn settings() -> Value {
    json!({ "organizations": ["octo"], "teams": true })
}

fn server(teams: &[(&str, u64, Option<u64>, &[u64])]) -> Shared {
    let server = shared(GitHubServer { is_dateless: true, ..GitHubServer::default() });
    put(&server, teams);
    server
}

/// Teams with their id, that of their parent, and who is in them.
fn put(server: &Shared, teams: &[(&str, u64, Option<u64>, &[u64])]) {
    let mut server = server.borrow_mut();
    server.shared.clear();
    let listed = teams.iter().map(|(slug, id, parent, _)| {
        json!({ "id": id, "slug": slug, "name": slug.to_uppercase(), "parent": parent.map(|id| json!({ "id": id })) })
    });
    let listed = listed.collect();
    server.shared.insert("octo/teams".to_owned(), listed);
    for (slug, _, _, members) in teams {
        server.shared.insert(format!("octo/teams/{slug}/members"), members.iter().map(|id| user(*id)).collect());
    }
}

fn scan(server: &Shared, now: Instant, cursor: Option<&str>) -> (String, Option<String>) {
    let pages = configured(server, settings()).window(now - DAY, now).now(now).drain("teams", cursor).unwrap();
    (pages.iter().map(show).collect(), pages.last().unwrap().cursor.clone())
}

#[test]
fn everybody_is_in_the_deepest_team_and_what_stays_is_not_told_again() {
    let server = server(&[
        ("everybody", 1, None, &[1, 2, 3, 4]),
        ("payments", 2, Some(1), &[1, 2]),
        ("cards", 3, Some(2), &[1]),
        ("on-call", 4, Some(1), &[2, 3]),
    ]);
    let (found, cursor) = scan(&server, NOW, None);
    expect![[r#"
        1/1767225600000 at 2026-01-01T00:00:00Z: user1=1 in cards
        2/1767225600000 at 2026-01-01T00:00:00Z: user2=2 in on-call
        3/1767225600000 at 2026-01-01T00:00:00Z: user3=3 in on-call
        4/1767225600000 at 2026-01-01T00:00:00Z: user4=4 in everybody
    "#]]
    .assert_eq(&found);
    let (found, _) = scan(&server, NOW + DAY, cursor.as_deref());
    assert_eq!(found, "");
}

#[test]
fn what_stays_is_told_again_before_a_week_is_over() {
    let server = server(&[("a", 1, None, &[1, 2]), ("b", 2, None, &[3])]);
    let mut cursor = None;
    let mut told = Vec::new();
    for day in 0..15 {
        let (found, next) = scan(&server, NOW + day * DAY, cursor.as_deref());
        cursor = next;
        told.extend((!found.is_empty()).then(|| (day, found.lines().count())));
    }
    assert_eq!(told, [(0, 3), (6, 3), (12, 3)]);
}

#[test]
fn who_cannot_be_found_for_a_loss_is_still_told_and_who_has_left_is_not() {
    let server = server(&[("a", 1, None, &[1, 4]), ("b", 2, None, &[2])]);
    let (_, cursor) = scan(&server, NOW, None);
    put(&server, &[("a", 1, None, &[1]), ("b", 2, None, &[])]);
    server.borrow_mut().shared.remove("octo/teams/b/members");
    let (found, cursor) = scan(&server, NOW + 7 * DAY, cursor.as_deref());
    expect![[r#"
        1/1767830400000 at 2026-01-08T00:00:00Z: user1=1 in a
        2/1767830400000 at 2026-01-08T00:00:00Z: user2=2 in b
        4/1767830400000 at 2026-01-08T00:00:00Z: user4=4 in a
        problem NotFound octo x1
    "#]]
    .assert_eq(&found);
    put(&server, &[("a", 1, None, &[1]), ("b", 2, None, &[2])]);
    let (found, _) = scan(&server, NOW + 14 * DAY, cursor.as_deref());
    expect![[r#"
        1/1768435200000 at 2026-01-15T00:00:00Z: user1=1 in a
        2/1768435200000 at 2026-01-15T00:00:00Z: user2=2 in b
        4/1768435200000 at 2026-01-15T00:00:00Z: user4=4 in none
    "#]]
    .assert_eq(&found);
}

#[test]
fn who_moves_or_leaves_is_told_from_then_on() {
    let server = server(&[("a", 1, None, &[1, 2]), ("b", 2, None, &[3])]);
    let (_, cursor) = scan(&server, NOW, None);
    put(&server, &[("a", 1, None, &[1]), ("b", 2, None, &[2])]);
    let (found, _) = scan(&server, NOW, cursor.as_deref());
    expect![[r#"
        3/1767225600000 at 2026-01-01T00:00:00Z: user3=3 in none
        2/1767225600000 at 2026-01-01T00:00:00Z: user2=2 in b
    "#]]
    .assert_eq(&found);
}

#[test]
fn nobody_has_left_a_team_that_cannot_be_read() {
    let server = server(&[("a", 1, None, &[1]), ("b", 2, None, &[2])]);
    let (_, cursor) = scan(&server, NOW, None);
    server.borrow_mut().shared.remove("octo/teams/b/members");
    let (found, cursor) = scan(&server, NOW, cursor.as_deref());
    assert_eq!(found, "problem NotFound octo x1\n");
    server.borrow_mut().shared.insert("octo/teams/b/members".to_owned(), vec![user(2)]);
    assert_eq!(scan(&server, NOW, cursor.as_deref()).0, "");
}

#[test]
fn many_teams_take_several_calls() {
    let members: Vec<[u64; 1]> = (1..=60).map(|id| [id]).collect();
    let names: Vec<String> = (1..=60).map(|id| format!("team-{id}")).collect();
    let teams: Vec<(&str, u64, Option<u64>, &[u64])> = (1..)
        .zip(names.iter().zip(&members))
        .map(|(id, (name, members))| (name.as_str(), id, (id > 1).then_some(id - 1), &members[..]))
        .collect();
    let server = server(&teams);
    let pages = configured(&server, settings()).drain("teams", None).unwrap();
    assert_eq!(pages.len(), 3);
    assert_eq!(pages.iter().map(|page| page.facts.len()).collect::<Vec<_>>(), [0, 0, 60]);
    assert_eq!(pages[2].covered_through, Some(NOW));
}

#[test]
fn switched_off_nothing_is_asked() {
    let server = server(&[]);
    let page = configured(&server, json!({ "organizations": ["octo"] })).collect("teams", None).unwrap();
    assert_eq!((page, server.borrow().seen.len()), (Page::new(), 0));
}
