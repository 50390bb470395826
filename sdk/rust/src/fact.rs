//! The kinds of fact, each with a constructor that asks for what it cannot do without.
//!
//! Fields are public: what is optional starts as none, which means "not known", never 0. The
//! host turns every [`Account`] into a keyed hash before anything is stored.

mod delivery;
mod people;
mod review;

use crate::bindings::quintant::collector::types;
use crate::instant::Instant;

pub use types::{
    Account, Build, BuildResult, Change, Commit, Deployment, DeploymentRef, DeploymentResult, Envelope, Fact, FactKind,
    Friction, Incident, IncidentPhase, Membership, Review, ReviewState, Sample, SurveyResponse, Tally, Usage,
};

impl Account {
    /// A human, by the source's immutable id; `names` is every spelling a roster, an opt-out or a
    /// bot list may use.
    pub fn new<N: Into<String>>(id: impl Into<String>, names: impl IntoIterator<Item = N>) -> Self {
        Self { id: id.into(), names: names.into_iter().map(Into::into).collect(), bot: false }
    }

    /// Says whether the source calls this account a bot.
    #[must_use]
    pub fn bot(mut self, bot: bool) -> Self {
        self.bot = bot;
        self
    }
}

impl Envelope {
    /// A fact with its natural key (the host upserts on it) and when it became true upstream.
    pub fn new(key: impl Into<String>, at: Instant, fact: impl Into<Fact>) -> Self {
        Self { key: key.into(), at, fact: fact.into(), extensions: Vec::new() }
    }
}

macro_rules! facts {
    ($($kind:ident),*) => {
        $(impl From<$kind> for Fact {
            fn from(fact: $kind) -> Self {
                Self::$kind(fact)
            }
        })*
    };
}

facts!(Change, Review, Commit, Build, Deployment, Incident, Usage, SurveyResponse, Friction, Sample, Tally, Membership);
