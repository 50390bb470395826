//! Walks the weeks and gives every cell its spans, by the roster of the week in which a span begins and by nothing else.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::Oracle;
use super::calendar::weeks_left;
use super::people::{Person, roster_size, team_in_week, whole_roster};

pub(super) const MINIMUM_GROUP: usize = 5;
const ROSTER_OF_AN_ORGANIZATION: usize = 10;
pub(super) const UNASSIGNED: &str = "unassigned";
pub const ORGANIZATION: &str = "organization";

/// Whole weeks for which one cell is released, or withheld.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// A team, several teams joined with `+`, `unassigned`, or `organization`, where lies what names no team.
    pub cell: String,
    /// Empty for the last two.
    pub teams: Vec<String>,
    /// A Monday.
    pub start: Date,
    pub weeks: i64,
    /// People at the start.
    pub roster: usize,
    /// Withheld as a whole, whatever happened in it.
    pub withheld: bool,
}

impl Span {
    #[must_use]
    pub fn end(&self) -> Date {
        self.start + self.weeks.weeks()
    }

    #[must_use]
    pub fn mondays(&self) -> Vec<Date> {
        (0..self.weeks).map(|week| self.start + week.weeks()).collect()
    }

    /// Whether work by that person, in the week of that Monday, lies in it.
    pub(super) fn holds_work(&self, oracle: &Oracle<'_>, monday: Date, person: Option<&Person>) -> bool {
        self.holds(monday)
            && match person.and_then(|person| team_in_week(oracle.organisation, person, monday)) {
                None => self.cell == UNASSIGNED,
                Some(team) => self.teams.iter().any(|member| member == team),
            }
    }

    /// Whether something that a team runs, or nobody's team does, lies in it.
    pub(super) fn holds_of_team(&self, monday: Date, team: Option<&str>) -> bool {
        self.holds(monday)
            && match team {
                None => self.cell == ORGANIZATION,
                Some(team) => self.teams.iter().any(|member| member == team),
            }
    }

    fn holds(&self, monday: Date) -> bool {
        self.start <= monday && monday < self.end()
    }
}

/// All spans that are over, and settled, when everything was last read.
pub(super) fn spans(oracle: &Oracle<'_>) -> Vec<Span> {
    let (organisation, calendar) = (oracle.organisation, &oracle.calendar);
    let mut all: Vec<Span> = Vec::new();
    let mut monday = calendar.first_monday(oracle.history_start);
    while calendar.midnight(monday) < oracle.covered_through() {
        let free = |cell_or_team: &str| {
            !all.iter().any(|span| {
                monday < span.end() && (span.cell == cell_or_team || span.teams.iter().any(|team| team == cell_or_team))
            })
        };
        let mut begun = Vec::new();
        let mut small: Vec<(String, usize)> = Vec::new();
        for team in organisation.teams.iter().map(|team| team.name.clone()).filter(|team| free(team)) {
            match roster_size(organisation, Some(&team), monday) {
                0 => {}
                roster if roster < MINIMUM_GROUP => small.push((team, roster)),
                roster => begun.push(span(vec![team], monday, roster)),
            }
        }
        for pool in pools(small) {
            let roster = pool.iter().map(|(_, roster)| roster).sum();
            begun.push(span(pool.into_iter().map(|(team, _)| team).collect(), monday, roster));
        }
        let without_team = roster_size(organisation, None, monday);
        if free(UNASSIGNED) && without_team > 0 {
            begun.push(span(Vec::new(), monday, without_team));
        }
        let roster = whole_roster(organisation, monday).len();
        let (cell, withheld) = (ORGANIZATION.to_owned(), roster < ROSTER_OF_AN_ORGANIZATION);
        begun.push(Span { cell, teams: Vec::new(), start: monday, weeks: 1, roster, withheld });
        all.append(&mut begun);
        monday += 1.week();
    }
    all.retain(|span| calendar.midnight(span.end()) + oracle.settle <= oracle.covered_through());
    all
}

/// Teams too small to stand alone, put together by name until they are enough; what is left over joins the last pool.
pub(super) fn pools(mut small: Vec<(String, usize)>) -> Vec<Vec<(String, usize)>> {
    small.sort();
    let mut closed: Vec<Vec<(String, usize)>> = Vec::new();
    let mut open: Vec<(String, usize)> = Vec::new();
    for team in small {
        open.push(team);
        if open.iter().map(|(_, roster)| roster).sum::<usize>() >= MINIMUM_GROUP {
            closed.push(std::mem::take(&mut open));
        }
    }
    match closed.last_mut() {
        Some(last) => last.append(&mut open),
        None if open.is_empty() => {}
        None => closed.push(open),
    }
    closed
}

fn span(teams: Vec<String>, monday: Date, roster: usize) -> Span {
    let cell = if teams.is_empty() { UNASSIGNED.to_owned() } else { teams.join("+") };
    let left = weeks_left(monday);
    let (weeks, withheld) = if roster < MINIMUM_GROUP {
        (1, true)
    } else {
        let wished = match roster {
            10.. => 1,
            7..=9 => 2,
            _ => 4,
        };
        if left < wished {
            (left, true)
        } else if left > wished && left - wished < wished {
            (left, false)
        } else {
            (wished, false)
        }
    };
    Span { cell, teams, start: monday, weeks, roster, withheld }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(roster: usize) -> Vec<(i64, bool)> {
        let mut monday = Date::constant(1970, 1, 5);
        let mut lengths = Vec::new();
        while monday < Date::constant(1970, 4, 6) {
            let next = span(vec!["team".to_owned()], monday, roster);
            lengths.push((next.weeks, next.withheld));
            monday = next.end();
        }
        lengths
    }

    #[test]
    fn whole_epochs_divide_without_a_rest() {
        assert_eq!(lengths(10), vec![(1, false); 13]);
        assert_eq!(lengths(9), vec![(2, false), (2, false), (2, false), (2, false), (2, false), (3, false)]);
        assert_eq!(lengths(5), vec![(4, false), (4, false), (5, false)]);
        assert_eq!(lengths(4), vec![(1, true); 13]);
    }

    #[test]
    fn what_does_not_fit_into_the_epoch_is_withheld() {
        let late = span(vec!["team".to_owned()], Date::constant(1970, 3, 16), 6);
        assert_eq!((late.weeks, late.withheld), (3, true));
        let long = span(vec!["team".to_owned()], Date::constant(1970, 2, 16), 6);
        assert_eq!((long.weeks, long.withheld), (7, false));
        let exact = span(vec!["team".to_owned()], Date::constant(1970, 3, 9), 6);
        assert_eq!((exact.weeks, exact.withheld), (4, false));
    }

    #[test]
    fn small_teams_are_pooled_by_name_and_the_rest_joins_the_last_pool() {
        let named =
            |sizes: &[(&str, usize)]| sizes.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect::<Vec<_>>();
        let names = |sizes: &[(&str, usize)]| {
            pools(named(sizes))
                .into_iter()
                .map(|pool| pool.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join("+"))
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&[("d", 2), ("b", 4), ("a", 3), ("c", 4), ("e", 1)]), ["a+b", "c+d+e"]);
        assert_eq!(names(&[("a", 4), ("b", 3), ("c", 1)]), ["a+b+c"]);
        assert_eq!(names(&[("b", 1), ("a", 2)]), ["a+b"]);
        assert!(names(&[]).is_empty());
    }
}
