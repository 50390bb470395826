//! The one grid of spans: how many whole weeks a cell is released over. It follows the roster at the span's start, never the data.

use std::collections::BTreeMap;

use super::{Rule, Rules};
use crate::model::{Span, TeamName, Week};
use crate::pseudonym::Roster;

/// The spans after the `existing` ones that have begun by `until`, in the order in which they start.
///
/// Ten and more people are released weekly, seven to nine every two weeks, fewer every four; a remainder at the end of an
/// epoch that would be too short is added to the last span. Teams of fewer than k are pooled in alphabetical order.
/// The organization's cell, of what names no team, is weekly from as many people on as a week takes.
/// A cell without a span so far starts after the newest start, so that it tells no week that others have told already.
pub fn plan(
    roster: &Roster,
    teams: &[TeamName],
    existing: &[Span],
    from: Week,
    until: Week,
    rules: &Rules,
) -> Vec<Span> {
    let newcomers = existing.iter().map(|span| span.start.plus(1)).max().unwrap_or(from).max(from);
    let end_of = |is_in: &dyn Fn(&Span) -> bool| {
        existing.iter().filter(|span| is_in(span)).map(Span::end).max().map_or(newcomers, |end| end.max(from))
    };
    let mut free_from: BTreeMap<Option<&TeamName>, Week> =
        teams.iter().map(|team| (Some(team), end_of(&|span: &Span| span.teams.contains(team)))).collect();
    free_from.insert(None, end_of(&|span: &Span| span.cell == Span::UNASSIGNED));

    let mut organization_from = end_of(&|span: &Span| span.cell == Span::ORGANIZATION);
    let mut planned = Vec::new();
    for index in from.index()..until.index() {
        let week = Week::from_index(index);
        let sizes = roster.sizes_in(week);
        let everybody: usize = sizes.values().sum();
        if organization_from <= week && everybody > 0 {
            planned.push(Span {
                cell: Span::ORGANIZATION.to_owned(),
                teams: Vec::new(),
                start: week,
                weeks: 1,
                admitted: wished_weeks(everybody) == 1 || !rules.holds(Rule::Organization),
            });
            organization_from = week.plus(1);
        }
        let free: BTreeMap<Option<&TeamName>, usize> = free_from
            .iter()
            .filter(|(_, free)| **free <= week)
            .filter_map(|(cell, _)| Some((*cell, sizes.get(cell).copied().filter(|size| *size > 0)?)))
            .collect();
        for (members, size) in cells(&free, rules) {
            let next = span_of(&members, week, size, rules);
            for member in members {
                free_from.insert(member, next.end());
            }
            planned.push(next);
        }
    }
    planned
}

/// Teams that stand alone, pools of small ones, and the people without a team: each with its number of people.
pub(super) fn cells<'a>(
    free: &BTreeMap<Option<&'a TeamName>, usize>,
    rules: &Rules,
) -> Vec<(Vec<Option<&'a TeamName>>, usize)> {
    let minimum_group = if rules.holds(Rule::Pools) { rules.minimum_group } else { 0 };
    let (mut alone, small): (Vec<_>, Vec<_>) = free
        .iter()
        .map(|(cell, size)| (vec![*cell], *size))
        .partition(|(members, size)| members == &[None] || *size >= minimum_group);
    let mut pools: Vec<(Vec<Option<&TeamName>>, usize)> = Vec::new();
    let mut open: (Vec<Option<&TeamName>>, usize) = (Vec::new(), 0);
    for (members, size) in small {
        open.0.extend(members);
        open.1 += size;
        if open.1 >= minimum_group {
            pools.push(std::mem::take(&mut open));
        }
    }
    match pools.last_mut() {
        Some(last) => {
            last.0.append(&mut open.0);
            last.1 += open.1;
        }
        None if open.1 > 0 => pools.push(open),
        None => {}
    }
    alone.append(&mut pools);
    alone
}

fn span_of(members: &[Option<&TeamName>], start: Week, size: usize, rules: &Rules) -> Span {
    let teams: Vec<TeamName> = members.iter().copied().flatten().cloned().collect();
    let cell = match teams.as_slice() {
        [] => Span::UNASSIGNED.to_owned(),
        teams => teams.iter().map(TeamName::as_str).collect::<Vec<_>>().join("+"),
    };
    if size < rules.minimum_group && rules.holds(Rule::Pools) {
        return Span { cell, teams, start, weeks: 1, admitted: false };
    }
    let wished = if rules.holds(Rule::Spans) { wished_weeks(size) } else { 1 };
    let left = start.left_in_epoch();
    let weeks = if left < 2 * wished && left != wished { left } else { wished };
    Span { cell, teams, start, weeks, admitted: weeks >= wished }
}

const fn wished_weeks(size: usize) -> i32 {
    match size {
        10.. => 1,
        7..=9 => 2,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use expect_test::{Expect, expect};

    use super::*;

    /// `amber 12` means twelve people from the beginning.
    fn roster(sizes: &[(&str, usize)], extra: &str) -> (Roster, Vec<TeamName>) {
        let teams: Vec<TeamName> =
            sizes.iter().filter(|(name, _)| !name.is_empty()).map(|(name, _)| name.parse().unwrap()).collect();
        let mut text = "person,team,from\n".to_owned();
        for (name, size) in sizes {
            for number in 0..*size {
                writeln!(text, "{name}-{number},{name},1970-01-01").unwrap();
            }
        }
        text.push_str(extra);
        (Roster::parse(&text, &teams, &[]).unwrap(), teams)
    }

    fn check(sizes: &[(&str, usize)], extra: &str, weeks: std::ops::Range<i32>, expected: &Expect) {
        let (roster, teams) = roster(sizes, extra);
        let mut cells: BTreeMap<String, String> = BTreeMap::new();
        for planned in
            plan(&roster, &teams, &[], Week::from_index(weeks.start), Week::from_index(weeks.end), &Rules::new(5))
        {
            let sign = if planned.admitted { "" } else { "!" };
            write!(
                cells.entry(planned.cell.clone()).or_default(),
                " {}-{}{sign}",
                planned.start.index(),
                planned.end().index()
            )
            .unwrap();
        }
        let text: String = cells.iter().map(|(cell, spans)| format!("{cell}:{spans}\n")).collect();
        expected.assert_eq(&text);
    }

    #[test]
    fn the_span_follows_the_size_and_never_leaves_the_epoch() {
        check(
            &[("amber", 10), ("cobalt", 7), ("jade", 5)],
            "",
            8..28,
            &expect![[r#"
                amber: 8-9 9-10 10-11 11-12 12-13 13-14 14-15 15-16 16-17 17-18 18-19 19-20 20-21 21-22 22-23 23-24 24-25 25-26 26-27 27-28
                cobalt: 8-10 10-13 13-15 15-17 17-19 19-21 21-23 23-26 26-28
                jade: 8-13 13-17 17-21 21-26 26-30
                organization: 8-9 9-10 10-11 11-12 12-13 13-14 14-15 15-16 16-17 17-18 18-19 19-20 20-21 21-22 22-23 23-24 24-25 25-26 26-27 27-28
            "#]],
        );
    }

    #[test]
    fn too_few_weeks_left_in_the_epoch_admit_nothing() {
        check(
            &[("cobalt", 7), ("jade", 6)],
            "",
            12..17,
            &expect![[r#"
                cobalt: 12-13! 13-15 15-17
                jade: 12-13! 13-17
                organization: 12-13 13-14 14-15 15-16 16-17
            "#]],
        );
    }

    #[test]
    fn small_teams_are_pooled_and_a_lone_one_is_withheld() {
        check(
            &[("a", 4), ("b", 3), ("c", 2), ("d", 2), ("e", 4)],
            "",
            13..17,
            &expect![[r#"
                a+b: 13-15 15-17
                c+d+e: 13-15 15-17
                organization: 13-14 14-15 15-16 16-17
            "#]],
        );
        check(
            &[("a", 4), ("b", 12)],
            "",
            13..15,
            &expect![[r#"
                a: 13-14! 14-15!
                b: 13-14 14-15
                organization: 13-14 14-15
            "#]],
        );
        check(
            &[("a", 4), ("b", 3), ("c", 1)],
            "",
            13..17,
            &expect![[r#"
                a+b+c: 13-15 15-17
                organization: 13-14! 14-15! 15-16! 16-17!
            "#]],
        );
    }

    #[test]
    fn people_without_a_team_are_a_cell_of_their_own() {
        check(
            &[("", 6), ("a", 12)],
            "",
            13..17,
            &expect![[r#"
                a: 13-14 14-15 15-16 16-17
                organization: 13-14 14-15 15-16 16-17
                unassigned: 13-17
            "#]],
        );
        check(
            &[("", 4)],
            "",
            13..15,
            &expect![[r#"
                organization: 13-14! 14-15!
                unassigned: 13-14! 14-15!
            "#]],
        );
    }

    #[test]
    fn a_span_that_has_begun_keeps_its_length() {
        check(
            &[("jade", 6)],
            "jade-0,,1970-04-27\njade-1,,1970-04-27\n",
            13..20,
            &expect![[r#"
                jade: 13-17 17-18! 18-19! 19-20!
                organization: 13-14! 14-15! 15-16! 16-17! 17-18! 18-19! 19-20!
                unassigned: 16-17! 17-18! 18-19! 19-20!
            "#]],
        );
    }

    #[test]
    fn the_grid_grows_week_by_week_as_it_would_at_once() {
        let moves = "cobalt-0,amber,1970-07-06\ncobalt-1,,1970-07-08\njade-0,,1970-06-01\n";
        let (roster, teams) = roster(&[("amber", 10), ("cobalt", 8), ("jade", 6), ("a", 4), ("b", 3), ("", 5)], moves);
        let (from, until) = (Week::from_index(13), Week::from_index(60));
        let mut at_once = plan(&roster, &teams, &[], from, until, &Rules::new(5));
        let mut grown: Vec<Span> = Vec::new();
        for week in 16..=60 {
            let new = plan(&roster, &teams, &grown, from, Week::from_index(week), &Rules::new(5));
            grown.extend(new);
        }
        at_once.sort();
        grown.sort();
        assert!(at_once.len() > 100);
        assert_eq!(grown, at_once);
    }

    #[test]
    fn a_new_team_starts_after_the_newest_start() {
        let (roster, teams) = roster(&[("amber", 10), ("jade", 6), ("new", 6)], "");
        let span = |cell: &str, team: usize, start, weeks| Span {
            cell: cell.into(),
            teams: vec![teams[team].clone()],
            start: Week::from_index(start),
            weeks,
            admitted: true,
        };
        let existing = [span("amber", 0, 15, 1), span("jade", 1, 13, 4)];
        let planned = plan(&roster, &teams, &existing, Week::from_index(13), Week::from_index(18), &Rules::new(5));
        let starts: Vec<(&str, i32)> = planned.iter().map(|span| (span.cell.as_str(), span.start.index())).collect();
        assert_eq!(
            starts,
            [("organization", 16), ("amber", 16), ("new", 16), ("organization", 17), ("amber", 17), ("jade", 17)]
        );
    }
}
