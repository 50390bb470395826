//! The `quintant` program itself, as a user starts it.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use quintant_upstreams::fetch;

/// How a run of the program ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// `quintant serve` while it runs; killed when dropped.
pub struct Serving {
    child: Child,
    address: String,
    log: Option<JoinHandle<String>>,
}

/// What of it is resident.
pub struct Memory {
    pub bytes: u64,
    /// The most that it ever was.
    pub highest_bytes: u64,
}

impl Memory {
    pub fn of(process: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let bytes = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
            line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
        };
        Self { bytes: bytes("VmRSS:"), highest_bytes: bytes("VmHWM:") }
    }
}

/// Runs it to its end.
pub fn quintant(arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let output = command(arguments, environment).output().unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// As [`quintant`], with a text on its standard input.
pub(crate) fn quintant_told(arguments: &[&str], environment: &[(&str, &str)], input: &str) -> Ran {
    let mut running = command(arguments, environment);
    running.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = running.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Serving {
    /// Starts `serve` with further arguments and waits until it listens.
    pub fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let arguments = [&["serve"], arguments].concat();
        let mut child = command(&arguments, environment).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let mut log = String::new();
        let address = loop {
            let Some(line) = lines.next() else { panic!("it ended before it listened: {log}") };
            log.push_str(&line);
            log.push('\n');
            if let Some((_, address)) = line.split_once("listening on ") {
                // In JSON the text ends with a quote.
                break address.split('"').next().unwrap_or(address).to_owned();
            }
        };
        let log = std::thread::spawn(move || {
            for line in lines {
                log.push_str(&line);
                log.push('\n');
            }
            log
        });
        Self { child, address, log: Some(log) }
    }

    /// As a browser calls it.
    pub fn origin(&self) -> &str {
        &self.address
    }

    /// Its `host:port`.
    pub fn authority(&self) -> &str {
        self.address.trim_start_matches("http://")
    }

    /// One GET: status, content type and body.
    pub async fn get(&self, path: &str) -> (u16, String, String) {
        let answer = fetch::get(&format!("{}{path}", self.address), &[]).await.unwrap();
        let content_type = answer.header("content-type").unwrap().to_owned();
        (answer.status, content_type, String::from_utf8(answer.body).unwrap())
    }

    /// Asks until the answer satisfies; fails after two minutes.
    pub async fn wait_for(&self, path: &str, is_it: impl Fn(u16, &str) -> bool) -> String {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(120);
        loop {
            let (status, _, text) = self.get(path).await;
            if is_it(status, &text) {
                return text;
            }
            assert!(tokio::time::Instant::now() < deadline, "`{path}` still answers {status}: {text}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub fn memory(&self) -> Memory {
        Memory::of(self.child.id())
    }

    /// Asks it to read its configuration again.
    pub fn hang_up(&self) {
        self.signal("HUP");
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Asks it to stop, as an operator's init system would, and waits for its end.
    pub fn terminate(mut self) -> Ran {
        self.signal("TERM");
        let code = self.child.wait().unwrap().code();
        let stderr = self.log.take().map(|log| log.join().unwrap()).unwrap_or_default();
        Ran { code, stdout: String::new(), stderr }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // After `terminate` there is nothing left to kill or to wait for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Needs `QUINTANT_TEST_PROGRAM`, which `cargo xtask test` sets.
pub(crate) fn program() -> PathBuf {
    std::env::var_os("QUINTANT_TEST_PROGRAM").expect("run the tests with `cargo xtask test`").into()
}

fn command(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program());
    command
        .args(arguments)
        .env_remove("DATABASE_URL")
        .env_remove("QUINTANT_LOG")
        .env_remove("QUINTANT_LOG_FORMAT")
        .envs(environment.iter().copied())
        .stdin(Stdio::null());
    command
}
