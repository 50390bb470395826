//! `quintant roster`: what an operator is shown of the roster, and how another one takes its place.

use std::sync::Arc;

use expect_test::{Expect, expect};
use jiff::Timestamp;
use quintant_tests::{Database, SEED, Site};
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::organisation::Organisation;
use serde_json::Value;

const OLD: &str = "person,team,from,github\nPerson 1,payments,2026-01-05,dev-001\nPerson 2,payments,2026-01-05,dev-002\n\
                   Person 3,payments,2026-01-05,dev-003\n";

fn site() -> Site {
    let site = Site::new(
        "[server]\nlisten = \"127.0.0.1:0\"\n[[team]]\nname = \"payments\"\n[[team]]\nname = \"search\"\n[roster]\nfile = \"roster.csv\"\n",
    );
    site.write(
        "roster.csv",
        &OLD.replace(",github", "").replace(",dev-001", "").replace(",dev-002", "").replace(",dev-003", ""),
    );
    site
}

fn roster(site: &Site) -> String {
    std::fs::read_to_string(site.folder().join("roster.csv")).unwrap()
}

fn check(site: &Site, arguments: &[&str], expected: &Expect) {
    let ran = site.run(&[&["roster"], arguments].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    expected.assert_eq(&ran.stdout.replace(site.folder().to_str().unwrap(), "SITE"));
}

#[test]
fn a_roster_is_shown_before_it_takes_the_old_ones_place() {
    let site = site();
    let before = roster(&site);
    let new = "person,team,from\nPerson 1,payments,2026-01-05\nPerson 2,payments,2026-01-05\nPerson 2,search,2026-02-02\nPerson 4,search,2026-02-02\n";
    site.write("new.csv", new);
    let file = site.folder().join("new.csv").display().to_string();
    check(
        &site,
        &["import", &file],
        &expect![[r#"
            ~ Person 2 moves: search from 2026-02-02
            + Person 4 joins: search from 2026-02-02
            - Person 3 leaves
              payments: 3 → 1 people this week; below 5 it is pooled
              search: 0 → 2 people this week; below 5 it is pooled
            3 changes; nothing is done yet, `--yes` puts it into its place
        "#]],
    );
    assert_eq!(roster(&site), before);
    let ran = site.run(&["roster", "import", &file, "--yes", "--format", "json"]);
    let said: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((said["applied"].as_bool(), said["changes"].as_array().unwrap().len()), (Some(true), 3), "{said}");
    assert_eq!(roster(&site), new);
    let left: Vec<String> = std::fs::read_dir(site.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("roster"))
        .collect();
    assert_eq!(left, ["roster.csv"], "nothing is left beside it");
    check(&site, &["import", &file], &expect!["nothing is different\n"]);
}

#[test]
fn a_roster_with_mistakes_is_refused_with_all_of_them_and_the_old_one_stays() {
    let site = site();
    let before = roster(&site);
    site.write("new.csv", "person,team,from\nPerson 1,paiments,soon\n,search,2026-01-05\n");
    let file = site.folder().join("new.csv").display().to_string();
    let ran = site.run(&["roster", "import", &file, "--yes"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
    for mistake in [
        "roster line 2: no such team is configured; there are: payments, search",
        "roster line 2: `from` is no date; write it as `2026-01-05`",
        "roster line 3: `person` is empty; any name will do, it is never stored",
    ] {
        assert!(ran.stderr.contains(mistake), "{mistake}: {}", ran.stderr);
    }
    assert!(!ran.stderr.contains("Person") && !ran.stderr.contains("paiments"), "{}", ran.stderr);
    assert_eq!(roster(&site), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_roster_is_compared_with_what_sources_have_shown_and_with_the_teams_they_know() {
    let organisation = Organisation::generate(SEED, Timestamp::now());
    let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
    let simulation = Simulation::start(Arc::new(organisation), options).await.unwrap();
    let (site, database) =
        (Site::for_organisation(simulation.organisation(), simulation.url()), Database::create().await);
    site.write("database.url", &database.url());
    assert_eq!(site.run(&["run-once", "github"]).code, Some(0));

    let json = |arguments: &[&str]| -> Value {
        let ran = site.run(&[&["roster"], arguments, &["--format", "json"]].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        serde_json::from_str(&ran.stdout).unwrap()
    };
    let whole = json(&["status"]);
    let (known, unknown) = (&whole["accounts"][0]["of_somebody"], &whole["accounts"][0]["of_nobody"]);
    assert!(known.as_u64().unwrap() > 20 && unknown.as_u64().unwrap() > 0, "{whole}");

    // Somebody is misspelled, somebody is missing, somebody is said to be elsewhere.
    let rows: Vec<String> = roster(&site).lines().map(str::to_owned).collect();
    let mut people = rows.iter().skip(1).filter(|row| row.matches(',').count() == 3 && !row.contains(';'));
    let [misspelled, missing] = [people.next().unwrap(), people.next().unwrap()];
    let edited: Vec<String> = rows
        .iter()
        .filter(|row| *row != missing)
        .map(|row| if row == misspelled { format!("{row}-mistyped") } else { row.clone() })
        .collect();
    site.write("roster.csv", &(edited.join("\n") + "\n"));
    let status = json(&["status"]);
    let unseen = status["never_seen"].as_array().unwrap();
    assert!(unseen.iter().any(|named| named["account"].as_str().unwrap().ends_with("-mistyped")), "{status}");
    assert!(unseen.len() > whole["never_seen"].as_array().unwrap().len());
    assert!(status["accounts"][0]["of_nobody"].as_u64() > unknown.as_u64(), "{status}");

    site.edit("feeds = [\"pull_requests\", \"commits\"]", "feeds = [\"pull_requests\", \"commits\", \"teams\"]");
    site.edit("[source.settings]\n", "[source.settings]\norganizations = [\"acme\"]\nteams = true\n");
    let asked = json(&["status", "--source", "github"]);
    let login = missing.split(',').nth(3).unwrap();
    let unmatched = asked["source"]["unmatched"].as_array().unwrap();
    let is_missing = |found: &&Value| found["account"].as_str().unwrap().eq_ignore_ascii_case(login);
    let found = unmatched.iter().find(is_missing).unwrap_or_else(|| panic!("{login}: {asked}"));
    assert_eq!(found["team"].as_str(), missing.split(',').nth(1));

    // What was read for it is in no row.
    let dump = database.dump("raw").await + &database.dump("app").await;
    assert!(!dump.contains(login), "{login}");
    assert_eq!(database.count("SELECT count(*) FROM raw.membership").await, 0);
    database.drop_now().await;
}
