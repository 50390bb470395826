//! The world outside Quintant for tests and the demo: upstream services that are simulated, replayed or scripted, and the
//! oracle that knows their truth; it never imports host, sdk or plugins.

pub mod organisation;

pub mod github;
pub mod jenkins;
mod loopback;
pub mod mattermost;
pub mod nps;
pub mod replay;
pub mod requests;
pub mod script;

pub mod configuration;
pub mod services;

pub mod check;
pub mod fetch;
pub mod oracle;
