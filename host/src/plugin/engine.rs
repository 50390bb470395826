//! The one engine of the process and the clock that its guests are interrupted by.

use std::time::Duration;

use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, Engine, Store, UpdateDeadline};

use super::contract::Plugin;
use super::guest::Guest;
use super::limits::Limits;
use super::load::PluginError;

const TICK: Duration = Duration::from_millis(10);
/// Bytes that one call may hand to the host.
const HOSTCALL_BYTES: usize = 16 << 20;

/// Compiles and runs plugins. Make one a process.
pub struct Runtime {
    pub(super) engine: Engine,
    pub(super) linker: Linker<Guest>,
    pub(super) limits: Limits,
}

impl Runtime {
    /// `limits` hold for every run.
    pub fn new(limits: Limits) -> Result<Self, PluginError> {
        let unusable = |error: wasmtime::Error| PluginError::Engine(error.to_string());
        let mut config = Config::new();
        config.epoch_interruption(true);
        config.wasm_memory64(false);
        let engine = Engine::new(&config).map_err(unusable)?;
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
        Ok(Self { engine, linker, limits })
    }

    /// A fresh store: nothing of an earlier run is in it.
    pub(super) fn store(&self, guest: Guest) -> Store<Guest> {
        let mut store = Store::new(&self.engine, guest);
        store.limiter(|guest| &mut guest.memory);
        store.set_hostcall_fuel(HOSTCALL_BYTES);
        store.set_max_component_handles(1000);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut context| {
            let guest = context.data_mut();
            match guest.ticks_left.checked_sub(1) {
                Some(left) => {
                    guest.ticks_left = left;
                    Ok(UpdateDeadline::Yield(1))
                }
                None => Ok(UpdateDeadline::Interrupt),
            }
        });
        store
    }

    /// The processor time of a call, in ticks of the epoch's clock.
    pub(super) fn ticks_a_call(&self) -> u32 {
        u32::try_from(self.limits.cpu.as_millis() / TICK.as_millis()).unwrap_or(u32::MAX)
    }
}
