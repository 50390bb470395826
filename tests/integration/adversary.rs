//! Nobody who knows every answer can find out about a person, or about fewer than five.

use std::collections::BTreeMap;

use quintant::release::{Rule, Rules};
use quintant_tests::adversary::{Finding, World, findings, play};

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
