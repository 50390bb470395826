//! A Python environment of its own for tools that come from PyPI, made again when other versions are wanted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process;

pub(crate) struct Environment {
    programs: PathBuf,
}

impl Environment {
    /// With these packages, each `NAME==VERSION`.
    pub(crate) fn find_or_make(folder: &Path, packages: &[&str]) -> Result<Self> {
        let installed = folder.join("installed");
        if !fs::read_to_string(&installed).is_ok_and(|text| text == packages.join("\n")) {
            make(folder, packages)?;
            fs::write(&installed, packages.join("\n")).with_context(|| format!("writing {}", installed.display()))?;
        }
        Ok(Self { programs: folder.join("bin") })
    }

    pub(crate) fn command(&self, program: &str) -> Command {
        process::command(self.programs.join(program))
    }
}

fn make(folder: &Path, packages: &[&str]) -> Result<()> {
    ensure!(process::is_on_path("python3"), "`python3` is needed (Debian: `apt-get install python3-venv`)");
    process::run(process::command("python3").args(["-m", "venv", "--clear"]).arg(folder))
        .context("`python3` makes no environments (Debian: `apt-get install python3-venv`)")?;
    let mut pip = process::command(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages);
    process::run(&mut pip).with_context(|| format!("installing {} from PyPI", packages.join(" and ")))
}
