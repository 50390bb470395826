//! The `quintant` program itself, as a user starts it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// How a run of the program ended.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs it to its end; needs `QUINTANT_TEST_PROGRAM`, which `cargo xtask test` sets.
pub fn quintant(arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let program: PathBuf =
        std::env::var_os("QUINTANT_TEST_PROGRAM").expect("run the tests with `cargo xtask test`").into();
    let output = Command::new(program)
        .args(arguments)
        .env_remove("DATABASE_URL")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
