//! What people do, say and belong to, and what a source has counted of them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{TeamName, Word};

/// One person's use of one tool on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage<P> {
    pub actor: P,
    pub tool: Word,
    pub count: u32,
}

/// What the source had already counted over a period; there is nobody in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally<K> {
    pub tool: Word,
    pub scope: Option<K>,
    pub from: Timestamp,
    /// Behind its last moment.
    pub through: Timestamp,
    /// Events, distinct people, and those who could have.
    pub count: Option<u32>,
    pub people: Option<u32>,
    pub eligible: Option<u32>,
    pub bots_included: bool,
}

/// A question that the catalogue of metrics knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    Score,
    Rating,
    Burnout,
    FlowDays,
    ValuablePercent,
    CognitiveLoad,
    ContextSwitches,
    ConstructiveFeedback,
}

impl Question {
    pub const ALL: [Question; 8] = [
        Question::Score,
        Question::Rating,
        Question::Burnout,
        Question::FlowDays,
        Question::ValuablePercent,
        Question::CognitiveLoad,
        Question::ContextSwitches,
        Question::ConstructiveFeedback,
    ];

    /// As the contract spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Question::Score => "score",
            Question::Rating => "rating",
            Question::Burnout => "burnout",
            Question::FlowDays => "flow-days",
            Question::ValuablePercent => "valuable-percent",
            Question::CognitiveLoad => "cognitive-load",
            Question::ContextSwitches => "context-switches",
            Question::ConstructiveFeedback => "constructive-feedback",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|question| question.as_str() == name)
    }

    /// From where to where it can be answered.
    pub const fn range(self) -> (f64, f64) {
        match self {
            Question::Score => (0.0, 10.0),
            Question::Rating | Question::Burnout | Question::CognitiveLoad | Question::ConstructiveFeedback => {
                (1.0, 5.0)
            }
            Question::FlowDays => (0.0, 7.0),
            Question::ValuablePercent => (0.0, 100.0),
            Question::ContextSwitches => (0.0, 1000.0),
        }
    }

    /// Whether only whole numbers answer it.
    pub const fn is_whole(self) -> bool {
        !matches!(self, Question::FlowDays | Question::ValuablePercent | Question::ContextSwitches)
    }

    /// Whether it can be answered so.
    pub fn allows(self, value: f64) -> bool {
        let (least, most) = self.range();
        (least..=most).contains(&value) && (!self.is_whole() || value.fract() == 0.0)
    }
}

/// What somebody whom nobody can identify answered.
#[derive(Debug, Clone, PartialEq)]
pub struct SurveyResponse<K> {
    pub instrument: Word,
    pub campaign: K,
    /// None: none that is configured.
    pub team: Option<TeamName>,
    pub answers: BTreeMap<Question, f64>,
}

/// Something that got in somebody's way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Friction {
    pub category: Word,
    pub severity: Word,
    /// None: none that is configured.
    pub team: Option<TeamName>,
}

/// An account belongs to a team from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership<P, K> {
    pub account: P,
    /// None: to no team.
    pub team: Option<TeamRef<K>>,
}

/// A team as a source calls it and as the configuration does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamRef<K> {
    pub key: K,
    /// None: it is not configured.
    pub name: Option<TeamName>,
}
