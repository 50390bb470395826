//! What the product talks about. Plain data and its rules; no IO, no clock.

mod atom;
mod calendar;
mod fact;
mod identity;
mod name;
mod space;
mod work;

pub use atom::{Assignment, Atom, Component, Family, Measure, Parts, Span};
pub use calendar::{Calendar, Epoch, Week};
pub use fact::{Change, Commit, Fact, FactBody, FactKind, RawFact, Retraction, Review, ReviewState, StampedFact};
pub(crate) use identity::glob_match;
pub use identity::{Alias, EntityKey, EpochSalt, Pseudonym, RawIdentity, RawKey, Sealed, Spelling};
pub use name::{FeedName, NameError, SourceName, TeamName};
pub use space::{Dimension, Metric, Withheld};
pub use work::{GivenReview, LandedCommit, MergedChange};
