//! Runs the benchmarks of tests/benches, each a figure of one run, and judges those that have a bound.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::plugins;
use crate::process;
use crate::surroundings::Surroundings;
use crate::workspace::Workspace;

/// Runs the benchmarks: figures of one run, against their bounds
///
/// Builds everything optimised first, which takes some minutes the first time. Fails when a bound is broken.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print a JSON object a line: name, value, bound, direction
    #[arg(long)]
    json: bool,
    /// Run just the benchmark of this name
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    plugins::build(workspace)?;
    let surroundings = Surroundings::start_for_benchmarks(workspace)?;
    // Together, so that the program is built from the same dependencies as the benchmarks.
    let mut program = workspace.cargo();
    program.args(["build", "--release", "--package", "quintant", "--package", "quintant-tests"]);
    process::run(program.args(["--lib", "--bin", "quintant"]))?;
    let mut cargo = workspace.cargo();
    cargo.args(["bench", "--package", "quintant-tests"]);
    match &arguments.only {
        Some(name) => cargo.args(["--bench", name]),
        None => cargo.arg("--benches"),
    };
    let output = process::capture(surroundings.add_to(&mut cargo, workspace))?;
    let mut broken = Vec::new();
    for line in output.lines().filter(|line| line.starts_with("{\"")) {
        let figure: Value = serde_json::from_str(line).with_context(|| format!("reading the figure `{line}`"))?;
        let name = figure["name"].as_str().context("a figure has no name")?;
        let value = figure["value"].as_f64().with_context(|| format!("figure `{name}` has no value"))?;
        let verdict = match (figure["bound"].as_f64(), figure["direction"].as_str()) {
            (Some(bound), Some("at_least")) if value < bound => format!("BROKEN: at least {bound}"),
            (Some(bound), Some("at_most")) if value > bound => format!("BROKEN: at most {bound}"),
            (Some(bound), Some(direction)) => format!("{} {bound}", direction.replace('_', " ")),
            _ => String::new(),
        };
        if verdict.starts_with("BROKEN") {
            broken.push(name.to_owned());
        }
        if arguments.json {
            println!("{line}");
        } else {
            println!("{name:<34} {value:>14.3}  {verdict}");
        }
    }
    ensure!(broken.is_empty(), "bounds are broken: {}", broken.join(", "));
    Ok(())
}
