//! Usage, tallies, surveys, friction, memberships, and a plugin's own samples.

use std::collections::BTreeMap;

use super::super::contract::quintant::collector::types;
use super::{identity, instant, word};
use crate::model::{
    Friction, Membership, Question, RawIdentity, RawKey, Rejected, RejectedCounts, Sample, SurveyResponse, Tally,
    TeamName, TeamRef, Usage,
};

pub(super) fn usage(sent: types::Usage) -> Result<Usage<RawIdentity>, Rejected> {
    let actor = identity(sent.actor).ok_or(Rejected::NoActor)?;
    Ok(Usage { actor, tool: word(&sent.tool)?, count: sent.count })
}

pub(super) fn tally(sent: types::Tally) -> Result<Tally<RawKey>, Rejected> {
    let time = |milliseconds| instant(milliseconds).ok_or(Rejected::BadTime);
    Ok(Tally {
        tool: word(&sent.tool)?,
        scope: sent.scope.map(RawKey::new),
        from: time(sent.period.start)?,
        through: time(sent.period.end)?,
        count: sent.count,
        people: sent.people,
        eligible: sent.eligible,
        bots_included: sent.bots_included,
    })
}

/// What no metric asks for, and what cannot be answered so, is left out.
pub(super) fn survey_response(
    sent: types::SurveyResponse,
    rejected: &mut RejectedCounts,
) -> Result<SurveyResponse<RawKey>, Rejected> {
    let instrument = word(&sent.instrument)?;
    let mut answers = BTreeMap::new();
    for (name, value) in &sent.answers {
        let reason = match Question::from_name(name) {
            None => Rejected::UnknownQuestion,
            Some(question) if !question.allows(*value) => Rejected::OutOfBounds,
            Some(question) => {
                answers.insert(question, *value);
                continue;
            }
        };
        *rejected.entry(reason).or_default() += 1;
    }
    let team = team(sent.team.as_deref(), rejected);
    Ok(SurveyResponse { instrument, campaign: RawKey::new(sent.campaign), team, answers })
}

pub(super) fn friction(sent: &types::Friction, rejected: &mut RejectedCounts) -> Result<Friction, Rejected> {
    let (category, severity) = (word(&sent.category)?, word(&sent.severity)?);
    Ok(Friction { category, severity, team: team(sent.team.as_deref(), rejected) })
}

pub(super) fn membership(sent: types::Membership) -> Result<Membership<RawIdentity, RawKey>, Rejected> {
    let account = identity(sent.account).ok_or(Rejected::NoActor)?;
    let team = sent.team.map(|team| TeamRef { name: team.parse().ok(), key: RawKey::new(team) });
    Ok(Membership { account, team })
}

pub(super) fn sample(sent: types::Sample) -> Result<Sample<RawIdentity, RawKey>, Rejected> {
    let actor = sent.actor.map(|actor| identity(actor).ok_or(Rejected::NoActor)).transpose()?;
    let metric = sent.metric.parse().map_err(|_| Rejected::UndeclaredMetric)?;
    Ok(Sample { metric, value: sent.value, actor, scope: sent.scope.map(RawKey::new) })
}

/// A name that a team may have; whether one has it is judged later.
fn team(sent: Option<&str>, rejected: &mut RejectedCounts) -> Option<TeamName> {
    let team = sent?.parse().ok();
    if team.is_none() {
        *rejected.entry(Rejected::UnknownTeam).or_default() += 1;
    }
    team
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_no_metric_asks_for_or_that_cannot_be_are_left_out() {
        let answers = [
            ("score", 10.0),
            ("rating", 0.0),
            ("burnout", 2.5),
            ("flow-days", 2.5),
            ("valuable-percent", 100.1),
            ("cognitive-load", f64::NAN),
            ("mood", 3.0),
        ];
        let sent = types::SurveyResponse {
            instrument: "Pulse".to_owned(),
            campaign: "autumn".to_owned(),
            team: Some("a+b".to_owned()),
            answers: answers.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        };
        let mut rejected = RejectedCounts::new();
        let response = survey_response(sent, &mut rejected).unwrap();
        assert_eq!(response.answers, BTreeMap::from([(Question::Score, 10.0), (Question::FlowDays, 2.5)]));
        assert_eq!((response.instrument.as_str(), response.team), ("pulse", None));
        let expected = [(Rejected::OutOfBounds, 4), (Rejected::UnknownQuestion, 1), (Rejected::UnknownTeam, 1)];
        assert_eq!(rejected, RejectedCounts::from(expected));
    }

    #[test]
    fn whoever_has_no_id_uses_nothing() {
        let actor = types::Account { id: String::new(), names: vec!["dev-001".to_owned()], bot: false };
        let sent = types::Usage { actor, tool: "ai".to_owned(), count: 1 };
        assert_eq!(usage(sent), Err(Rejected::NoActor));
    }
}
