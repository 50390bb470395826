//! Write Quintant collector plugins in Rust: one trait, one macro, one prelude.
//!
//! A collector is a pure function of settings, cursor, the clock it is handed and HTTP answers.
//! It has no files, sockets, environment, clock, randomness or secrets of its own. A panic ends
//! the instance as a trap, so code that meets upstream data returns an [`Error`] instead.
//!
//! ```
//! use quintant_sdk::prelude::*;
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Settings {
//!     /// The pipeline to read, e.g. `payments/main`.
//!     pipeline: String,
//! }
//!
//! #[derive(Deserialize)]
//! struct Run {
//!     number: u32,
//!     started: Instant,
//!     finished: Instant,
//! }
//!
//! struct Ci;
//!
//! impl Collector for Ci {
//!     type Settings = Settings;
//!
//!     fn describe() -> Descriptor {
//!         Descriptor::new("ci", env!("CARGO_PKG_VERSION"), "CI", "Builds of one pipeline")
//!             .endpoint(Endpoint::new("api", "The CI server").auth([Auth::Bearer]))
//!             .feed(Feed::new("builds", "Finished builds", [FactKind::Build]))
//!     }
//!
//!     fn collect(client: &Client, request: &Request<Settings>) -> Result<Page> {
//!         let pipeline = &request.context.settings.pipeline;
//!         let response = client.send(&HttpRequest::get("api", "/runs").query("of", pipeline))?;
//!         let runs = response.items::<Run>()?;
//!         let mut page = Page::new();
//!         page.reject(Some(pipeline), runs.rejected);
//!         for run in runs.items {
//!             let build = Build::new(pipeline, run.number, BuildResult::Success, run.started);
//!             page.push(build.key(), run.finished, build);
//!         }
//!         page.covered_through(request.context.now);
//!         Ok(page)
//!     }
//! }
//!
//! quintant_sdk::collector!(Ci);
//!
//! // Natively the same collector runs against answers from a closure.
//! use quintant_sdk::testing::Source;
//! let source = Source::<Ci>::new(serde_json::json!({ "pipeline": "main" }), |_request| {
//!     Ok(Response::new(200).body(r#"[{"number": 7, "started": 1000, "finished": 61000}]"#))
//! });
//! let page = source.collect("builds", None).unwrap();
//! assert_eq!(page.facts[0].key, "main#7.1");
//! ```
#![warn(missing_docs)]

#[doc(hidden)]
pub mod bindings;

pub mod prelude;

mod collector;

pub mod descriptor;

pub mod context;

pub mod calendar;

pub mod pattern;

pub mod http;

pub mod paging;

pub mod json;

pub mod instant;

pub mod fact;

pub mod page;

pub mod check;

pub mod error;

pub mod log;

pub mod testing;

mod bridge;

pub use collector::Collector;
pub use error::{Error, Result};

/// For the expansion of [`collector!`], not for authors.
#[doc(hidden)]
pub use bridge::Bridge;

/// Makes a [`Collector`] the plugin of this crate.
///
/// Call it once, at the crate's root. The exports exist only on `wasm32`, so that the crate also
/// compiles natively and its tests run without WebAssembly.
#[macro_export]
macro_rules! collector {
    ($collector:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "exported functions of the component ABI are unsafe")]
        const _: () = {
            type Exported = $crate::Bridge<$collector>;
            $crate::bindings::export!(
                Exported with_types_in $crate::bindings
            );
        };
    };
}
