//! What one person may ask for: that nothing is stored of them, that it is deleted, that they are shown it.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use quintant::app::Collector;
use quintant::ingest::IngestError;
use quintant::model::Week;
use quintant::pseudonym::{IdentityKey, Recipient};
use quintant::store::StoreError;
use quintant_tests::{
    AgeKey, CommitFeed, Database, Host, HostOptions, SEED, Site, commit, commit_by, emitting_sources, simulation_end,
};
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::organisation::Organisation;
use quintant_upstreams::script::{Answer, Behaviour, Script, Scripted};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const AT: &str = "2026-11-19T12:00:00Z";

fn ms(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

/// One fact of every kind that carries an account, by a login that is its own id.
fn facts_of(login: &str, at: &str) -> Vec<Value> {
    let (day, at) = (ms(at) - ms(at) % 86_400_000, ms(at));
    let mut facts = vec![
        json!({ "kind": "change", "repo": "octo/app", "id": login, "opened_at": at - 3_600_000, "author": login }),
        json!({ "kind": "review", "repo": "octo/app", "change": "1", "reviewer": login }),
        json!({ "kind": "commit", "repo": "octo/app", "sha": format!("{login}-sha"), "author": login }),
        json!({ "kind": "usage", "at": day, "actor": login, "tool": "chat", "count": 3 }),
        json!({ "kind": "membership", "account": login, "team": "amber" }),
        json!({ "kind": "sample", "metric": "focus_hours", "value": 4, "actor": login }),
    ];
    for fact in &mut facts {
        fact["key"] = json!(format!("{login} {at}"));
        if fact["at"].is_null() {
            fact["at"] = json!(at);
        }
    }
    facts
}

async fn upstream(facts: &[Vec<Value>]) -> Scripted {
    let is_work = |fact: &Value| ["change", "review", "commit"].contains(&fact["kind"].as_str().unwrap());
    let (work, rest): (Vec<Value>, Vec<Value>) = facts.concat().into_iter().partition(is_work);
    let listing = |facts: Vec<Value>| Answer::json(200, &json!({ "facts": facts }));
    Script::new().on("/work", listing(work)).on("/rest", listing(rest)).start().await.unwrap()
}

const GRANT: &str = "samples = { focus_hours = \"person\" }";

/// Reads these upstreams, each under its name; the roster stays where the test can edit it.
struct Place {
    host: Host,
    roster: tempfile::NamedTempFile,
}

impl Place {
    async fn open(sources: &[(&str, &str)], roster: &str) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, roster).unwrap();
        let sources: Vec<(&str, &str, &str)> = sources.iter().map(|(name, url)| (*name, *url, GRANT)).collect();
        let teams = format!("[[team]]\nname = \"amber\"\n[roster]\nfile = \"{}\"\n", file.path().display());
        let host = Host::for_text(&(emitting_sources(&sources) + &teams), HostOptions::default()).await;
        Self { host, roster: file }
    }

    async fn collect(&self, sources: &[&str]) {
        for source in sources {
            for summary in self.host.collect_from(source).await {
                assert_eq!((summary.outcome.as_str(), summary.rejected), ("ok", 0), "{summary:?}");
            }
        }
    }

    /// Every way in which an account shows in a row of a live epoch: its pseudonym, and what its spelling is found by.
    async fn traces(&self, source: &str, login: &str) -> BTreeSet<String> {
        let key = IdentityKey::load_or_create(&self.host.app.setup.config.privacy.identity_key).unwrap();
        let keys = key.epochs(&self.host.app.store().salts_fetch().await.unwrap());
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mut traces = BTreeSet::new();
        for (_, key) in keys.iter() {
            let alias = hex(key.alias(source, login).as_bytes());
            let accounts =
                format!("SELECT encode(account, 'hex') FROM raw.alias WHERE alias = decode('{alias}', 'hex')");
            traces.extend(self.host.database.texts(&accounts).await);
            traces.insert(alias);
        }
        traces
    }

    async fn rows_with(&self, traces: &BTreeSet<String>) -> usize {
        let rows = self.host.database.dump("raw").await;
        rows.lines().filter(|line| traces.iter().any(|trace| line.contains(trace.as_str()))).count()
    }

    async fn facts(&self) -> i64 {
        let tables = ["change", "review", "commit", "usage", "membership", "sample"];
        let counts = tables.map(|table| format!("SELECT count(*) FROM raw.{table}"));
        self.host.database.numbers_by(&counts.join(" UNION ALL ")).await.iter().sum()
    }

    async fn finish(self) {
        self.host.finish().await;
    }
}

#[tokio::test]
async fn rule_r12_opting_out_leaves_no_row_and_reading_again_adds_none() {
    let upstream = upstream(&[facts_of("dev-001", AT), facts_of("dev-002", AT)]).await;
    let place = Place::open(&[("code", upstream.url())], "person,team,from\n").await;
    place.collect(&["code"]).await;
    let (database, app) = (&place.host.database, &place.host.app);
    let traces = place.traces("code", "dev-001").await;
    // In what others did, and in what was told.
    let other = format!("decode('{}', 'hex')", hex_of(database, "dev-002", &place).await);
    let mine = format!("decode('{}', 'hex')", hex_of(database, "dev-001", &place).await);
    for statement in [
        format!("UPDATE raw.change SET first_reviewer = {mine}, first_review_ms = opened_ms WHERE author = {other}"),
        format!("UPDATE raw.review SET change_author = {mine} WHERE reviewer = {other}"),
        "INSERT INTO raw.assignment SELECT week, 'commit', author, 'amber' FROM raw.commit".to_owned(),
    ] {
        database.execute_by(&statement).await;
    }
    assert_eq!((place.facts().await, place.rows_with(&traces).await), (12, 10));

    app.opt_out("code:DEV-001").await.unwrap();
    assert_eq!((place.facts().await, place.rows_with(&traces).await), (6, 0));
    let reviewed = "SELECT count(*) FROM raw.change WHERE first_review_ms IS NOT NULL";
    assert_eq!(database.count(reviewed).await, 0, "the time of a review is its reviewer's");

    place.collect(&["code"]).await;
    database.execute("UPDATE app.feed SET cursor = NULL, covered_through_ms = NULL").await;
    place.collect(&["code"]).await;
    assert_eq!((place.facts().await, place.rows_with(&traces).await), (6, 0));
    let known = place.traces("code", "dev-001").await;
    assert_eq!(place.rows_with(&known).await, 0);

    app.undo_opt_out("code:dev-001").await.unwrap();
    assert_eq!(database.count("SELECT count(*) FROM app.opt_out").await, 0, "what was learned goes too");
    place.collect(&["code"]).await;
    assert_eq!(place.facts().await, 12);
    place.finish().await;
}

/// The one account of a login in the live epoch that saw it.
async fn hex_of(database: &Database, login: &str, place: &Place) -> String {
    let traces = place.traces("code", login).await;
    for trace in traces {
        let is_account = format!("SELECT count(*) FROM raw.commit WHERE author = decode('{trace}', 'hex')");
        if database.numbers_by(&is_account).await == [1] {
            return trace;
        }
    }
    panic!("`{login}` has no commit");
}

#[tokio::test]
async fn rule_r12_a_person_is_kept_out_under_every_account_that_the_roster_names_now_or_later() {
    let code = upstream(&[facts_of("dev-001", AT), facts_of("dev-002", AT)]).await;
    let chat = upstream(&[facts_of("c1", AT), facts_of("c2", AT)]).await;
    let sources = [("code", code.url()), ("chat", chat.url())];
    let roster =
        "person,team,from,code,chat\nPerson 1,amber,2026-01-05,dev-001,\nPerson 2,amber,2026-01-05,dev-002,c2\n";
    let place = Place::open(&sources, roster).await;
    place.host.app.opt_out("Person 1").await.unwrap();
    place.collect(&["code", "chat"]).await;
    assert_eq!(place.facts().await, 18, "the roster does not name `c1` yet");
    let traces = place.traces("chat", "c1").await;
    assert_eq!(place.rows_with(&traces).await, 7);

    std::fs::write(&place.roster, roster.replace("dev-001,", "dev-001,c1")).unwrap();
    Collector::new(&place.host.app, CancellationToken::new()).keep_opt_outs().await;
    assert_eq!((place.facts().await, place.rows_with(&traces).await), (12, 0));
    place.collect(&["code", "chat"]).await;
    assert_eq!((place.facts().await, place.rows_with(&traces).await), (12, 0));
    place.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_r12_a_host_that_runs_applies_what_is_pending_without_traffic() {
    let code = upstream(&[facts_of("dev-001", AT)]).await;
    let roster = "person,team,from,code\nPerson 1,amber,2026-01-05,\n";
    let place = Place::open(&[("code", code.url())], roster).await;
    place.host.app.opt_out("Person 1").await.unwrap();
    place.collect(&["code"]).await;
    assert_eq!(place.facts().await, 6);
    std::fs::write(&place.roster, roster.replace("2026-01-05,", "2026-01-05,dev-001")).unwrap();
    let (served, database, _folder) = place.host.serve().await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while database.count("SELECT count(*) FROM raw.commit").await > 0 {
        assert!(tokio::time::Instant::now() < deadline, "nobody removes it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    served.stop().await;
    database.drop_now().await;
}

#[tokio::test]
async fn rule_r12_what_was_erased_is_not_read_again_and_what_comes_later_is() {
    let later = "2026-11-25T12:00:00Z";
    let before = upstream(&[facts_of("dev-001", AT)]).await;
    let place = Place::open(&[("code", before.url())], "person,team,from\n").await;
    place.collect(&["code"]).await;
    assert_eq!(place.facts().await, 6);
    place.host.app.erase("code:dev-001").await.unwrap();
    place.collect(&["code"]).await;
    assert_eq!(place.facts().await, 0);

    let feed = CommitFeed::open().await;
    feed.host.app.erase("github:dev-017").await.unwrap();
    feed.page(vec![commit("c1", "2026-11-24T11:00:00Z"), commit("c2", "2026-11-24T12:00:01Z")], Vec::new()).await;
    assert_eq!(feed.weeks().await.len(), 1, "a commit from before, and one from behind");
    assert_eq!(feed.host.database.count("SELECT count(*) FROM raw.alias").await, 1);
    feed.page(vec![commit_by("18", "dev-018", "c3", "2026-11-24T11:00:00Z")], Vec::new()).await;
    assert_eq!(feed.weeks().await.len(), 2, "nobody had somebody else's erased");

    // The list forgets, as nothing from so long ago is kept anyway.
    let listed = "SELECT count(*) FROM app.opt_out";
    assert_eq!(feed.host.database.count(listed).await, 2);
    feed.host.set_now(later.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * 100));
    Collector::new(&feed.host.app, CancellationToken::new()).forget().await.unwrap();
    assert_eq!(feed.host.database.count(listed).await, 0);
    feed.host.finish().await;
    place.finish().await;
}

#[tokio::test]
async fn rule_r12_a_rename_lets_nobody_in_again() {
    let feed = CommitFeed::open().await;
    feed.page(vec![commit_by("17", "old-name", "c1", AT)], Vec::new()).await;
    // Under a name that was never seen: what is stored lies under the one before.
    feed.host.app.opt_out("github:new-name").await.unwrap();
    assert_eq!(feed.weeks().await.len(), 1);
    feed.page(vec![commit_by("17", "new-name", "c2", AT)], Vec::new()).await;
    assert_eq!(feed.weeks().await.len(), 0);
    feed.page(vec![commit_by("17", "third-name", "c3", AT), commit_by("18", "old-name", "c4", AT)], Vec::new()).await;
    assert_eq!(feed.weeks().await.len(), 1, "whoever has the old name now is somebody else");
    feed.host.finish().await;
}

#[tokio::test]
async fn rule_r12_a_page_that_was_judged_by_an_older_list_is_not_stored() {
    let feed = CommitFeed::open().await;
    let mut flow = feed.flow();
    feed.page_behind(&mut flow, vec![commit_by("18", "dev-018", "c1", AT)], Vec::new()).await.unwrap();
    feed.host.app.opt_out("github:dev-017").await.unwrap();
    let page = || vec![commit("c2", AT), commit_by("18", "dev-018", "c3", AT)];
    let refused = feed.page_behind(&mut flow, page(), Vec::new()).await;
    assert!(matches!(refused, Err(IngestError::Store(StoreError::OptOutsChanged))), "{refused:?}");
    assert_eq!(feed.weeks().await.len(), 1);
    feed.page_behind(&mut flow, page(), Vec::new()).await.unwrap();
    assert_eq!(feed.weeks().await.len(), 2);
    feed.host.finish().await;
}

#[tokio::test]
async fn rule_r12_a_run_reads_again_what_it_read_before_somebody_opted_out() {
    let page = |login: &str, cursor: &str, more: bool| {
        let facts: Vec<Value> = [login, "dev-002"].map(|login| facts_of(login, AT)[2].clone()).into();
        Answer::json(200, &json!({ "facts": facts, "cursor": cursor, "more": more }))
    };
    let (second, third) = (page("dev-003", "b", true), page("dev-004", "c", false));
    let script = Script::new()
        .on_nth("/work", 1, page("dev-001", "a", true))
        .on_nth("/work", 2, second.clone().behaving(Behaviour::HonestOnceHealed))
        .on_nth("/work", 3, third.clone())
        .on_nth("/work", 4, second)
        .on_nth("/work", 5, third.clone())
        .on_nth("/work", 6, third)
        .on("/rest", Answer::json(200, &json!({})));
    let upstream = script.start().await.unwrap();
    let place = Place::open(&[("code", upstream.url())], "person,team,from\n").await;
    let commits = async || place.host.database.count("SELECT count(*) FROM raw.commit").await;
    let asked = || upstream.requests().into_iter().filter(|request| request.target.starts_with("/work"));
    let opts_out = async {
        // The first page is stored although the second one is still waited for.
        while commits().await < 2 || asked().count() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        place.host.app.opt_out("code:dev-002").await.unwrap();
        upstream.heal();
    };
    tokio::time::timeout(Duration::from_secs(60), async { tokio::join!(place.collect(&["code"]), opts_out) })
        .await
        .unwrap();
    let cursors: Vec<Option<char>> = asked()
        .map(|request| request.target.split_once("cursor=").and_then(|(_, cursor)| cursor.chars().next()))
        .collect();
    // The third once more because the list has learned from the second by which id `dev-002` is known.
    assert_eq!(cursors, [None, Some('a'), Some('b'), Some('a'), Some('b'), Some('b')]);
    assert_eq!(commits().await, 3);
    assert_eq!(place.rows_with(&place.traces("code", "dev-002").await).await, 0);
    place.finish().await;
}

#[tokio::test]
async fn rule_r12_an_export_holds_what_is_stored_for_its_recipient_alone() {
    let upstream = upstream(&[facts_of("dev-001", AT), facts_of("dev-002", AT)]).await;
    let roster = "person,team,from,code\nPerson 1,amber,2026-01-05,dev-001\n";
    let place = Place::open(&[("code", upstream.url())], roster).await;
    place.collect(&["code"]).await;
    let recipient: Recipient = AgeKey::RECIPIENT.parse().unwrap();
    let app = &place.host.app;
    let (known, unknown) =
        (app.export("Person 1", &recipient).await.unwrap(), app.export("Nobody", &recipient).await.unwrap());
    assert_eq!(known.len(), unknown.len());
    let opened =
        |sealed: &[u8]| -> Value { serde_json::from_slice(&AgeKey::of_tests().decrypt(sealed).unwrap()).unwrap() };
    assert!(!known.windows(8).any(|window| window == b"Person 1"));
    let shown = opened(&known);
    assert_eq!(
        shown["roster"],
        json!({ "person": "Person 1", "teams": [{ "from": "2026-01-05", "team": "amber" }],
                "accounts": [{ "source": "code", "account": "dev-001" }] })
    );
    let stored: Vec<(&str, &str)> = shown["stored"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["table"].as_str().unwrap(), row["source"].as_str().unwrap()))
        .collect();
    let mut tables: Vec<&str> = stored.iter().map(|(table, _)| *table).collect();
    tables.sort_unstable();
    assert_eq!(tables, ["alias", "change", "commit", "membership", "review", "sample", "usage"]);
    assert!(stored.iter().all(|(_, source)| *source == "code"));
    let others = place.traces("code", "dev-002").await;
    assert!(others.iter().all(|trace| !shown.to_string().contains(trace.as_str())), "{shown}");
    let nothing = opened(&unknown);
    assert_eq!(
        (&nothing["stored"], &nothing["roster"], &nothing["kept_out"]),
        (&json!([]), &json!(null), &json!(null))
    );

    app.opt_out("Person 1").await.unwrap();
    let emptied = opened(&app.export("Person 1", &recipient).await.unwrap());
    assert_eq!((&emptied["stored"], &emptied["kept_out"]), (&json!([]), &json!("all")));
    let noted = place.host.database.texts("SELECT command FROM app.privacy_event ORDER BY number").await;
    assert_eq!(noted, ["export", "export", "opt_out", "export"]);
    let people = "SELECT count(DISTINCT subject) FROM app.privacy_event";
    assert_eq!(place.host.database.count(people).await, 2);
    place.finish().await;
}

/// So that a kind of fact that is new is not forgotten.
#[tokio::test]
async fn rule_r12_whatever_names_an_account_is_erased_and_shown() {
    let feed = CommitFeed::open().await;
    let of_accounts = "SELECT c.relname || ' ' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'raw'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
         AND a.attname ~ '(author|reviewer|actor|account|person|user)' ORDER BY 1";
    let columns = feed.host.database.texts(of_accounts).await;
    assert!(columns.len() >= 10, "{columns:?}");
    let erased =
        feed.host.database.texts("SELECT prosrc FROM pg_proc WHERE proname = 'accounts_erase'").await.remove(0);
    let shown = include_str!("../../host/src/store/export.rs");
    let is_erased = |column: &String| {
        let (table, name) = column.split_once(' ').unwrap();
        let (of, by) = (format!("raw.{table} "), format!("{name} = ANY (accounts)"));
        erased.lines().any(|line| line.contains(&of) && line.contains(&by))
    };
    let is_shown = |column: &String| {
        let (table, name) = column.split_once(' ').unwrap();
        let (from, own) = (format!("FROM raw.{table} "), format!("WHERE {name} IN (SELECT account FROM own)"));
        shown.lines().any(|line| line.contains(&from) && line.contains(&own))
    };
    for column in &columns {
        assert!(is_erased(column), "{column} is not erased");
        assert!(is_shown(column), "{column} is not shown");
    }
    // A column that nobody thought of is caught.
    feed.host.database.execute("ALTER TABLE raw.sample ADD COLUMN reviewer bytea").await;
    let planted = "sample reviewer".to_owned();
    assert!(feed.host.database.texts(of_accounts).await.contains(&planted));
    assert!(!is_erased(&planted) && !is_shown(&planted));
    feed.host.finish().await;
}

#[tokio::test]
async fn a_source_that_is_none_is_told_and_a_person_who_is_none_is_not() {
    let feed = CommitFeed::open().await;
    let app = &feed.host.app;
    assert_eq!(
        app.opt_out("gihub:dev-017").await.unwrap_err().to_string(),
        "before the colon stands no source; write `SOURCE:ACCOUNT`, sources are: github"
    );
    app.opt_out("Nobody").await.unwrap();
    app.erase("github:nobody").await.unwrap();
    app.undo_opt_out("Nobody Else").await.unwrap();
    feed.host.finish().await;
}

/// Who belongs to a team on a day.
fn people_of<'a>(organisation: &'a Organisation, team: &str, day: Date) -> Vec<&'a str> {
    let mut teams: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for row in organisation.roster.iter().filter(|row| row.from <= day) {
        teams.insert(&row.person, row.team.as_deref());
    }
    teams.into_iter().filter(|(_, of)| *of == Some(team)).map(|(person, _)| person).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_r12_whoever_opts_out_leaves_the_sizes_of_teams_with_the_next_span() {
    let organisation = Arc::new(Organisation::generate(SEED, simulation_end()));
    let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
    let simulation = Simulation::start(Arc::clone(&organisation), options).await.unwrap();
    let then = simulation_end() - SignedDuration::from_hours(24 * 24);
    simulation.set_now(then);
    let host =
        Host::for_organisation(&organisation, simulation.url(), HostOptions { now: then, ..HostOptions::default() })
            .await;
    host.collect().await;
    assert!(host.release().await > 0);
    let told = host.database.dump("release").await;
    let before = host.database.texts(SPANS_OF_COBALT).await;
    assert!(!before.is_empty() && before.iter().all(|span| span.ends_with(" 1")), "{before:?}");
    let team = "team-cobalt".parse().unwrap();
    let week = Week::of_date(then.to_zoned(jiff::tz::TimeZone::UTC).date());
    let shown = || host.app.setup.roster().unwrap().sizes_in(week).get(&Some(&team)).copied();

    // Until nine are left, whose spans are two weeks.
    let day = then.to_zoned(jiff::tz::TimeZone::UTC).date();
    let people = people_of(&organisation, "team-cobalt", day);
    assert!(people.len() > 9, "{people:?}");
    let sizes = shown();
    for person in &people[9..] {
        host.app.opt_out(person).await.unwrap();
    }
    assert_eq!(shown(), sizes, "what is shown of the roster tells nothing of it");
    assert_eq!(host.database.dump("release").await, told, "what is told stays");

    simulation.set_now(simulation_end());
    host.set_now(simulation_end());
    host.collect().await;
    assert!(host.release().await > 0);
    let after = host.database.texts(SPANS_OF_COBALT).await;
    let new: Vec<&String> = after.iter().filter(|span| !before.contains(span)).collect();
    assert!(!new.is_empty() && new.iter().all(|span| span.ends_with(" 2")), "{new:?}");
    host.finish().await;
}

const SPANS_OF_COBALT: &str =
    "SELECT start_week || ' ' || weeks FROM release.span WHERE cell = 'team-cobalt' ORDER BY start_week";

#[tokio::test(flavor = "multi_thread")]
async fn rule_r12_the_commands_answer_alike_and_name_nobody() {
    // The program goes by the real clock.
    let at = (Timestamp::now() - SignedDuration::from_hours(48)).to_string();
    let code = upstream(&[facts_of("dev-001", &at)]).await;
    let (database, roster) = (Database::create().await, "person,team,from,code\nPerson 1,amber,2026-01-05,dev-001\n");
    let text = emitting_sources(&[("code", code.url(), GRANT)])
        + "[[team]]\nname = \"amber\"\n[roster]\nfile = \"roster.csv\"\n";
    let site = Site::new(&text);
    site.write("roster.csv", roster);
    site.write("database.url", &database.url());
    assert_eq!(site.run(&["run-once", "code"]).code, Some(0));
    assert_eq!(database.count("SELECT count(*) FROM raw.commit").await, 1);
    let export = |name: &str, file: &str| {
        let file = site.folder().join(file).display().to_string();
        site.run_told(&["privacy", "export", "-", "--recipient", AgeKey::RECIPIENT, "--output", &file], name)
    };
    let said = |arguments: &[&str], name: &str| site.run_told(&[&["privacy"], arguments, &["-"]].concat(), name);
    for (known, unknown) in [
        (export("Person 1\n", "one.age"), export("Nobody\n", "two.age")),
        (said(&["erase"], "Person 1\n"), said(&["erase"], "Nobody\n")),
        (said(&["opt-out"], "code:dev-001"), said(&["opt-out"], "code:dev-777")),
        (said(&["opt-out", "--undo"], "Person 1"), said(&["opt-out", "--undo"], "Nobody")),
        (said(&["opt-out", "--format", "json"], "Person 1"), said(&["opt-out", "--format", "json"], "Nobody")),
    ] {
        assert_eq!((known.code, &known.stdout), (Some(0), &unknown.stdout), "{known:?} {unknown:?}");
        for name in ["Person 1", "Nobody", "dev-001", "dev-777"] {
            let told = format!("{}{}{}{}", known.stdout, known.stderr, unknown.stdout, unknown.stderr);
            assert!(!told.contains(name), "{told}");
        }
    }
    let sizes = ["one.age", "two.age"].map(|name| std::fs::metadata(site.folder().join(name)).unwrap());
    assert_eq!(sizes[0].len(), sizes[1].len());
    assert_eq!(sizes[0].permissions().mode() & 0o777, 0o600);
    let again = export("Person 1", "one.age");
    assert!(again.code == Some(1) && again.stderr.contains("one.age` cannot be written"), "{again:?}");
    let wrong = site.run(&["privacy", "export", "Person 1", "--recipient", "age1nobody", "--output", "three.age"]);
    assert!(wrong.code == Some(2) && wrong.stderr.contains("is no recipient"), "{wrong:?}");
    assert_eq!(database.count("SELECT count(*) FROM raw.commit").await, 0);
    database.drop_now().await;
}
