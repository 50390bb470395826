//! Where things are, as cargo tells it: the root, the target folder, the plugins, the sources of dependencies.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use nix::unistd::Uid;
use serde_json::Value;

use crate::process;

/// Where components are made from, what their packages are called, and the folder below target/ that they go to.
const COMPONENTS: [(&str, &str, &str); 2] =
    [("plugins", "quintant-plugin-", "plugins"), ("tests/guests", "quintant-guest-", "test-guests")];

/// A crate that becomes a component.
pub(crate) struct Guest {
    pub(crate) package: String,
    pub(crate) component: PathBuf,
}

pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    /// The plugins, and the guests that only tests load.
    pub(crate) guests: Vec<Guest>,
    /// Folders that hold the unpacked sources of dependencies.
    pub(crate) dependency_folders: BTreeSet<PathBuf>,
}

impl Workspace {
    pub(crate) fn read() -> Result<Self> {
        let mut metadata = process::command(cargo_program());
        metadata.args(["metadata", "--format-version=1"]);
        let metadata: Value =
            serde_json::from_str(&process::capture(&mut metadata)?).context("reading `cargo metadata`")?;
        let root = path_at(&metadata, "workspace_root")?;
        let target = path_at(&metadata, "target_directory")?;
        let (mut guests, mut dependency_folders) = (Vec::new(), BTreeSet::new());
        for package in metadata["packages"].as_array().context("`cargo metadata` lists no packages")? {
            let folder = path_at(package, "manifest_path")?.parent().map(Path::to_path_buf).unwrap_or_default();
            let kind = COMPONENTS.iter().find(|(sources, ..)| folder.starts_with(root.join(sources)));
            if let Some((sources, prefix, built)) = kind {
                let package = package["name"].as_str().unwrap_or_default().to_owned();
                let name = package
                    .strip_prefix(prefix)
                    .with_context(|| format!("package `{package}` in {sources}/ must be named `{prefix}NAME`"))?;
                let component = target.join(built).join(name).with_extension("wasm");
                guests.push(Guest { package, component });
            } else if !package["source"].is_null() {
                dependency_folders.extend(folder.parent().map(Path::to_path_buf));
            }
        }
        ensure!(!guests.is_empty(), "no plugin in {}", root.join("plugins").display());
        Ok(Self { root, target, guests, dependency_folders })
    }

    pub(crate) fn plugins_folder(&self) -> PathBuf {
        self.target.join("plugins")
    }

    pub(crate) fn test_guests_folder(&self) -> PathBuf {
        self.target.join("test-guests")
    }

    /// The folder for what a database's own user must reach. That user cannot when root works below its home.
    pub(crate) fn shared_folder(&self) -> PathBuf {
        if Uid::effective().is_root() && !is_open_to_others(&self.target) {
            PathBuf::from("/var/cache/quintant")
        } else {
            self.target.clone()
        }
    }

    /// The cargo that runs us, at the workspace's root.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = process::command(cargo_program());
        command
            .current_dir(&self.root)
            .env("SQLX_OFFLINE", "true")
            .env_remove("SQLX_OFFLINE_DIR")
            .env_remove("DATABASE_URL");
        command
    }
}

fn cargo_program() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn path_at(value: &Value, key: &str) -> Result<PathBuf> {
    let path = value[key].as_str().with_context(|| format!("`cargo metadata` has no `{key}`"))?;
    Ok(PathBuf::from(path))
}

fn is_open_to_others(folder: &Path) -> bool {
    folder.ancestors().all(|folder| folder.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0))
}
