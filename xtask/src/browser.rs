//! Finds Chromium, or installs it, and brings what drives it into target/browser; starts nothing.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::debian;
use crate::node;
use crate::process;
use crate::witness::Variables;
use crate::workspace::Workspace;

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const FILES: [&str; 5] = ["answer.mjs", "looks.mjs", "mistakes.mjs", "person.mjs", "watch.mjs"];
const WANTED: &str = "Chromium is needed: put `chromium` on the path (Debian: `apt-get install chromium`)";

pub(crate) fn find_or_install(workspace: &Workspace) -> Result<Variables> {
    let scripts = node::prepare(workspace, "browser", &FILES)?;
    let chromium = match on_path() {
        Some(chromium) => chromium,
        None => {
            debian::install(&["chromium"]).context(WANTED)?;
            on_path().context(WANTED)?
        }
    };
    process::capture(process::command(&chromium).arg("--version")).context(WANTED)?;
    Ok(vec![("QUINTANT_TEST_BROWSER", scripts), ("QUINTANT_TEST_CHROMIUM", chromium)])
}

fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    NAMES.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()))
}
