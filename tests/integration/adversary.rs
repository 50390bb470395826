//! Nobody who knows every answer can find out about a person, or about fewer than five.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use quintant::model::{About, Atom, Family};
use quintant::release::{Rule, Rules};
use quintant_tests::adversary::{Breadth, Finding, Hosted, Told, World, cells, findings, play, questions, see};
use serde_json::{Value, json};

const K: usize = 5;
const VIEWS: [&str; 5] =
    ["space_satisfaction", "space_performance", "space_activity", "space_communication", "space_efficiency"];
/// Worlds of a usual run; `cargo xtask adversary --worlds N` wants more of them, and others.
const WORLDS: u64 = 200;

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().map_or(usual, |text| text.parse().expect("a number"))
}

#[test]
fn adversary_finds_nobody_in_random_worlds() {
    let (first, worlds) = (number("QUINTANT_ADVERSARY_SEED", 1), number("QUINTANT_ADVERSARY_WORLDS", WORLDS));
    // A usual run leaves the other processors to the other tests.
    let workers = if worlds > WORLDS { std::thread::available_parallelism().map_or(1, NonZero::get) } else { 1 };
    let (begun, sum) = (AtomicU64::new(0), Mutex::new(Sum::default()));
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let seeds = std::iter::from_fn(|| Some(first + begun.fetch_add(1, Ordering::Relaxed)));
                for seed in seeds.take_while(|seed| *seed < first + worlds) {
                    let world = World::new(seed);
                    let played = play(&world, Rules::new(K));
                    let (share, found) = (played.share(&world), findings(&world, &played, K));
                    sum.lock().unwrap().add(seed, share, &found);
                }
            });
        }
    });
    let Sum { victims, told, all, .. } = sum.into_inner().unwrap();
    assert!(victims.is_empty(), "somebody is found in {} of {worlds} worlds: seeds {victims:?}", victims.len());
    let percent = 100 * told / all;
    println!("{worlds} worlds from seed {first}: nobody found; {percent} % of {all} merged changes are told");
    assert!(percent >= 60, "only {percent} % of the work is told");
}

/// What has come of the worlds so far; it is said now and then.
#[derive(Default)]
struct Sum {
    worlds: u64,
    /// Seeds of worlds in which somebody is found.
    victims: Vec<u64>,
    told: i64,
    all: i64,
}

impl Sum {
    fn add(&mut self, seed: u64, (told, all): (i64, i64), found: &[Finding]) {
        self.worlds += 1;
        self.told += told;
        self.all += all;
        if !found.is_empty() {
            self.victims.push(seed);
            println!("seed {seed}: {} findings, first {:?}", found.len(), &found[..found.len().min(3)]);
        }
        if self.worlds.is_multiple_of(500) {
            println!("{} worlds, the last of seed {seed}: {} % told", self.worlds, 100 * self.told / self.all);
        }
    }
}

/// Without a rule, some world has a victim of its kind.
#[track_caller]
fn has_victims(rule: Rule, is_victim: impl Fn(&Finding) -> bool) {
    has_victims_where(|_| true, rule, is_victim);
}

/// The same in worlds of some kind, where others need not be tried.
#[track_caller]
fn has_victims_where(is_tried: impl Fn(&World) -> bool, rule: Rule, is_victim: impl Fn(&Finding) -> bool) {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for world in (1..=WORLDS).map(World::new).filter(is_tried) {
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
    let in_figure = |finding: &Finding, name: &str| matches!(finding, Finding::SmallGroup { people: 0..K, figures, .. } if figures == &[name]);
    has_victims(Rule::Pools, |finding| in_figure(finding, "friction"));
    has_victims_where(
        |world| world.members.len() < 2 * K,
        Rule::Organization,
        |finding| in_figure(finding, "tallied_messages"),
    );
    has_victims(Rule::Spans, |finding| matches!(finding, Finding::Attendance { .. }));
}

/// Through database, guests and router: what is told is what the pure release tells, every sum is one of its atoms, and what was answered
/// once is answered so for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn adversary_asks_everything_after_every_step_and_gets_nothing_but_atoms() {
    let first = number("QUINTANT_ADVERSARY_SEED", 1);
    for seed in first..first + 10 {
        // Every window of every route once; of the other worlds every route, and windows in turn.
        let breadth = if seed == first { Breadth::Every } else { Breadth::Some };
        poll(&World::new(seed), seed, breadth).await;
    }
}

async fn poll(world: &World, seed: u64, breadth: Breadth) {
    let hosted = Hosted::start(world).await;
    let mut answered: BTreeMap<String, Value> = BTreeMap::new();
    for over in 1..=world.weeks {
        let (router, atoms) = hosted.step(over).await;
        let told = Told::new(&atoms);
        for (method, question) in questions(world, &router, &cells(&atoms), over, breadth).await {
            let seen = see(&router, method, &question).await;
            told.check(&question, &seen);
            // A window that is over is answered for ever as it was.
            if question.starts_with("/api/v1/metrics/space?from=") {
                let answer = seen.json();
                if is_whole(&answer) {
                    let figures = figures(&answer);
                    let before = answered.entry(question.clone()).or_insert_with(|| figures.clone());
                    assert_eq!(*before, figures, "seed {seed}: {question} is answered anew");
                }
            }
        }
        for view in VIEWS {
            let rows = format!("SELECT to_jsonb(v)::text FROM release.{view} v");
            for row in hosted.select("quintant_reports", &rows).await.unwrap() {
                told.check_row(view, &serde_json::from_str(&row).unwrap());
            }
        }
    }
    let atoms = hosted.host.app.store().reader().atoms_fetch().await.unwrap();
    let of_people = |atoms: Vec<Atom>| -> Vec<Atom> {
        let mut atoms: Vec<Atom> = atoms
            .into_iter()
            .filter(|atom| {
                atom.family.about() == About::People || [Family::Friction, Family::Tally].contains(&atom.family)
            })
            .collect();
        atoms.sort_by(|one, other| (&one.span, one.family, &one.facet).cmp(&(&other.span, other.family, &other.facet)));
        atoms
    };
    let (told, pure) = (of_people(atoms), of_people(play(world, Rules::new(K)).atoms));
    assert_eq!(told.len(), pure.len(), "seed {seed}");
    let differing = told.iter().zip(&pure).find(|(told, pure)| told != pure);
    assert!(differing.is_none(), "seed {seed}: {differing:?}");
    hosted.host.finish().await;
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
