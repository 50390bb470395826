//! What people do and say: usage, tallies, surveys, friction, teams, and a plugin's own samples.

use super::{Account, Friction, Membership, Sample, SurveyResponse, Tally, Usage};
use crate::context::Window;

impl Usage {
    /// One person's use of one tool on one day; `at` is the start of the day in the calendar's
    /// zone.
    pub fn new(actor: Account, tool: impl Into<String>, count: u32) -> Self {
        Self { actor, tool: tool.into(), count }
    }
}

impl Tally {
    /// What the source had already counted over `period`, e.g. messages of a channel; `at` lies in
    /// the period or at its end.
    pub fn new(tool: impl Into<String>, period: Window) -> Self {
        Self { tool: tool.into(), scope: None, period, count: None, people: None, eligible: None, bots_included: false }
    }
}

impl Membership {
    /// `account` belongs to `team` from `at` on; none: to no team.
    pub fn new(account: Account, team: Option<String>) -> Self {
        Self { account, team }
    }
}

impl SurveyResponse {
    /// An answered questionnaire without answers yet; `instrument` is `nps`, `pulse`, `annual`
    /// or the operator's own.
    pub fn new(instrument: impl Into<String>, campaign: impl Into<String>) -> Self {
        Self { instrument: instrument.into(), campaign: campaign.into(), team: None, answers: Vec::new() }
    }

    /// Adds an answer, e.g. `score` 9.0.
    #[must_use]
    pub fn answer(mut self, question: impl Into<String>, value: f64) -> Self {
        self.answers.push((question.into(), value));
        self
    }
}

impl Friction {
    /// Something that got in the way.
    pub fn new(category: impl Into<String>, severity: impl Into<String>) -> Self {
        Self { category: category.into(), severity: severity.into(), team: None }
    }
}

impl Sample {
    /// A value of a metric that the descriptor declares.
    pub fn new(metric: impl Into<String>, value: f64) -> Self {
        Self { metric: metric.into(), value, actor: None, scope: None }
    }
}
