//! The host's own PostgreSQL cluster: made on first use, reached through a Unix socket that only its owner can open, never run as root.

use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use crate::config::Secret;

const LONGEST_SOCKET_PATH_BYTES: usize = 90;
const START_LIMIT: Duration = Duration::from_secs(60);

/// Why there is no embedded cluster.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error(
        "no PostgreSQL programs found: install PostgreSQL 15 or newer, name their folder in QUINTANT_POSTGRES_BIN, or set `[database] url` to a server"
    )]
    NoPrograms,
    #[error("PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as")]
    NoUser,
    #[error("`{}`: {did}: {reason}", path.display())]
    Io { path: PathBuf, did: &'static str, reason: io::Error },
    #[error("`{program}` failed: {output}")]
    Program { program: &'static str, output: String },
    #[error("PostgreSQL did not start within {} s; its log is `{}`", START_LIMIT.as_secs(), log.display())]
    NotReady { log: PathBuf },
}

/// A running cluster. Leave it with [`Cluster::stop`]; dropping it in the middle kills the server that it started.
#[derive(Debug)]
pub struct Cluster {
    programs: PathBuf,
    data: PathBuf,
    socket: PathBuf,
    user: Option<User>,
    /// Locked shared by everybody who uses the cluster, so that the last one stops it, whoever started it.
    users: File,
    /// None: somebody else started it.
    child: Option<Child>,
}

#[derive(Debug, Clone)]
struct User {
    id: u32,
    group: u32,
}

impl Cluster {
    /// Starts the cluster of a data directory, or joins the one that runs there already.
    pub async fn start(directory: &Path) -> Result<Self, EmbeddedError> {
        let programs = find_programs().await.ok_or(EmbeddedError::NoPrograms)?;
        std::fs::create_dir_all(directory).map_err(io_error(directory, "cannot be made"))?;
        let directory = directory.canonicalize().map_err(io_error(directory, "cannot be resolved"))?;
        let user = unprivileged_user(&directory)?;
        let data = directory.join("postgres");
        let socket = socket_directory(&directory);
        let lock = directory.join("postgres.users");
        let users = File::create(&lock).map_err(io_error(&lock, "cannot be written"))?;
        // Waits while somebody stops the cluster.
        let users = tokio::task::spawn_blocking(move || users.lock_shared().map(|()| users));
        let users = users.await.map_err(io::Error::other).flatten().map_err(io_error(&lock, "cannot be locked"))?;
        let mut cluster = Self { programs, data, socket, user, users, child: None };
        for folder in [&cluster.data, &cluster.socket] {
            cluster.own(folder)?;
        }
        if !cluster.data.join("PG_VERSION").exists() {
            tracing::info!("making the embedded PostgreSQL cluster");
            let data = cluster.data.clone();
            let arguments =
                ["--username=quintant", "--auth=trust", "--encoding=UTF8", "--locale=C", "--pgdata"].map(OsStr::new);
            cluster.run("initdb", &[&arguments[..], &[data.as_os_str()]].concat()).await?;
        }
        if !cluster.is_running().await {
            cluster.spawn().await?;
        }
        Ok(cluster)
    }

    /// Where it is reached.
    pub fn url(&self) -> Secret {
        let socket: String = url::form_urlencoded::byte_serialize(self.socket.as_os_str().as_encoded_bytes()).collect();
        Secret::new(format!("postgres://quintant@localhost/postgres?host={socket}"))
    }

    /// Stops it, unless somebody else uses it still.
    pub async fn stop(mut self) -> Result<(), EmbeddedError> {
        let child = self.child.take();
        let lock = |result: io::Result<()>| result.map_err(io_error(&self.data, "its lock cannot be changed"));
        lock(self.users.unlock())?;
        match self.users.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(()),
            Err(TryLockError::Error(reason)) => return lock(Err(reason)),
        }
        let arguments = ["stop", "--mode=fast", "--silent", "--pgdata"].map(OsStr::new);
        self.run("pg_ctl", &[&arguments[..], &[self.data.as_os_str()]].concat()).await?;
        if let Some(mut child) = child {
            child.wait().await.map_err(io_error(&self.data, "its server cannot be waited for"))?;
        }
        Ok(())
    }

    async fn spawn(&mut self) -> Result<(), EmbeddedError> {
        let log = self.data.join("server.log");
        let child = self
            .command("postgres")
            .arg("-D")
            .arg(&self.data)
            .args(["-c", "listen_addresses=", "-c", "unix_socket_permissions=0700", "-c", "logging_collector=on"])
            .args(["-c", "log_directory=.", "-c", "log_filename=server.log", "-c", "log_min_error_statement=panic"])
            .arg("-c")
            .arg(format!("unix_socket_directories={}", self.socket.display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(io_error(&self.programs.join("postgres"), "cannot be started"))?;
        self.child = Some(child);
        let deadline = tokio::time::Instant::now() + START_LIMIT;
        while !self.answers().await {
            let died = self.child.as_mut().is_some_and(|child| !matches!(child.try_wait(), Ok(None)));
            if died || tokio::time::Instant::now() > deadline {
                return Err(EmbeddedError::NotReady { log });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    async fn answers(&self) -> bool {
        let status = self.command("pg_isready").arg("--quiet").arg("-h").arg(&self.socket).status().await;
        match status {
            Ok(status) => status.success(),
            // Relocatable builds carry the server's programs alone.
            Err(_) => tokio::net::UnixStream::connect(self.socket.join(".s.PGSQL.5432")).await.is_ok(),
        }
    }

    async fn is_running(&self) -> bool {
        let data = self.data.clone();
        self.run("pg_ctl", &[OsStr::new("status"), OsStr::new("--pgdata"), data.as_os_str()]).await.is_ok()
    }

    async fn run(&self, program: &'static str, arguments: &[&OsStr]) -> Result<(), EmbeddedError> {
        let output = self
            .command(program)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .await
            .map_err(io_error(&self.programs.join(program), "cannot be started"))?;
        if output.status.success() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&output.stderr);
        Err(EmbeddedError::Program { program, output: text.trim().chars().take(1000).collect() })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        // A process group of its own: Ctrl-C in a terminal reaches the host alone, which then stops it in order.
        command.process_group(0).env("LC_ALL", "C").env("PGPORT", "5432").current_dir("/");
        if let Some(user) = &self.user {
            command.uid(user.id).gid(user.group);
        }
        command
    }

    fn own(&self, folder: &Path) -> Result<(), EmbeddedError> {
        std::fs::create_dir_all(folder).map_err(io_error(folder, "cannot be made"))?;
        // A link could lead root to give away something else.
        let found = std::fs::symlink_metadata(folder).map_err(io_error(folder, "cannot be inspected"))?;
        if !found.is_dir() {
            return Err(io_error(folder, "is no folder")(io::ErrorKind::NotADirectory.into()));
        }
        if let Some(user) = &self.user {
            std::os::unix::fs::chown(folder, Some(user.id), Some(user.group))
                .map_err(io_error(folder, "cannot be given away"))?;
        }
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
            .map_err(io_error(folder, "cannot be closed to others"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself, which is as good.
            drop(child.start_kill());
        }
    }
}

fn io_error(path: &Path, did: &'static str) -> impl FnOnce(io::Error) -> EmbeddedError {
    let path = path.to_owned();
    move |reason| EmbeddedError::Io { path, did, reason }
}

/// The folder with `postgres` in it: as told, as `pg_config` says, or the newest of Debian's.
async fn find_programs() -> Option<PathBuf> {
    let has_server = |folder: &PathBuf| folder.join("postgres").is_file() && folder.join("initdb").is_file();
    if let Some(folder) = std::env::var_os("QUINTANT_POSTGRES_BIN") {
        return Some(PathBuf::from(folder)).filter(has_server);
    }
    let told = Command::new("pg_config").arg("--bindir").stderr(Stdio::null()).output().await.ok();
    let told = told.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())).filter(has_server);
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(version, folder)| *version >= 15 && has_server(folder))
        .collect();
    found.sort();
    told.or_else(|| found.pop().map(|(_, folder)| folder))
}

/// Whom to run as when the data directory belongs to root.
fn unprivileged_user(directory: &Path) -> Result<Option<User>, EmbeddedError> {
    let probe = directory.join(".owner");
    std::fs::write(&probe, "").map_err(io_error(&probe, "cannot be written"))?;
    let owner = std::fs::metadata(&probe).map_err(io_error(&probe, "cannot be inspected"))?.uid();
    std::fs::remove_file(&probe).map_err(io_error(&probe, "cannot be removed"))?;
    if owner != 0 {
        return Ok(None);
    }
    let accounts =
        std::fs::read_to_string("/etc/passwd").map_err(io_error(Path::new("/etc/passwd"), "cannot be read"))?;
    ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| find_user(&accounts, name))
        .map(Some)
        .ok_or(EmbeddedError::NoUser)
}

fn find_user(accounts: &str, name: &str) -> Option<User> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let is_it = fields.next() == Some(name);
        let (id, group) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        is_it.then_some(User { id, group })
    })
}

/// Beside the data, or below the system's temporary folder where that path is too long for a socket.
fn socket_directory(directory: &Path) -> PathBuf {
    let beside = directory.join("socket");
    if beside.as_os_str().len() <= LONGEST_SOCKET_PATH_BYTES {
        return beside;
    }
    let digest = ring::digest::digest(&ring::digest::SHA256, directory.as_os_str().as_encoded_bytes());
    let name: String = digest.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    std::env::temp_dir().join(format!("quintant-{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let accounts =
            "root:x:0:0:root:/root:/bin/sh\nnobody2:x:1:1::/:/bin/false\nnobody:x:65534:65533:nobody:/:/bin/false\n";
        let user = find_user(accounts, "nobody").unwrap();
        assert_eq!((user.id, user.group), (65534, 65533));
        assert!(find_user(accounts, "postgres").is_none());
    }
}
