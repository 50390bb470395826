//! A real Chromium that does what a script of `tests/browser` says.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// For all that a script does; a browser that hangs must not hang the tests.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs `NAME.mjs` with one argument, in JSON. Blocks: what it opens must run on other threads. What it prints is shown where it fails.
pub fn browse(name: &str, argument: &Value) {
    let variable = |name: &str| std::env::var_os(name).expect("run the tests with `cargo xtask test`");
    let folder = PathBuf::from(variable("QUINTANT_TEST_BROWSER"));
    let mut printed = tempfile::NamedTempFile::new().unwrap();
    let mut child = Command::new("node")
        .current_dir(folder)
        .arg(format!("{name}.mjs"))
        .arg(variable("QUINTANT_TEST_CHROMIUM"))
        .arg(argument.to_string())
        .stdin(Stdio::null())
        .stdout(printed.as_file().try_clone().unwrap())
        .stderr(printed.as_file_mut().try_clone().unwrap())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.success();
        }
        if began.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            break false;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status, "{name}.mjs:\n{}", std::fs::read_to_string(printed.path()).unwrap());
}
