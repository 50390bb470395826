//! Regenerates .sqlx, from which the checked queries compile without a database.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::cluster::ScratchCluster;
use crate::postgres;
use crate::process;
use crate::workspace::Workspace;

const DATABASE: &str = "queries";

/// Regenerates .sqlx after a query or a migration changed, against a scratch database
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Change nothing; fail if the committed files differ from what they should be
    #[arg(long)]
    check: bool,
}

type Files = BTreeMap<PathBuf, Vec<u8>>;

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let committed_folder = workspace.root.join(".sqlx");
    let committed = files(&committed_folder)?;
    let current = describe_queries(workspace)?;
    let count = current.len();
    if committed == current {
        eprintln!("xtask: .sqlx is up to date: {count} queries");
        return Ok(());
    }
    if arguments.check {
        let differing: Vec<_> =
            current.iter().filter(|(name, text)| committed.get(*name) != Some(text)).map(|(name, _)| name).collect();
        let obsolete: Vec<_> = committed.keys().filter(|name| !current.contains_key(*name)).collect();
        bail!(
            ".sqlx is out of date (missing or different: {differing:?}, not needed: {obsolete:?}): run `cargo xtask sqlx` and commit it"
        );
    }
    if committed_folder.exists() {
        fs::remove_dir_all(&committed_folder)?;
    }
    fs::create_dir_all(&committed_folder)?;
    for (name, text) in &current {
        fs::write(committed_folder.join(name), text)?;
    }
    eprintln!("xtask: .sqlx now describes {count} queries (before: {})", committed.len());
    Ok(())
}

fn describe_queries(workspace: &Workspace) -> Result<Files> {
    let host = workspace.root.join("host");
    let cluster = ScratchCluster::start(&postgres::find_or_install(workspace)?)?;
    process::run(cluster.psql("postgres").args(["--command", &format!("CREATE DATABASE {DATABASE}")]))?;
    let mut migrations: Vec<_> = files(&host.join("migrations"))?.into_keys().collect();
    migrations.retain(|name| name.extension().is_some_and(|extension| extension == "sql"));
    for migration in &migrations {
        let mut psql = cluster.psql(DATABASE);
        psql.arg("--single-transaction").arg("--file").arg(host.join("migrations").join(migration));
        process::run(&mut psql).with_context(|| format!("applying host/migrations/{}", migration.display()))?;
    }

    // The macros write what they learn as they expand, so the library has to look changed to be compiled at all.
    let library = host.join("src/lib.rs");
    let touched = File::options().append(true).open(&library)?.set_modified(SystemTime::now());
    touched.with_context(|| format!("touching {}", library.display()))?;
    let written = tempfile::Builder::new().prefix("sqlx-").tempdir_in(&workspace.target)?;
    let mut cargo = workspace.cargo();
    cargo
        .args(["check", "--package", "quintant", "--lib"])
        .env("DATABASE_URL", cluster.url(DATABASE))
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", written.path());
    process::run(&mut cargo)?;
    files(written.path())
}

/// By name; none if there is no such folder.
fn files(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            files.insert(entry.file_name().into(), fs::read(entry.path())?);
        }
    }
    Ok(files)
}
