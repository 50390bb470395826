//! Each rule by itself, on ten people of one team.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::*;
use crate::model::{
    Aggregation, Assignment, Bearer, EntityKey, Epoch, EpochSalt, FactKind, GivenReview, LandedCommit, MergedChange,
    Parts, Spelling, Subject, TakenSample,
};
use crate::pseudonym::{EpochKeys, IdentityKey, Roster};

const WEEK: Week = Week::from_index(2964);
const EPOCH: Epoch = WEEK.epoch();

/// Ten people of one team, known as `p0` to `p9`; everybody above is an outsider.
struct World {
    roster: Roster,
    keys: EpochKeys,
    spellings: Vec<Spelling>,
    facts: Facts,
}

impl World {
    fn new() -> Self {
        let salts = [EPOCH.before(), EPOCH].into_iter().zip([[1; 32], [2; 32]].map(EpochSalt::from_bytes));
        let keys = IdentityKey::from_bytes(&[7; 32]).epochs(&salts.collect());
        let mut text = "person,team,from,code\n".to_owned();
        let mut spellings = Vec::new();
        for number in 0..10 {
            writeln!(text, "person-{number},amber,2020-01-06,p{number}").unwrap();
            let spelling = |epoch: Epoch, account| Spelling {
                epoch,
                alias: keys.get(epoch).unwrap().alias("code", &format!("p{number}")),
                account,
            };
            spellings.push(spelling(EPOCH, account(number)));
            spellings.push(spelling(EPOCH.before(), earlier_account(number)));
        }
        let teams: [TeamName; 1] = ["amber".parse().unwrap()];
        let roster = Roster::parse(&text, &teams, &["code".parse().unwrap()]).unwrap();
        Self { roster, keys, spellings, facts: Facts::default() }
    }

    fn merged(mut self, author: u8, first_reviewer: Option<u8>) -> Self {
        let opened_at: Timestamp = "2026-09-21T08:00:00Z".parse().unwrap();
        let number = u8::try_from(self.facts.changes.len()).unwrap();
        self.facts.changes.push(MergedChange {
            week: WEEK,
            merged_at: opened_at + jiff::SignedDuration::from_hours(8),
            change: EntityKey::from_bytes([number; 16]),
            earlier_change: Some(earlier_change(number)),
            author: Some(account(author)),
            owner: None,
            opened_at,
            ready_at: None,
            first_review_at: first_reviewer.map(|_| opened_at + jiff::SignedDuration::from_hours(2)),
            first_reviewer: first_reviewer.map(account),
            first_commit_at: None,
            merge_commit: None,
            review_comments: None,
        });
        self
    }

    fn landed(mut self, author: u8) -> Self {
        self.facts.commits.push(LandedCommit { week: WEEK, author: account(author) });
        self
    }

    fn measures(&self, family: Family, assignments: Vec<Assignment>) -> Measures {
        let span =
            Span { cell: "amber".into(), teams: vec!["amber".parse().unwrap()], start: WEEK, weeks: 1, admitted: true };
        let membership = Membership::new(&self.roster, &self.keys, &self.spellings, assignments, &Rules::new(5));
        let evidence = Evidence::new(&self.facts, &membership);
        let ground = Ground {
            rules: Rules::new(5),
            calendar: &Calendar::new(TimeZone::UTC),
            terms: &MetricTerms::default(),
            membership: &membership,
            has_changes: true,
            has_incidents: false,
        };
        let told = |family, has_told_changes| {
            let mut atoms = atoms(family, &span, &evidence, &ground, has_told_changes);
            atoms.swap_remove(0).measures
        };
        let changes = told(Family::Change, false);
        told(family, changes.contains_key(&Component::MergedChanges))
    }
}

fn account(number: u8) -> Pseudonym {
    Pseudonym::from_bytes([number; 16])
}

/// The same account in the epoch before.
fn earlier_account(number: u8) -> Pseudonym {
    Pseudonym::from_bytes([number, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
}

fn earlier_change(number: u8) -> EntityKey {
    EntityKey::from_bytes([number, 0xee, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
}

#[test]
fn four_contributors_are_withheld_and_five_are_told() {
    let four = (0..4).fold(World::new(), |world, author| world.merged(author, None).merged(author, None));
    assert_eq!(four.measures(Family::Change, Vec::new()), Measures::new());
    let five = four.merged(4, None);
    assert_eq!(five.measures(Family::Change, Vec::new())[&Component::MergedChanges].count, 9);
}

#[test]
fn an_outsider_does_not_fill_the_group() {
    let world = (0..4).fold(World::new(), |world, author| world.merged(author, None)).merged(200, None);
    assert_eq!(world.measures(Family::Change, Vec::new()), Measures::new());
}

#[test]
fn a_rate_whose_complement_is_too_few_people_is_told_alone() {
    let reviewed = (0..5).fold(World::new(), |world, author| world.merged(author, Some(author + 5)));
    let measure = reviewed.measures(Family::Change, Vec::new())[&Component::ReviewTime].clone();
    assert_eq!((measure.total, measure.count, measure.parts), (5 * 7200, 5, Parts::Hidden));
    let both = (0..5).fold(reviewed, |world, author| world.merged(author, None));
    assert_eq!(both.measures(Family::Change, Vec::new())[&Component::ReviewTime].parts, Parts::Told);
}

#[test]
fn four_first_reviewers_are_too_few_for_a_review_time() {
    let world = (0..5).fold(World::new(), |world, author| world.merged(author, Some(5 + author % 4)));
    let measures = world.measures(Family::Change, Vec::new());
    assert!(measures.contains_key(&Component::MergedChanges) && !measures.contains_key(&Component::ReviewTime));
}

#[test]
fn commits_share_the_verdict_of_merged_changes() {
    let world = (0..5).fold(World::new(), |world, author| world.landed(author));
    let few = (0..4).fold(world, |world, author| world.merged(author, None));
    assert_eq!(few.measures(Family::Commit, Vec::new()), Measures::new());
    let enough = few.merged(4, None);
    assert_eq!(enough.measures(Family::Commit, Vec::new())[&Component::Commits].count, 5);
}

#[test]
fn active_people_are_floored_to_fives() {
    let world = (0..9).fold(World::new(), |world, author| world.landed(author).merged(author, None));
    assert_eq!(world.measures(Family::Active, Vec::new())[&Component::ActivePeople].total, 5);
}

#[test]
fn work_that_was_told_in_another_cell_is_not_told_again() {
    let world = (0..6).fold(World::new(), |world, author| world.merged(author, None));
    assert_eq!(world.measures(Family::Change, Vec::new())[&Component::MergedChanges].count, 6);
    let elsewhere = Assignment {
        week: WEEK,
        kind: FactKind::Change,
        bearer: Bearer::Account(account(0)),
        cell: "cobalt".to_owned(),
    };
    assert_eq!(world.measures(Family::Change, vec![elsewhere])[&Component::MergedChanges].count, 5);
}

/// A review of the change of this number in the epoch before, or again in this one.
fn review(number: u8, reviewer: u8, epoch: Epoch) -> GivenReview {
    let merged_at: Timestamp = "2026-09-21T16:00:00Z".parse().unwrap();
    let is_earlier = epoch < EPOCH;
    GivenReview {
        week: if is_earlier { WEEK.plus(-1) } else { WEEK },
        at: merged_at - jiff::SignedDuration::from_mins(if is_earlier { 30 } else { 10 }),
        change: if is_earlier { earlier_change(number) } else { EntityKey::from_bytes([number; 16]) },
        // One of the epoch before names the key of the epoch before that.
        earlier_change: Some(if is_earlier {
            EntityKey::from_bytes([number | 0x80; 16])
        } else {
            earlier_change(number)
        }),
        change_author: Some(if is_earlier { earlier_account(number) } else { account(number) }),
        reviewer: if is_earlier { earlier_account(reviewer) } else { account(reviewer) },
    }
}

#[test]
fn a_change_joins_its_reviews_of_the_epoch_before() {
    // The source names the author's other account as the first reviewer, so that release looks for another one.
    let mut world = (0..5).fold(World::new(), |world, author| world.merged(author, Some(author)));
    world.facts.reviews = (0..5).map(|number| review(number, number + 5, EPOCH.before())).collect();
    let measure = world.measures(Family::Change, Vec::new())[&Component::ReviewTime].clone();
    assert_eq!((measure.total, measure.count), (5 * 27000, 5));
}

#[test]
fn a_reviewer_counts_once_for_a_change_of_two_epochs() {
    let reviews = |epoch: Epoch| (0..5).map(move |number| review(number, number + 5, epoch));
    let mut world = World::new();
    world.facts.reviews = reviews(EPOCH).collect();
    assert_eq!(world.measures(Family::Review, Vec::new())[&Component::Reviews].count, 5);
    world.facts.reviews.extend(reviews(EPOCH.before()));
    assert_eq!(world.measures(Family::Review, Vec::new()), Measures::new());
}

/// A plugin that has told of somebody by each door: as a sum, as the last value, as one of few.
#[test]
fn rule_r18_a_plugins_own_metric_tells_of_nobody() {
    let sample = |person: Option<u8>, metric: &str, value: f64| TakenSample {
        week: WEEK,
        at: "2026-10-21T12:00:00Z".parse().unwrap(),
        metric: metric.parse().unwrap(),
        value,
        actor: person.map(account),
    };
    let metric = |name: &str, subject: Subject, aggregation: Aggregation, is_granted: bool| SampleMetric {
        name: name.parse().unwrap(),
        subject,
        aggregation,
        is_granted,
    };
    let told_by = |rules: Rules, samples: Vec<TakenSample>, metric: SampleMetric, size: usize| {
        let start = if size < ENOUGH_FOR_MACHINES { Week::from_index(0) } else { WEEK };
        let mut world = World::new();
        world.facts.samples = samples.into_iter().map(|sample| TakenSample { week: start, ..sample }).collect();
        let membership = Membership::new(&world.roster, &world.keys, &world.spellings, Vec::new(), &rules);
        let (evidence, terms) =
            (Evidence::new(&world.facts, &membership), MetricTerms { samples: vec![metric], ..MetricTerms::default() });
        let ground = Ground {
            rules,
            calendar: &Calendar::new(TimeZone::UTC),
            terms: &terms,
            membership: &membership,
            has_changes: true,
            has_incidents: false,
        };
        let span = Span { cell: Span::ORGANIZATION.into(), teams: Vec::new(), start, weeks: 1, admitted: true };
        atoms(Family::Sample, &span, &evidence, &ground, false).len() > 1
    };
    let told = |samples, metric, size| told_by(Rules::new(5), samples, metric, size);
    // By each door somebody comes out once the rule that shuts it is gone.
    let refused = |rule: Rule, samples: Vec<TakenSample>, metric: SampleMetric, size: usize| {
        assert!(
            told_by(Rules::new(5).without(rule), samples.clone(), metric.clone(), size),
            "{rule:?} is not the door"
        );
        !told(samples, metric, size)
    };
    let focus = |people: &[u8], value: f64| people.iter().map(|person| sample(Some(*person), "focus", value)).collect();
    let hours = |aggregation| metric("focus", Subject::Person, aggregation, true);
    assert!(told(focus(&[0, 1, 2, 3, 4], 2.0), hours(Aggregation::Sum), 10));
    assert!(refused(Rule::Threshold, focus(&[0, 1, 2, 3], 2.0), hours(Aggregation::Sum), 10), "four people");
    assert!(refused(Rule::Grants, focus(&[0, 1, 2, 3, 4], 2.0), hours(Aggregation::Last), 10), "the last of a person");
    let mut unequal: Vec<TakenSample> = focus(&[0, 1, 2, 3, 4], 1.0);
    unequal[0].value = 60.0;
    assert!(refused(Rule::Dominance, unequal, hours(Aggregation::Sum), 10), "one stands out");
    let queue = |is_granted| metric("queue", Subject::System, Aggregation::Last, is_granted);
    assert!(told(vec![sample(None, "queue", 7.0)], queue(true), 10));
    assert!(refused(Rule::Grants, vec![sample(None, "queue", 7.0)], queue(false), 10), "not granted");
    assert!(refused(Rule::Organization, vec![sample(None, "queue", 7.0)], queue(true), 0), "nobody is on the roster");
}
