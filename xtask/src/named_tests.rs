//! Runs just the tests whose names match a regular expression, which the test harness itself does not know.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use regex::Regex;
use serde_json::Value;

use crate::process;
use crate::workspace::Workspace;

/// A compiled test program, and which of its tests are wanted.
pub(crate) struct TestProgram {
    executable: PathBuf,
    package_folder: PathBuf,
    names: Vec<String>,
}

impl TestProgram {
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}

/// Builds every test program; those that have no test with such a name are left out.
pub(crate) fn find(workspace: &Workspace, pattern: &Regex) -> Result<Vec<TestProgram>> {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--workspace", "--tests", "--no-run", "--message-format=json-render-diagnostics"]);
    let mut wanted = Vec::new();
    for line in process::capture(&mut cargo)?.lines() {
        let message: Value = serde_json::from_str(line).context("reading what cargo built")?;
        let (Some(executable), Some(manifest)) = (message["executable"].as_str(), message["manifest_path"].as_str())
        else {
            continue;
        };
        if message["profile"]["test"] != true {
            continue;
        }
        let executable = PathBuf::from(executable);
        let package_folder = PathBuf::from(manifest).parent().map(PathBuf::from).unwrap_or_default();
        let listing = process::capture(
            process::command(&executable).args(["--list", "--format", "terse"]).current_dir(&package_folder),
        )?;
        let names = listing.lines().filter_map(|line| line.strip_suffix(": test"));
        let names: Vec<_> = names.filter(|name| pattern.is_match(name)).map(str::to_owned).collect();
        if !names.is_empty() {
            wanted.push(TestProgram { executable, package_folder, names });
        }
    }
    Ok(wanted)
}

pub(crate) fn run(programs: &[TestProgram], prepare: impl Fn(&mut Command)) -> Result<()> {
    let mut failed = Vec::new();
    for program in programs {
        let mut command = process::command(&program.executable);
        command.arg("--exact").args(&program.names);
        command.current_dir(&program.package_folder).env("CARGO_MANIFEST_DIR", &program.package_folder);
        prepare(&mut command);
        if let Err(error) = process::run(&mut command) {
            if error.is::<process::Interrupted>() {
                return Err(error);
            }
            failed.push(program.executable.display().to_string());
        }
    }
    ensure!(failed.is_empty(), "tests failed in {}", failed.join(", "));
    Ok(())
}
