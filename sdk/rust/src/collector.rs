//! The one trait of a plugin.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::check::CheckItem;
use crate::context::{Context, Request};
use crate::descriptor::Descriptor;
use crate::error::Result;
use crate::http::Client;
use crate::page::Page;

/// A collector plugin. Stateless: a fresh instance and a reused one must give the same answers.
pub trait Collector {
    /// The plugin's own settings. Their JSON Schema goes into the descriptor; the host validates
    /// against it before any call. Use `#[serde(deny_unknown_fields)]`. Secrets do not belong
    /// here: declare an endpoint instead.
    type Settings: DeserializeOwned + JsonSchema;

    /// Static facts about the plugin. Called without HTTP, and must not depend on anything.
    fn describe() -> Descriptor;

    /// Talks to the upstream with the real credentials and explains what works.
    ///
    /// # Errors
    /// Only when not even a report is possible; what does not work is a failed item.
    fn check(client: &Client, context: &Context<Self::Settings>) -> Result<Vec<CheckItem>> {
        let (_, _) = (client, context);
        Ok(Vec::new())
    }

    /// Reads one page of one feed. The host stores its facts and its cursor in one transaction
    /// and calls again while `page.more` is true.
    ///
    /// # Errors
    /// Each case of [`Error`](crate::Error) has exactly one reaction of the host. Nothing of a
    /// failed page is stored.
    fn collect(client: &Client, request: &Request<Self::Settings>) -> Result<Page>;
}
