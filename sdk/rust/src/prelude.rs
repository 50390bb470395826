//! Everything a collector needs, for one `use quintant_sdk::prelude::*;`.

pub use crate::check::{CheckItem, CheckStatus};
pub use crate::collector::Collector;
pub use crate::context::{Context, Request, Window};
pub use crate::descriptor::{Aggregation, Auth, Descriptor, Dimension, Endpoint, Feed, Metric, Subject, Unit};
pub use crate::error::{Error, Result};
pub use crate::fact::{
    Account, Build, BuildResult, Change, Commit, Deployment, DeploymentRef, DeploymentResult, Envelope, Fact, FactKind,
    Friction, Incident, IncidentPhase, Membership, Review, ReviewState, Sample, SurveyResponse, Tally, Usage,
};
pub use crate::http::{Client, HttpError, HttpRequest, Method, Response};
pub use crate::instant::Instant;
pub use crate::json::Items;
pub use crate::page::{Page, ProblemKind};
pub use crate::{instant, log};
