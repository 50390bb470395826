//! Node, and folders below target/ that hold scripts of the tree with the packages that they use.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::debian;
use crate::process;
use crate::workspace::Workspace;

/// The first Node that has all that the scripts use.
const OLDEST: u32 = 18;
const LOCK: &str = "package-lock.json";

/// Brings tests/NAME with what its package-lock.json names into target/NAME.
pub(crate) fn prepare(workspace: &Workspace, name: &str, files: &[&str]) -> Result<PathBuf> {
    require()?;
    let (sources, folder) = (workspace.root.join("tests").join(name), workspace.target.join(name));
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let installed = folder.join("installed");
    let wanted = fs::read_to_string(sources.join(LOCK)).with_context(|| format!("reading tests/{name}/{LOCK}"))?;
    for file in files.iter().chain(&["package.json", LOCK]) {
        fs::copy(sources.join(file), folder.join(file)).with_context(|| format!("copying tests/{name}/{file}"))?;
    }
    if !fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        let mut npm = process::command("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder);
        process::run(&mut npm).with_context(|| format!("installing the packages of tests/{name} from npm"))?;
        fs::write(&installed, wanted).with_context(|| format!("writing {}", installed.display()))?;
    }
    Ok(folder)
}

fn require() -> Result<()> {
    if !(process::is_on_path("node") && process::is_on_path("npm")) {
        debian::install(&["nodejs", "npm"]).with_context(wanted)?;
    }
    let printed = process::capture(process::command("node").arg("--version"))?;
    let major = printed.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    ensure!(major >= Some(OLDEST), "{}; the one here is {}", wanted(), printed.trim());
    Ok(())
}

fn wanted() -> String {
    format!("Node {OLDEST} or newer with npm is needed: install it (Debian: `apt-get install nodejs npm`)")
}
