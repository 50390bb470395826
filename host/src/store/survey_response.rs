//! `raw.survey_response`, a column for each question.

use super::table::table;
use crate::model::{EntityKey, Question, SurveyResponse, TeamName};

table! {
    "survey_response", "''", SurveyResponse<EntityKey> {
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
