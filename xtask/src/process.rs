//! Child processes, each in a process group of its own that ends with us: at the end of a step, on Ctrl-C, and even when we are killed.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

const POLL: Duration = Duration::from_millis(20);

/// How long a group may take to end before it is killed; a host needs some of it to drain and to stop its database.
const PATIENCE: Duration = Duration::from_secs(30);

/// Its standard input is a pipe from us: when that closes, because we were killed, a watcher ends the group.
const TETHER: &str = r#"exec 3<&0 </dev/null; (read -r _ <&3; kill -s "$0" 0) & exec "$@" 3<&-"#;

/// For programs that end by themselves when their standard input does.
const PLAIN: &str = r#"exec "$@""#;

static INTERRUPTS: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug)]
pub(crate) struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// A running command and everything it started.
pub(crate) struct Group {
    child: Child,
    name: String,
    end_with: Signal,
    status: Option<ExitStatus>,
}

/// SIGINT, SIGTERM and SIGHUP are counted from now on; whoever waits notices. The second one loses patience.
pub(crate) fn catch_interrupts() -> Result<()> {
    ctrlc::set_handler(|| {
        INTERRUPTS.fetch_add(1, Ordering::SeqCst);
    })
    .context("catching Ctrl-C")
}

/// Pauses, and fails at once when somebody pressed Ctrl-C.
pub(crate) fn pause(duration: Duration) -> Result<()> {
    let end = Instant::now() + duration;
    loop {
        ensure!(INTERRUPTS.load(Ordering::SeqCst) == 0, Interrupted);
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        sleep(left.min(POLL));
    }
}

/// A command to be run by `Group::start`, `run` or `capture`.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    in_shell(TETHER, Signal::SIGTERM, program)
}

pub(crate) fn command_ended_with(signal: Signal, program: impl AsRef<OsStr>) -> Command {
    in_shell(TETHER, signal, program)
}

pub(crate) fn command_that_watches_its_input(program: impl AsRef<OsStr>) -> Command {
    in_shell(PLAIN, Signal::SIGTERM, program)
}

fn in_shell(script: &str, signal: Signal, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script, signal.as_str().trim_start_matches("SIG")]).arg(program);
    command
}

/// Runs to the end, output going where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    Group::start(command)?.succeed()
}

/// Runs to the end and returns what it wrote to standard output.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let mut output = tempfile::tempfile().context("making a temporary file")?;
    command.stdout(output.try_clone()?);
    run(command)?;
    text_from_start(&mut output)
}

/// Runs quietly; whether it succeeded. A program that is not there has not.
pub(crate) fn succeeds(command: &mut Command) -> Result<bool> {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    Ok(Group::start(command)?.wait()?.success())
}

/// Runs to the end, however impatient anybody is: for cleaning up.
pub(crate) fn finish(command: &mut Command) -> Result<ExitStatus> {
    let mut group = Group::start(command)?;
    loop {
        if let Some(status) = group.ended()? {
            return Ok(status);
        }
        sleep(POLL);
    }
}

pub(crate) fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

impl Group {
    /// Starts what `command` made.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
        let name = arguments.iter().skip(3).take(4).map(AsRef::as_ref).collect::<Vec<_>>().join(" ");
        let end_with = match arguments.get(2).map(AsRef::as_ref) {
            Some("QUIT") => Signal::SIGQUIT,
            _ => Signal::SIGTERM,
        };
        let child =
            command.stdin(Stdio::piped()).process_group(0).spawn().with_context(|| format!("starting `{name}`"))?;
        Ok(Self { child, name, end_with, status: None })
    }

    /// Its exit status if it has ended already.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        if self.status.is_none() {
            self.status = self.child.try_wait().with_context(|| format!("waiting for `{}`", self.name))?;
        }
        Ok(self.status)
    }

    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            pause(POLL)?;
        }
    }

    fn succeed(mut self) -> Result<()> {
        let status = self.wait()?;
        ensure!(status.success(), "`{}` failed ({status})", self.name);
        Ok(())
    }

    fn id(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// A group whose members are all dead but not yet collected by their parent has ended.
    fn is_running(&mut self) -> bool {
        if !matches!(self.ended(), Ok(Some(_))) {
            return true;
        }
        if killpg(self.id(), None).is_err() {
            return false;
        }
        let Ok(processes) = fs::read_dir("/proc") else {
            return true;
        };
        let group = self.child.id().to_string();
        processes.flatten().any(|process| {
            let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
            let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
            fields.next().is_some_and(|state| state != "Z") && fields.nth(1) == Some(group.as_str())
        })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Also when the leader has ended: what it started may not have. That a group is gone is what we want.
        let _ = killpg(self.id(), self.end_with);
        // Lets the watcher go, which as a shell's background job ignores SIGQUIT.
        drop(self.child.stdin.take());
        let end = Instant::now() + PATIENCE;
        while self.is_running() {
            if Instant::now() > end || INTERRUPTS.load(Ordering::SeqCst) > 1 {
                eprintln!("xtask: killing `{}`", self.name);
                let _ = killpg(self.id(), Signal::SIGKILL);
                let _ = self.child.wait();
                return;
            }
            sleep(POLL);
        }
    }
}

fn text_from_start(file: &mut File) -> Result<String> {
    let mut text = String::new();
    file.rewind()?;
    file.read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_started_ends_with_it() {
        let output = capture(command("sh").args(["-c", "sleep 1000 >/dev/null & echo $!"])).unwrap();
        let left = Pid::from_raw(output.trim().parse().unwrap());
        assert!(nix::sys::signal::kill(left, None).is_err() || is_zombie(left));
    }

    #[test]
    fn a_failure_names_the_command() {
        let error = run(command("sh").args(["-c", "exit 3"])).unwrap_err();
        assert_eq!(error.to_string(), "`sh -c exit 3` failed (exit status: 3)");
    }

    fn is_zombie(process: Pid) -> bool {
        fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    }
}
