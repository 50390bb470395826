//! The only room that knows wasmtime and cap-std: compiles collector plugins aside and runs them in a sandbox of their own.
//! WIT values become model values at its door; a plugin's failure is data and never ends the host.

mod cache;
mod compilation;
mod compiler;
mod contract;
mod descriptor;
mod door;
mod egress;
mod engine;
mod failure;
mod feeds;
mod guest;
mod limits;
mod load;
mod samples;
mod settings;
mod source;

pub use cache::CacheError;
pub use compilation::Compilation;
pub use compiler::{CompileLimits, Compiler};
pub use descriptor::{Descriptor, FeedSpec};
pub use door::{Page, Problem, ProblemKind};
pub use egress::{EndpointError, Traffic, WebhookError, post_message};
pub use engine::Runtime;
pub(crate) use failure::plain;
pub use failure::{Failure, FailureCode};
pub use limits::Limits;
pub use load::{Plugin, PluginError};
pub use source::{BindError, CheckItem, CheckStatus, CollectRequest, PluginSource, Session};
