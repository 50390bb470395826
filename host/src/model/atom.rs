//! Released atoms: one family of metrics, one cell, whole weeks. Every answer is a function of these.

use std::collections::BTreeMap;

use super::{FactKind, Pseudonym, TeamName, Week};

/// Metrics that rest on the same facts and are released together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Merged changes and how they were reviewed.
    Change,
    /// Reviews given.
    Review,
    /// Commits that landed.
    Commit,
    /// Distinct people with any of these.
    Active,
}

impl Family {
    pub const ALL: [Family; 4] = [Family::Change, Family::Review, Family::Commit, Family::Active];

    pub const fn as_str(self) -> &'static str {
        match self {
            Family::Change => "change",
            Family::Review => "review",
            Family::Commit => "commit",
            Family::Active => "active",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.as_str() == name)
    }

    /// The kind of fact that it alone tells of; none where it tells of people.
    pub const fn tells(self) -> Option<FactKind> {
        match self {
            Family::Change => Some(FactKind::Change),
            Family::Review => Some(FactKind::Review),
            Family::Commit => Some(FactKind::Commit),
            Family::Active => None,
        }
    }

    /// The kinds of fact that must be covered before it is released. A commit's verdict rests on that of the changes.
    pub const fn rests_on(self) -> &'static [FactKind] {
        match self {
            Family::Change => &[FactKind::Change],
            Family::Review => &[FactKind::Review],
            Family::Commit => &[FactKind::Change, FactKind::Commit],
            Family::Active => &[FactKind::Change, FactKind::Review, FactKind::Commit],
        }
    }
}

/// A figure that an atom holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// Count of merged changes.
    MergedChanges,
    /// Seconds from ready (or opened) to the first review, summed, and how many changes.
    ReviewTime,
    /// Count of merged changes in another team's repository.
    CrossTeamChanges,
    /// Count of distinct (reviewer, change) pairs.
    Reviews,
    /// Count of commits with at most one parent.
    Commits,
    /// Distinct people, rounded down to a multiple of five.
    ActivePeople,
}

impl Component {
    pub const ALL: [Component; 6] = [
        Component::MergedChanges,
        Component::ReviewTime,
        Component::CrossTeamChanges,
        Component::Reviews,
        Component::Commits,
        Component::ActivePeople,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Component::MergedChanges => "merged_changes",
            Component::ReviewTime => "review_time",
            Component::CrossTeamChanges => "cross_team_changes",
            Component::Reviews => "reviews",
            Component::Commits => "commits",
            Component::ActivePeople => "active_people",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|component| component.as_str() == name)
    }

    pub const fn family(self) -> Family {
        match self {
            Component::MergedChanges | Component::ReviewTime | Component::CrossTeamChanges => Family::Change,
            Component::Reviews => Family::Review,
            Component::Commits => Family::Commit,
            Component::ActivePeople => Family::Active,
        }
    }
}

/// Whether the parts of a rate may be told beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Parts {
    Told,
    /// One part rests on too few people: the rate is served alone, to two digits.
    Hidden,
}

/// A sum over observations and their number; a plain count has `total == count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Measure {
    pub total: i64,
    pub count: i64,
    pub parts: Parts,
}

impl Measure {
    pub fn count(count: i64) -> Self {
        Self { total: count, count, parts: Parts::Told }
    }
}

/// Whole weeks of one cell: a team, a pool of small teams, or the people without a team.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The team's name, the pool's members joined by `+`, or `unassigned`.
    pub cell: String,
    /// The teams in it; none for `unassigned`.
    pub teams: Vec<TeamName>,
    pub start: Week,
    /// 1 to 13.
    pub weeks: i32,
    /// False: too few people on the roster, or too few weeks left in the epoch. It is released without numbers.
    pub admitted: bool,
}

impl Span {
    pub const UNASSIGNED: &str = "unassigned";

    /// The first week after it.
    pub fn end(&self) -> Week {
        self.start.plus(self.weeks)
    }

    pub fn contains(&self, week: Week) -> bool {
        self.start <= week && week < self.end()
    }
}

/// An account's work of one kind in one week was released in a cell, and stays there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assignment {
    pub week: Week,
    pub kind: FactKind,
    /// None: work of nobody known.
    pub account: Option<Pseudonym>,
    pub cell: String,
}

/// What was released, once, about one family in one span. A withheld atom holds no numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Atom {
    pub span: Span,
    pub family: Family,
    /// Absent: this component was withheld.
    pub measures: BTreeMap<Component, Measure>,
}

impl Atom {
    /// Where the newest of them ends.
    pub fn newest_end(atoms: &[Atom]) -> Option<Week> {
        atoms.iter().map(|atom| atom.span.end()).max()
    }
}
