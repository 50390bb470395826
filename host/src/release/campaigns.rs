//! Who is asked by a survey of this program's own, and for how long. It follows the roster, never the answers.

use std::collections::BTreeMap;

use super::{Rules, grid};
use crate::model::{Campaign, Instrument, Span, TeamName, Week};
use crate::pseudonym::Roster;

/// A cell as it may be asked from a week on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Not admitted: too few people, who are not asked.
    pub span: Span,
    /// The people on the roster; `None` where there is no roster.
    pub invited: Option<u32>,
}

/// The cells that are not asked with this instrument in a week already: each team, small ones pooled, and the people without a team, who are the
/// organization's.
pub fn planned(
    instrument: Instrument,
    roster: &Roster,
    teams: &[TeamName],
    existing: &[Campaign],
    week: Week,
    rules: &Rules,
) -> Vec<Planned> {
    let sizes = roster.sizes_in(week);
    let is_asked = |span: &Span| {
        existing.iter().filter(|campaign| campaign.instrument == instrument && campaign.span.contains(week)).any(
            |campaign| campaign.span.cell == span.cell || span.teams.iter().any(|team| campaign.span.holds(Some(team))),
        )
    };
    let of_teams: BTreeMap<Option<&TeamName>, usize> = teams
        .iter()
        .filter_map(|team| Some((Some(team), sizes.get(&Some(team)).copied().filter(|size| *size > 0)?)))
        .collect();
    let cells = grid::cells(&of_teams, rules).into_iter().map(|(members, size)| {
        let teams: Vec<TeamName> = members.into_iter().flatten().cloned().collect();
        let cell = teams.iter().map(TeamName::as_str).collect::<Vec<_>>().join("+");
        (cell, teams, Some(size))
    });
    let without_team = if roster.people().is_empty() { Some(None) } else { sizes.get(&None).map(|size| Some(*size)) };
    let organization = without_team.map(|size| (Span::ORGANIZATION.to_owned(), Vec::new(), size));
    cells
        .chain(organization)
        .map(|(cell, teams, size)| Planned {
            span: Span {
                cell,
                teams,
                start: week,
                weeks: instrument.weeks(size.unwrap_or_default()),
                admitted: size.is_none_or(|size| size >= rules.minimum_group),
            },
            invited: size.map(|size| u32::try_from(size).unwrap_or(u32::MAX)),
        })
        .filter(|planned| !is_asked(&planned.span))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CampaignId, CampaignSeal};

    fn told(planned: &[Planned]) -> Vec<String> {
        planned
            .iter()
            .map(|Planned { span, invited }| format!("{} {}w {invited:?} {}", span.cell, span.weeks, span.admitted))
            .collect()
    }

    fn roster(sizes: &[(&str, usize)]) -> (Roster, Vec<TeamName>) {
        let teams: Vec<TeamName> =
            sizes.iter().filter(|(name, _)| !name.is_empty()).map(|(name, _)| name.parse().unwrap()).collect();
        let people = sizes
            .iter()
            .flat_map(|(name, size)| (0..*size).map(move |number| format!("{name}{number},{name},1970-01-01\n")));
        let text = format!("person,team,from\n{}", people.collect::<String>());
        (Roster::parse(&text, &teams, &[]).unwrap(), teams)
    }

    const WEEK: Week = Week::from_index(2965);

    #[test]
    fn small_teams_are_pooled_and_asked_for_longer() {
        let (roster, teams) = roster(&[("amber", 12), ("cobalt", 6), ("fjord", 3), ("grove", 4), ("", 2)]);
        let expected = ["amber 1w Some(12) true", "cobalt 4w Some(6) true", "fjord+grove 4w Some(7) true"];
        let all = planned(Instrument::Pulse, &roster, &teams, &[], WEEK, &Rules::new(5));
        assert_eq!(told(&all)[..3], expected);
        assert_eq!(told(&all)[3..], ["organization 4w Some(2) false"]);
        assert!(
            planned(Instrument::Nps, &roster, &teams, &[], WEEK, &Rules::new(5))
                .iter()
                .all(|planned| planned.span.weeks == 4)
        );
    }

    #[test]
    fn without_a_roster_the_organization_is_asked() {
        let (roster, teams) = roster(&[]);
        assert_eq!(
            told(&planned(Instrument::Pulse, &roster, &teams, &[], WEEK, &Rules::new(5))),
            ["organization 4w None true"]
        );
    }

    #[test]
    fn nobody_is_asked_the_same_while_a_campaign_runs() {
        let (roster, teams) = roster(&[("amber", 12), ("cobalt", 6)]);
        let first = planned(Instrument::Pulse, &roster, &teams, &[], WEEK, &Rules::new(5));
        let campaigns: Vec<Campaign> = first
            .into_iter()
            .map(|Planned { span, invited }| Campaign {
                id: CampaignId::from_index(1),
                instrument: Instrument::Pulse,
                span,
                invited,
                seal: CampaignSeal::from_bytes([0; 32]),
                is_closed: false,
            })
            .collect();
        let cells = |instrument, week| -> Vec<String> {
            let planned = planned(instrument, &roster, &teams, &campaigns, week, &Rules::new(5));
            planned.into_iter().map(|planned| planned.span.cell).collect()
        };
        assert_eq!(cells(Instrument::Pulse, WEEK), [""; 0]);
        assert_eq!(cells(Instrument::Pulse, WEEK.plus(1)), ["amber"]);
        assert_eq!(cells(Instrument::Pulse, WEEK.plus(4)), ["amber", "cobalt"]);
        assert_eq!(cells(Instrument::Nps, WEEK), ["amber", "cobalt"]);
    }
}
