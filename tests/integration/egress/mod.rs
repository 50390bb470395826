//! What leaves the host on behalf of a guest: where to, with whose credential, and how often.

mod addresses;
mod app;
mod credentials;
mod elsewhere;
mod limits;
mod transport;

use std::time::Duration;

use quintant::plugin::Limits;
use quintant::store::RunSummary;
use quintant_tests::{Host, HostOptions};
use quintant_upstreams::script::{Answer, Script};
use serde_json::json;

/// A repository without anything.
fn quiet(script: Script) -> Script {
    script
        .on("/repos/octo/app/pulls", Answer::json(200, &json!([])))
        .on("/repos/octo", Answer::json(409, &json!({ "message": "Git Repository is empty." })))
}

async fn host(text: &str) -> Host {
    let limits = Limits {
        request: Duration::from_secs(5),
        retry_pause: Duration::from_millis(1),
        longest_wait: Duration::from_secs(5),
        ..Limits::default()
    };
    Host::for_text(text, HostOptions { limits, ..HostOptions::default() }).await
}

/// Of the first feed.
async fn run(host: &Host) -> RunSummary {
    host.collect().await.remove(0)
}

fn outcome(summary: &RunSummary) -> (&str, Option<&str>) {
    (&summary.outcome, summary.code.as_deref())
}
