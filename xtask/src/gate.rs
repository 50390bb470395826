//! The gate that every change passes: formatting, plugins, lints, documentation, all tests against a real PostgreSQL, and the
//! services' own descriptions, with a real Prometheus and a real browser as witnesses.

use anyhow::{Result, ensure};
use regex::Regex;

use crate::contracts;
use crate::named_tests;
use crate::plugins;
use crate::process;
use crate::steps::Steps;
use crate::surroundings::Surroundings;
use crate::witness::{Variables, WITNESSES, Witness};
use crate::workspace::Workspace;

/// The gate: formatting, plugins, lints, documentation, all tests, and what the services' own descriptions say
///
/// Starts a scratch PostgreSQL for them and removes it afterwards. A real Prometheus scrapes the program, and a real
/// Chromium opens its pages. Nothing is ever skipped: a tool that is missing and cannot be fetched fails the gate with
/// what to install.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Run just the unit and integration tests whose names match, after the same set-up
    #[arg(long, value_name = "REGEX")]
    only: Option<Regex>,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let mut steps = Steps::new();
    let result = match &arguments.only {
        Some(pattern) => some(workspace, pattern, &mut steps),
        None => all(workspace, &mut steps),
    };
    steps.summary();
    result
}

fn all(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    steps.step("tools", || {
        require(workspace, "fmt", "rustfmt")?;
        require(workspace, "clippy", "clippy")
    })?;
    let found = WITNESSES.iter().map(|witness| witness.prepare(workspace, steps)).collect::<Result<Vec<_>>>()?;
    steps.step("formatting", || process::run(workspace.cargo().args(["fmt", "--all", "--check"])))?;
    steps.step("plugins", || plugins::build(workspace))?;
    steps.step("lints", || {
        process::run(workspace.cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    })?;
    steps.step("documentation", || {
        process::run(workspace.cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    let surroundings = steps.step("database", || Surroundings::start(workspace))?;
    steps.step("programs", || build_programs(workspace))?;
    steps.step("building the tests", || {
        process::run(surroundings.add_to(workspace.cargo().args(["test", "--workspace", "--no-run"]), workspace))
    })?;
    contracts::forget(workspace)?;
    steps.step("tests", || {
        let mut cargo = workspace.cargo();
        cargo.args(["test", "--workspace", "--no-fail-fast", "--"]);
        cargo.args(WITNESSES.iter().flat_map(Witness::skipped));
        process::run(surroundings.add_to(&mut cargo, workspace))
    })?;
    for (witness, variables) in WITNESSES.iter().zip(&found) {
        witness.testify(workspace, &surroundings, variables, steps)?;
    }
    steps.step("contracts", || contracts::check(workspace))
}

fn some(workspace: &Workspace, pattern: &Regex, steps: &mut Steps) -> Result<()> {
    steps.step("plugins", || plugins::build(workspace))?;
    let surroundings = steps.step("database", || Surroundings::start(workspace))?;
    steps.step("programs", || build_programs(workspace))?;
    let tests = steps.step("building the tests", || named_tests::find(workspace, pattern))?;
    ensure!(!tests.is_empty(), "no unit or integration test has a name that matches `{pattern}`");
    let asked = WITNESSES.iter().filter(|witness| witness.is_asked_by(&tests));
    let found = asked.map(|witness| witness.prepare(workspace, steps)).collect::<Result<Vec<Variables>>>()?;
    steps.step("tests", || {
        named_tests::run(&tests, |command| {
            surroundings.add_to(command, workspace).envs(found.iter().flatten().cloned());
        })
    })
}

/// Some tests start the program as a user would.
fn build_programs(workspace: &Workspace) -> Result<()> {
    process::run(workspace.cargo().args(["build", "--workspace", "--bins"]))
}

fn require(workspace: &Workspace, subcommand: &str, component: &str) -> Result<()> {
    let present = process::succeeds(workspace.cargo().args([subcommand, "--version"]))?;
    ensure!(present, "`cargo {subcommand}` is not here: install it by `rustup component add {component}`");
    Ok(())
}
