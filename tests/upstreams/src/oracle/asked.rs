//! Whom a survey asks, and what those people answer: each campaign by the roster of the week in which it opens.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::Oracle;
use super::people::{invited, team_named};
use super::spans::{MINIMUM_GROUP, ORGANIZATION, Span, pools};
use crate::organisation::voices::Given;

/// An instrument that was opened in the week of that Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    pub instrument: &'static str,
    pub week: Date,
}

/// One instrument in one cell.
#[derive(Clone, Debug)]
pub(super) struct Campaign {
    pub(super) instrument: &'static str,
    pub(super) span: Span,
}

impl Campaign {
    /// Whether somebody is asked in the week of that Monday.
    fn asks(&self, oracle: &Oracle<'_>, person: &str, week: Date) -> bool {
        let team = team_named(oracle.organisation, person, week);
        self.span.holds_of_team(week, team)
    }
}

/// In the order in which they open.
pub(super) fn campaigns(oracle: &Oracle<'_>) -> Vec<Campaign> {
    let mut all: Vec<Campaign> = Vec::new();
    for Opened { instrument, week } in &oracle.opened {
        let runs = |span: &Span| {
            all.iter().any(|other| {
                other.instrument == *instrument
                    && *week < other.span.end()
                    && (other.span.cell == span.cell || other.span.teams.iter().any(|team| span.teams.contains(team)))
            })
        };
        let begun: Vec<Campaign> = cells(oracle, instrument, *week)
            .into_iter()
            .filter(|span| span.roster >= MINIMUM_GROUP && !runs(span))
            .map(|span| Campaign { instrument, span })
            .collect();
        all.extend(begun);
    }
    all
}

/// Teams, small ones pooled, and those without a team.
fn cells(oracle: &Oracle<'_>, instrument: &str, week: Date) -> Vec<Span> {
    let size = |team: Option<&str>| invited(oracle.organisation, team, week);
    let teams = oracle.organisation.teams.iter().map(|team| (team.name.clone(), size(Some(&team.name))));
    let (small, large): (Vec<_>, Vec<_>) =
        teams.filter(|(_, size)| *size > 0).partition(|(_, size)| *size < MINIMUM_GROUP);
    let of_teams = large.into_iter().map(|team| vec![team]).chain(pools(small)).map(|members| {
        let roster = members.iter().map(|(_, size)| size).sum();
        let teams: Vec<String> = members.into_iter().map(|(team, _)| team).collect();
        (teams.join("+"), teams, roster)
    });
    let of_none = (ORGANIZATION.to_owned(), Vec::new(), size(None));
    let span = |(cell, teams, roster): (String, Vec<String>, usize)| {
        let weeks = if instrument == "pulse" && roster >= 10 { 1 } else { 4 };
        Span { cell, teams, start: week, weeks, roster, withheld: false }
    };
    of_teams.chain([of_none]).map(span).collect()
}

/// Everybody's first answer, as nobody answers twice.
pub(super) fn answers<'a>(oracle: &Oracle<'a>, campaign: &Campaign) -> Vec<&'a Given> {
    let mut answers: Vec<&Given> = Vec::new();
    let mut week = campaign.span.start;
    while week < campaign.span.end() {
        let own = oracle
            .organisation
            .voices
            .answers
            .iter()
            .filter(|given| given.week == week && given.instrument == campaign.instrument && oracle.hears(week));
        for given in own.filter(|given| campaign.asks(oracle, &given.person, week)) {
            if !answers.iter().any(|known| known.person == given.person) {
                answers.push(given);
            }
        }
        week += 1.week();
    }
    answers
}
