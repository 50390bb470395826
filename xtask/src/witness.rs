//! Programs of others that see what users see, and the tests that ask them: a real Prometheus, a real browser.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use regex::Regex;

use crate::browser;
use crate::named_tests::{self, TestProgram};
use crate::prometheus;
use crate::steps::Steps;
use crate::surroundings::Surroundings;
use crate::workspace::Workspace;

/// What tests find a program by.
pub(crate) type Variables = Vec<(&'static str, PathBuf)>;

pub(crate) struct Witness {
    name: &'static str,
    /// What the names of its tests begin with.
    tests: &'static str,
    /// What they do, and how to have nothing else done.
    step: &'static str,
    find: fn(&Workspace) -> Result<Variables>,
}

pub(crate) const WITNESSES: [Witness; 2] = [
    Witness {
        name: "prometheus",
        tests: "prometheus::",
        step: "a real Prometheus scrapes the program (`--only prometheus::`)",
        find: prometheus::find_or_unpack,
    },
    Witness {
        name: "browser",
        tests: "browser::",
        step: "a real Chromium opens the survey pages (`--only browser::`)",
        find: browser::find_or_install,
    },
];

impl Witness {
    /// Finds the program, or brings it here.
    pub(crate) fn prepare(&self, workspace: &Workspace, steps: &mut Steps) -> Result<Variables> {
        steps.step(self.name, || (self.find)(workspace))
    }

    /// What leaves its tests out of the others.
    pub(crate) const fn skipped(&self) -> [&'static str; 2] {
        ["--skip", self.tests]
    }

    /// Whether any of these tests asks it.
    pub(crate) fn is_asked_by(&self, tests: &[TestProgram]) -> bool {
        tests.iter().any(|program| program.names().any(|name| name.starts_with(self.tests)))
    }

    /// Runs its tests and no others.
    pub(crate) fn testify(
        &self,
        workspace: &Workspace,
        surroundings: &Surroundings,
        variables: &Variables,
        steps: &mut Steps,
    ) -> Result<()> {
        steps.step(self.step, || {
            let pattern = Regex::new(&format!("^{}", self.tests)).context("reading the name of the tests")?;
            let tests = named_tests::find(workspace, &pattern)?;
            ensure!(!tests.is_empty(), "no test is called `{}…`", self.tests);
            named_tests::run(&tests, |command: &mut Command| {
                surroundings.add_to(command, workspace).envs(variables.iter().cloned());
            })
        })
    }
}
