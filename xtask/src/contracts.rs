//! Checks what the plugins ask against the services' own descriptions, with tools from npm; talks to no service.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use regex::Regex;

use crate::named_tests;
use crate::node;
use crate::plugins;
use crate::process;
use crate::steps::Steps;
use crate::surroundings::Surroundings;
use crate::workspace::Workspace;

const FILES: [&str; 3] = ["rest.mjs", "graphql.mjs", "github-openapi.json"];
const QUERIES: [&str; 1] = ["plugins/github/src/pulls/pull_requests.graphql"];
const RECORDER: &str = "^asked::what_github_is_asked_is_written_down$";

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
    node::prepare(workspace, "contracts", &FILES)?;
    let node = |script: &str| {
        let mut node = process::command("node");
        node.current_dir(folder(workspace)).arg(script).arg(&recording);
        node
    };
    let queries = QUERIES.map(|query| workspace.root.join(query));
    process::run(node("graphql.mjs").args(queries)).context("GraphQL queries")?;
    process::run(&mut node("rest.mjs")).context("REST requests")
}
