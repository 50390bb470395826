//! Deployments and their statuses as GitHub lists them; what is not needed is not read.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::payload::{Date, Id};

/// An item of `GET /repos/{owner}/{repo}/deployments`.
#[derive(Debug, Deserialize)]
pub struct ListedDeployment {
    pub id: Id,
    pub created_at: Date,
    pub sha: Option<String>,
    pub task: Option<String>,
    pub environment: Option<String>,
    /// An object, or one written as a string; whatever whoever deployed put into it.
    payload: Option<Box<RawValue>>,
}

/// An item of `GET /repos/{owner}/{repo}/deployments/{id}/statuses`.
#[derive(Debug, Deserialize)]
pub struct Status {
    pub state: Option<String>,
    pub created_at: Date,
}

/// What a payload may say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Hints {
    pub rollback: bool,
    pub unplanned: bool,
}

impl ListedDeployment {
    /// What its payload says; what cannot be understood says nothing.
    #[must_use]
    pub fn hints(&self) -> Hints {
        let Some(payload) = &self.payload else {
            return Hints::default();
        };
        let nested: Option<String> = serde_json::from_str(payload.get()).ok();
        serde_json::from_str(nested.as_deref().unwrap_or(payload.get())).unwrap_or_default()
    }
}
