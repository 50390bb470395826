//! What a span may tell. Every component and its complement rest on k distinct people in every role, or they are withheld.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::{Membership, PersonKey};
use crate::model::{
    Atom, Component, EntityKey, Family, GivenReview, LandedCommit, Measure, MergedChange, Parts, Pseudonym, Span, Week,
};

/// The facts of the weeks that are due, and the earlier reviews of changes reviewed in them.
#[derive(Debug, Default)]
pub struct Facts {
    pub changes: Vec<MergedChange>,
    pub reviews: Vec<GivenReview>,
    pub commits: Vec<LandedCommit>,
}

/// The facts by week, reviews reduced to the first of each pair of reviewer and change.
pub struct Counted<'a> {
    changes: BTreeMap<Week, Vec<&'a MergedChange>>,
    reviews: BTreeMap<Week, Vec<&'a GivenReview>>,
    commits: BTreeMap<Week, Vec<&'a LandedCommit>>,
    /// In the order in which they were given.
    reviews_of: HashMap<EntityKey, Vec<&'a GivenReview>>,
    joined: Joined,
}

/// More epochs than facts are ever kept of.
const MOST_EPOCHS: usize = 4;

/// A change that was worked on in two epochs has a key in each: here they are one again.
struct Joined(HashMap<EntityKey, EntityKey>);

impl Joined {
    fn of(facts: &Facts) -> Self {
        let changes = facts.changes.iter().map(|change| (change.change, change.earlier_change));
        let reviews = facts.reviews.iter().map(|review| (review.change, review.earlier_change));
        Self(changes.chain(reviews).filter_map(|(change, earlier)| Some((change, earlier?))).collect())
    }

    /// Its oldest key: a review may itself name the key of an epoch before its own.
    fn change(&self, key: EntityKey) -> EntityKey {
        let older = |key: &EntityKey| self.0.get(key).copied();
        std::iter::successors(Some(key), older).take(MOST_EPOCHS).last().unwrap_or(key)
    }
}

impl Facts {
    pub fn counted(&self, membership: &Membership<'_>) -> Counted<'_> {
        let joined = Joined::of(self);
        let mut in_order: Vec<&GivenReview> = self.reviews.iter().collect();
        in_order.sort_by_key(|review| (review.at, review.reviewer));
        let mut first: HashMap<(PersonKey, EntityKey), &GivenReview> = HashMap::new();
        let mut reviews_of: HashMap<EntityKey, Vec<&GivenReview>> = HashMap::new();
        for review in in_order {
            let change = joined.change(review.change);
            reviews_of.entry(change).or_default().push(review);
            let reviewer = membership.person(review.reviewer);
            if review.change_author.is_some_and(|author| membership.person(author) == reviewer) {
                continue;
            }
            first.entry((reviewer, change)).or_insert(review);
        }
        Counted {
            changes: by_week(self.changes.iter(), |change| change.week),
            reviews: by_week(first.into_values(), |review| review.week),
            commits: by_week(self.commits.iter(), |commit| commit.week),
            reviews_of,
            joined,
        }
    }
}

fn by_week<'a, F>(facts: impl Iterator<Item = &'a F>, week: impl Fn(&F) -> Week) -> BTreeMap<Week, Vec<&'a F>> {
    let mut weeks: BTreeMap<Week, Vec<&F>> = BTreeMap::new();
    for fact in facts {
        weeks.entry(week(fact)).or_default().push(fact);
    }
    weeks
}

/// Releases one family of a span. `change` is the span's atom of that family, whose verdict the commits share.
pub fn atom(
    family: Family,
    span: &Span,
    counted: &Counted<'_>,
    membership: &Membership<'_>,
    change: Option<&Atom>,
    minimum_group: usize,
) -> Atom {
    let cell = Cell { span, counted, membership, minimum_group };
    let measures = match family {
        _ if !span.admitted => BTreeMap::new(),
        Family::Change => cell.changes(),
        Family::Review => cell.reviews(),
        Family::Commit if change.is_some_and(|atom| atom.measures.contains_key(&Component::MergedChanges)) => {
            cell.commits()
        }
        Family::Commit => BTreeMap::new(),
        Family::Active => cell.active(),
    };
    Atom { span: span.clone(), family, measures }
}

/// When a change was first reviewed, and by which account.
#[derive(Clone, Copy)]
struct FirstReview {
    at: Timestamp,
    reviewer: Pseudonym,
}

/// People of the roster. An outsider's work counts, but nobody can tell how many people outsiders are.
type People = BTreeSet<usize>;
type Measures = BTreeMap<Component, Measure>;

struct Cell<'a> {
    span: &'a Span,
    counted: &'a Counted<'a>,
    membership: &'a Membership<'a>,
    minimum_group: usize,
}

impl Cell<'_> {
    fn changes(&self) -> Measures {
        let merged = self.merged();
        let mut measures = Measures::new();
        if !self.enough(&self.authors(&merged)) {
            return measures;
        }
        measures.insert(Component::MergedChanges, Measure::count(count(merged.len())));
        let first_reviews: Vec<Option<FirstReview>> = merged.iter().map(|change| self.first_review(change)).collect();
        let reviewed: Vec<(&MergedChange, FirstReview)> =
            merged.iter().zip(&first_reviews).filter_map(|(change, review)| Some((*change, (*review)?))).collect();
        let unreviewed =
            merged.iter().zip(&first_reviews).filter(|(_, review)| review.is_none()).map(|(change, _)| change.author);
        let authors = self.people(reviewed.iter().map(|(change, _)| change.author));
        let reviewers = self.people(reviewed.iter().map(|(_, review)| Some(review.reviewer)));
        if self.enough(&authors) && self.enough(&reviewers) {
            let parts = if self.enough(&self.people(unreviewed)) { Parts::Told } else { Parts::Hidden };
            let waited = |(change, review): &(&MergedChange, FirstReview)| {
                // A review of a draft has not waited for it to become ready.
                let ready_at = change.ready_at.filter(|ready| *ready <= review.at);
                review.at.as_second() - ready_at.unwrap_or(change.opened_at).as_second()
            };
            let measure = Measure { total: reviewed.iter().map(waited).sum(), count: count(reviewed.len()), parts };
            measures.insert(Component::ReviewTime, measure);
        }
        let owned = merged.iter().filter_map(|change| {
            let team = self.membership.team_in(change.author?, change.week)?;
            Some((*change, team != change.owner.as_ref()?))
        });
        let (across, inside): (Vec<_>, Vec<_>) = owned.partition(|(_, is_across)| *is_across);
        let authors = |changes: &[(&MergedChange, bool)]| self.people(changes.iter().map(|(change, _)| change.author));
        if self.enough(&authors(&across)) && self.enough(&authors(&inside)) {
            measures.insert(Component::CrossTeamChanges, Measure::count(count(across.len())));
        }
        measures
    }

    fn reviews(&self) -> Measures {
        let given = self.given();
        let reviewers = self.people(given.iter().map(|review| Some(review.reviewer)));
        let authors = self.people(given.iter().map(|review| review.change_author));
        if !self.enough(&reviewers) || !self.enough(&authors) {
            return Measures::new();
        }
        Measures::from([(Component::Reviews, Measure::count(count(given.len())))])
    }

    fn commits(&self) -> Measures {
        let landed = self.landed();
        if !self.enough(&self.people(landed.iter().map(|commit| Some(commit.author)))) {
            return Measures::new();
        }
        Measures::from([(Component::Commits, Measure::count(count(landed.len())))])
    }

    fn active(&self) -> Measures {
        let mut people = self.authors(&self.merged());
        people.append(&mut self.people(self.given().iter().map(|review| Some(review.reviewer))));
        people.append(&mut self.people(self.landed().iter().map(|commit| Some(commit.author))));
        if !self.enough(&people) {
            return Measures::new();
        }
        Measures::from([(Component::ActivePeople, Measure::count(count(people.len() / 5 * 5)))])
    }

    /// The first review by another person. A source cannot know that two of its accounts are one person: then the next one counts.
    fn first_review(&self, change: &MergedChange) -> Option<FirstReview> {
        let author = change.author.map(|author| self.membership.person(author));
        let is_other = |reviewer: Pseudonym| author != Some(self.membership.person(reviewer));
        let told = FirstReview { at: change.first_review_at?, reviewer: change.first_reviewer? };
        if is_other(told.reviewer) {
            return Some(told);
        }
        let given = self.counted.reviews_of.get(&self.counted.joined.change(change.change))?;
        given
            .iter()
            .find(|review| is_other(review.reviewer) && review.at <= change.merged_at)
            .map(|review| FirstReview { at: review.at, reviewer: review.reviewer })
    }

    fn merged(&self) -> Vec<&MergedChange> {
        self.in_cell(&self.counted.changes, |change| (change.author, change.week))
    }

    fn given(&self) -> Vec<&GivenReview> {
        self.in_cell(&self.counted.reviews, |review| (Some(review.reviewer), review.week))
    }

    fn landed(&self) -> Vec<&LandedCommit> {
        self.in_cell(&self.counted.commits, |commit| (Some(commit.author), commit.week))
    }

    fn in_cell<'f, F>(
        &self,
        weeks: &'f BTreeMap<Week, Vec<&'f F>>,
        whose: impl Fn(&F) -> (Option<Pseudonym>, Week),
    ) -> Vec<&'f F> {
        let span = self.span;
        weeks
            .range(span.start..span.end())
            .flat_map(|(_, facts)| facts)
            .filter(|fact| {
                let (account, week) = whose(fact);
                self.membership.is_in(span, account, week)
            })
            .copied()
            .collect()
    }

    fn authors(&self, changes: &[&MergedChange]) -> People {
        self.people(changes.iter().map(|change| change.author))
    }

    fn people(&self, accounts: impl Iterator<Item = Option<Pseudonym>>) -> People {
        accounts
            .flatten()
            .filter_map(|account| match self.membership.person(account) {
                PersonKey::Rostered(person) => Some(person),
                PersonKey::Outsider(_) => None,
            })
            .collect()
    }

    fn enough(&self, people: &People) -> bool {
        people.len() >= self.minimum_group
    }
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::model::{Assignment, Epoch, EpochSalt, FactKind, Spelling, TeamName};
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
            let mut text = "person,team,from,github\n".to_owned();
            let mut spellings = Vec::new();
            for number in 0..10 {
                writeln!(text, "person-{number},amber,2020-01-06,p{number}").unwrap();
                let spelling = |epoch: Epoch, account| Spelling {
                    epoch,
                    alias: keys.get(epoch).unwrap().alias("github", &format!("p{number}")),
                    account,
                };
                spellings.push(spelling(EPOCH, account(number)));
                spellings.push(spelling(EPOCH.before(), earlier_account(number)));
            }
            let teams: [TeamName; 1] = ["amber".parse().unwrap()];
            let roster = Roster::parse(&text, &teams, &["github".parse().unwrap()]).unwrap();
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
            });
            self
        }

        fn landed(mut self, author: u8) -> Self {
            self.facts.commits.push(LandedCommit { week: WEEK, author: account(author) });
            self
        }

        fn measures(&self, family: Family, assignments: Vec<Assignment>) -> Measures {
            let span = Span {
                cell: "amber".into(),
                teams: vec!["amber".parse().unwrap()],
                start: WEEK,
                weeks: 1,
                admitted: true,
            };
            let membership = Membership::new(&self.roster, &self.keys, &self.spellings, assignments);
            let counted = self.facts.counted(&membership);
            let change = atom(Family::Change, &span, &counted, &membership, None, 5);
            atom(family, &span, &counted, &membership, Some(&change), 5).measures
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
        let measure = reviewed.measures(Family::Change, Vec::new())[&Component::ReviewTime];
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
        assert_eq!(world.measures(Family::Active, Vec::new())[&Component::ActivePeople].count, 5);
    }

    #[test]
    fn work_that_was_told_in_another_cell_is_not_told_again() {
        let world = (0..6).fold(World::new(), |world, author| world.merged(author, None));
        assert_eq!(world.measures(Family::Change, Vec::new())[&Component::MergedChanges].count, 6);
        let elsewhere =
            Assignment { week: WEEK, kind: FactKind::Change, account: Some(account(0)), cell: "cobalt".to_owned() };
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
        let measure = world.measures(Family::Change, Vec::new())[&Component::ReviewTime];
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
}
