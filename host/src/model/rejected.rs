//! Why a fact, or a part of one, was not taken.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[doc = $about:literal])+ $reason:ident: $name:literal,)+) => {
        /// A closed list; what is said of it in a run's figures.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Rejected {
            $($(#[doc = $about])+ $reason,)+
        }

        impl Rejected {
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Rejected::$reason => $name,)+
                }
            }
        }
    };
}

reasons! {
    /// More than five minutes after the host's now.
    InTheFuture: "in_the_future",
    /// An empty key, or one of more than 512 bytes.
    BadKey: "bad_key",
    /// A kind that its feed did not declare.
    UndeclaredKind: "undeclared_kind",
    /// A time that cannot be, or an instant outside the calendar.
    BadTime: "bad_time",
    /// A phase out of order; the rest of the fact was taken.
    PhaseOutOfOrder: "phase_out_of_order",
    /// Of a week that was released before its feed was added.
    Released: "released",
    /// A tool, a category or the like that is no word.
    BadWord: "bad_word",
    /// A number that cannot be; where it is one of several, the rest of the fact was taken.
    OutOfBounds: "out_of_bounds",
    /// Times or numbers that cannot be together; of a build's coverage, the rest of the build was taken.
    Contradictory: "contradictory",
    /// Somebody's use that does not begin with a day.
    NotADay: "not_a_day",
    /// A tally without a figure, or a response without an answer.
    Empty: "empty",
    /// More commits than are kept of one deployment; the first ones were taken.
    TooManyCommits: "too_many_commits",
    /// An answer to a question that no metric knows; the rest of the response was taken.
    UnknownQuestion: "unknown_question",
    /// A team that is not configured; the rest of the fact was taken.
    UnknownTeam: "unknown_team",
    /// A sample of a metric that the plugin does not declare.
    UndeclaredMetric: "undeclared_metric",
    /// A sample of a metric that `[source.samples]` does not name.
    NotGranted: "not_granted",
    /// A sample about nobody that names somebody.
    UnwantedActor: "unwanted_actor",
    /// Somebody's use, membership or sample without saying whose.
    NoActor: "no_actor",
}

/// How many of what were not taken.
pub type RejectedCounts = BTreeMap<Rejected, u32>;
