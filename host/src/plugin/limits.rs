//! What a plugin may use up.

use std::time::Duration;

use wasmtime::ResourceLimiter;

/// The bounds of one run; the defaults suit a source of any size.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Linear memories and tables together.
    pub memory_bytes: usize,
    /// Processor time of the guest a call.
    pub cpu: Duration,
    /// Processor time of the guest a run.
    pub run_cpu: Duration,
    /// Wall time of a call, waiting for the source included.
    pub wall: Duration,
    /// Decompressed size of one answer of a source.
    pub response_bytes: usize,
    /// Decompressed size of all answers a run.
    pub run_response_bytes: u64,
    /// HTTP requests a run, retries included.
    pub requests: u32,
    /// Pages a run.
    pub pages: u32,
    /// How long a run goes on; the next one continues.
    pub run: Duration,
    /// Log lines a run.
    pub log_lines: u32,
    /// Time of one HTTP request, from connecting to the last byte.
    pub request: Duration,
    /// The pause before a request is tried again; doubles with each try.
    pub retry_pause: Duration,
    /// How long a run waits for a rate limit before it ends instead.
    pub longest_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 128 << 20,
            cpu: Duration::from_secs(10),
            run_cpu: Duration::from_secs(600),
            wall: Duration::from_secs(600),
            response_bytes: 16 << 20,
            run_response_bytes: 4 << 30,
            requests: 20_000,
            pages: 10_000,
            run: Duration::from_secs(3600),
            log_lines: 200,
            request: Duration::from_secs(30),
            retry_pause: Duration::from_millis(500),
            longest_wait: Duration::from_secs(90),
        }
    }
}

const TABLE_ELEMENT_BYTES: usize = 8;
const MEMORIES: usize = 4;
const TABLES: usize = 64;
const INSTANCES: usize = 256;

/// Sums all memories and tables of a store, and remembers that it said no: the guest then dies without a reason.
#[derive(Debug)]
pub(super) struct MemoryBudget {
    left_bytes: usize,
    pub(super) was_refused: bool,
}

impl MemoryBudget {
    pub(super) fn new(bytes: usize) -> Self {
        Self { left_bytes: bytes, was_refused: false }
    }

    fn take(&mut self, bytes: usize) -> bool {
        match self.left_bytes.checked_sub(bytes) {
            Some(left) => {
                self.left_bytes = left;
                true
            }
            None => {
                self.was_refused = true;
                false
            }
        }
    }
}

impl ResourceLimiter for MemoryBudget {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.take(desired.saturating_sub(current)))
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.take(desired.saturating_sub(current).saturating_mul(TABLE_ELEMENT_BYTES)))
    }

    fn instances(&self) -> usize {
        INSTANCES
    }

    fn tables(&self) -> usize {
        TABLES
    }

    fn memories(&self) -> usize {
        MEMORIES
    }
}

/// How often the guest's processor time is looked at.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// Counts a guest's processor time in ticks, by the call and by the run.
#[derive(Debug)]
pub(super) struct ProcessorBudget {
    ticks_a_call: u32,
    call_ticks_left: u32,
    run_ticks_left: u32,
}

impl ProcessorBudget {
    pub(super) fn new(limits: &Limits) -> Self {
        let ticks = |time: Duration| u32::try_from(time.as_millis() / TICK.as_millis()).unwrap_or(u32::MAX);
        let ticks_a_call = ticks(limits.cpu);
        Self { ticks_a_call, call_ticks_left: ticks_a_call, run_ticks_left: ticks(limits.run_cpu) }
    }

    /// Each call starts with the whole of its time; the run's goes on.
    pub(super) fn call(&mut self) {
        self.call_ticks_left = self.ticks_a_call;
    }

    /// False when the call's or the run's time is used up.
    pub(super) fn tick(&mut self) -> bool {
        match (self.call_ticks_left.checked_sub(1), self.run_ticks_left.checked_sub(1)) {
            (Some(call), Some(run)) => {
                (self.call_ticks_left, self.run_ticks_left) = (call, run);
                true
            }
            _ => false,
        }
    }

    /// The guest waited for the host: the tick that it will find passed was not its own.
    pub(super) fn slept(&mut self, time: Duration) {
        if time >= TICK {
            self.call_ticks_left = self.call_ticks_left.saturating_add(1);
            self.run_ticks_left = self.run_ticks_left.saturating_add(1);
        }
    }

    pub(super) fn is_run_used_up(&self) -> bool {
        self.run_ticks_left == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_start_anew_and_the_run_goes_on() {
        let limits = Limits { cpu: TICK * 2, run_cpu: TICK * 3, ..Limits::default() };
        let mut budget = ProcessorBudget::new(&limits);
        assert_eq!([budget.tick(), budget.tick(), budget.tick()], [true, true, false]);
        assert!(!budget.is_run_used_up());
        budget.call();
        budget.slept(TICK / 2);
        assert_eq!([budget.tick(), budget.tick()], [true, false]);
        assert!(budget.is_run_used_up());
        budget.slept(TICK * 100);
        assert_eq!([budget.tick(), budget.tick()], [true, false]);
    }

    #[test]
    fn memories_and_tables_are_summed() {
        let mut budget = MemoryBudget::new(100);
        assert!(budget.memory_growing(0, 60, None).unwrap());
        assert!(budget.table_growing(0, 4, None).unwrap());
        assert!(!budget.was_refused);
        assert!(!budget.memory_growing(60, 69, None).unwrap());
        assert!(budget.was_refused);
    }
}
