//! A first run of each source over the simulated organisation, in a host of its own: how fast, how much is asked, and at what
//! cost of processor time, told for a thousand items. Items are the facts that were taken.
//!
//! Processor time is that of the thread that everything of Quintant runs on. The guest's share is what a collection needs
//! that stores nothing, less what the same requests need when nobody reads the answers; the host's share is the rest.

#![allow(clippy::unwrap_used, reason = "a benchmark that unwraps in vain fails at the right line")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use quintant::model::FactKind;
use quintant_tests::bench::{Bound, ask_again, client, collect_without_storing, measured, tell};
use quintant_tests::{Host, HostOptions, SEED, TOKEN, jenkins_settings, jenkins_source, simulation_end, source_of};
use quintant_upstreams::organisation::{Organisation, Scale};
use quintant_upstreams::requests::Request;
use quintant_upstreams::{github, jenkins, mattermost, nps};
use tokio::runtime::{Builder, Runtime};

/// 288 people; a first run looks back over 90 days of what they did.
const SCALE: Scale = Scale { divisions: 4, weeks: 26 };

fn main() {
    let upstream = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let organisation = Arc::new(Organisation::generate_at(SCALE, SEED, simulation_end()));
    let of = || Arc::clone(&organisation);

    let options = github::Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Default::default() };
    let simulation = upstream.block_on(github::Simulation::start(of(), options)).unwrap();
    let names: Vec<String> = organisation.configured_repositories().iter().map(|name| format!("\"{name}\"")).collect();
    let settings = format!("repositories = [{}]\nincident_labels = [\"incident\"]", names.join(", "));
    let text = source_of("github", simulation.url(), &settings);
    first_run("github", &runtime, &text, simulation.url(), || simulation.requests());

    let options = jenkins::Options::default();
    let folder = tempfile::tempdir().unwrap();
    let login = folder.path().join("jenkins.login");
    std::fs::write(&login, options.login()).unwrap();
    let simulation = upstream.block_on(jenkins::Simulation::start(of(), options)).unwrap();
    let text = jenkins_source(simulation.url(), &login, &jenkins_settings(SCALE.divisions));
    first_run("jenkins", &runtime, &text, simulation.url(), || simulation.requests());

    let options = mattermost::Options { token: TOKEN.to_owned(), ..Default::default() };
    let simulation = upstream.block_on(mattermost::Simulation::start(of(), options)).unwrap();
    let text = source_of("mattermost", simulation.url(), "mode = \"posts\"");
    first_run("mattermost", &runtime, &text, simulation.url(), || simulation.requests());

    let simulation = upstream.block_on(nps::Simulation::start(of(), nps::Options::default())).unwrap();
    let text = source_of("nps", simulation.url(), "");
    first_run("nps", &runtime, &text, simulation.url(), || simulation.requests());
}

fn first_run(name: &str, runtime: &Runtime, text: &str, url: &str, requests: impl Fn() -> Vec<Request>) {
    let host = runtime.block_on(Host::for_text(text, HostOptions::default()));
    let first = measured(runtime, host.collect());
    let summaries = first.result;
    assert!(summaries.iter().all(|summary| summary.outcome == "ok" && summary.rejected == 0), "{summaries:?}");
    let asked = requests();
    let items = f64::from(summaries.iter().map(|summary| summary.facts).sum::<u32>());

    let unstored = measured(runtime, collect_without_storing(&host));
    let client = client();
    let unread = measured(runtime, ask_again(&client, url, &asked));
    let guest = unstored.cpu.saturating_sub(unread.cpu);
    let a_thousand = |of: f64| of * 1000.0 / items;
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    for (figure, value) in [
        ("items", items),
        ("items_a_second", items / first.wall.as_secs_f64()),
        ("requests_a_thousand_items", a_thousand(asked.len() as f64)),
        ("guest_cpu_ms_a_thousand_items", a_thousand(milliseconds(guest))),
        ("host_cpu_ms_a_thousand_items", a_thousand(milliseconds(first.cpu.saturating_sub(guest)))),
    ] {
        tell(&format!("{name}_{figure}"), value, &Bound::None);
    }
    let mut facts: BTreeMap<FactKind, u32> = BTreeMap::new();
    for (kind, count) in summaries.iter().flat_map(|summary| &summary.report.facts) {
        *facts.entry(*kind).or_default() += count;
    }
    for (kind, count) in facts {
        tell(&format!("{name}_{}_facts", kind.as_str()), f64::from(count), &Bound::None);
    }
    runtime.block_on(host.finish());
}
