//! Collects pull requests, reviews, landed commits, deployments, workflow runs and incidents from GitHub's GraphQL and REST APIs.

pub mod settings;

pub mod payload;

pub mod people;

pub mod api;

pub mod graphql;

pub mod listing;

pub mod selection;

pub mod scan;

pub mod pulls;

pub mod commits;

pub mod deployments;

pub mod runs;

pub mod incidents;

pub mod releases;

pub mod copilot;

pub mod teams;

pub mod check;

use quintant_sdk::prelude::*;

use crate::settings::Settings;

/// The collector plugin `github`.
pub struct GitHub;

impl Collector for GitHub {
    type Settings = Settings;

    fn describe() -> Descriptor {
        let description =
            "Pull requests, reviews, landed commits, deployments, workflow runs and incidents of GitHub repositories";
        Descriptor::new("github", env!("CARGO_PKG_VERSION"), "GitHub", description)
            .license("Apache-2.0")
            .endpoint(
                Endpoint::new(api::ENDPOINT, "GitHub's API; GHES: `https://HOST/api/v3`")
                    .default_url("https://api.github.com")
                    .auth([Auth::Bearer, Auth::GithubApp, Auth::None])
                    .methods([Method::Get, Method::Post])
                    // The most that GitHub grants anybody; what a credential has left, the answers tell.
                    .max_requests_per_hour(15_000),
            )
            .feed(Feed::new(
                "pull_requests",
                "Merged and closed pull requests, and submitted reviews",
                [FactKind::Change, FactKind::Review],
            ))
            .feed(Feed::new("commits", "Commits that landed on the default branch", [FactKind::Commit]))
            .feed(
                Feed::new("deployments", "Deployments that succeeded or failed", [FactKind::Deployment])
                    .needs("deployments"),
            )
            .feed(
                Feed::new("workflow_runs", "Attempts of workflow runs that were completed", [FactKind::Build])
                    .needs("workflow_runs"),
            )
            .feed(
                Feed::new("incidents", "Issues with a label, opened and closed", [FactKind::Incident])
                    .needs("incident_labels"),
            )
            .feed(
                Feed::new("releases", "Published releases, as deployments", [FactKind::Deployment])
                    .needs("releases_as_deployments"),
            )
            .feed(Feed::new("teams", "Who is in which team", [FactKind::Membership]).interval(86_400).needs("teams"))
            .feed(
                Feed::new("copilot", "How many people use Copilot", [FactKind::Tally])
                    .interval(86_400)
                    .needs("copilot"),
            )
    }

    fn check(client: &Client, context: &Context<Settings>) -> Result<Vec<CheckItem>> {
        check::run(client, context)
    }

    fn collect(client: &Client, request: &Request<Settings>) -> Result<Page> {
        let settings = &request.context.settings;
        match request.feed.as_str() {
            "pull_requests" => scan::run::<pulls::PullRequests>(client, request),
            "commits" => scan::run::<commits::Commits>(client, request),
            "deployments" if settings.deployments => scan::run::<deployments::Deployments>(client, request),
            "workflow_runs" if settings.workflow_runs => scan::run::<runs::WorkflowRuns>(client, request),
            "incidents" if !settings.incident_labels.is_empty() => scan::run::<incidents::Incidents>(client, request),
            "copilot" if settings.copilot && !settings.organizations.is_empty() => copilot::run(client, request),
            "teams" if settings.teams && !settings.organizations.is_empty() => teams::run(client, request),
            "releases" if settings.releases_as_deployments.is_some() => {
                scan::run::<releases::Releases>(client, request)
            }
            // The host does not run what the settings do not ask for: nothing is said to be covered.
            "deployments" | "workflow_runs" | "incidents" | "copilot" | "teams" | "releases" => Ok(Page::new()),
            other => Err(Error::Permanent(format!("there is no feed `{other}`"))),
        }
    }
}

quintant_sdk::collector!(GitHub);
