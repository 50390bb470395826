//! What the child process does: limits itself, compiles one component, puts the code into the cache, and ends.

use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use wasmtime::{Engine, OutOfMemory};

use super::cache::CodeCache;
use super::engine;
use super::failure::plain;
use super::load::{LARGEST_PLUGIN_BYTES, sha256};

pub(super) const EXIT_NO_COMPONENT: u8 = 65;
pub(super) const EXIT_OUT_OF_MEMORY: u8 = 71;
pub(super) const EXIT_CACHE: u8 = 73;
const EXIT_FAILED: u8 = 1;
const OPEN_FILES: u64 = 32;

/// One component to compile, given on standard input.
#[derive(Debug)]
pub struct Compilation {
    pub cache: PathBuf,
    pub memory_bytes: u64,
    pub cpu_seconds: u64,
}

enum Stop {
    NoComponent(String),
    OutOfMemory,
    Cache(String),
    Other(String),
}

impl Compilation {
    /// For a process of its own: its limits are the process's from then on.
    pub fn run(&self) -> ExitCode {
        let (code, words) = match self.compile() {
            Ok(()) => return ExitCode::SUCCESS,
            Err(Stop::NoComponent(words)) => (EXIT_NO_COMPONENT, words),
            Err(Stop::OutOfMemory) => (EXIT_OUT_OF_MEMORY, "out of memory".to_owned()),
            Err(Stop::Cache(words)) => (EXIT_CACHE, words),
            Err(Stop::Other(words)) => (EXIT_FAILED, words),
        };
        eprintln!("{words}");
        ExitCode::from(code)
    }

    fn compile(&self) -> Result<(), Stop> {
        for (resource, most) in [
            (Resource::As, self.memory_bytes),
            (Resource::Data, self.memory_bytes),
            (Resource::Cpu, self.cpu_seconds),
            (Resource::Core, 0),
            (Resource::Nofile, OPEN_FILES),
        ] {
            limit(resource, most).map_err(|error| Stop::Other(format!("{resource:?} cannot be limited: {error}")))?;
        }
        let mut component = Vec::new();
        let read = io::stdin().lock().take(LARGEST_PLUGIN_BYTES).read_to_end(&mut component);
        read.map_err(|error| stop(&error, Stop::Other(error.to_string())))?;
        let cache = CodeCache::open(&self.cache).map_err(|error| stop(&error, Stop::Cache(error.to_string())))?;
        let engine = Engine::new(&engine::settings()).map_err(|error| stop(&*error, Stop::Other(error.to_string())))?;
        let code = engine
            .precompile_component(&component)
            .map_err(|error| stop(&*error, Stop::NoComponent(plain(&error.root_cause().to_string(), 300))))?;
        cache
            .put(&sha256(&component), &fingerprint(&engine), &code)
            .map_err(|error| stop(&error, Stop::Cache(error.to_string())))
    }
}

/// What it is, unless memory has ended, which it may anywhere.
fn stop(error: &(dyn Error + 'static), otherwise: Stop) -> Stop {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::OutOfMemory);
        if io || error.is::<OutOfMemory>() || error.downcast_ref() == Some(&Errno::NOMEM) {
            return Stop::OutOfMemory;
        }
        cause = error.source();
    }
    otherwise
}

/// What may not be raised stays as low as it is. One more before the hard limit, at which the reason would be lost: the
/// soft one of processor time ends the process by a signal of its own.
fn limit(resource: Resource, most: u64) -> rustix::io::Result<()> {
    let bounded = |most: u64| Some(getrlimit(resource).maximum.map_or(most, |maximum| maximum.min(most)));
    setrlimit(resource, Rlimit { current: bounded(most), maximum: bounded(most.saturating_add(1)) })
}

/// Differs where code of one engine does not run in another: version, settings, target and features of the processor.
fn fingerprint(engine: &Engine) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
