//! `raw.survey_response`, a column for each question.

use super::table::{entity, fetch, table, team, word};
use crate::model::{EntityKey, GivenAnswer, Question, SurveyResponse, TeamName, Week};

table! {
    "survey_response", "convert_to(coalesce(f.team, ''), 'UTF8')", SurveyResponse<EntityKey> {
        "instrument" "$7::text[]" = |response| response.instrument.as_str(),
        "campaign" "$8::bytea[]" = |response| response.campaign.as_bytes(),
        "team" "$9::text[]" = |response| response.team.as_ref().map(TeamName::as_str),
        "score" "$10::float8[]" = |response| response.answers.get(&Question::Score).copied(),
        "rating" "$11::float8[]" = |response| response.answers.get(&Question::Rating).copied(),
        "burnout" "$12::float8[]" = |response| response.answers.get(&Question::Burnout).copied(),
        "flow_days" "$13::float8[]" = |response| response.answers.get(&Question::FlowDays).copied(),
        "valuable_percent" "$14::float8[]" = |response| response.answers.get(&Question::ValuablePercent).copied(),
        "cognitive_load" "$15::float8[]" = |response| response.answers.get(&Question::CognitiveLoad).copied(),
        "context_switches" "$16::float8[]" = |response| response.answers.get(&Question::ContextSwitches).copied(),
        "constructive_feedback" "$17::float8[]" = |response| response.answers.get(&Question::ConstructiveFeedback).copied(),
    }
}

fetch! {
    /// The answers to surveys that ended in these weeks.
    fetch_given: GivenAnswer =
        "SELECT week, instrument, campaign, team, score, rating, burnout, flow_days, valuable_percent, cognitive_load, context_switches,
                constructive_feedback
         FROM raw.survey_response WHERE week >= $1 AND week < $2",
    |row| {
        let answers = [
            (Question::Score, row.score),
            (Question::Rating, row.rating),
            (Question::Burnout, row.burnout),
            (Question::FlowDays, row.flow_days),
            (Question::ValuablePercent, row.valuable_percent),
            (Question::CognitiveLoad, row.cognitive_load),
            (Question::ContextSwitches, row.context_switches),
            (Question::ConstructiveFeedback, row.constructive_feedback),
        ];
        Ok(GivenAnswer {
            week: Week::from_index(row.week),
            instrument: word(&row.instrument)?,
            campaign: entity(&row.campaign)?,
            team: team(row.team)?,
            answers: answers.into_iter().filter_map(|(question, value)| Some((question, value?))).collect(),
        })
    }
}
