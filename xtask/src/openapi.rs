//! Writes host/openapi.json anew from what the handlers say, by the test that compares the two.

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::workspace::Workspace;

const TEST: &str = "api::openapi::tests::the_committed_document_is_the_derived_one";

/// Regenerates host/openapi.json, which tells what the host answers, after a handler changed
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Change nothing; fail if the committed document differs from what it should be
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let test = |last: &str| {
        let mut cargo = workspace.cargo();
        cargo.args(["test", "--quiet", "--package", "quintant", "--lib", "--", "--exact", TEST, last]);
        cargo
    };
    let listed = process::capture(&mut test("--list"))?;
    ensure!(listed.contains(TEST), "there is no test `{TEST}` any more");
    let mut compare = test("--nocapture");
    if arguments.check {
        process::run(compare.env_remove("UPDATE_EXPECT"))
            .context("host/openapi.json is out of date: run `cargo xtask openapi`, read what changed, and commit it")?;
    } else {
        process::run(compare.env("UPDATE_EXPECT", "1"))?;
    }
    eprintln!("xtask: host/openapi.json is what the handlers say");
    Ok(())
}
