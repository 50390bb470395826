//! Compiles components in a child process of bounded memory and time, so that none of them can take the host along.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::compilation::{EXIT_CACHE, EXIT_NO_COMPONENT, EXIT_OUT_OF_MEMORY};
use super::failure::plain;

const MOST_OUTPUT_BYTES: u64 = 64 << 10;
const ABORTED: i32 = 6;
const KILLED: i32 = 9;
const OUT_OF_CPU: i32 = 24;

/// Makes machine code of a component.
#[derive(Debug, Clone)]
pub struct Compiler {
    /// A `quintant` of this very version.
    pub program: PathBuf,
    pub limits: CompileLimits,
}

/// What compiling one component may use up. A JavaScript or Python plugin of 15 MB takes 15 s and 400 MiB.
#[derive(Debug, Clone)]
pub struct CompileLimits {
    pub memory_bytes: u64,
    /// Processor time, in whole seconds.
    pub cpu: Duration,
    pub wall: Duration,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self { memory_bytes: 1 << 30, cpu: Duration::from_secs(120), wall: Duration::from_secs(600) }
    }
}

/// Why there is no code.
#[derive(Debug, thiserror::Error)]
pub(super) enum CompileError {
    #[error("{0}")]
    NoComponent(String),
    #[error("{0}; where it cannot be written, `quintant plugin compile` must fill it beforehand")]
    Cache(String),
    #[error("compiling it takes more than the {} MiB of memory that it may have", .0 >> 20)]
    Memory(u64),
    #[error("compiling it takes more than the {} s of processor time that it may have", .0.as_secs())]
    Cpu(Duration),
    #[error("compiling it takes longer than the {} s that it may", .0.as_secs_f64())]
    Wall(Duration),
    #[error("the compiler was killed, most likely because the machine or the container has no memory left")]
    Killed,
    #[error("the compiler failed ({status}): {words}")]
    Failed { status: ExitStatus, words: String },
    #[error("the compiler `{}` cannot be run: {reason}", program.display())]
    Unusable { program: PathBuf, reason: std::io::Error },
}

impl Compiler {
    /// This program, started once more for each component.
    pub fn this_program() -> std::io::Result<Self> {
        Ok(Self { program: std::env::current_exe()?, limits: CompileLimits::default() })
    }

    /// Compiles a component into the cache.
    pub(super) async fn compile(&self, component: &[u8], cache: &Path) -> Result<(), CompileError> {
        let unusable = |reason| CompileError::Unusable { program: self.program.clone(), reason };
        let mut child = Command::new(&self.program)
            .args(["plugin", "compile-input", "--memory-bytes", &self.limits.memory_bytes.to_string()])
            .args(["--cpu-seconds", &self.limits.cpu.as_secs().to_string()])
            .arg("--cache")
            .arg(cache)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(unusable)?;
        let (mut input, output) = (child.stdin.take(), child.stderr.take());
        let give = async {
            if let Some(mut input) = input.take() {
                // A child that ends before it has read everything says why by how it ends.
                let _ = input.write_all(component).await;
            }
        };
        let listen = async {
            let mut words = Vec::new();
            if let Some(output) = output {
                output.take(MOST_OUTPUT_BYTES).read_to_end(&mut words).await?;
            }
            std::io::Result::Ok(words)
        };
        let work = async {
            let ((), words) = tokio::join!(give, listen);
            std::io::Result::Ok((words?, child.wait().await?))
        };
        match tokio::time::timeout(self.limits.wall, work).await {
            Ok(Ok((words, status))) => self.judge(status, &String::from_utf8_lossy(&words)),
            Ok(Err(reason)) => Err(unusable(reason)),
            Err(_) => Err(CompileError::Wall(self.limits.wall)),
        }
    }

    fn judge(&self, status: ExitStatus, words: &str) -> Result<(), CompileError> {
        let no_memory = words.contains("memory allocation of");
        match (status.code().and_then(|code| u8::try_from(code).ok()), status.signal()) {
            (Some(0), _) => Ok(()),
            (Some(EXIT_NO_COMPONENT), _) => Err(CompileError::NoComponent(plain(words.trim_end(), 300))),
            (Some(EXIT_CACHE), _) => Err(CompileError::Cache(plain(words.trim_end(), 300))),
            (Some(EXIT_OUT_OF_MEMORY), _) => Err(CompileError::Memory(self.limits.memory_bytes)),
            (_, Some(ABORTED)) if no_memory => Err(CompileError::Memory(self.limits.memory_bytes)),
            (_, Some(OUT_OF_CPU)) => Err(CompileError::Cpu(self.limits.cpu)),
            (_, Some(KILLED)) => Err(CompileError::Killed),
            _ => Err(CompileError::Failed { status, words: plain(words.trim_end(), 300) }),
        }
    }
}
