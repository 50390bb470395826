//! Which repositories are read: those that are named, and those of organizations.

use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::api::{self, Api, Loss, Stop};
use crate::scan;
use crate::settings::{Organization, Repository, Settings};

/// What the operator chose.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    repositories: Vec<Repository>,
    organizations: Vec<Organization>,
    forks: bool,
}

/// What that comes to.
pub struct Selected {
    pub repositories: Vec<Repository>,
    /// How an organization was lost, the worst of them; none: all were listed.
    pub loss: Option<Loss>,
}

/// An item of `GET /orgs/{org}/repos`.
#[derive(Debug, Deserialize)]
struct Listed {
    full_name: String,
    archived: Option<bool>,
    disabled: Option<bool>,
    fork: Option<bool>,
}

impl Selection {
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let Settings { repositories, organizations, forks, .. } = settings;
        Self { repositories: repositories.clone(), organizations: organizations.clone(), forks: *forks }
    }

    /// Whether every repository is named, so that nothing is to be listed.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.organizations.is_empty()
    }

    /// All repositories, each once; an organization that cannot be listed is a problem, and the others are.
    ///
    /// # Errors
    /// When nothing more can be read in this run, and when nothing was chosen.
    pub fn read(&self, api: &Api<'_>, page: &mut Page) -> Result<Selected> {
        if self.repositories.is_empty() && self.organizations.is_empty() {
            let message = "neither `repositories` nor `organizations` names anything to read";
            return Err(Error::Misconfigured(message.to_owned()));
        }
        let mut selected = Selected { repositories: self.repositories.clone(), loss: None };
        for organization in &self.organizations {
            match list(api, organization, self.forks) {
                Ok(listed) => {
                    page.reject(Some(organization.as_str()), listed.rejected);
                    for repository in listed.items {
                        let is_known = |known: &Repository| known.as_str().eq_ignore_ascii_case(repository.as_str());
                        if !selected.repositories.iter().any(is_known) {
                            selected.repositories.push(repository);
                        }
                    }
                }
                Err(Stop::Here(loss)) => {
                    scan::report(loss, organization.as_str(), page);
                    if selected.loss != Some(Loss::Unavailable) {
                        selected.loss = Some(loss);
                    }
                }
                Err(Stop::Run(error)) => return Err(error),
            }
            if api.take_truncated() {
                page.problem(ProblemKind::Truncated, Some(organization.as_str()));
            }
        }
        Ok(selected)
    }
}

/// An organization's repositories that may have news.
///
/// # Errors
/// When they cannot be listed.
pub fn list(api: &Api<'_>, organization: &Organization, forks: bool) -> Result<Items<Repository>, Stop> {
    let request = api::get(format!("/orgs/{organization}/repos"))
        .query("type", "all")
        .query("sort", "full_name")
        .query("per_page", "100");
    let listed: Items<Listed> = api.all(request)?;
    let mut wanted = Items { items: Vec::new(), rejected: listed.rejected };
    for Listed { full_name, archived, disabled, fork } in listed.items {
        let is_passed_over = archived == Some(true) || disabled == Some(true) || (fork == Some(true) && !forks);
        match Repository::try_from(full_name) {
            _ if is_passed_over => {}
            Ok(repository) => wanted.items.push(repository),
            Err(_) => wanted.rejected = wanted.rejected.saturating_add(1),
        }
    }
    Ok(wanted)
}
