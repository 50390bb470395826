//! Issues as GitHub lists them; what is not needed is not read.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::payload::{Date, DoubtfulDate, Id};

/// An item of `GET /repos/{owner}/{repo}/issues`, which lists pull requests too.
#[derive(Debug, Deserialize)]
pub struct Issue {
    pub id: Id,
    pub created_at: Date,
    pub updated_at: Date,
    pub closed_at: Option<Date>,
    pub state: Option<String>,
    labels: Option<Vec<Label>>,
    pull_request: Option<IgnoredAny>,
}

/// What is looked at of the latest update before any is read.
#[derive(Debug, Default, Deserialize)]
pub struct Probe {
    #[serde(default)]
    pub updated_at: DoubtfulDate,
}

/// Older answers hold the bare name.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Label {
    Object { name: Option<String> },
    Name(String),
}

impl Issue {
    #[must_use]
    pub fn is_pull_request(&self) -> bool {
        self.pull_request.is_some()
    }

    /// The names of its labels.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().flatten().filter_map(|label| match label {
            Label::Object { name } => name.as_deref(),
            Label::Name(name) => Some(name),
        })
    }
}
