//! Writes host/openapi.json anew from what the handlers say, by the test that compares the two; tries a running host on it.

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::python::Environment;
use crate::workspace::Workspace;

const TEST: &str = "api::openapi::tests::the_committed_document_is_the_derived_one";

const GENERATOR: &str = "schemathesis==4.32.5";

/// What a document cannot say makes these refuse what it allows: that dates come in pairs, and which teams there are.
const NOT_CHECKED: &str = "positive_data_acceptance";

/// Regenerates host/openapi.json, which tells what the host answers, after a handler changed
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Change nothing; fail if the committed document differs from what it should be
    #[arg(long)]
    check: bool,
    /// Change nothing; ask a running host, such as the demo's http://127.0.0.1:8000, whatever comes to schemathesis's
    /// mind (about half a minute; installs it from PyPI below target/), and fail on an answer that is not as told
    #[arg(long, value_name = "URL", conflicts_with = "check")]
    ask: Option<String>,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    if let Some(url) = &arguments.ask {
        return ask(workspace, url);
    }
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

fn ask(workspace: &Workspace, url: &str) -> Result<()> {
    let environment = Environment::find_or_make(&workspace.target.join("schemathesis"), &[GENERATOR])?;
    let mut schemathesis = environment.command("schemathesis");
    schemathesis.arg("run").arg(format!("{}/openapi.json", url.trim_end_matches('/')));
    schemathesis.args(["--exclude-checks", NOT_CHECKED, "--max-examples", "200", "--seed", "1", "--no-color"]);
    process::run(schemathesis.current_dir(&workspace.target))
}
