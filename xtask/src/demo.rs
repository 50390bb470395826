//! The demo: a host that collects from four simulated services through the real plugins, releases and serves, all on this
//! machine.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::demo_folder::DemoFolder;
use crate::first_collection::FirstCollection;
use crate::http;
use crate::plugins;
use crate::postgres;
use crate::process::{self, Group};
use crate::steps::{Steps, seconds};
use crate::workspace::Workspace;

const START: Duration = Duration::from_secs(60);
const COLLECTION: Duration = Duration::from_secs(600);
const RELEASE: Duration = Duration::from_secs(600);
const POLL: Duration = Duration::from_millis(250);
/// Each look at how far collecting is starts a program.
const LOOK: Duration = Duration::from_secs(1);
const REMIND: Duration = Duration::from_secs(10);

const METRICS: &str = "/api/v1/metrics/space";

/// What to look at first; printed if it answers.
const PAGES: [&str; 2] = ["/", "/docs"];
const ANSWERS: [&str; 3] =
    ["/api/v1/metrics/space?time_range=30d", "/api/v1/metrics/space/activity?time_range=90d", "/metrics"];

/// Shows Quintant at work: collects from simulated services, releases and serves until Ctrl-C
///
/// The services are a GitHub, a Jenkins, a Mattermost and a survey service that tell of one made-up organisation. Needs nothing beforehand but Rust: installs the wasm target and PostgreSQL's programs if they are
/// missing. Everything it writes lies in target/; its database is removed when it stops.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Compare the answers, and what was collected, with what the simulation knows to be true, print both, clean up and leave
    #[arg(long)]
    check: bool,
    /// Which simulated organisation to show; the same seed gives the same one
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Address to serve on [default: 127.0.0.1:8000, with --check any free port]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let begin = Instant::now();
    eprintln!(
        "xtask: the demo builds the plugins, the host and simulated services, then collects, releases and serves;"
    );
    eprintln!("xtask: a first build takes some minutes, later ones seconds");
    let listen = free_address(arguments)?;
    let mut steps = Steps::new();
    let programs = steps.step("PostgreSQL", || postgres::find_or_install(workspace))?;
    let name = if arguments.check { "demo-check" } else { "demo" };
    let folder = DemoFolder::take(workspace.shared_folder().join(name), programs)?;
    steps.step("plugins", || plugins::build(workspace))?;
    steps.step("host and simulated services", || {
        // The whole workspace, so that dependencies have the features, and thus the builds, that tests use.
        process::run(workspace.cargo().args(["build", "--workspace", "--bins"]))
    })?;

    let demo = Demo { workspace, folder, listen, seed: arguments.seed, until: now()? };
    let mut simulation = steps.step("starting the simulated services", || demo.start_simulation())?;
    let mut host = steps.step("starting the host", || demo.start_host())?;
    steps.step("collecting", || demo.await_collection(&mut host))?;
    steps.step("releasing", || demo.await_release(&mut host))?;
    if arguments.check {
        steps.step("comparing with the simulation's truth", || demo.check())?;
        steps.summary();
        return Ok(());
    }
    steps.summary();
    demo.invite(begin.elapsed());
    loop {
        ensure!(simulation.ended()?.is_none(), "the simulated services ended: {}", demo.simulation_log());
        ensure!(host.ended()?.is_none(), "the host ended");
        if process::pause(POLL).is_err() {
            eprintln!("xtask: stopping the host, its database and the simulated services");
            return Ok(());
        }
    }
}

struct Demo<'a> {
    workspace: &'a Workspace,
    folder: DemoFolder,
    listen: SocketAddr,
    seed: u64,
    until: String,
}

impl Demo<'_> {
    fn program(&self, name: &str) -> PathBuf {
        self.workspace.target.join("debug").join(name)
    }

    fn start_simulation(&self) -> Result<Group> {
        let log = File::create(self.folder.path.join("simulation.log"))?;
        let mut command = process::command_that_watches_its_input(self.program("quintant-simulation"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--seed", &self.seed.to_string(), "--until", &self.until]);
        command.arg("--write").arg(&self.folder.path);
        command.args(["--quintant-listen", &self.listen.to_string()]);
        command.arg("--plugins-dir").arg(self.workspace.plugins_folder());
        command.stdout(log.try_clone()?).stderr(log);
        let mut group = Group::start(&mut command)?;
        let deadline = Instant::now() + START;
        loop {
            let log = self.simulation_log();
            if log.lines().any(|line| line == "ready") {
                return Ok(group);
            }
            ensure!(group.ended()?.is_none(), "the simulated services did not start: {log}");
            ensure!(Instant::now() < deadline, "the simulated services are not ready after {START:?}: {log}");
            process::pause(POLL)?;
        }
    }

    fn simulation_log(&self) -> String {
        fs::read_to_string(self.folder.path.join("simulation.log")).unwrap_or_default()
    }

    fn quintant(&self) -> Command {
        let mut command = process::command(self.program("quintant"));
        command.arg("--config").arg(self.folder.path.join("quintant.toml"));
        command.current_dir(&self.workspace.root).env("QUINTANT_POSTGRES_BIN", &self.folder.programs);
        command
    }

    fn start_host(&self) -> Result<Group> {
        let mut host = Group::start(self.quintant().arg("serve"))?;
        wait_for("the host to be ready", START, &mut host, || self.get("/readyz").map(drop))?;
        Ok(host)
    }

    /// What `status` tells in the end is kept, for the comparison.
    fn await_collection(&self, host: &mut Group) -> Result<()> {
        let mut collection = FirstCollection::default();
        let deadline = Instant::now() + COLLECTION;
        loop {
            let status =
                process::capture(self.quintant().args(["status", "--format", "json"]).env("QUINTANT_LOG", "warn"))?;
            if collection.look(&status)? {
                return fs::write(self.status_file(), status).context("keeping what `quintant status` printed");
            }
            ensure!(host.ended()?.is_none(), "the host ended while it collected; its last lines above say why");
            ensure!(Instant::now() < deadline, "some feeds are not read after {COLLECTION:?}: {status}");
            process::pause(LOOK)?;
        }
    }

    fn status_file(&self) -> PathBuf {
        self.folder.path.join("status.json")
    }

    fn await_release(&self, host: &mut Group) -> Result<()> {
        wait_for("the first release", RELEASE, host, || {
            let answer: Value = serde_json::from_str(&self.get(METRICS)?)?;
            let released = !answer["activity"]["window"]["as_of"].is_null();
            ensure!(released, "{METRICS} shows no `activity.window.as_of` yet");
            Ok(())
        })
    }

    fn check(&self) -> Result<()> {
        let mut command = process::command(self.program("quintant-simulation"));
        command.args(["check", "--url", &format!("http://{}", self.reachable()), "--seed", &self.seed.to_string()]);
        command.arg("--status").arg(self.status_file());
        process::run(command.args(["--until", &self.until, "--first", &self.until]))
    }

    fn invite(&self, took: Duration) {
        let base = format!("http://{}", self.reachable());
        println!("\nQuintant is ready after {}.", seconds(took));
        for path in PAGES.into_iter().filter(|path| self.answers(path)) {
            println!("  open  {base}{path}");
        }
        for path in ANSWERS.into_iter().filter(|path| self.answers(path)) {
            println!("  curl  '{base}{path}'");
        }
        println!(
            "  status {} --config {} status",
            self.program("quintant").display(),
            self.folder.path.join("quintant.toml").display()
        );
        println!("It collects from these, which are simulated:");
        for service in self.simulation_log().lines().filter(|line| line.contains(" http://")) {
            println!("  {service}");
        }
        println!("Ctrl-C stops it and removes its data.");
    }

    fn answers(&self, path: &str) -> bool {
        self.get(path).is_ok()
    }

    fn get(&self, path: &str) -> Result<String> {
        let (status, body) = http::get(self.reachable(), path)?;
        ensure!(status == 200, "{path} answers {status}: {body}");
        Ok(body)
    }

    /// Where to reach what listens everywhere.
    fn reachable(&self) -> SocketAddr {
        let mut address = self.listen;
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        address
    }
}

fn wait_for(what: &str, patience: Duration, host: &mut Group, look: impl Fn() -> Result<()>) -> Result<()> {
    let begin = Instant::now();
    let mut reminded = begin;
    while let Err(not_yet) = look() {
        ensure!(host.ended()?.is_none(), "the host ended while we waited for {what}; its last lines above say why");
        let waited = seconds(begin.elapsed());
        ensure!(begin.elapsed() < patience, "waited {waited} for {what}: {not_yet:#}");
        if reminded.elapsed() > REMIND {
            reminded = Instant::now();
            eprintln!("xtask: waiting for {what}, {waited} so far");
        }
        process::pause(POLL)?;
    }
    Ok(())
}

fn free_address(arguments: &Arguments) -> Result<SocketAddr> {
    let wished = match arguments.listen {
        Some(address) => address,
        None if arguments.check => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        None => SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)),
    };
    let listener = TcpListener::bind(wished).with_context(|| {
        format!("cannot serve on {wished}: choose another address, such as `--listen 127.0.0.1:8001`")
    })?;
    Ok(listener.local_addr()?)
}

fn now() -> Result<String> {
    let printed = process::capture(process::command("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ"]))?;
    Ok(printed.trim_end().to_owned())
}
