//! Surveys that are asked by this program itself: what is asked, of whom, for how long.

use std::fmt;

use super::{Question, Span, TeamName, Word};

/// What is asked together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Instrument {
    /// Each week, or every four weeks where few people are asked.
    Pulse,
    Nps,
    Annual,
}

/// One question of an instrument, by the name of its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    pub field: &'static str,
    pub question: Question,
    /// Whether an answer without it is refused.
    pub is_required: bool,
}

const SHORT_WEEKS: i32 = 1;
const LONG_WEEKS: i32 = 4;
/// From so many people on a week is long enough.
const PEOPLE_FOR_A_WEEK: usize = 10;

impl Instrument {
    pub const ALL: [Instrument; 3] = [Instrument::Pulse, Instrument::Nps, Instrument::Annual];

    pub const fn as_str(self) -> &'static str {
        match self {
            Instrument::Pulse => "pulse",
            Instrument::Nps => "nps",
            Instrument::Annual => "annual",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|instrument| instrument.as_str() == name)
    }

    /// As atoms are about it: another word than any that a source has for its own surveys.
    pub fn facet(self) -> Word {
        format!("own-{}", self.as_str()).parse().expect("it is a word")
    }

    /// Over how many weeks so many people are asked.
    pub const fn weeks(self, people: usize) -> i32 {
        match self {
            Instrument::Pulse if people >= PEOPLE_FOR_A_WEEK => SHORT_WEEKS,
            Instrument::Pulse | Instrument::Nps | Instrument::Annual => LONG_WEEKS,
        }
    }

    pub const fn asks(self) -> &'static [Asked] {
        match self {
            Instrument::Pulse => PULSE,
            Instrument::Nps => NPS,
            Instrument::Annual => ANNUAL,
        }
    }
}

const fn required(field: &'static str, question: Question) -> Asked {
    Asked { field, question, is_required: true }
}

const fn optional(field: &'static str, question: Question) -> Asked {
    Asked { field, question, is_required: false }
}

const PULSE: &[Asked] = &[
    required("valuable_work_percentage", Question::ValuablePercent),
    required("flow_state_days", Question::FlowDays),
    required("cognitive_load", Question::CognitiveLoad),
    optional("context_switches", Question::ContextSwitches),
];

const NPS: &[Asked] = &[required("score", Question::Score)];

const ANNUAL: &[Asked] = &[
    required("satisfaction_rating", Question::Rating),
    required("burnout", Question::Burnout),
    required("constructive_feedback", Question::ConstructiveFeedback),
    optional("score", Question::Score),
    optional("valuable_work_percentage", Question::ValuablePercent),
    optional("flow_state_days", Question::FlowDays),
    optional("cognitive_load", Question::CognitiveLoad),
    optional("context_switches", Question::ContextSwitches),
];

/// A campaign's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CampaignId(u32);

impl CampaignId {
    pub const fn from_index(index: u32) -> Self {
        Self(index)
    }

    pub const fn index(self) -> u32 {
        self.0
    }
}

impl fmt::Display for CampaignId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The public key that answers of a campaign are sealed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CampaignSeal([u8; 32]);

impl CampaignSeal {
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// One instrument, asked in one cell over whole weeks: its answers become one atom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    pub id: CampaignId,
    pub instrument: Instrument,
    pub span: Span,
    /// The people of the cell's roster when it was opened, where there is one.
    pub invited: Option<u32>,
    pub seal: CampaignSeal,
    pub is_closed: bool,
}

impl Campaign {
    /// The team of whoever answers it; none where several are pooled, and where no team is asked.
    pub fn only_team(&self) -> Option<&TeamName> {
        match self.span.teams.as_slice() {
            [team] => Some(team),
            _ => None,
        }
    }
}

/// The SHA-256 of a token, which is all that is kept of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A token that was issued for a campaign: good for one answer, or for one report of friction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SurveyToken {
    pub campaign: CampaignId,
    pub hash: TokenHash,
}

/// A program that may submit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Of whom it submits.
    pub team: Option<TeamName>,
}

/// A report of friction as it waits for the pipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub week: super::Week,
    pub friction: super::Friction,
}

/// What became of something that was submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submission {
    Taken,
    /// Its token was used before.
    Used,
    /// Its campaign is over.
    Closed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_people_are_asked_over_four_weeks() {
        let weeks = |instrument: Instrument| [5, 9, 10, 40].map(|people| instrument.weeks(people));
        assert_eq!(weeks(Instrument::Pulse), [4, 4, 1, 1]);
        assert_eq!(weeks(Instrument::Nps), [4; 4]);
    }

    #[test]
    fn an_instrument_asks_nothing_twice() {
        for instrument in Instrument::ALL {
            let mut fields: Vec<&str> = instrument.asks().iter().map(|asked| asked.field).collect();
            let mut questions: Vec<Question> = instrument.asks().iter().map(|asked| asked.question).collect();
            fields.sort_unstable();
            fields.dedup();
            questions.sort_unstable();
            questions.dedup();
            assert_eq!((fields.len(), questions.len()), (instrument.asks().len(), instrument.asks().len()));
            assert!(instrument.facet().as_str().ends_with(instrument.as_str()));
        }
    }
}
