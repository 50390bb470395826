//! Each rule of release attacked by itself, through the whole of release: roster, grid, cells, verdicts; and with success where it is off.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use quintant::metrics::{Answers, Scope, TimeRange};
use quintant::model::{Atom, Component, Dimension, Family, Measure, Parts, Question, Span, Week};
use quintant::release::{Rule, Rules, survey_measures};
use quintant_tests::adversary::{Account, Dice, Who, World, play};

const K: usize = 5;

fn released(world: &World) -> Vec<Atom> {
    play(world, Rules::new(K)).atoms
}

fn released_without(rule: Rule, world: &World) -> Vec<Atom> {
    play(world, Rules::new(K).without(rule)).atoms
}

/// What was told of a cell in its spans that start in a week, counted from the first.
fn told(world: &World, atoms: &[Atom], cell: &str, week: i32, component: Component) -> Option<Measure> {
    let is_it = |atom: &&Atom| {
        atom.span.cell == cell
            && atom.span.start == world.first.plus(week)
            && atom.family == component.family()
            && atom.facet.is_none()
    };
    let atom = atoms.iter().find(is_it).unwrap_or_else(|| panic!("{cell} has no span that starts in week {week}"));
    atom.measures.get(&component).cloned()
}

fn merges(world: &World, cell: &str, week: i32) -> Option<i64> {
    told(world, &released(world), cell, week, Component::MergedChanges).map(|measure| measure.count)
}

/// What amber's first week would tell without a rule.
fn loose(rule: Rule, world: &World, component: Component) -> Option<Measure> {
    told(world, &released_without(rule, world), "amber", 0, component)
}

fn loose_merges(rule: Rule, world: &World) -> Option<i64> {
    loose(rule, world, Component::MergedChanges).map(|measure| measure.count)
}

/// Ten people who merge as many changes each as is said.
fn ten(changes: [usize; 10]) -> World {
    let merged =
        |world: World, (author, changes): (usize, &usize)| world.merged(0, author, *changes, Some((author + 1) % 10));
    changes.iter().enumerate().fold(World::quiet(&[("amber", 10)], 2), merged)
}

#[test]
fn rule_r02_a_fact_belongs_to_one_cell_and_the_organization_is_their_sum() {
    let world = World::new(17);
    let played = play(&world, Rules::new(K));
    // Whoever moved is told once, wherever that is: every sum equals what lies in its cell.
    let mut weeks: BTreeMap<(Family, &str, Week), usize> = BTreeMap::new();
    for atom in played.atoms.iter().filter(|atom| atom.facet.is_none()) {
        for offset in 0..atom.span.weeks {
            *weeks.entry((atom.family, atom.span.cell.as_str(), atom.span.start.plus(offset))).or_default() += 1;
        }
    }
    assert!(weeks.len() > 100);
    assert!(weeks.values().all(|spans| *spans == 1), "a week of a cell is told twice");
    let mut teams: BTreeSet<(&str, Week)> = BTreeSet::new();
    for atom in played.atoms.iter().filter(|atom| atom.family == Family::Change) {
        for team in &atom.span.teams {
            assert!(teams.insert((team.as_str(), atom.span.start)), "`{team}` lies in two cells");
        }
    }
}

#[test]
fn rule_r02_small_teams_are_pooled_by_their_roster_alone() {
    let world = World::quiet(&[("amber", 3), ("cobalt", 3), ("jade", 4)], 4);
    let cells_of = |atoms: Vec<Atom>| -> BTreeSet<String> { atoms.into_iter().map(|atom| atom.span.cell).collect() };
    let cells = |world: &World| cells_of(released(world));
    let quiet = cells(&world);
    assert_eq!(quiet, BTreeSet::from(["amber+cobalt+jade".to_owned(), Span::ORGANIZATION.to_owned()]));
    let busy = (0..10).fold(world, |world, author| world.merged(0, author, 9, None));
    assert_eq!(cells(&busy), quiet);
    assert_eq!(merges(&busy, "amber+cobalt+jade", 0), Some(90));
    assert!(cells_of(released_without(Rule::Pools, &busy)).contains("amber"), "three people stand alone");
}

#[test]
fn rule_r04_four_people_are_withheld_and_five_are_told() {
    assert_eq!(merges(&ten([3, 3, 3, 3, 0, 0, 0, 0, 0, 0]), "amber", 0), None);
    assert_eq!(merges(&ten([3, 3, 3, 3, 3, 0, 0, 0, 0, 0]), "amber", 0), Some(15));
    assert_eq!(loose_merges(Rule::Threshold, &ten([3, 3, 3, 3, 0, 0, 0, 0, 0, 0])), Some(12));
}

#[test]
fn rule_r04_one_person_with_several_accounts_is_one() {
    let mut world = ten([3, 3, 3, 3, 0, 0, 0, 0, 0, 0]);
    world.members[0].accounts = 2;
    let mut other = world.merges[0].clone();
    other.author = Some(Account { who: Who::Member(0), number: 1 });
    world.merges.push(other.clone());
    assert_eq!(merges(&world, "amber", 0), None);
    assert_eq!(loose_merges(Rule::Threshold, &world), Some(13));
    // Somebody whom the roster does not know fills no group either.
    world.outsiders = 1;
    other.author = Some(Account { who: Who::Outsider(0), number: 0 });
    world.merges.push(other);
    assert_eq!(merges(&world, "amber", 0), None);
}

#[test]
fn rule_r04_what_is_left_when_reviews_are_taken_away_is_enough_or_not_told() {
    // Two people merge something that nobody reviews.
    let world = ten([3; 10]).merged(0, 0, 1, None).merged(0, 1, 1, None);
    let atoms = released(&world);
    let review_time = told(&world, &atoms, "amber", 0, Component::ReviewTime).unwrap();
    assert_eq!(review_time.parts, Parts::Hidden);
    assert_eq!(told(&world, &atoms, "amber", 0, Component::UnreviewedMerges), None);
    let of_two = loose(Rule::Complement, &world, Component::UnreviewedMerges).unwrap();
    assert_eq!((of_two.total, of_two.count), (2, 32));
    let more = (2..5).fold(world, |world, author| world.merged(0, author, 1, None));
    let unreviewed = told(&more, &released(&more), "amber", 0, Component::UnreviewedMerges).unwrap();
    assert_eq!((unreviewed.total, unreviewed.count), (5, 35));
}

#[test]
fn rule_r04_one_authors_work_for_another_team_is_withheld() {
    let mut world = World::quiet(&[("amber", 10), ("cobalt", 10)], 1);
    for author in 0..10 {
        world = world.merged(0, author, 3, None);
    }
    for (index, merge) in world.merges.iter_mut().enumerate() {
        // One author's three belong to the other team's repository.
        merge.owner = Some(usize::from(index < 3));
    }
    assert_eq!(told(&world, &released(&world), "amber", 0, Component::CrossTeamChanges), None);
    // And where all but one author's three do, what is left is that author's.
    for merge in &mut world.merges {
        merge.owner = merge.owner.map(|owner| 1 - owner);
    }
    assert_eq!(told(&world, &released(&world), "amber", 0, Component::CrossTeamChanges), None);
    let rest = loose(Rule::Complement, &world, Component::CrossTeamChanges);
    assert_eq!(rest.map(|measure| measure.count), Some(27));
    for (index, merge) in world.merges.iter_mut().enumerate() {
        merge.owner = Some(index % 2);
    }
    assert!(told(&world, &released(&world), "amber", 0, Component::CrossTeamChanges).is_some());
}

#[test]
fn rule_r05_nobody_stands_out_of_a_sum() {
    // One has 60 of 70: whoever knows the second one's knows the first one's to a sixth.
    let one_stands_out = ten([60, 2, 1, 1, 1, 1, 1, 1, 1, 1]);
    assert_eq!(merges(&one_stands_out, "amber", 0), None);
    assert_eq!(loose_merges(Rule::Dominance, &one_stands_out), Some(70));
    assert_eq!(merges(&ten([10, 9, 2, 2, 2, 2, 2, 2, 2, 2]), "amber", 0), Some(35));
}

#[test]
fn rule_r05_nobody_has_more_than_half_of_a_mean() {
    // Thirty of forty are enough to hide in a sum, and not in a median.
    let world = ten([30, 2, 1, 1, 1, 1, 1, 1, 1, 1]);
    let atoms = released(&world);
    assert_eq!(told(&world, &atoms, "amber", 0, Component::MergedChanges).map(|measure| measure.count), Some(40));
    assert_eq!(told(&world, &atoms, "amber", 0, Component::ReviewTime), None);
    assert!(loose(Rule::Dominance, &world, Component::ReviewTime).is_some());
}

#[test]
fn rule_r06_not_everybody_is_alike() {
    let burnout_by = |rules: Rules, answers: &[f64]| {
        let answers: Vec<BTreeMap<Question, f64>> =
            answers.iter().map(|answer| BTreeMap::from([(Question::Burnout, *answer)])).collect();
        survey_measures(&answers, None, &rules).get(&Component::BurnedOut).map(|measure| measure.total)
    };
    let burnout = |answers: &[f64]| burnout_by(Rules::new(K), answers);
    // Fives and fours are the same answer to the question that is told.
    assert_eq!(burnout(&[5.0, 5.0, 5.0, 4.0, 4.0]), None);
    assert_eq!(burnout(&[5.0, 5.0, 5.0, 5.0, 1.0]), None);
    assert_eq!(burnout(&[5.0, 5.0, 4.0, 2.0, 1.0]), Some(3));
    assert_eq!(burnout_by(Rules::new(K).without(Rule::Homogeneity), &[5.0, 5.0, 5.0, 4.0, 4.0]), Some(5));
}

#[test]
fn rule_r06_a_percentile_needs_people_beyond_it() {
    let mut world = ten([2; 10]);
    // Of twenty, the longest two are one person's.
    for (index, merge) in world.merges.iter_mut().enumerate() {
        merge.waited = if index < 2 { 500_000 } else { 3600 << (index % 5) };
    }
    let time = told(&world, &released(&world), "amber", 0, Component::ReviewTime).unwrap();
    let histogram = time.histogram.unwrap();
    assert!(histogram.percentile(50).is_some());
    assert_eq!(histogram.percentile(90), None, "{histogram:?}");
    let loose = loose(Rule::Homogeneity, &world, Component::ReviewTime).unwrap().histogram.unwrap();
    assert!(loose.percentile(90).is_some(), "{loose:?}");
}

/// A roster that is edited afterwards, as somebody does who wants to know what is told without one person.
#[test]
fn rule_r07_what_was_told_is_not_told_again_without_a_person() {
    let mut world = ten([3; 10]);
    world.edit = Some((2, 0, None));
    let told = |atoms: &[Atom]| -> Vec<i64> {
        let is_it = |atom: &&Atom| atom.span.cell == "amber" && atom.span.start == world.first;
        let changes = atoms.iter().filter(is_it).filter_map(|atom| atom.measures.get(&Component::MergedChanges));
        changes.map(|measure| measure.count).collect()
    };
    assert_eq!(told(&released(&world)), [30]);
    assert_eq!(told(&released_without(Rule::Freeze, &world)), [30, 27], "the difference is one person's");
}

#[test]
fn rule_r06_outsiders_hide_no_percentile() {
    let ninetieth = |whose: fn(usize) -> Who| {
        let mut world = (0..10)
            .fold(World::quiet(&[("", 10)], 2), |world, author| world.merged(0, author, 6, Some((author + 1) % 10)));
        world.outsiders = 3;
        for (index, merge) in world.merges.iter_mut().enumerate() {
            // The longest six are of three others.
            let is_long = index < 6;
            merge.waited = if is_long { 500_000 } else { 3600 << (index % 5) };
            if is_long {
                merge.author = Some(Account { who: whose(index / 2), number: 0 });
            }
        }
        let time = told(&world, &released(&world), Span::UNASSIGNED, 0, Component::ReviewTime).unwrap();
        time.histogram.unwrap().percentile(90)
    };
    assert!(ninetieth(|person| Who::Member(person + 3)).is_some());
    assert_eq!(ninetieth(Who::Outsider), None, "three accounts may be one person's");
}

#[test]
fn rule_r08_a_thousand_odd_dates_are_answered_like_whole_weeks() {
    let world = World::new(17);
    let families = Family::ALL.into_iter().filter(|family| *family != Family::Sample).collect();
    let answers = Answers::new(released(&world), world.teams.clone(), families, true);
    let (unlike, told) = odd_dates(&world, &answers);
    assert!(unlike.is_empty(), "{} questions, first {}", unlike.len(), unlike[0]);
    assert!((50..1000).contains(&told), "{told} answers");
    let (unlike, _) = odd_dates(&world, &answers.without(Rule::Windows));
    assert!(unlike.len() > 500, "{} questions only tell of parts of weeks", unlike.len());
}

/// Questions that are not answered like the whole weeks that lie in them, and how many different answers there were to all.
fn odd_dates(world: &World, answers: &Answers) -> (Vec<String>, usize) {
    let (mut dice, start) = (Dice::new(8), world.first.monday());
    let (mut unlike, mut told): (Vec<String>, BTreeSet<String>) = (Vec::new(), BTreeSet::new());
    for _ in 0..1000 {
        let mut day = || start.saturating_add((i64::try_from(dice.below(100)).unwrap() - 20).days());
        let (one, other) = (day(), day());
        let (from, to) = (one.min(other), one.max(other));
        // The first Monday from then on, and the last one until then.
        let monday = |day: Date, is_end: bool| {
            let since = i64::from(day.weekday().to_monday_zero_offset());
            let ahead = if is_end || since == 0 { -since } else { 7 - since };
            day.saturating_add(ahead.days())
        };
        let (first, end) = (monday(from, false), monday(to, true));
        for dimension in Dimension::ALL {
            let ask = |from, to| {
                let answer = answers.dimension(dimension, TimeRange::Dates { from, to }, &Scope::Organization);
                serde_json::to_string(&answer).unwrap()
            };
            let answer = ask(from, to);
            let is_alike = if first < end { answer == ask(first, end) } else { answer.contains("window_too_short") };
            if !is_alike {
                unlike.push(format!("{from} to {to}: {answer}"));
            }
            told.insert(answer);
        }
    }
    (unlike, told.len())
}

#[test]
fn rule_r15_people_are_told_in_fives() {
    let active_by = |rules: Rules, people: usize| {
        let changes = std::array::from_fn(|author| usize::from(author < people));
        let world = ten(changes);
        let measure = told(&world, &play(&world, rules).atoms, "amber", 0, Component::ActivePeople)?;
        Some(measure.total)
    };
    let active = |people| active_by(Rules::new(K), people);
    // Reviewers are the authors' neighbours, so that one more is active than merges.
    assert_eq!([3, 4, 5, 8, 9].map(active), [None, Some(5), Some(5), Some(5), Some(10)]);
    assert_eq!(active_by(Rules::new(K).without(Rule::Floor), 8), Some(9));
    // Answers of surveys likewise: of every number and sum that fit, there are several.
    let responses = |count: usize| {
        let answer =
            |index: usize| BTreeMap::from([(Question::Rating, f64::from(u32::try_from(index % 5).unwrap() + 1))]);
        let answers: Vec<_> = (0..count).map(answer).collect();
        survey_measures(&answers, None, &Rules::new(K)).get(&Component::Responses).map(|measure| measure.total)
    };
    assert_eq!([4, 5, 9, 10, 14].map(responses), [None, Some(5), Some(5), Some(10), Some(10)]);
}

#[test]
fn rule_r16_the_span_follows_the_roster_and_never_the_data() {
    let grid = |world: &World| -> BTreeSet<(String, Week, i32)> {
        released(world).into_iter().map(|atom| (atom.span.cell, atom.span.start, atom.span.weeks)).collect()
    };
    let quiet = World::quiet(&[("amber", 10), ("cobalt", 7), ("jade", 5)], 13);
    let expected = grid(&quiet);
    let lengths: BTreeMap<&str, BTreeSet<i32>> =
        expected.iter().fold(BTreeMap::new(), |mut lengths, (cell, _, weeks)| {
            lengths.entry(cell.as_str()).or_default().insert(*weeks);
            lengths
        });
    assert_eq!(lengths["amber"], BTreeSet::from([1]));
    // What is left of an epoch is added to its last span.
    assert_eq!(lengths["cobalt"], BTreeSet::from([2, 3]));
    assert!(lengths["jade"].iter().all(|weeks| (4..=7).contains(weeks)), "{lengths:?}");
    let away = (0..21).fold(quiet, |world, author| world.merged(author % 3, usize::try_from(author).unwrap(), 3, None));
    assert_eq!(grid(&away), expected);
    let loose = released_without(Rule::Spans, &away);
    assert!(loose.iter().all(|atom| atom.span.weeks == 1), "five people are told of week by week");
}

#[test]
fn rule_r16_machines_share_the_verdict_of_changes() {
    // Five land commits, and four of them merge: what was withheld could be had from the commits.
    let mut world = ten([3, 3, 3, 3, 0, 0, 0, 0, 0, 0]);
    world.commits = (0..5).map(|author| (world.first, World::account(author))).collect();
    assert_eq!(told(&world, &released(&world), "amber", 0, Component::Commits), None);
    assert!(loose(Rule::Verdict, &world, Component::Commits).is_some());
}

#[test]
fn rule_r17_that_nobody_worked_reads_like_that_few_did() {
    let idle = World::quiet(&[("amber", 10)], 2);
    let few = ten([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let of_people =
        |world: &World| -> Vec<Atom> { released(world).into_iter().filter(|atom| atom.span.cell == "amber").collect() };
    assert_eq!(of_people(&idle), of_people(&few));
    let shown = |atoms: Vec<Atom>, loose: bool| -> Vec<String> {
        let atoms = atoms.into_iter().filter(|atom| atom.span.cell == "amber").collect();
        let families = [Family::Change, Family::Review, Family::Commit, Family::Active].into();
        let mut answers = Answers::new(atoms, idle.teams.clone(), families, false);
        if loose {
            answers = answers.without(Rule::Reasons);
        }
        let answer = |dimension| answers.dimension(dimension, TimeRange::Week, &Scope::Cell("amber".to_owned()));
        [Dimension::Activity, Dimension::Communication]
            .map(|dimension| serde_json::to_string(&answer(dimension)).unwrap())
            .into()
    };
    assert_eq!(shown(released(&idle), false), shown(released(&few), false));
    let without = |world: &World| shown(released_without(Rule::Reasons, world), true);
    assert!(without(&idle)[0].contains("\"pull_requests_count\":0"), "{:?}", without(&idle));
    assert_ne!(without(&idle), without(&few), "a nought tells of everybody");
}
