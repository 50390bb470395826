//! Finds Prometheus and promtool, or unpacks Debian's below target/; starts nothing.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::debian;
use crate::process;
use crate::witness::Variables;
use crate::workspace::Workspace;

const PROGRAMS: [&str; 2] = ["prometheus", "promtool"];
const WANTED: &str = "Prometheus with promtool is needed: put both on the path (Debian: `apt-get install prometheus`)";

/// The folder that holds both, for the tests.
pub(crate) fn find_or_unpack(workspace: &Workspace) -> Result<Variables> {
    let unpacked = workspace.target.join("prometheus");
    let below = unpacked.join("usr/bin");
    let folder = match on_path() {
        Some(folder) => folder,
        None if holds_both(&below) => below,
        None => {
            eprintln!("xtask: no Prometheus is here; unpacking Debian's into {}", unpacked.display());
            debian::unpack("prometheus", &unpacked).context(WANTED)?;
            below
        }
    };
    for program in PROGRAMS {
        let printed = process::capture(process::command(folder.join(program)).arg("--version")).context(WANTED)?;
        ensure!(printed.starts_with(program), "`{program} --version` says `{}`; {WANTED}", printed.trim());
    }
    Ok(vec![("QUINTANT_TEST_PROMETHEUS_BIN", folder)])
}

fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find(|folder| holds_both(folder))
}

fn holds_both(folder: &Path) -> bool {
    PROGRAMS.iter().all(|program| folder.join(program).is_file())
}
