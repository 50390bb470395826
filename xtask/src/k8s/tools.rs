//! Finds kubectl and the validators, or installs them.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::debian;
use crate::process;
use crate::python::Environment;

/// The first kubectl 1.x whose kustomize reads our files.
const OLDEST_KUBECTL: u32 = 27;
const VALIDATORS: [&str; 2] = ["checkov==3.3.30", "kubernetes-validate==1.37.0"];
const TO_JSON: &str =
    "import json, sys, yaml; json.dump([o for o in yaml.safe_load_all(open(sys.argv[1])) if o], sys.stdout)";

/// The validators; kubectl is on the path.
pub(super) struct Tools {
    validators: Environment,
}

impl Tools {
    pub(super) fn find_or_install(folder: &Path) -> Result<Self> {
        if !process::is_on_path("kubectl") {
            debian::install(&["kubernetes-client"]).with_context(wanted)?;
        }
        check_kubectl()?;
        Ok(Self { validators: Environment::find_or_make(&folder.join("python"), &VALIDATORS)? })
    }

    pub(super) fn command(&self, program: &str) -> Command {
        self.validators.command(program)
    }

    /// Every object in a file.
    pub(super) fn read_yaml(&self, file: &Path) -> Result<Vec<Value>> {
        let json = process::capture(self.command("python").args(["-c", TO_JSON]).arg(file))?;
        serde_json::from_str(&json).with_context(|| format!("reading {}", file.display()))
    }
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
