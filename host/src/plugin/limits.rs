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
    /// Wall time of a call, waiting for the source included.
    pub wall: Duration,
    /// Decompressed size of one answer of a source.
    pub response_bytes: usize,
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
            wall: Duration::from_secs(600),
            response_bytes: 16 << 20,
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

#[cfg(test)]
mod tests {
    use super::*;

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
