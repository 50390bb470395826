//! Builds every crate in plugins/ into target/plugins/NAME.wasm, and the tests' guests into target/test-guests/: components,
//! the same bytes from whichever folder.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use wit_component::ComponentEncoder;

use crate::wasm_target::{TARGET, WasmToolchain};
use crate::workspace::{Guest, Workspace};

/// The host can interrupt a guest at the start of every function and in every loop, which costs as much as what short ones do:
/// fewer calls and wider steps save a tenth to a quarter of a page's time, and make code a twentieth larger.
const SPEED: [&str; 2] = ["-Ctarget-feature=+simd128", "-Cllvm-args=-inline-threshold=300"];

pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    let toolchain = WasmToolchain::find_or_install(workspace)?;
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--profile", "plugin", "--lib"]);
    for guest in &workspace.guests {
        cargo.args(["--package", &guest.package]);
    }
    toolchain.prepare(&mut cargo)?;
    // Given with --target, these flags stay away from build scripts and macros; and no RUSTFLAGS of the caller can get in.
    let flags = [SPEED.map(str::to_owned).to_vec(), path_flags(workspace, &toolchain)?].concat();
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    crate::process::run(&mut cargo)?;

    let modules = workspace.target.join(TARGET).join("plugin");
    for Guest { package, component: file } in &workspace.guests {
        let module = modules.join(package.replace('-', "_")).with_extension("wasm");
        let component = component(&module).with_context(|| format!("making a component of `{package}`"))?;
        fs::create_dir_all(file.parent().unwrap_or(Path::new("")))?;
        let change = if replace(file, &component)? { "" } else { ", as before" };
        eprintln!("xtask: {} ({} bytes{change})", file.display(), component.len());
    }
    Ok(())
}

fn component(module: &Path) -> Result<Vec<u8>> {
    let module = fs::read(module).with_context(|| format!("reading {}", module.display()))?;
    ComponentEncoder::default().validate(true).module(&module)?.encode()
}

/// Whether the bytes were new. A reader sees the old file or the new one, never half of it.
fn replace(file: &Path, bytes: &[u8]) -> Result<bool> {
    if fs::read(file).is_ok_and(|present| present == bytes) {
        return Ok(false);
    }
    let part = file.with_extension("part");
    fs::write(&part, bytes).with_context(|| format!("writing {}", part.display()))?;
    fs::rename(&part, file).with_context(|| format!("writing {}", file.display()))?;
    Ok(true)
}

/// Panic messages name source files: by paths that are the same on every machine. The last flag that fits wins.
fn path_flags(workspace: &Workspace, toolchain: &WasmToolchain) -> Result<Vec<String>> {
    let (sysroot, commit) = toolchain.sysroot_and_commit()?;
    let library = sysroot.join("lib/rustlib/src/rust");
    let library_name = format!("/rustc/{commit}");
    let mut flags = vec![flag(&workspace.root, "/quintant"), flag(&workspace.target, "/target")];
    flags.extend(workspace.dependency_folders.iter().map(|folder| flag(folder, "/dependencies")));
    flags.push(flag(&sysroot, "/rust"));
    flags.push(flag(&library, &library_name));
    if let Ok(real) = library.canonicalize() {
        flags.push(flag(&real, &library_name));
    }
    Ok(flags)
}

fn flag(folder: impl AsRef<OsStr>, name: &str) -> String {
    format!("--remap-path-prefix={}={name}", folder.as_ref().to_string_lossy())
}
