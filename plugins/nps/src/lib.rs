//! Collects the responses of an NPS survey service, window by window, as its tallies tell them.

pub mod settings;

pub mod window;

pub mod service;

pub mod responses;

pub mod check;

use quintant_sdk::instant::DAY;
use quintant_sdk::prelude::*;

use crate::settings::Settings;

/// Windows that ended so recently are read again, seconds.
const OVERLAP_SECONDS: u32 = 14 * 86_400;
/// A closed window is read only then: the last answers may still be on their way.
const SETTLE: Instant = DAY / 24;

/// The collector plugin `nps`.
pub struct Nps;

impl Collector for Nps {
    type Settings = Settings;

    fn describe() -> Descriptor {
        let description = "Responses of an NPS survey service, from its tallies";
        Descriptor::new("nps", env!("CARGO_PKG_VERSION"), "NPS survey", description)
            .license("Apache-2.0")
            .endpoint(
                Endpoint::new(
                    service::ENDPOINT,
                    "The survey service, e.g. `https://nps.example.com`; it has no default",
                )
                .auth([Auth::None, Auth::Bearer, Auth::Basic, Auth::Header]),
            )
            .feed(
                Feed::new(
                    "responses",
                    "Promoters, passives and detractors of every closed window, each as a response",
                    [FactKind::SurveyResponse],
                )
                .interval(6 * 3_600)
                .overlap(OVERLAP_SECONDS),
            )
    }

    fn check(client: &Client, context: &Context<Settings>) -> Result<Vec<CheckItem>> {
        check::run(client, context)
    }

    fn collect(client: &Client, request: &Request<Settings>) -> Result<Page> {
        match request.feed.as_str() {
            "responses" => responses::run(client, request),
            other => Err(Error::Permanent(format!("there is no feed `{other}`"))),
        }
    }
}

quintant_sdk::collector!(Nps);
