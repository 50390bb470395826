//! The one engine of the process and the clock that its guests are interrupted by.

use std::path::Path;

use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, Engine, ModuleVersionStrategy, Store, UpdateDeadline};

use super::cache::{CodeCache, Miss, WASMTIME};
use super::compiler::Compiler;
use super::contract::Plugin;
use super::guest::Guest;
use super::limits::{Limits, TICK};
use super::load::PluginError;

/// Bytes that one call may hand to the host.
const HOSTCALL_BYTES: usize = 16 << 20;

/// Runs plugins, and cannot compile: code comes from the cache, where only a child process puts it. Make one a process.
pub struct Runtime {
    pub(super) engine: Engine,
    pub(super) linker: Linker<Guest>,
    pub(super) limits: Limits,
    pub(super) compiler: Compiler,
    pub(super) cache: CodeCache,
}

/// Those of the engine that compiles; what it makes fits an engine with the same ones and no compiler.
pub(super) fn settings() -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true);
    config.wasm_memory64(false);
    // By default code of every patch of a major version is accepted.
    config
        .module_version(ModuleVersionStrategy::Custom(WASMTIME.to_owned()))
        .expect("a version has fewer than 256 characters");
    config
}

impl Runtime {
    /// `limits` hold for every run; `cache` is the folder of compiled code.
    pub fn new(limits: Limits, compiler: Compiler, cache: &Path) -> Result<Self, PluginError> {
        let unusable = |error: wasmtime::Error| PluginError::Engine(error.to_string());
        let cache = CodeCache::open(cache)?;
        let engine = Engine::new(settings().enable_compiler(false)).map_err(unusable)?;
        let mut linker = Linker::new(&engine);
        Plugin::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest).map_err(unusable)?;
        let weak = engine.weak();
        let tick = move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        };
        std::thread::Builder::new()
            .name("epoch".to_owned())
            .spawn(tick)
            .map_err(|error| PluginError::Engine(error.to_string()))?;
        Ok(Self { engine, linker, limits, compiler, cache })
    }

    /// The component of this digest from the cache, and the size of its code.
    pub(super) fn load(&self, digest: &str) -> Result<(Component, usize), Miss> {
        let code = self.cache.fetch(digest)?;
        #[expect(unsafe_code, reason = "no other way to load compiled code; why it is sound is told below")]
        // SAFETY: it must be what wasmtime made, unmodified. It comes from a folder that is ours and that nobody else can
        // enter, where only the compiling child writes, and has the digest that was written with it. Code of another
        // version, of other settings or of another processor is found out by wasmtime and refused.
        let component = unsafe { Component::deserialize(&self.engine, &code) };
        component.map(|component| (component, code.len())).map_err(|error| {
            tracing::debug!("compiled code is refused: {error:#}");
            Miss::Unfit
        })
    }

    /// A fresh store: nothing of an earlier run is in it.
    pub(super) fn store(&self, guest: Guest) -> Store<Guest> {
        let mut store = Store::new(&self.engine, guest);
        store.limiter(|guest| &mut guest.memory);
        store.set_hostcall_fuel(HOSTCALL_BYTES);
        store.set_max_component_handles(1000);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut context| {
            if context.data_mut().processor.tick() {
                Ok(UpdateDeadline::Yield(1))
            } else {
                Ok(UpdateDeadline::Interrupt)
            }
        });
        store
    }
}
