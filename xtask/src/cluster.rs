//! A scratch PostgreSQL cluster on a Unix socket, gone without a trace when dropped; never run by root.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::Signal;
use nix::unistd::{Uid, User};
use tempfile::TempDir;

use crate::process::{self, Group};

const SUPERUSER: &str = "postgres";
const START: Duration = Duration::from_secs(30);

/// What nobody needs of data that is thrown away, and room for many tests at once.
const SETTINGS: [&str; 5] =
    ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "listen_addresses="];

pub(crate) struct ScratchCluster {
    // Before the folder: the server stops first.
    _server: Group,
    folder: TempDir,
    programs: PathBuf,
}

impl ScratchCluster {
    pub(crate) fn start(programs: &Path) -> Result<Self> {
        let owner = owner()?;
        // A socket's path holds about 100 bytes, which a TMPDIR may use up.
        let folder =
            tempfile::Builder::new().prefix("quintant-").tempdir_in("/tmp").context("making a folder in /tmp")?;
        if let Some(owner) = &owner {
            chown(folder.path(), Some(owner.uid.as_raw()), Some(owner.gid.as_raw()))?;
        }
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o700))?;
        let data = folder.path().join("data");

        let mut initdb = program(&programs.join("initdb"), Signal::SIGTERM, folder.path(), owner.as_ref());
        initdb.args([
            "--username",
            SUPERUSER,
            "--auth-local=trust",
            "--auth-host=reject",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--pgdata",
        ]);
        process::run(initdb.arg(&data).stdout(Stdio::null()))
            .with_context(|| may_not_reach(programs, owner.as_ref()))?;

        let log_file = folder.path().join("log");
        let log = fs::File::create(&log_file)?;
        let mut postgres = program(&programs.join("postgres"), Signal::SIGQUIT, folder.path(), owner.as_ref());
        postgres
            .args(["-p", "5432", "-D"])
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .stdout(log.try_clone()?)
            .stderr(log);
        for setting in SETTINGS {
            postgres.args(["-c", setting]);
        }
        let mut server = Group::start(&mut postgres)?;
        let deadline = Instant::now() + START;
        while !is_ready(&data) {
            let log = || fs::read_to_string(&log_file).unwrap_or_default();
            ensure!(server.ended()?.is_none(), "the scratch PostgreSQL did not start: {}", log());
            ensure!(Instant::now() < deadline, "the scratch PostgreSQL is not ready after {START:?}: {}", log());
            process::pause(Duration::from_millis(20))?;
        }
        Ok(Self { _server: server, folder, programs: programs.to_path_buf() })
    }

    /// In the form that sqlx takes.
    pub(crate) fn url(&self, database: &str) -> String {
        let socket = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://{SUPERUSER}@localhost:5432/{database}?host={socket}")
    }

    /// psql that stops at the first mistake; add what it is to run.
    pub(crate) fn psql(&self, database: &str) -> Command {
        let mut psql = process::command(self.programs.join("psql"));
        psql.args([
            "--quiet",
            "--no-psqlrc",
            "--set=ON_ERROR_STOP=1",
            "--port=5432",
            "--username",
            SUPERUSER,
            "--dbname",
            database,
        ]);
        psql.arg("--host").arg(self.folder.path());
        psql
    }
}

/// Stops a server that outlived whoever started it.
pub(crate) fn stop_leftover(programs: &Path, data: &Path) -> Result<()> {
    if !data.join("postmaster.pid").exists() {
        return Ok(());
    }
    let owner = User::from_uid(Uid::from_raw(data.metadata()?.uid()))?;
    let owner = owner.filter(|_| Uid::effective().is_root());
    let mut stop = program(&programs.join("pg_ctl"), Signal::SIGTERM, data, owner.as_ref());
    stop.args(["stop", "--mode=immediate", "--silent", "--pgdata"]).arg(data);
    // It fails when no such server runs any more, which is as good.
    process::finish(stop.stdout(Stdio::null()).stderr(Stdio::null()))?;
    Ok(())
}

/// Whom the server runs as when we are root, which PostgreSQL refuses.
fn owner() -> Result<Option<User>> {
    if !Uid::effective().is_root() {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let Some(user) = User::from_name(name)? {
            return Ok(Some(user));
        }
    }
    bail!("PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`: add one of them")
}

fn program(program: &Path, signal: Signal, folder: &Path, owner: Option<&User>) -> Command {
    let mut command = process::command_ended_with(signal, program);
    command.current_dir(folder).env("LC_ALL", "C");
    if let Some(owner) = owner {
        command.uid(owner.uid.as_raw()).gid(owner.gid.as_raw());
    }
    command
}

fn may_not_reach(programs: &Path, owner: Option<&User>) -> String {
    let user = owner.map_or("this user", |owner| &owner.name);
    format!("making a scratch database cluster (`{user}` must be able to run the programs in {})", programs.display())
}

/// The server notes its state in the last line of its pid file.
fn is_ready(data: &Path) -> bool {
    fs::read_to_string(data.join("postmaster.pid"))
        .is_ok_and(|text| text.lines().nth(7).is_some_and(|state| state.trim() == "ready"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_cluster_answers_and_leaves_nothing_behind() {
        let programs = std::env::var_os("QUINTANT_TEST_POSTGRES_BIN").expect("`cargo xtask test` names the folder");
        let cluster = ScratchCluster::start(Path::new(&programs)).unwrap();
        let folder = cluster.folder.path().to_path_buf();
        let answer = process::capture(cluster.psql("postgres").args([
            "--tuples-only",
            "--no-align",
            "--command",
            "SELECT 6 * 7",
        ]));
        assert_eq!(answer.unwrap().trim(), "42");
        drop(cluster);
        assert!(!folder.exists());
    }
}
