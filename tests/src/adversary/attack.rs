//! Exact linear algebra over what was told: which sums of which people's work can be had by adding and taking away released figures.

use std::collections::{BTreeMap, BTreeSet};

use quintant::model::{About, Atom, Component, Family, Measure, Parts, Span};

use super::play::{CHAT, CODE, Played, delivered_in};
use super::world::{Account, Merge, Who, World};

/// What an attacker got to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A sum of the work of so few people, out of these figures.
    SmallGroup { people: usize, span: String, figures: Vec<&'static str> },
    /// A sum in which somebody who knows the second largest part knows the largest to a fifth.
    Dominated { span: String, figure: &'static str },
    /// Somebody has more than half of what a mean rests on.
    Majority { span: String, figure: &'static str },
    /// So few people of that role stand behind a figure.
    FewInRole { people: usize, span: String, figure: &'static str },
    /// Nearly everybody is alike.
    AllAlike { span: String, figure: &'static str },
    /// People are told to the last one.
    ExactPeople { span: String },
    /// A withheld figure can be estimated from what was told beside it.
    Estimated { span: String, figure: &'static str },
    /// All but a few of so many people are known to have worked within so few weeks.
    Attendance { people: usize, span: String },
    /// So few reports.
    FewReports { reports: i64, span: String },
    /// A figure is not the sum of what lies in its cell: something is told twice, or not at all.
    Wrong { span: String, figure: &'static str, told: i64, truth: i64 },
}

/// One unknown: somebody's part in something.
#[derive(Debug, Clone)]
struct Unknown {
    who: Option<Account>,
    reviewer: Option<Account>,
    amount: i64,
}

/// A figure as an equation: these unknowns, added up.
struct Row {
    figure: &'static str,
    unknowns: BTreeSet<usize>,
    /// Whether it is a mean's numerator or count, too.
    is_mean: bool,
}

/// Everything that can be found out about fewer than `k` people, or should not be told.
pub fn findings(world: &World, played: &Played, k: usize) -> Vec<Finding> {
    let mut found = Vec::new();
    for atom in &played.atoms {
        let judge = Judge { world, played, atom, k };
        judge.attendance(&mut found);
        match atom.family {
            Family::Change => judge.changes(&mut found),
            Family::Review => judge.reviews(&mut found),
            Family::Commit => judge.commits(&mut found),
            Family::LeadTime => judge.lead_time(&mut found),
            Family::Active => judge.active(&mut found),
            Family::Usage => judge.uses(&mut found),
            Family::Friction => judge.friction(&mut found),
            Family::Tally => judge.tallies(&mut found),
            _ => {}
        }
    }
    found
}

struct Judge<'a> {
    world: &'a World,
    played: &'a Played,
    atom: &'a Atom,
    k: usize,
}

impl Judge<'_> {
    fn span(&self) -> String {
        format!("{} {}+{}", self.atom.span.cell, self.atom.span.start.index(), self.atom.span.weeks)
    }

    fn measure(&self, component: Component) -> Option<&Measure> {
        self.atom.measures.get(&component)
    }

    fn has(&self, account: Option<Account>, week: quintant::model::Week) -> bool {
        self.played.is_in(self.world, self.atom, CODE, account, week)
    }

    /// That something is told says that k people had a part in it: the fewer are left then who may have been away, the longer must the
    /// time be in which they were not away.
    fn attendance(&self, found: &mut Vec<Finding>) {
        let people = self.played.roster(&self.atom.span);
        let weeks = match people {
            0..=6 => 4,
            7..=9 => 2,
            _ => 1,
        };
        if self.atom.family.about() == About::People && !self.atom.measures.is_empty() && self.atom.span.weeks < weeks {
            found.push(Finding::Attendance { people, span: self.span() });
        }
    }

    /// What a source had counted is of everybody: whoever knows the part of a group is not left with one that is too small.
    fn tallies(&self, found: &mut Vec<Finding>) {
        if self.measure(Component::TalliedMessages).is_none() {
            return;
        }
        let counted = World::within(&self.world.tallies, &self.atom.span, |(week, _)| *week);
        self.check_sum(Component::TalliedMessages, counted.iter().map(|(_, count)| i64::from(*count)).sum(), found);
        let left = self.played.roster(&self.atom.span).saturating_sub(self.k);
        if left < self.k {
            found.push(Finding::SmallGroup { people: left, span: self.span(), figures: vec!["tallied_messages"] });
        }
    }

    fn changes(&self, found: &mut Vec<Finding>) {
        let merges = self.played.merges(self.world, self.atom);
        let unknowns: Vec<Unknown> = merges
            .iter()
            .map(|merge| Unknown { who: merge.author, reviewer: self.first_reviewer(merge), amount: 1 })
            .collect();
        let set = |is_in: &dyn Fn(&Merge, &Unknown) -> bool| -> BTreeSet<usize> {
            (0..merges.len()).filter(|index| is_in(merges[*index], &unknowns[*index])).collect()
        };
        let reviewed = set(&|_, unknown| unknown.reviewer.is_some());
        let across = set(&|merge, _| self.is_across(merge) == Some(true));
        let mut rows = Vec::new();
        let mut tell = |component: Component, unknowns: BTreeSet<usize>, is_mean| {
            if self.measure(component).is_some_and(|measure| measure.parts == Parts::Told) {
                rows.push(Row { figure: component.as_str(), unknowns, is_mean });
            }
        };
        tell(Component::MergedChanges, set(&|_, _| true), false);
        tell(Component::ReviewTime, reviewed.clone(), true);
        tell(Component::UnreviewedMerges, set(&|_, unknown| unknown.reviewer.is_none()), false);
        tell(Component::CrossTeamChanges, across.clone(), false);
        self.check_sum(Component::MergedChanges, count(merges.len()), found);
        self.check_sum(Component::CrossTeamChanges, count(across.len()), found);
        self.small_groups(&rows, &unknowns, found);
        // A mean is told by itself, too: of those whose mean it is.
        let waits: Vec<Unknown> = reviewed
            .iter()
            .map(|index| Unknown { amount: merges[*index].waited, ..unknowns[*index].clone() })
            .collect();
        self.mean(Component::ReviewTime, &waits, found);
        let comments: Vec<Unknown> = merges
            .iter()
            .zip(&unknowns)
            .filter_map(|(merge, unknown)| {
                Some(Unknown { amount: merge.comments?.into(), reviewer: None, ..unknown.clone() })
            })
            .collect();
        self.mean(Component::ReviewComments, &comments, found);
        if self.measure(Component::ReviewTime).is_some() {
            let reviewers: BTreeSet<Who> =
                waits.iter().filter_map(|wait| wait.reviewer).map(|account| account.who).filter(is_member).collect();
            if reviewers.len() < self.k {
                found.push(Finding::FewInRole {
                    people: reviewers.len(),
                    span: self.span(),
                    figure: "first reviewers",
                });
            }
        }
    }

    /// Everything that was merged in the span's weeks, wherever it lies.
    fn merged(&self) -> &[Merge] {
        World::within(&self.world.merges, &self.atom.span, |merge| merge.week)
    }

    fn first_reviewer(&self, merge: &Merge) -> Option<Account> {
        merge.reviewer.filter(|reviewer| merge.author.is_none_or(|author| author.who != reviewer.who))
    }

    fn is_across(&self, merge: &Merge) -> Option<bool> {
        let team = self.played.team_when_told(self.world, &self.atom.span, merge.author?, merge.week)?;
        Some(team != merge.owner?)
    }

    fn reviews(&self, found: &mut Vec<Finding>) {
        let Some(measure) = self.measure(Component::Reviews) else { return };
        let reviews: Vec<(&Merge, Account)> = self
            .merged()
            .iter()
            .filter_map(|merge| Some((merge, self.first_reviewer(merge)?)))
            .filter(|(merge, reviewer)| self.has(Some(*reviewer), merge.week))
            .collect();
        let truth = count(reviews.len());
        if measure.count != truth {
            found.push(Finding::Wrong { span: self.span(), figure: "reviews", told: measure.count, truth });
        }
        let unknowns: Vec<Unknown> =
            reviews.iter().map(|(_, reviewer)| Unknown { who: Some(*reviewer), reviewer: None, amount: 1 }).collect();
        self.sum(Component::Reviews, &unknowns, found);
        let authors: BTreeSet<Who> =
            reviews.iter().filter_map(|(merge, _)| merge.author).map(|account| account.who).filter(is_member).collect();
        if authors.len() < self.k {
            found.push(Finding::FewInRole { people: authors.len(), span: self.span(), figure: "reviewed authors" });
        }
    }

    fn commits(&self, found: &mut Vec<Finding>) {
        let unknowns: Vec<Unknown> = World::within(&self.world.commits, &self.atom.span, |(week, _)| *week)
            .iter()
            .filter(|(week, author)| self.has(Some(*author), *week))
            .map(|(_, author)| Unknown { who: Some(*author), reviewer: None, amount: 1 })
            .collect();
        self.check_sum(Component::Commits, count(unknowns.len()), found);
        self.sum(Component::Commits, &unknowns, found);
        if self.measure(Component::Commits).is_some() && !self.has_told_changes() {
            found.push(Finding::Estimated { span: self.span(), figure: "merged_changes" });
        }
    }

    fn lead_time(&self, found: &mut Vec<Finding>) {
        let unknowns: Vec<Unknown> = self
            .world
            .merges
            .iter()
            .filter_map(|merge| Some((merge.author, delivered_in(merge)?, merge.delivered?)))
            .filter(|(author, week, _)| self.has(*author, *week))
            .map(|(who, _, amount)| Unknown { who, reviewer: None, amount })
            .collect();
        self.mean(Component::LeadTime, &unknowns, found);
        let Some(measure) = self.measure(Component::LeadTime) else { return };
        if measure.parts == Parts::Told {
            found.push(Finding::Estimated { span: self.span(), figure: "undelivered changes" });
        }
        if !self.has_told_changes() {
            found.push(Finding::Estimated { span: self.span(), figure: "merged_changes" });
        }
    }

    fn has_told_changes(&self) -> bool {
        self.played.atoms.iter().any(|atom| {
            atom.family == Family::Change
                && atom.span == self.atom.span
                && atom.measures.contains_key(&Component::MergedChanges)
        })
    }

    fn active(&self, found: &mut Vec<Finding>) {
        let Some(measure) = self.measure(Component::ActivePeople) else { return };
        let merges = self.merged().iter();
        let worked = merges
            .clone()
            .filter_map(|merge| Some((merge.author?, merge.week)))
            .chain(merges.filter_map(|merge| Some((self.first_reviewer(merge)?, merge.week))))
            .chain(
                World::within(&self.world.commits, &self.atom.span, |(week, _)| *week)
                    .iter()
                    .map(|(week, author)| (*author, *week)),
            );
        let people: BTreeSet<Who> = worked
            .filter(|(account, week)| self.has(Some(*account), *week))
            .map(|(account, _)| account.who)
            .filter(is_member)
            .collect();
        if people.len() < self.k {
            found.push(Finding::SmallGroup { people: people.len(), span: self.span(), figures: vec!["active_people"] });
        }
        if measure.total % (5 * i64::from(self.atom.span.weeks)) != 0 {
            found.push(Finding::ExactPeople { span: self.span() });
        }
        if let Some(share) = self.measure(Component::ActiveShare) {
            let roster = usize::try_from(share.count / i64::from(self.atom.span.weeks)).unwrap();
            if roster.saturating_sub(people.len()) < 2 {
                found.push(Finding::AllAlike { span: self.span(), figure: "active_share" });
            }
        }
    }

    fn uses(&self, found: &mut Vec<Finding>) {
        for (component, tool) in [(Component::Messages, "mattermost"), (Component::PlatformUses, "backstage")] {
            let unknowns: Vec<Unknown> = self.users(tool).collect();
            self.check_sum(component, unknowns.iter().map(|unknown| unknown.amount).sum(), found);
            self.sum(component, &unknowns, found);
        }
        let Some(measure) = self.measure(Component::AiUsers) else { return };
        let users: BTreeSet<Who> =
            self.users("ai").filter_map(|unknown| unknown.who).map(|account| account.who).filter(is_member).collect();
        let others = measure.count - measure.total;
        if users.len() < self.k {
            found.push(Finding::SmallGroup { people: users.len(), span: self.span(), figures: vec!["ai_users"] });
        }
        if others < count(self.k) {
            found.push(Finding::SmallGroup {
                people: usize::try_from(others.max(0)).unwrap(),
                span: self.span(),
                figures: vec!["who do not use AI"],
            });
        }
    }

    fn users(&self, tool: &'static str) -> impl Iterator<Item = Unknown> {
        let uses = World::within(&self.world.uses, &self.atom.span, |usage| usage.week).iter().filter(move |usage| {
            usage.tool == tool && self.played.is_in(self.world, self.atom, CHAT, Some(usage.actor), usage.week)
        });
        uses.map(|usage| Unknown { who: Some(usage.actor), reviewer: None, amount: usage.count.into() })
    }

    fn friction(&self, found: &mut Vec<Finding>) {
        let Some(measure) = self.measure(Component::FrictionReports) else { return };
        let people = self.played.roster(&self.atom.span);
        if people < self.k {
            found.push(Finding::SmallGroup { people, span: self.span(), figures: vec!["friction"] });
        }
        let least = if self.atom.facet.is_none() { 10 } else { 5 };
        if measure.total < least {
            found.push(Finding::FewReports { reports: measure.total, span: self.span() });
        }
        if self.atom.facet.is_none() {
            let here = |team: &Option<usize>| self.atom.span.holds(team.map(|team| &self.world.teams[team]));
            let truth = self
                .world
                .friction
                .iter()
                .filter(|(week, _, team)| self.atom.span.contains(*week) && here(team))
                .count();
            let shown: i64 = self
                .played
                .atoms
                .iter()
                .filter(|atom| atom.family == Family::Friction && atom.span == self.atom.span && atom.facet.is_some())
                .filter_map(|atom| Some(atom.measures.get(&Component::FrictionReports)?.total))
                .sum();
            if shown > 0 && measure.total != shown && measure.total - shown < 5 {
                found.push(Finding::FewReports { reports: measure.total - shown, span: self.span() });
            }
            if measure.total != count(truth) {
                found.push(Finding::Wrong {
                    span: self.span(),
                    figure: "friction",
                    told: measure.total,
                    truth: count(truth),
                });
            }
        }
        if self.atom.span.cell == Span::UNASSIGNED {
            found.push(Finding::Wrong {
                span: self.span(),
                figure: "friction of nobody",
                told: measure.total,
                truth: 0,
            });
        }
    }

    fn check_sum(&self, component: Component, truth: i64, found: &mut Vec<Finding>) {
        if let Some(told) = self.measure(component).map(|measure| measure.total).filter(|told| *told != truth) {
            found.push(Finding::Wrong { span: self.span(), figure: component.as_str(), told, truth });
        }
    }

    /// A sum that is told by itself.
    fn sum(&self, component: Component, unknowns: &[Unknown], found: &mut Vec<Finding>) {
        if self.measure(component).is_none() {
            return;
        }
        let row = Row { figure: component.as_str(), unknowns: (0..unknowns.len()).collect(), is_mean: false };
        self.small_groups(&[row], unknowns, found);
    }

    /// A mean, which tells of those whose mean it is even without its parts.
    fn mean(&self, component: Component, unknowns: &[Unknown], found: &mut Vec<Finding>) {
        if self.measure(component).is_none() {
            return;
        }
        let row = Row { figure: component.as_str(), unknowns: (0..unknowns.len()).collect(), is_mean: true };
        self.small_groups(&[row], unknowns, found);
    }

    /// Every sum with the fewest unknowns that adding and taking away can lead to, and what each figure tells by itself.
    fn small_groups(&self, rows: &[Row], unknowns: &[Unknown], found: &mut Vec<Finding>) {
        for support in smallest_supports(rows) {
            let people = people(&support, unknowns);
            if people.len() < self.k {
                let figures = rows.iter().map(|row| row.figure).collect();
                found.push(Finding::SmallGroup { people: people.len(), span: self.span(), figures });
            }
        }
        for row in rows {
            let mut amounts: BTreeMap<Option<Who>, (i64, i64)> = BTreeMap::new();
            for index in &row.unknowns {
                let amount = amounts.entry(unknowns[*index].who.map(|account| account.who)).or_default();
                amount.0 += unknowns[*index].amount;
                amount.1 += 1;
            }
            let mut sums: Vec<i64> = amounts.values().map(|(sum, _)| *sum).collect();
            sums.sort_unstable();
            let (largest, second) = (sums.pop().unwrap_or(0), sums.pop().unwrap_or(0));
            let all: i64 = sums.iter().sum::<i64>() + largest + second;
            // What the second largest makes of the largest: all less their own.
            if (all - second - largest) * 5 < largest || largest == 0 {
                found.push(Finding::Dominated { span: self.span(), figure: row.figure });
            }
            let observations: i64 = amounts.values().map(|(_, observations)| *observations).sum();
            if row.is_mean && amounts.values().any(|(_, own)| own * 2 > observations) {
                found.push(Finding::Majority { span: self.span(), figure: row.figure });
            }
        }
    }
}

fn is_member(who: &Who) -> bool {
    matches!(who, Who::Member(_))
}

/// People of the roster: nobody can tell how many people outsiders are.
fn people(support: &BTreeSet<usize>, unknowns: &[Unknown]) -> BTreeSet<Who> {
    support.iter().filter_map(|index| unknowns[*index].who).map(|account| account.who).filter(is_member).collect()
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap()
}

/// The unknowns of every combination of the rows that no other combination has fewer of. Unknowns that lie in the same rows are one column;
/// a combination is least where as many columns vanish as the rows' rank allows, less one.
fn smallest_supports(rows: &[Row]) -> Vec<BTreeSet<usize>> {
    let mut columns: BTreeMap<Vec<u64>, BTreeSet<usize>> = BTreeMap::new();
    for unknown in rows.iter().flat_map(|row| &row.unknowns).collect::<BTreeSet<_>>() {
        let column = rows.iter().map(|row| u64::from(row.unknowns.contains(unknown))).collect();
        columns.entry(column).or_default().insert(*unknown);
    }
    let (vectors, members): (Vec<Vec<u64>>, Vec<BTreeSet<usize>>) = columns.into_iter().unzip();
    let all = rank(&vectors);
    let mut supports = BTreeSet::new();
    for chosen in 0_u32..1 << vectors.len() {
        let picked = |is_in: bool| (0..vectors.len()).filter(move |index| (chosen >> index & 1 == 1) == is_in);
        let flat: Vec<Vec<u64>> = picked(true).map(|index| vectors[index].clone()).collect();
        if all == 0 || rank(&flat) != all - 1 {
            continue;
        }
        // What depends on the chosen ones vanishes with them.
        let is_left = |index: &usize| {
            let mut with = flat.clone();
            with.push(vectors[*index].clone());
            rank(&with) == all
        };
        supports.insert(picked(false).filter(is_left).flat_map(|index| members[index].clone()).collect());
    }
    supports.into_iter().collect()
}

/// A prime, so that every number but 0 can be divided by and nothing is rounded.
const PRIME: u64 = 2_147_483_647;

fn rank(vectors: &[Vec<u64>]) -> usize {
    let mut matrix: Vec<Vec<u64>> = vectors.to_vec();
    let width = matrix.first().map_or(0, Vec::len);
    let mut rank = 0;
    for column in 0..width {
        let Some(pivot) = (rank..matrix.len()).find(|row| matrix[*row][column] != 0) else { continue };
        matrix.swap(rank, pivot);
        let inverse = power(matrix[rank][column], PRIME - 2);
        let pivot_row = matrix[rank].clone();
        for row in matrix.iter_mut().skip(rank + 1) {
            let factor = row[column] * inverse % PRIME;
            for (value, other) in row.iter_mut().zip(&pivot_row) {
                *value = (*value + PRIME - factor * other % PRIME) % PRIME;
            }
        }
        rank += 1;
    }
    rank
}

fn power(base: u64, mut exponent: u64) -> u64 {
    let (mut base, mut result) = (base % PRIME, 1);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * base % PRIME;
        }
        base = base * base % PRIME;
        exponent >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(unknowns: &[usize]) -> Row {
        Row { figure: "", unknowns: unknowns.iter().copied().collect(), is_mean: false }
    }

    #[test]
    fn what_is_left_when_one_figure_is_taken_from_another_is_found() {
        let supports = smallest_supports(&[row(&[0, 1, 2, 3, 4]), row(&[0, 1, 2, 3])]);
        assert!(supports.contains(&BTreeSet::from([4])), "{supports:?}");
    }

    #[test]
    fn what_two_figures_do_not_share_is_found() {
        let supports =
            smallest_supports(&[row(&[0, 1, 2, 3, 4, 5, 6, 7]), row(&[0, 1, 2, 3, 4]), row(&[1, 2, 3, 4, 5])]);
        assert!(supports.contains(&BTreeSet::from([0, 5])), "{supports:?}");
    }

    #[test]
    fn one_sum_leads_to_nothing_smaller() {
        assert_eq!(smallest_supports(&[row(&[0, 1, 2])]), [BTreeSet::from([0, 1, 2])]);
    }
}
