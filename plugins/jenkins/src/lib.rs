//! Collects builds and deployments from Jenkins' JSON API.

pub mod settings;

pub mod pattern;

pub mod payload;

pub mod job;

pub mod api;

pub mod walk;

pub mod builds;

pub mod coverage;

pub mod deployments;

pub mod rollbacks;

pub mod scan;

pub mod check;

use quintant_sdk::prelude::*;

use crate::settings::Settings;

/// The collector plugin `jenkins`.
pub struct Jenkins;

impl Collector for Jenkins {
    type Settings = Settings;

    fn describe() -> Descriptor {
        let description = "Finished builds of Jenkins jobs, and the deployments that jobs and stages make";
        Descriptor::new("jenkins", env!("CARGO_PKG_VERSION"), "Jenkins", description)
            .license("Apache-2.0")
            .endpoint(
                Endpoint::new(api::ENDPOINT, "Jenkins' root, with its context path: `https://HOST/jenkins`")
                    .auth([Auth::Basic, Auth::None]),
            )
            .feed(
                Feed::new("builds", "Finished builds, and deployments", [FactKind::Build, FactKind::Deployment])
                    .overlap(3_600),
            )
    }

    fn check(client: &Client, context: &Context<Settings>) -> Result<Vec<CheckItem>> {
        check::run(client, context)
    }

    fn collect(client: &Client, request: &Request<Settings>) -> Result<Page> {
        match request.feed.as_str() {
            "builds" => scan::run(client, request),
            other => Err(Error::Permanent(format!("there is no feed `{other}`"))),
        }
    }
}

quintant_sdk::collector!(Jenkins);
