//! Lays out what a pod would find, as its volumes say, and has the program check the configuration there.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::names::{list, only};
use crate::process;
use crate::workspace::Workspace;

/// For every secret that the example leaves empty; the identity key needs 64 hexadecimal digits.
const STAND_IN: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const PLUGINS: &str = "plugins";
const CACHE: &str = "/cache/compiled";

pub(super) fn check(workspace: &Workspace, folder: &Path, objects: &[Value], secret: &Value) -> Result<()> {
    let pod = &only(objects, "Deployment")?["spec"]["template"]["spec"];
    let root = tempfile::Builder::new().prefix("root-").tempdir_in(folder)?;
    let root = root.path();
    symlink(workspace.plugins_folder(), root.join(PLUGINS))?;
    let program = workspace.target.join("debug/quintant");
    for container in list(pod, "initContainers").chain(list(pod, "containers")) {
        for mount in list(container, "volumeMounts") {
            let place = below(root, text(mount, "mountPath"));
            if place.exists() {
                continue;
            }
            let volume = list(pod, "volumes").find(|volume| volume["name"] == mount["name"]);
            lay_out(volume.context("a mount has no volume")?, &place, only(objects, "ConfigMap")?, secret)?;
        }
        // What prepares files is run; the rest of what the program does is left to the checks below.
        if container["command"].is_array() {
            process::run(&mut translated(root, container, None))?;
        } else if container["args"][0] == "plugin" {
            process::run(&mut translated(root, container, Some(&program)))?;
        }
    }
    let compiled = compiled(root)?;
    ensure!(!compiled.is_empty(), "no init container has compiled the plugins into `{CACHE}`");
    let served = list(pod, "containers").next().context("the pod has no container")?;
    let config = list(served, "args").filter_map(Value::as_str).find(|argument| argument.ends_with(".toml"));
    let config = below(root, config.context("the container is given no configuration")?);
    let mut quintant = process::command(&program);
    quintant.arg("--config").arg(&config).arg("check").env_remove("DATABASE_URL");
    process::run(&mut quintant).with_context(|| "`quintant check` refuses the ConfigMap's `quintant.toml`")?;
    ensure!(compiled == self::compiled(root)?, "`plugins.cache` is not the folder that the pod prepares");
    check_key_is_mounted(root, &program, &config)
}

/// The compiled code of the pod, and since when each is there.
fn compiled(root: &Path) -> Result<BTreeMap<OsString, SystemTime>> {
    let folder = below(root, CACHE);
    let entries = folder.read_dir().with_context(|| format!("reading {}", folder.display()))?;
    entries
        .map(|entry| {
            let entry = entry?;
            Ok((entry.file_name(), entry.metadata()?.modified()?))
        })
        .collect()
}

/// A key that the configuration looked for elsewhere would be made anew, and gone with the pod.
fn check_key_is_mounted(root: &Path, program: &Path, config: &Path) -> Result<()> {
    let key = below(root, "/identity/identity.key");
    fs::write(&key, "no key")?;
    let mut quintant = process::command(program);
    quintant.arg("--config").arg(config).arg("check").env_remove("DATABASE_URL");
    ensure!(!process::succeeds(&mut quintant)?, "`privacy.identity_key` is not the file that the pod prepares");
    Ok(())
}

fn lay_out(volume: &Value, place: &Path, configured: &Value, secret: &Value) -> Result<()> {
    fs::create_dir_all(place).with_context(|| format!("making {}", place.display()))?;
    if volume["configMap"].is_object() {
        for (key, content) in configured["data"].as_object().into_iter().flatten() {
            fs::write(place.join(key), content.as_str().unwrap_or_default())?;
        }
    }
    for item in list(&volume["secret"], "items") {
        let example = secret["stringData"][text(item, "key")].as_str().unwrap_or_default();
        fs::write(place.join(text(item, "path")), if example.is_empty() { STAND_IN } else { example })?;
    }
    Ok(())
}

/// A container's command, or that of the image with the container's arguments, with its paths below `root`.
fn translated(root: &Path, container: &Value, image: Option<&Path>) -> Command {
    let mut words = list(container, "command").chain(list(container, "args")).filter_map(Value::as_str);
    let mut command = match image {
        Some(program) => process::command(program),
        None => process::command(words.next().unwrap_or_default()),
    };
    for word in words {
        if word.starts_with('/') {
            command.arg(below(root, word));
        } else {
            command.arg(word);
        }
    }
    command
}

fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
