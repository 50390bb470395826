//! Debian's newest Rust, unpacked below target/ without being installed, for machines that reach Debian's packages but not rustup's server.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use nix::unistd::Uid;

use crate::process;
use crate::wasm_target::sysroot;
use crate::workspace::Workspace;

const COMPILER: &str = "rustc-web";
const STANDARD_LIBRARY: &str = "libstd-rust-web-dev";
const SOURCES: &str = "rust-web-src";

pub(crate) struct DebianRust {
    folder: PathBuf,
}

impl DebianRust {
    pub(crate) fn find(workspace: &Workspace) -> Option<Self> {
        let folder = workspace.target.join("debian-rust");
        folder.join("usr/bin/rustc").exists().then_some(Self { folder })
    }

    pub(crate) fn find_or_unpack(workspace: &Workspace) -> Result<Self> {
        if let Some(unpacked) = Self::find(workspace) {
            return Ok(unpacked);
        }
        for tool in ["apt-get", "apt-cache", "dpkg"] {
            ensure!(process::is_on_path(tool), "`{tool}` is not here: Debian's Rust needs a Debian machine");
        }
        if Uid::effective().is_root() {
            // Lists may be absent, as in most images, or name versions that are gone from the mirror.
            process::run(process::command("apt-get").args(["--quiet", "update"]))?;
        }
        let packages = packages()?;
        eprintln!(
            "xtask: unpacking Debian's Rust: {}",
            packages.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
        );
        let part = tempfile::Builder::new().prefix("debian-rust-").tempdir_in(&workspace.target)?;
        process::run(
            process::command("apt-get").args(["--quiet", "download"]).args(&packages).current_dir(part.path()),
        )?;
        let unpacked = part.path().join("unpacked");
        for file in fs::read_dir(part.path())? {
            let file = file?.path();
            if file.extension().is_some_and(|extension| extension == "deb") {
                process::run(process::command("dpkg").arg("-x").args([&file, &unpacked]))?;
            }
        }
        let folder = workspace.target.join("debian-rust");
        fs::rename(&unpacked, &folder).with_context(|| format!("moving Debian's Rust to {}", folder.display()))?;
        let rust = Self { folder };
        rust.version().context("Debian's Rust does not run here")?;
        Ok(rust)
    }

    pub(crate) fn sysroot(&self) -> PathBuf {
        self.folder.join("usr")
    }

    pub(crate) fn version(&self) -> Result<String> {
        let mut rustc = process::command(self.sysroot().join("bin/rustc"));
        process::capture(rustc.arg("-vV").env("LD_LIBRARY_PATH", self.library_path()?))
    }

    /// Its standard library for wasm does not come along, so it is built from source. Only nightly cargo
    /// does that, or a cargo that is told to be one.
    pub(crate) fn prepare(&self, cargo: &mut Command) -> Result<()> {
        let linker = linker_folder()?;
        cargo
            .arg("-Zbuild-std=std,panic_abort")
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC", self.sysroot().join("bin/rustc"))
            .env("LD_LIBRARY_PATH", self.library_path()?)
            .env("PATH", in_front_of("PATH", [linker])?);
        Ok(())
    }

    /// The folders of its libraries, and of those that came with them because this machine has them not.
    fn library_path(&self) -> Result<OsString> {
        let mut folders = Vec::new();
        for parent in ["usr/lib", "lib"] {
            let parent = self.folder.join(parent);
            let inside = parent.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
            folders.extend(inside.filter(|folder| holds_shared_objects(folder)));
        }
        in_front_of("LD_LIBRARY_PATH", folders)
    }
}

/// The packages at the versions that this Debian offers; LLVM's own libraries only where they are missing.
fn packages() -> Result<BTreeSet<String>> {
    let mut packages: BTreeSet<_> = [COMPILER, STANDARD_LIBRARY, SOURCES].map(str::to_owned).into();
    let library = dependencies(STANDARD_LIBRARY, &[])?
        .into_iter()
        .find(|package| package.starts_with("libstd-rust-web-1"))
        .with_context(|| {
            format!(
                "apt offers no `{COMPILER}`: its lists may be missing (`apt-get update`), or this Debian may be too old"
            )
        })?;
    for needed in dependencies(&library, &["--recurse"])? {
        if !is_installed(&needed)? {
            packages.insert(needed);
        }
    }
    packages.insert(library);
    Ok(packages)
}

fn dependencies(package: &str, options: &[&str]) -> Result<Vec<String>> {
    let mut cache = process::command("apt-cache");
    cache.args(["depends", "--important", "--no-pre-depends"]).args(options).arg(package).env("LC_ALL", "C");
    let listing = process::capture(&mut cache)?;
    let named = listing.lines().filter_map(|line| line.trim_start().strip_prefix("Depends: "));
    Ok(named.filter(|name| !name.starts_with('<')).map(str::to_owned).collect())
}

fn is_installed(package: &str) -> Result<bool> {
    process::succeeds(process::command("dpkg").args(["--status", package]))
}

/// Debian's compiler expects a linker on the path; the Rust in use has the one that it calls by name.
fn linker_folder() -> Result<PathBuf> {
    let rustlib = sysroot()?.join("lib/rustlib");
    for host in rustlib.read_dir().with_context(|| format!("reading {}", rustlib.display()))? {
        let folder = host?.path().join("bin");
        if folder.join("rust-lld").exists() {
            return Ok(folder);
        }
    }
    bail!("no `rust-lld` below {}: use a Rust that rustup installed", rustlib.display())
}

fn holds_shared_objects(folder: &Path) -> bool {
    let files = folder.read_dir().into_iter().flatten().flatten();
    files.into_iter().any(|file| file.file_name().to_string_lossy().contains(".so"))
}

fn in_front_of(variable: &str, folders: impl IntoIterator<Item = PathBuf>) -> Result<OsString> {
    let before = std::env::var_os(variable).unwrap_or_default();
    let all = folders.into_iter().chain(std::env::split_paths(&before));
    std::env::join_paths(all).with_context(|| format!("making `{variable}`"))
}
