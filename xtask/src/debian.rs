//! Debian's packages: installed where we are root, or unpacked below a folder of ours, which starts no service.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use nix::unistd::Uid;

use crate::process;

pub(crate) fn install(packages: &[&str]) -> Result<()> {
    ensure!(process::is_on_path("apt-get"), "`apt-get` is not here");
    ensure!(Uid::effective().is_root(), "only root may install packages");
    process::run(process::command("apt-get").args(["--quiet", "update"]))?;
    let mut install = process::command("apt-get");
    install.args(["--quiet", "--yes", "--no-install-recommends", "install"]).args(packages);
    process::run(install.env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Without its dependencies; needs no root where package lists are there.
pub(crate) fn unpack(package: &str, folder: &Path) -> Result<()> {
    ensure!(process::is_on_path("apt-get") && process::is_on_path("dpkg-deb"), "`apt-get` and `dpkg-deb` are not here");
    if Uid::effective().is_root() {
        process::run(process::command("apt-get").args(["--quiet", "update"]))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let part = tempfile::Builder::new().prefix("package-").tempdir_in(folder)?;
    let mut download = process::command("apt-get");
    process::run(download.args(["--quiet", "download", package]).current_dir(part.path()))?;
    let file = fs::read_dir(part.path())?.flatten().next().context("apt-get downloaded no package")?;
    process::run(process::command("dpkg-deb").arg("--extract").arg(file.path()).arg(folder))
}
