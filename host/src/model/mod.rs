//! What the product talks about. Plain data and its rules; no IO, no clock.

mod atom;
mod calendar;
mod day;
mod delivery;
mod fact;
mod histogram;
mod identity;
mod name;
mod opt_out;
mod people;
mod rejected;
mod run;
mod sample;
mod space;
mod survey;
mod work;

pub use atom::{About, Assignment, Atom, Bearer, Component, Family, Measure, Parts, Span};
pub use calendar::{Calendar, Epoch, Week};
pub use day::Day;
pub use delivery::{
    Build, BuildResult, Deployment, DeploymentResult, Incident, IncidentPhase, LineCoverage, Linked, ServiceRef,
};
pub use fact::{Change, Commit, Fact, FactBody, FactKind, RawFact, Retraction, Review, ReviewState, StampedFact};
pub use histogram::Histogram;
pub(crate) use identity::glob_match;
pub use identity::{
    Alias, EntityKey, EpochSalt, OptOutDigest, Pseudonym, RawIdentity, RawKey, Sealed, Sighting, Spelling,
};
pub use name::{FeedName, NameError, ServiceName, SourceName, TeamName, Word};
pub use opt_out::{OptOut, PrivacyCommand, Reach};
pub use people::{Friction, Membership, Question, SurveyResponse, Tally, TeamRef, Usage};
pub use rejected::{Rejected, RejectedCounts};
pub use run::{RunProblem, RunReport};
pub use sample::{Aggregation, Sample, SampleMetric, Subject};
pub use space::{Dimension, Metric, Withheld};
pub use survey::{
    Asked, Campaign, CampaignId, CampaignSeal, Client, Instrument, Report, Submission, SurveyToken, TokenHash,
};
pub use work::{
    CountedUse, FinishedBuild, FinishedDeployment, GivenAnswer, GivenReview, KnownIncident, LandedCommit, MergedChange,
    ReachableCommit, ReportedFriction, TakenSample, TakenTally,
};
