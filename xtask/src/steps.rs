//! Steps that say how long they took, and a summary of them at the end.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

pub(crate) struct Steps {
    begin: Instant,
    taken: Vec<(&'static str, Duration, bool)>,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self { begin: Instant::now(), taken: Vec::new() }
    }

    pub(crate) fn step<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        eprintln!("xtask: {name} …");
        let begin = Instant::now();
        let result = work();
        let took = begin.elapsed();
        let verdict = if result.is_ok() { "took" } else { "FAILED after" };
        eprintln!("xtask: {name} {verdict} {}", seconds(took));
        self.taken.push((name, took, result.is_ok()));
        result.context(name)
    }

    pub(crate) fn summary(&self) {
        eprintln!();
        for (name, took, succeeded) in &self.taken {
            let verdict = if *succeeded { "ok" } else { "FAILED" };
            eprintln!("{verdict:>8}  {:>8}  {name}", seconds(*took));
        }
        eprintln!("   total  {:>8}", seconds(self.begin.elapsed()));
    }
}

pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
