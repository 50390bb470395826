//! Collects how many messages are posted in public channels of Mattermost; no text, channel name or time of a post leaves it.

pub mod settings;

pub mod payload;

pub mod api;

pub mod places;

pub mod counts;

pub mod analytics;

pub mod posts;

pub mod check;

use quintant_sdk::prelude::*;

use crate::settings::{Mode, Settings};

/// What the facts call this tool.
const TOOL: &str = "mattermost";
/// Days so recent are counted again by every run of `posts`, seconds: posts may be deleted meanwhile.
const OVERLAP_SECONDS: u32 = 2 * 86_400;

/// The collector plugin `mattermost`.
pub struct Mattermost;

impl Collector for Mattermost {
    type Settings = Settings;

    fn describe() -> Descriptor {
        let description = "How many messages are posted in public channels of Mattermost. By `mode`: the growth of the \
                           channels' own counters (bots included); posts of people, counted by person and day; or the \
                           server's daily analytics (they include private channels, and need a system administrator)";
        Descriptor::new("mattermost", env!("CARGO_PKG_VERSION"), "Mattermost", description)
            .license("Apache-2.0")
            .endpoint(
                Endpoint::new(
                    api::ENDPOINT,
                    "The Mattermost server, e.g. `https://chat.example.com`; it has no default",
                )
                .auth([Auth::Bearer])
                .methods([Method::Get, Method::Post]),
            )
            .feed(
                Feed::new(
                    "message_counts",
                    "Messages of a Mattermost team between two readings (`mode` is `counts`) or on a day (`analytics`)",
                    [FactKind::Tally],
                )
                .interval(3_600)
                .lookback(0)
                .overlap(0)
                .needs_one_of("mode", ["counts", "analytics"]),
            )
            .feed(
                Feed::new("posts", "Posts of each person on each day (`mode` is `posts`)", [FactKind::Usage])
                    .interval(6 * 3_600)
                    .overlap(OVERLAP_SECONDS)
                    .needs_one_of("mode", ["posts"]),
            )
    }

    fn check(client: &Client, context: &Context<Settings>) -> Result<Vec<CheckItem>> {
        check::run(client, context)
    }

    fn collect(client: &Client, request: &Request<Settings>) -> Result<Page> {
        match (request.feed.as_str(), request.context.settings.mode) {
            ("message_counts", Mode::Counts) => counts::run(client, request),
            ("message_counts", Mode::Analytics) => analytics::run(client, request),
            ("posts", Mode::Posts) => posts::run(client, request),
            // The host does not run what `mode` leaves out: nothing is said to be covered.
            ("message_counts" | "posts", _) => Ok(Page::new()),
            (other, _) => Err(Error::Permanent(format!("there is no feed `{other}`"))),
        }
    }
}

quintant_sdk::collector!(Mattermost);
