//! Makes sure that some Rust here can compile for wasm32-unknown-unknown: the one in use, with rustup's help, or Debian's unpacked aside.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::debian_rust::DebianRust;
use crate::process;
use crate::workspace::Workspace;

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Forces one of the two ways; for trying both on one machine.
const WAY: &str = "QUINTANT_WASM_TOOLCHAIN";

pub(crate) enum WasmToolchain {
    /// The Rust in use has the target.
    InUse,
    Debian(DebianRust),
}

impl WasmToolchain {
    pub(crate) fn find_or_install(workspace: &Workspace) -> Result<Self> {
        match std::env::var(WAY).ok().as_deref() {
            None | Some("") => {}
            Some("rustup") => return Self::with_rustup(),
            Some("debian") => return Ok(Self::Debian(DebianRust::find_or_unpack(workspace)?)),
            Some(other) => bail!("`{WAY}` is `{other}`; it can be `rustup` or `debian`"),
        }
        if let Some(unpacked) = DebianRust::find(workspace).filter(|_| !is_in_use()) {
            return Ok(Self::Debian(unpacked));
        }
        Self::with_rustup().or_else(|no_rustup| {
            if no_rustup.is::<process::Interrupted>() {
                return Err(no_rustup);
            }
            eprintln!("xtask: {no_rustup:#}; trying Debian's Rust");
            let unpacked = DebianRust::find_or_unpack(workspace).with_context(|| {
                format!("no Rust here compiles for {TARGET}: install it by `rustup target add {TARGET}`, or give access to Debian's package `rustc-web`")
            })?;
            Ok(Self::Debian(unpacked))
        })
    }

    fn with_rustup() -> Result<Self> {
        if is_in_use() {
            return Ok(Self::InUse);
        }
        let mut rustup = process::command("rustup");
        rustup.args(["target", "add", TARGET]).env("RUSTUP_MAX_RETRIES", "1").env_remove("RUST_BACKTRACE");
        process::run(&mut rustup).with_context(|| format!("rustup could not add the target {TARGET}"))?;
        if is_in_use() {
            return Ok(Self::InUse);
        }
        bail!("rustup added {TARGET}, but not to the Rust in use, {}", sysroot()?.display());
    }

    /// What a cargo command that builds for the target needs in its arguments and environment.
    pub(crate) fn prepare(&self, cargo: &mut Command) -> Result<()> {
        cargo.args(["--target", TARGET]);
        match self {
            Self::InUse => Ok(()),
            Self::Debian(debian) => debian.prepare(cargo),
        }
    }

    /// The folder of the compiler whose standard library ends up in the plugins, and that compiler's commit.
    pub(crate) fn sysroot_and_commit(&self) -> Result<(PathBuf, String)> {
        match self {
            Self::InUse => Ok((sysroot()?, commit(&process::capture(process::command(rustc()).arg("-vV"))?)?)),
            Self::Debian(debian) => Ok((debian.sysroot(), commit(&debian.version()?)?)),
        }
    }
}

pub(crate) fn sysroot() -> Result<PathBuf> {
    let printed = process::capture(process::command(rustc()).args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(printed.trim_end()))
}

fn rustc() -> String {
    std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned())
}

fn is_in_use() -> bool {
    let mut rustc = process::command(rustc());
    rustc.args(["--print", "target-libdir", "--target", TARGET]);
    process::capture(&mut rustc).is_ok_and(|folder| has_core(Path::new(folder.trim_end())))
}

fn has_core(folder: &Path) -> bool {
    let files = folder.read_dir().into_iter().flatten().flatten();
    files.into_iter().any(|file| file.file_name().to_string_lossy().starts_with("libcore-"))
}

fn commit(version: &str) -> Result<String> {
    let commit = version.lines().find_map(|line| line.strip_prefix("commit-hash: "));
    Ok(commit.context("`rustc -vV` prints no `commit-hash`")?.to_owned())
}
