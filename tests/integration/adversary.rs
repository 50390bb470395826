//! Nobody who knows every answer can find out about a person, or about fewer than five.

use std::collections::{BTreeMap, BTreeSet};

use quintant::api::Router;
use quintant::model::{About, Atom, Component, Family, Span, Week};
use quintant::release::{Rule, Rules};
use quintant_tests::adversary::{Finding, World, findings, listings, moment, play};
use quintant_tests::{Host, HostOptions, emitting_sources};
use quintant_upstreams::script::{Answer, Script, Scripted};
use serde_json::{Value, json};
use tower::ServiceExt;

const K: usize = 5;
/// Worlds of a usual run; `cargo xtask adversary --worlds N` wants more of them, and others.
const WORLDS: u64 = 200;

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().map_or(usual, |text| text.parse().expect("a number"))
}

#[test]
fn adversary_finds_nobody_in_random_worlds() {
    let (first, worlds) = (number("QUINTANT_ADVERSARY_SEED", 1), number("QUINTANT_ADVERSARY_WORLDS", WORLDS));
    let (mut told, mut all) = (0, 0);
    for seed in first..first + worlds {
        let world = World::new(seed);
        let played = play(&world, Rules::new(K));
        let found = findings(&world, &played, K);
        assert!(found.is_empty(), "seed {seed}: {} findings, first {:?}", found.len(), &found[..found.len().min(3)]);
        let share = played.share(&world);
        told += share.0;
        all += share.1;
    }
    let percent = 100 * told / all;
    println!("{worlds} worlds from seed {first}: nobody found; {percent} % of {all} merged changes are told");
    assert!(percent >= 60, "only {percent} % of the work is told");
}

/// Without a rule, some world has a victim of its kind.
#[track_caller]
fn has_victims(rule: Rule, is_victim: impl Fn(&Finding) -> bool) {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 1..=WORLDS {
        let world = World::new(seed);
        let found = findings(&world, &play(&world, Rules::new(K).without(rule)), K);
        if found.iter().any(&is_victim) {
            return;
        }
        for finding in found {
            *kinds.entry(format!("{finding:?}").split([' ', '{']).next().unwrap().to_owned()).or_default() += 1;
        }
    }
    panic!("without {rule:?} there is no victim of its kind in {WORLDS} worlds, but {kinds:?}");
}

#[test]
fn adversary_needs_a_rule_less() {
    has_victims(Rule::Threshold, |finding| matches!(finding, Finding::SmallGroup { people: 1..K, .. }));
    has_victims(Rule::Complement, |finding| matches!(finding, Finding::SmallGroup { .. }));
    has_victims(Rule::Roles, |finding| matches!(finding, Finding::FewInRole { .. }));
    has_victims(Rule::Dominance, |finding| matches!(finding, Finding::Dominated { .. }));
    has_victims(Rule::Dominance, |finding| matches!(finding, Finding::Majority { .. }));
    has_victims(Rule::Homogeneity, |finding| matches!(finding, Finding::AllAlike { .. }));
    has_victims(Rule::Floor, |finding| matches!(finding, Finding::ExactPeople { .. }));
    has_victims(Rule::Reports, |finding| matches!(finding, Finding::FewReports { .. }));
    has_victims(Rule::Verdict, |finding| matches!(finding, Finding::Estimated { .. }));
}

/// What is asked again and again: everything that a team or the organization is told of, in every window of whole spans.
fn questions(world: &World, cells: &[String], over: i32) -> Vec<String> {
    let mut windows: Vec<String> = ["7d", "30d", "90d"].map(|range| format!("time_range={range}")).into();
    for first in 0..over {
        for end in first + 1..=over {
            let day = |week: i32| world.first.plus(week).monday();
            windows.push(format!("from={}&to={}", day(first), day(end)));
        }
    }
    let scopes: Vec<String> = std::iter::once(String::new())
        .chain(cells.iter().map(|cell| format!("&team={}", cell.replace('+', "%2B"))))
        .collect();
    windows
        .iter()
        .flat_map(|window| scopes.iter().map(move |scope| format!("/api/v1/metrics/space?{window}{scope}")))
        .collect()
}

/// The counts that answers add up: where they stand in an answer, and what they add.
const SUMS: [(&str, &str, Component); 6] = [
    ("activity", "commits_count", Component::Commits),
    ("activity", "pull_requests_count", Component::MergedChanges),
    ("activity", "code_reviews_count", Component::Reviews),
    ("activity", "platform_usage_count", Component::PlatformUses),
    ("communication", "cross_team_prs", Component::CrossTeamChanges),
    ("communication", "mattermost_messages", Component::Messages),
];

/// Through database, guests and router: what is told is what the pure release tells, every sum is one of its atoms, and what was answered
/// once is answered so for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn adversary_asks_everything_after_every_step_and_gets_nothing_but_atoms() {
    for seed in number("QUINTANT_ADVERSARY_SEED", 1)..number("QUINTANT_ADVERSARY_SEED", 1) + 10 {
        poll(&World::new(seed), seed).await;
    }
}

async fn poll(world: &World, seed: u64) {
    let (code, chat) = (script(world, [0, 1]).await, script(world, [3, 2]).await);
    let teams: String =
        (world.teams.iter()).map(|team| format!("[[team]]\nname = \"{team}\"\nowns = [\"octo/{team}\"]\n")).collect();
    let sources = emitting_sources(&[("code", code.url(), ""), ("chat", chat.url(), "")]);
    let sources = sources.replace("start = \"auto\"\n", "start = \"auto\"\nsettle = \"0s\"\n");
    let text =
        format!("{sources}\n{teams}[roster]\nfile = \"roster.csv\"\n[metrics]\nplatform_tools = [\"backstage\"]\n");
    let options = HostOptions { now: moment(world, 1), ..HostOptions::default() };
    let host = Host::for_text_and_roster(&text, &world.roster(1), options).await;
    let mut answered: BTreeMap<String, Value> = BTreeMap::new();
    for over in 1..=world.weeks {
        std::fs::write(host.folder().join("roster.csv"), world.roster(over)).unwrap();
        host.set_now(moment(world, over));
        host.collect_from("code").await;
        host.collect_from("chat").await;
        host.release().await;
        let atoms = host.app.store().reader().atoms_fetch().await.unwrap();
        let cells: BTreeSet<String> =
            (atoms.iter().map(|atom| atom.span.cell.clone())).filter(|cell| cell != Span::ORGANIZATION).collect();
        let router = host.app.router().await.unwrap();
        for question in questions(world, &cells.into_iter().collect::<Vec<_>>(), over) {
            let answer = ask(&router, &question).await;
            check_sums(&atoms, &question, &answer, world.first, over, seed);
            // A window that is over is answered for ever as it was.
            if question.contains("from=") && is_whole(&answer) {
                let before = answered.entry(question.clone()).or_insert_with(|| answer.clone());
                assert_eq!(figures(before), figures(&answer), "seed {seed}: {question} is answered anew");
            }
        }
    }
    let atoms = host.app.store().reader().atoms_fetch().await.unwrap();
    let of_people = |atoms: Vec<Atom>| -> Vec<Atom> {
        let mut atoms: Vec<Atom> = atoms
            .into_iter()
            .filter(|atom| atom.family.about() == About::People || atom.family == Family::Friction)
            .collect();
        atoms.sort_by(|one, other| (&one.span, one.family, &one.facet).cmp(&(&other.span, other.family, &other.facet)));
        atoms
    };
    let (told, pure) = (of_people(atoms), of_people(play(world, Rules::new(K)).atoms));
    assert_eq!(told.len(), pure.len(), "seed {seed}");
    let differing = told.iter().zip(&pure).find(|(told, pure)| told != pure);
    assert!(differing.is_none(), "seed {seed}: {differing:?}");
    host.finish().await;
}

/// A source that knows more with each step. `places`: what it lists as work and what as the rest, nothing beyond the last.
async fn script(world: &World, places: [usize; 2]) -> Scripted {
    let mut script = Script::new();
    for over in 1..=world.weeks {
        let listings = listings(world, moment(world, over));
        for (feed, place) in ["/work", "/rest"].into_iter().zip(places) {
            let listing = listings.get(place).cloned().unwrap_or_else(|| json!({ "facts": [] }));
            script = script.on_nth(feed, usize::try_from(over).unwrap(), Answer::json(200, &listing));
        }
    }
    script.start().await.unwrap()
}

async fn ask(router: &Router, question: &str) -> Value {
    let request = axum::http::Request::get(question).body(axum::body::Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200, "{question}");
    serde_json::from_slice(&axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap()).unwrap()
}

fn is_whole(answer: &Value) -> bool {
    let window = &answer["activity"]["window"];
    window["weeks_covered"] == window["weeks_total"]
}

/// The values of each dimension. Why one is missing may be told anew: whether anything of its kind was ever told.
fn figures(answer: &Value) -> Value {
    let mut figures = json!({});
    for dimension in ["activity", "communication"] {
        for (field, value) in answer[dimension].as_object().unwrap() {
            if !["window", "details", "withheld"].contains(&field.as_str()) {
                figures[field] = value.clone();
            }
        }
    }
    figures
}

/// Every count is the sum of the atoms whose span lies in the window, and of no part of one.
fn check_sums(atoms: &[Atom], question: &str, answer: &Value, first: Week, over: i32, seed: u64) {
    let query: BTreeMap<&str, String> = (question.split('?').nth(1).unwrap().split('&'))
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name, value.replace("%2B", "+")))
        .collect();
    let newest = Atom::newest_end(atoms).unwrap_or(first.plus(over));
    let (start, end) = match query.get("time_range").map(String::as_str) {
        Some("7d") => (newest.plus(-1), newest),
        Some("30d") => (newest.plus(-4), newest),
        Some(_) => (newest.plus(-13), newest),
        None => (Week::of_date(query["from"].parse().unwrap()), Week::of_date(query["to"].parse().unwrap())),
    };
    let is_asked = |span: &Span| {
        start <= span.start && span.end() <= end && query.get("team").is_none_or(|team| *team == span.cell)
    };
    for (dimension, field, component) in SUMS {
        let told: Vec<i64> = (atoms.iter().filter(|atom| is_asked(&atom.span)))
            .filter_map(|atom| Some(atom.measures.get(&component)?.total))
            .collect();
        let expected = if told.is_empty() { Value::Null } else { json!(told.iter().sum::<i64>()) };
        let shown = &answer[dimension][field];
        assert!(*shown == expected, "seed {seed}: {question} shows {shown} as {field} instead of {expected}");
    }
}
