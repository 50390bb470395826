//! What an operator may set.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of a GitHub source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("anyOf" = [{ "required": ["repositories"] }, { "required": ["organizations"] }]))]
pub struct Settings {
    /// The repositories to read, e.g. `["octo/payments-api"]`.
    #[serde(default)]
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub repositories: Vec<Repository>,
    /// Organizations of which every repository is read that the credential sees, e.g. `["octo"]`; archived and disabled ones
    /// are passed over.
    #[serde(default)]
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub organizations: Vec<Organization>,
    /// Whether an organization's forks are read too.
    #[serde(default)]
    pub forks: bool,
    /// Items a page of a listing, 1 to 100. Lower it when answers exceed the host's size limit.
    #[serde(default = "full_page")]
    #[schemars(range(min = 1, max = 100))]
    pub page_size: u32,
    /// How pull requests are read: `graphql`, or `rest`, which a run also falls back to where GraphQL is refused.
    #[serde(default)]
    pub pull_requests_by: PullRequestsBy,
    /// Whether comments on pull requests are counted: by GraphQL alone, and a page of pull requests then costs more points.
    #[serde(default = "on")]
    pub comments: bool,
    /// Whether deployments are read.
    #[serde(default = "on")]
    pub deployments: bool,
    /// Whether workflow runs are read, as builds.
    #[serde(default = "on")]
    pub workflow_runs: bool,
    /// Whether teams are read, of each of `organizations`, as the teams that people belong to.
    #[serde(default)]
    pub teams: bool,
    /// Whether the use of Copilot is read, of each of `organizations`: how many people, never who.
    #[serde(default)]
    pub copilot: bool,
    /// The environment that published releases are deployments to, e.g. `production`; without it no releases are read.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub releases_as_deployments: Option<String>,
    /// Labels of issues that are incidents, e.g. `["incident"]`; without any no issues are read.
    #[serde(default)]
    pub incident_labels: Vec<Label>,
    /// What the labels that tell an incident's severity begin with: with `severity:` the label `severity: high` means `high`.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub incident_severity_prefix: Option<String>,
    /// What is deployed from a repository, where that is not called like it: `{ "octo/payments-api" = "payments" }`.
    #[serde(default)]
    pub services: BTreeMap<Repository, String>,
}

impl Settings {
    /// What is deployed from a repository.
    #[must_use]
    pub fn service<'a>(&'a self, repository: &'a Repository) -> &'a str {
        self.services.get(repository).map_or(repository.as_str(), String::as_str)
    }
}

/// The login of an organization. Needs no percent-encoding in a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[A-Za-z0-9_-]{1,100}$"))]
pub struct Organization(String);

impl Organization {
    /// The login as it was configured.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Organization {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<Organization> for String {
    fn from(organization: Organization) -> Self {
        organization.0
    }
}

impl TryFrom<String> for Organization {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        if is_plain && (1..=100).contains(&text.len()) {
            Ok(Self(text))
        } else {
            Err(format!("`{text}` is no organization's login"))
        }
    }
}

/// The name of a label, in any case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[^,]+$"))]
pub struct Label(String);

impl Label {
    /// The name as it was configured.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the label of that name.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.0.to_lowercase() == name.to_lowercase()
    }
}

impl From<Label> for String {
    fn from(label: Label) -> Self {
        label.0
    }
}

impl TryFrom<String> for Label {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // GitHub reads a comma as the end of one label and the beginning of another.
        if text.is_empty() || text.contains(',') { Err(format!("`{text}` is no label")) } else { Ok(Self(text)) }
    }
}

/// One of GitHub's two APIs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PullRequestsBy {
    /// A page of pull requests with all that belongs to them.
    #[default]
    GraphQl,
    /// A page of pull requests, then up to three requests for each.
    Rest,
}

fn on() -> bool {
    true
}

fn full_page() -> u32 {
    100
}

/// A repository as `owner/name`. Needs no percent-encoding in a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = r"^[A-Za-z0-9_-]{1,100}/[A-Za-z0-9_.-]*[A-Za-z0-9_-][A-Za-z0-9_.-]*$"))]
pub struct Repository(String);

impl Repository {
    /// The name as it was configured.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Owner and name.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        self.0.split_once('/').expect("parsing has found the slash")
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<Repository> for String {
    fn from(repository: Repository) -> Self {
        repository.0
    }
}

impl TryFrom<String> for Repository {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let plain = |part: &str, more: &str| {
            (1..=100).contains(&part.len())
                && part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
                && part.chars().any(|c| c != '.')
        };
        match text.split_once('/') {
            Some((owner, name)) if plain(owner, "_-") && plain(name, "_.-") => Ok(Self(text)),
            _ => Err(format!("repository `{text}` is not of the form `owner/name`")),
        }
    }
}
