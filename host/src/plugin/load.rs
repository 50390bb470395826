//! From a file to a plugin that may be run: a component that imports nothing but ours.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::cache::{CacheError, Miss};
use super::compiler::CompileError;
use super::contract::PluginPre;
use super::descriptor::Descriptor;
use super::engine::Runtime;
use super::failure::plain;
use super::guest::Guest;

pub(super) const LARGEST_PLUGIN_BYTES: u64 = 64 << 20;
const OURS: [&str; 3] = ["quintant:collector/http@0.1", "quintant:collector/log@0.1", "quintant:collector/types@0.1"];

/// Why a file is not a plugin, and what would be one.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    #[error("WebAssembly cannot be run here: {0}")]
    Engine(String),
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error("plugin `{}` cannot be read: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: std::io::Error },
    #[error("plugin `{}` is larger than {LARGEST_PLUGIN_BYTES} bytes", .0.display())]
    TooLarge(PathBuf),
    #[error("plugin `{}` is precompiled code; only WebAssembly components are accepted", .0.display())]
    Precompiled(PathBuf),
    #[error("plugin `{}` is no WebAssembly component: {reason}", path.display())]
    NoComponent { path: PathBuf, reason: String },
    #[error("plugin `{}` is not compiled: {reason}", path.display())]
    NotCompiled { path: PathBuf, reason: String },
    #[error("plugin `{}` asks for more than a collector may have: {}; it may import `quintant:collector/http` and `quintant:collector/log` only", path.display(), imports.join(", "))]
    Imports { path: PathBuf, imports: Vec<String> },
    #[error("plugin `{}` is no collector: {reason}", path.display())]
    NoCollector { path: PathBuf, reason: String },
    #[error("the plugin's description is refused: {0}")]
    Descriptor(String),
    #[error("plugin `{}` failed to describe itself: {reason}", path.display())]
    Describe { path: PathBuf, reason: String },
}

/// A plugin ready to run.
pub struct Plugin {
    pub(super) runtime: Arc<Runtime>,
    pub(super) pre: PluginPre<Guest>,
    pub descriptor: Descriptor,
    /// SHA-256 of the file, in hexadecimal.
    pub digest: String,
    pub code_bytes: usize,
    /// How long compiling took; None: its code was in the cache.
    pub compiling: Option<Duration>,
}

impl Plugin {
    /// Reads and checks a component, compiles it unless the cache has its code, and asks it to describe itself.
    pub async fn load(runtime: &Arc<Runtime>, path: &Path) -> Result<Self, PluginError> {
        let bytes = read(path)?;
        let digest = sha256(&bytes);
        if Engine::detect_precompiled(&bytes).is_some() {
            return Err(PluginError::Precompiled(path.to_owned()));
        }
        if let Some(reason) = flaw_at_the_start(&bytes) {
            return Err(PluginError::NoComponent { path: path.to_owned(), reason: reason.to_owned() });
        }
        let (component, code_bytes, compiling) = component(runtime, path, &bytes, &digest).await?;
        refuse_foreign_imports(runtime, path, &component)?;
        let no_collector = |error: wasmtime::Error| PluginError::NoCollector {
            path: path.to_owned(),
            reason: plain(&format!("{error:#}"), 300),
        };
        let pre = runtime.linker.instantiate_pre(&component).and_then(PluginPre::new).map_err(no_collector)?;
        let descriptor = describe(runtime, &pre, path).await?;
        Ok(Self { runtime: Arc::clone(runtime), pre, descriptor, digest, code_bytes, compiling })
    }
}

/// From the cache, where a child process puts it first if it is not there.
async fn component(
    runtime: &Arc<Runtime>,
    path: &Path,
    bytes: &[u8],
    digest: &str,
) -> Result<(Component, usize, Option<Duration>), PluginError> {
    let miss = match load(runtime, digest).await? {
        Ok((component, code_bytes)) => return Ok((component, code_bytes, None)),
        Err(miss) => miss,
    };
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    tracing::info!("compiling plugin `{name}`: {miss}");
    let began = Instant::now();
    let not_compiled = |reason| PluginError::NotCompiled { path: path.to_owned(), reason };
    runtime.compiler.compile(bytes, runtime.cache.path()).await.map_err(|error| match error {
        CompileError::NoComponent(reason) => PluginError::NoComponent { path: path.to_owned(), reason },
        other => not_compiled(other.to_string()),
    })?;
    let took = began.elapsed();
    tracing::info!("compiled plugin `{name}` in {:.1} s", took.as_secs_f64());
    match load(runtime, digest).await? {
        Ok((component, code_bytes)) => Ok((component, code_bytes, Some(took))),
        Err(miss) => Err(not_compiled(format!(
            "the compiler `{}` has ended well, but {miss}; is it another version than this?",
            runtime.compiler.program.display()
        ))),
    }
}

async fn load(runtime: &Arc<Runtime>, digest: &str) -> Result<Result<(Component, usize), Miss>, PluginError> {
    let (runtime, digest) = (Arc::clone(runtime), digest.to_owned());
    tokio::task::spawn_blocking(move || runtime.load(&digest))
        .await
        .map_err(|panic| PluginError::Engine(format!("loading compiled code failed: {panic}")))
}

/// In hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, PluginError> {
    let unreadable = |reason| PluginError::Unreadable { path: path.to_owned(), reason };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().ok_or_else(|| unreadable(std::io::ErrorKind::NotFound.into()))?;
    let folder = Dir::open_ambient_dir(folder, ambient_authority()).map_err(unreadable)?;
    let size = folder.metadata(name).map_err(unreadable)?.len();
    if size > LARGEST_PLUGIN_BYTES {
        return Err(PluginError::TooLarge(path.to_owned()));
    }
    folder.read(name).map_err(unreadable)
}

/// The usual wrong files, in words that help more than a parser's.
fn flaw_at_the_start(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [] => Some("the file is empty"),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => {
            Some("it is a core module; `wasm-tools component new` makes a component of it")
        }
        [0, b'a', b's', b'm', ..] => None,
        _ => Some("it does not begin as WebAssembly does; give the `.wasm` file that the plugin's build wrote"),
    }
}

fn refuse_foreign_imports(runtime: &Runtime, path: &Path, component: &Component) -> Result<(), PluginError> {
    let is_ours = |name: &str| {
        OURS.iter().any(|ours| name.strip_prefix(ours).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    };
    let foreign: Vec<String> = component
        .component_type()
        .imports(&runtime.engine)
        .map(|(name, _)| name)
        .filter(|name| !is_ours(name))
        .map(|name| format!("`{}`", plain(name, 100)))
        .collect();
    if foreign.is_empty() { Ok(()) } else { Err(PluginError::Imports { path: path.to_owned(), imports: foreign }) }
}

async fn describe(runtime: &Runtime, pre: &PluginPre<Guest>, path: &Path) -> Result<Descriptor, PluginError> {
    let failed = |reason: &str| PluginError::Describe { path: path.to_owned(), reason: plain(reason, 300) };
    let guest = Guest::new(&runtime.limits, path.to_string_lossy().into(), None);
    let mut store = runtime.store(guest);
    let call = async {
        let plugin = pre.instantiate_async(&mut store).await?;
        plugin.quintant_collector_collector().call_describe(&mut store).await
    };
    match tokio::time::timeout(runtime.limits.wall, call).await {
        Ok(Ok(descriptor)) => Descriptor::check(descriptor),
        Ok(Err(error)) => Err(failed(&error.root_cause().to_string())),
        Err(_) => Err(failed("it took too long")),
    }
}
