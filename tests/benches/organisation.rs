//! An organisation of a thousand people, from four sources to released atoms, through 52 weeks: each week the clock is moved,
//! every source is collected from, what is due is released, and what is past its retention is removed, as operators live.
//!
//! The sources are simulated by a child process, so that the memory told is that of the host alone. Collecting waits for
//! them; they and the host have a processor each.

#![allow(clippy::unwrap_used, reason = "a benchmark that unwraps in vain fails at the right line")]

use std::io::{BufRead, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use quintant::app::Collector;
use quintant_tests::bench::{Bound, tell};
use quintant_tests::{Host, HostOptions, Memory, SEED, jenkins_section, jenkins_settings, plugins, simulation_end};
use quintant_upstreams::configuration::{Chat, Options, write_configuration};
use quintant_upstreams::organisation::{Organisation, Scale};
use quintant_upstreams::{github, jenkins, mattermost, nps};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

/// 1008 people in 98 teams, 294 repositories.
const SCALE: Scale = Scale { divisions: 14, weeks: 52 };
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
const SOURCES: [&str; 4] = ["github", "jenkins", "mattermost", "nps"];
/// The first argument of the child.
const SIMULATE: &str = "simulate";
const RAW_FACTS: &str = "SELECT sum(n)::bigint FROM (
    SELECT count(*) AS n FROM raw.change UNION ALL SELECT count(*) FROM raw.review UNION ALL SELECT count(*) FROM raw.commit
    UNION ALL SELECT count(*) FROM raw.build UNION ALL SELECT count(*) FROM raw.deployment
    UNION ALL SELECT count(*) FROM raw.incident UNION ALL SELECT count(*) FROM raw.usage
    UNION ALL SELECT count(*) FROM raw.survey_response) AS counts";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.as_slice() {
        [_, role, folder, ..] if role == SIMULATE => simulate(Path::new(folder)),
        _ => Builder::new_current_thread().enable_all().build().unwrap().block_on(run()),
    }
}

#[derive(Default)]
struct Year {
    collecting: Duration,
    releasing: Duration,
    forgetting: Duration,
    facts: u64,
    requests: u64,
}

async fn run() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::start(folder.path());
    let start = simulation_end() - WEEK * i32::try_from(SCALE.weeks).unwrap();
    let mut host =
        Host::for_folder(folder, &[], HostOptions { now: start, feeds: &[], ..HostOptions::default() }).await;
    let mut year = Year::default();
    for week in 1..=i32::try_from(SCALE.weeks).unwrap() {
        let now = start + WEEK * week;
        world.set_now(now);
        host.set_now(now);
        year.week(&host).await;
        // A year passes within the hour in which so many requests are allowed.
        host.restart().await;
    }
    let items = year.facts as f64;
    for (figure, value) in [
        ("collect_s", year.collecting.as_secs_f64()),
        ("facts", items),
        ("facts_a_second", items / year.collecting.as_secs_f64()),
        ("requests", year.requests as f64),
        ("release_s", year.releasing.as_secs_f64()),
        ("forget_s", year.forgetting.as_secs_f64()),
        ("facts_kept", host.database.count(RAW_FACTS).await as f64),
        ("atoms", host.database.count("SELECT count(*) FROM release.atom").await as f64),
        ("peak_memory_mb", Memory::of(std::process::id()).highest_bytes as f64 / 1e6),
    ] {
        tell(&format!("organisation_{figure}"), value, &Bound::None);
    }
    host.finish().await;
}

impl Year {
    async fn week(&mut self, host: &Host) {
        let began = Instant::now();
        for source in SOURCES {
            let summaries = host.collect_from(source).await;
            assert!(summaries.iter().all(|summary| summary.outcome == "ok"), "{source}: {summaries:?}");
            self.facts += summaries.iter().map(|summary| u64::from(summary.facts)).sum::<u64>();
            self.requests += summaries.iter().map(|summary| u64::from(summary.requests)).sum::<u64>();
        }
        self.collecting += began.elapsed();
        let began = Instant::now();
        host.release().await;
        self.releasing += began.elapsed();
        let began = Instant::now();
        Collector::new(&host.app, CancellationToken::new()).forget().await.unwrap();
        self.forgetting += began.elapsed();
    }
}

/// The child with the simulated services.
struct World {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl World {
    /// Returns when it has written its configuration.
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(SIMULATE).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let orders = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut world = Self { child, orders, answers };
        world.answered();
        world
    }

    fn set_now(&mut self, now: Timestamp) {
        writeln!(self.orders, "{now}").unwrap();
        self.answered();
    }

    fn answered(&mut self) {
        assert_eq!(self.answers.next().expect("the simulation goes on").unwrap(), "done");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // What has ended by itself cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Simulates until nobody gives orders any more: each is an instant to move to.
fn simulate(folder: &Path) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let organisation = Arc::new(Organisation::generate_at(SCALE, SEED, simulation_end()));
    let services = Services::start(&runtime, &organisation);
    services.configure(&organisation, folder);
    println!("done");
    for order in std::io::stdin().lines() {
        services.set_now(order.unwrap().parse().unwrap());
        println!("done");
    }
}

struct Services {
    github: github::Simulation,
    jenkins: jenkins::Simulation,
    mattermost: mattermost::Simulation,
    nps: nps::Simulation,
}

impl Services {
    fn start(runtime: &Runtime, organisation: &Arc<Organisation>) -> Self {
        let of = || Arc::clone(organisation);
        let options =
            github::Options { requests_per_hour: 10_000_000, points_per_hour: 10_000_000, ..Default::default() };
        runtime.block_on(async {
            Self {
                github: github::Simulation::start(of(), options).await.unwrap(),
                jenkins: jenkins::Simulation::start(of(), jenkins::Options::default()).await.unwrap(),
                mattermost: mattermost::Simulation::start(of(), mattermost::Options::default()).await.unwrap(),
                nps: nps::Simulation::start(of(), nps::Options::default()).await.unwrap(),
            }
        })
    }

    fn configure(&self, organisation: &Organisation, folder: &Path) {
        let (url, token) = (self.mattermost.url().to_owned(), mattermost::TOKEN.to_owned());
        let options = Options {
            listen: "127.0.0.1:0".to_owned(),
            plugin: plugins().join("github.wasm").display().to_string(),
            mattermost: Some(Chat { url, token, mode: "posts".to_owned() }),
            nps: Some(self.nps.url().to_owned()),
            ..Options::default()
        };
        let path = write_configuration(organisation, folder, self.github.url(), &options).unwrap();
        let login = folder.join("jenkins.login");
        std::fs::write(&login, jenkins::Options::default().login()).unwrap();
        let section = jenkins_section(self.jenkins.url(), &login, &jenkins_settings(SCALE.divisions));
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}\n{section}")).unwrap();
    }

    fn set_now(&self, now: Timestamp) {
        self.github.set_now(now);
        self.jenkins.set_now(now);
        self.mattermost.set_now(now);
        self.nps.set_now(now);
    }
}
