//! Explains to an operator what works: the API, the credential, each repository.

use quintant_sdk::prelude::*;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::api::{self, Api, Loss, Stop};
use crate::copilot;
use crate::graphql::{self, Door, Trouble};
use crate::pulls;
use crate::selection;
use crate::settings::{Organization, PullRequestsBy, Repository, Settings};

/// Looks at everything the feeds need.
///
/// # Errors
/// When the run was cancelled, or GitHub answers what cannot be understood.
pub fn run(client: &Client, context: &Context<Settings>) -> Result<Vec<CheckItem>> {
    let api = Api::new(client, context.now);
    let mut items = Vec::new();
    // A server with its rate limits off answers 404 here, which proves just as much.
    match api.send(&api::get("/rate_limit".to_owned())) {
        Ok(response) => {
            items.push(CheckItem::pass("api reachable", "GitHub answered"));
            items.push(credential(&api, &response));
        }
        Err(Stop::Here(Loss::NotFound)) => {
            items.push(CheckItem::pass("api reachable", "GitHub answered, without rate limits"));
        }
        Err(Stop::Here(_)) => {
            let item = CheckItem::fail("api reachable", "GitHub gave no usable answer");
            items.push(item.hint("look at the endpoint's `url`, the network and any proxy"));
            return Ok(items);
        }
        Err(Stop::Run(Error::Unauthorized(why))) => {
            let item = CheckItem::fail("credential", why);
            items.push(item.hint("the token is wrong, expired or revoked: create a new one"));
            return Ok(items);
        }
        Err(Stop::Run(Error::RateLimited(seconds))) => {
            items.push(rate_limited(seconds));
            return Ok(items);
        }
        Err(Stop::Run(error)) => return Err(error),
    }
    let settings = &context.settings;
    let mut repositories = settings.repositories.clone();
    for organization in &settings.organizations {
        let (item, first) = organization_item(&api, organization, settings)?;
        items.push(item);
        if settings.copilot {
            items.push(copilot_item(&api, organization)?);
        }
        repositories.extend(first.filter(|first| !repositories.contains(first)));
    }
    let mut readable = None;
    for repository in &repositories {
        match repository_item(&api, repository) {
            Ok((item, url)) => {
                items.push(item);
                readable = readable.or(url.map(|url| (repository, url)));
            }
            Err(Error::RateLimited(seconds)) => {
                items.push(rate_limited(seconds));
                break;
            }
            Err(error) => return Err(error),
        }
    }
    if let Some((repository, url)) = readable {
        items.push(match settings.pull_requests_by {
            PullRequestsBy::GraphQl => graphql_item(&api, repository, &url, settings)?,
            PullRequestsBy::Rest => CheckItem::pass("pull requests", "are read by REST, as it is set"),
        });
        let others = [
            (settings.deployments, "deployments", "deployments?per_page=1", "deployments = false"),
            (settings.workflow_runs, "workflow runs", "actions/runs?per_page=1", "workflow_runs = false"),
            (
                !settings.incident_labels.is_empty(),
                "incidents",
                "issues?state=all&sort=updated&per_page=1",
                "incident_labels = []",
            ),
        ];
        for (_, name, path, off) in others.into_iter().filter(|(is_on, ..)| *is_on) {
            items.push(listing_item(&api, repository, name, path, off)?);
        }
    }
    Ok(items)
}

/// Whether pull requests can be read as they are to be.
fn graphql_item(api: &Api<'_>, repository: &Repository, url: &str, settings: &Settings) -> Result<CheckItem> {
    let by_rest = |why: &str| CheckItem::warn("pull requests", format!("are read by REST: GraphQL is refused ({why})"));
    if api.is_anonymous() {
        return Ok(by_rest("it needs a credential").hint("set `auth = { bearer = … }` for the endpoint"));
    }
    let name = "pull requests";
    match graphql::ask::<IgnoredAny>(api, &Door::beside(Some(url)), &pulls::graphql::newest(repository, settings)) {
        Ok(_) => Ok(CheckItem::pass(name, "are read by GraphQL")),
        Err(Trouble::Refused(why)) => Ok(by_rest(&why)
            .hint("give the token read access to contents and pull requests, or set `pull_requests_by = \"rest\"`")),
        Err(Trouble::Stop(Stop::Run(Error::RateLimited(seconds)))) => Ok(rate_limited(seconds)),
        Err(Trouble::Stop(Stop::Run(error))) => Err(error),
        Err(Trouble::Stop(Stop::Here(_)) | Trouble::TooMuch) => {
            let item = CheckItem::fail(name, "GraphQL gave no usable answer");
            Ok(item.hint("try again in a few minutes, or set `pull_requests_by = \"rest\"`"))
        }
    }
}

fn rate_limited(seconds: Option<u32>) -> CheckItem {
    let wait = seconds.map_or_else(String::new, |seconds| format!(" for {seconds} s"));
    CheckItem::warn("rate limit", format!("used up{wait}")).hint("wait, or give Quintant a token of its own")
}

fn credential(api: &Api<'_>, response: &Response) -> CheckItem {
    if api.is_anonymous() {
        return CheckItem::warn("credential", "GitHub sees anonymous requests: 60 an hour")
            .hint("set `auth = { bearer = … }` for the endpoint");
    }
    match response.header("x-oauth-scopes").map(str::trim) {
        None => CheckItem::pass("credential", "accepted; fine-grained, or of an app")
            .hint("it needs read access to metadata, contents, pull requests and issues"),
        Some(scopes) if scopes.split(',').any(|scope| scope.trim() == "repo") => {
            CheckItem::pass("credential", "accepted; scope `repo`")
        }
        Some(_) => {
            CheckItem::warn("credential", "accepted, but without scope `repo`").hint("private repositories need it")
        }
    }
}

/// Whether the use of Copilot is shown, and its newest report can be fetched.
fn copilot_item(api: &Api<'_>, organization: &Organization) -> Result<CheckItem> {
    let name = format!("copilot of {organization}");
    Ok(match copilot::offered(api, &format!("/orgs/{organization}/copilot/billing")) {
        Ok(_) => CheckItem::pass(name, "seats are shown")
            .hint("reports of days lie elsewhere: where runs tell a problem, name the origin that the log tells in the endpoint's `also`"),
        Err(Stop::Here(Loss::NotFound)) => CheckItem::warn(name, "is not offered here, or not in use")
            .hint("set `copilot = false` where it is not"),
        Err(Stop::Here(Loss::Forbidden)) => CheckItem::warn(name, "is not shown to this credential")
            .hint("an owner's token needs `manage_billing:copilot` or `read:org`; an app or a fine-grained token `GitHub Copilot Business`, read"),
        Err(Stop::Here(loss)) => lost(name, loss),
        Err(Stop::Run(Error::RateLimited(seconds))) => rate_limited(seconds),
        Err(Stop::Run(error)) => return Err(error),
    })
}

/// Whether a listing of one repository, which stands for the others, is shown.
fn listing_item(api: &Api<'_>, repository: &Repository, name: &str, path: &str, off: &str) -> Result<CheckItem> {
    Ok(match api.send(&api::get(format!("/repos/{repository}/{path}"))) {
        Ok(_) => CheckItem::pass(name, "can be read"),
        Err(Stop::Here(Loss::Forbidden | Loss::NotFound)) => {
            CheckItem::warn(name, format!("are not shown to this credential, or not in use, in {repository}"))
                .hint(format!("give it read access to them, or set `{off}`"))
        }
        Err(Stop::Here(loss)) => lost(name.to_owned(), loss),
        Err(Stop::Run(Error::RateLimited(seconds))) => rate_limited(seconds),
        Err(Stop::Run(error)) => return Err(error),
    })
}

/// Also its first repository, which stands for the others.
fn organization_item(
    api: &Api<'_>,
    organization: &Organization,
    settings: &Settings,
) -> Result<(CheckItem, Option<Repository>)> {
    let name = format!("organization {organization}");
    let listed = match selection::list(api, organization, settings.forks) {
        Ok(listed) => listed.items,
        Err(Stop::Here(loss)) => return Ok((lost(name, loss), None)),
        Err(Stop::Run(Error::RateLimited(seconds))) => return Ok((rate_limited(seconds), None)),
        Err(Stop::Run(error)) => return Err(error),
    };
    let count = listed.len();
    let item = match count {
        0 => CheckItem::warn(name, "has no repository that the credential sees")
            .hint("check the token's repository access; archived and disabled repositories and forks are passed over"),
        _ if api.take_truncated() => CheckItem::warn(name, format!("only {count} repositories are shown"))
            .hint("the organization uses SSO: authorise the token for it"),
        _ => CheckItem::pass(name, format!("{count} repositories")),
    };
    Ok((item, listed.into_iter().next()))
}

/// Also the URL that it is called by, when it can be read.
fn repository_item(api: &Api<'_>, repository: &Repository) -> Result<(CheckItem, Option<String>)> {
    #[derive(Deserialize)]
    struct Found {
        url: Option<String>,
        full_name: Option<String>,
        archived: Option<bool>,
    }
    let name = format!("repository {repository}");
    let response = match api.send(&api::get(format!("/repos/{repository}"))) {
        Ok(response) => response,
        Err(Stop::Run(Error::Unauthorized(why))) => {
            return Ok((CheckItem::fail(name, why).hint("the token was revoked or has expired"), None));
        }
        Err(Stop::Run(error)) => return Err(error),
        Err(Stop::Here(loss)) => return Ok((lost(name, loss), None)),
    };
    let found = response.json::<Found>()?;
    let moved = found.full_name.filter(|full| !full.eq_ignore_ascii_case(repository.as_str()));
    let item = match moved {
        Some(full) => {
            CheckItem::warn(name, format!("is called `{full}` today")).hint("write the new name into `repositories`")
        }
        None if found.archived == Some(true) => {
            CheckItem::warn(name, "is archived").hint("nothing new will come; remove it if done")
        }
        None => CheckItem::pass(name, "can be read"),
    };
    Ok((item, found.url))
}

fn lost(name: String, loss: Loss) -> CheckItem {
    match loss {
        Loss::NotFound => CheckItem::fail(name, "does not exist, or the credential may not see it")
            .hint("check the spelling and the token's repository access"),
        Loss::Forbidden => CheckItem::fail(name, "is refused to this credential")
            .hint("where the organisation uses SSO, authorise the token for it"),
        Loss::Empty => CheckItem::pass(name, "is empty"),
        Loss::Unavailable => CheckItem::fail(name, "gave no usable answer").hint("try again in a few minutes"),
    }
}
