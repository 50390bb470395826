//! Checks what the plugins ask against the services' own descriptions, with tools from npm; talks to no service.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use nix::unistd::Uid;
use regex::Regex;

use crate::named_tests;
use crate::plugins;
use crate::process;
use crate::steps::Steps;
use crate::surroundings::Surroundings;
use crate::workspace::Workspace;

const FILES: [&str; 5] = ["package.json", "package-lock.json", "rest.mjs", "graphql.mjs", "github-openapi.json"];
const LOCK: &str = "package-lock.json";
const QUERIES: [&str; 1] = ["plugins/github/src/pulls/pull_requests.graphql"];
const RECORDER: &str = "^asked::what_github_is_asked_is_written_down$";
/// The first Node that has all that the checks use.
const OLDEST_NODE: u32 = 18;

/// What the tests write down for the checks.
pub(crate) fn recording(workspace: &Workspace) -> PathBuf {
    folder(workspace).join("recording.json")
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("contracts")
}

/// Records and checks, without the rest of the gate.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut steps = Steps::new();
    let result = record_and_check(workspace, &mut steps);
    steps.summary();
    result
}

fn record_and_check(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    steps.step("plugins", || plugins::build(workspace))?;
    let surroundings = steps.step("database", || Surroundings::start(workspace))?;
    let pattern = Regex::new(RECORDER).context("reading the name of a test")?;
    let tests = steps.step("building the tests", || named_tests::find(workspace, &pattern))?;
    steps.step("recording", || {
        forget(workspace)?;
        named_tests::run(&tests, |command| {
            surroundings.add_to(command, workspace);
        })
    })?;
    steps.step("contracts", || check(workspace))
}

/// What an earlier run wrote down must not pass for what this one asks.
pub(crate) fn forget(workspace: &Workspace) -> Result<()> {
    let file = recording(workspace);
    match fs::remove_file(&file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", file.display()))
        }
        _ => Ok(()),
    }
}

/// Checks what the tests wrote down.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let recording = recording(workspace);
    ensure!(recording.is_file(), "no test has written {}", recording.display());
    prepare(workspace)?;
    let node = |script: &str| {
        let mut node = process::command("node");
        node.current_dir(folder(workspace)).arg(script).arg(&recording);
        node
    };
    let queries = QUERIES.map(|query| workspace.root.join(query));
    process::run(node("graphql.mjs").args(queries)).context("GraphQL queries")?;
    process::run(&mut node("rest.mjs")).context("REST requests")
}

/// Brings the checks and the packages that they use into target/.
fn prepare(workspace: &Workspace) -> Result<()> {
    require_node()?;
    let folder = folder(workspace);
    let sources = workspace.root.join("tests/contracts");
    let installed = folder.join("installed");
    let wanted = fs::read_to_string(sources.join(LOCK)).with_context(|| format!("reading tests/contracts/{LOCK}"))?;
    for file in FILES {
        fs::copy(sources.join(file), folder.join(file)).with_context(|| format!("copying tests/contracts/{file}"))?;
    }
    if !fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        let mut npm = process::command("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder);
        process::run(&mut npm).context("installing the checks' packages from npm")?;
        fs::write(&installed, wanted).with_context(|| format!("writing {}", installed.display()))?;
    }
    Ok(())
}

fn require_node() -> Result<()> {
    if !(process::is_on_path("node") && process::is_on_path("npm")) {
        ensure!(process::is_on_path("apt-get") && Uid::effective().is_root(), "{}", wanted());
        process::run(process::command("apt-get").args(["--quiet", "update"]))?;
        let mut install = process::command("apt-get");
        install.args(["--quiet", "--yes", "--no-install-recommends", "install", "nodejs", "npm"]);
        process::run(install.env("DEBIAN_FRONTEND", "noninteractive")).with_context(wanted)?;
    }
    let printed = process::capture(process::command("node").arg("--version"))?;
    let major = printed.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    ensure!(major >= Some(OLDEST_NODE), "{}; the one here is {}", wanted(), printed.trim());
    Ok(())
}

fn wanted() -> String {
    format!("Node {OLDEST_NODE} or newer with npm is needed: install it (Debian: `apt-get install nodejs npm`)")
}
