//! Finds kubectl and the validators, or installs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use nix::unistd::Uid;
use serde_json::Value;

use crate::process;

/// The first kubectl 1.x whose kustomize reads our files.
const OLDEST_KUBECTL: u32 = 27;
const VALIDATORS: [&str; 2] = ["checkov==3.3.30", "kubernetes-validate==1.37.0"];
const TO_JSON: &str =
    "import json, sys, yaml; json.dump([o for o in yaml.safe_load_all(open(sys.argv[1])) if o], sys.stdout)";

/// A Python environment that has the validators; kubectl is on the path.
pub(super) struct Tools {
    programs: PathBuf,
}

impl Tools {
    pub(super) fn find_or_install(folder: &Path) -> Result<Self> {
        if !process::is_on_path("kubectl") {
            install_kubectl()?;
        }
        check_kubectl()?;
        let environment = folder.join("python");
        let installed = environment.join("installed");
        if !fs::read_to_string(&installed).is_ok_and(|text| text == VALIDATORS.join("\n")) {
            install_validators(&environment)?;
            fs::write(&installed, VALIDATORS.join("\n")).with_context(|| format!("writing {}", installed.display()))?;
        }
        Ok(Self { programs: environment.join("bin") })
    }

    pub(super) fn command(&self, program: &str) -> Command {
        process::command(self.programs.join(program))
    }

    /// Every object in a file.
    pub(super) fn read_yaml(&self, file: &Path) -> Result<Vec<Value>> {
        let json = process::capture(self.command("python").args(["-c", TO_JSON]).arg(file))?;
        serde_json::from_str(&json).with_context(|| format!("reading {}", file.display()))
    }
}

fn install_kubectl() -> Result<()> {
    ensure!(process::is_on_path("apt-get") && Uid::effective().is_root(), "{}", wanted());
    process::run(process::command("apt-get").args(["--quiet", "update"]))?;
    let mut install = process::command("apt-get");
    install.args(["--quiet", "--yes", "--no-install-recommends", "install", "kubernetes-client"]);
    process::run(install.env("DEBIAN_FRONTEND", "noninteractive")).with_context(wanted)
}

fn check_kubectl() -> Result<()> {
    let printed = process::capture(process::command("kubectl").args(["version", "--client", "--output=json"]))?;
    let version: Value = serde_json::from_str(&printed).context("reading `kubectl version`")?;
    let written = version["clientVersion"]["minor"].as_str().unwrap_or_default();
    let minor = written.trim_end_matches('+').parse::<u32>().ok();
    ensure!(minor >= Some(OLDEST_KUBECTL), "{}; the one here is 1.{written}", wanted());
    Ok(())
}

fn wanted() -> String {
    format!(
        "kubectl 1.{OLDEST_KUBECTL} or newer is needed: install it (Debian 13: `apt-get install kubernetes-client`)"
    )
}

fn install_validators(environment: &Path) -> Result<()> {
    ensure!(process::is_on_path("python3"), "`python3` is needed (Debian: `apt-get install python3-venv`)");
    process::run(process::command("python3").args(["-m", "venv", "--clear"]).arg(environment))
        .context("`python3` makes no environments (Debian: `apt-get install python3-venv`)")?;
    let mut pip = process::command(environment.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(VALIDATORS);
    process::run(&mut pip).with_context(|| format!("installing {} from PyPI", VALIDATORS.join(" and ")))
}
