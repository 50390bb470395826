//! What a running guest can reach: `http` and `log`, and nothing else.

use std::sync::Arc;
use std::time::Instant;

use super::contract::quintant::collector::{http, log, types};
use super::egress::Egress;
use super::failure::plain;
use super::limits::{Limits, MemoryBudget, ProcessorBudget};

const LONGEST_MESSAGE: usize = 1000;
const MOST_FIELDS: usize = 16;

/// The data of one store.
pub(super) struct Guest {
    pub(super) memory: MemoryBudget,
    pub(super) processor: ProcessorBudget,
    /// None while a plugin describes itself.
    pub(super) egress: Option<Egress>,
    source: Arc<str>,
    log_lines_left: u32,
}

impl Guest {
    pub(super) fn new(limits: &Limits, source: Arc<str>, egress: Option<Egress>) -> Self {
        Self {
            memory: MemoryBudget::new(limits.memory_bytes),
            processor: ProcessorBudget::new(limits),
            egress,
            source,
            log_lines_left: limits.log_lines,
        }
    }

    /// The guest's words as they may be told.
    pub(super) fn conceal(&self, text: String) -> String {
        match &self.egress {
            Some(egress) => egress.conceal(text),
            None => text,
        }
    }
}

impl types::Host for Guest {}

impl http::Host for Guest {
    async fn send(&mut self, request: http::Request) -> wasmtime::Result<Result<http::Response, http::HttpError>> {
        Ok(match &mut self.egress {
            Some(egress) => {
                let began = Instant::now();
                let answer = egress.send(request).await;
                self.processor.slept(began.elapsed());
                answer
            }
            None => Err(http::HttpError::Denied("`describe` must not depend on anything".to_owned())),
        })
    }
}

impl log::Host for Guest {
    async fn enabled(&mut self, level: log::Level) -> wasmtime::Result<bool> {
        Ok(match level {
            log::Level::Trace => tracing::enabled!(tracing::Level::TRACE),
            log::Level::Debug => tracing::enabled!(tracing::Level::DEBUG),
            log::Level::Info => tracing::enabled!(tracing::Level::INFO),
            log::Level::Warn => tracing::enabled!(tracing::Level::WARN),
            log::Level::Error => tracing::enabled!(tracing::Level::ERROR),
        })
    }

    async fn write(
        &mut self,
        level: log::Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        let Some(left) = self.log_lines_left.checked_sub(1) else { return Ok(()) };
        self.log_lines_left = left;
        let mut text = plain(&self.conceal(message), LONGEST_MESSAGE);
        for (name, value) in fields.into_iter().take(MOST_FIELDS) {
            text.push_str(&format!(" {}={}", plain(&self.conceal(name), 64), plain(&self.conceal(value), 200)));
        }
        let source = &self.source;
        match level {
            log::Level::Trace => tracing::trace!(source.name = %source, "plugin: {text}"),
            log::Level::Debug => tracing::debug!(source.name = %source, "plugin: {text}"),
            log::Level::Info => tracing::info!(source.name = %source, "plugin: {text}"),
            log::Level::Warn => tracing::warn!(source.name = %source, "plugin: {text}"),
            log::Level::Error => tracing::error!(source.name = %source, "plugin: {text}"),
        }
        if left == 0 {
            tracing::warn!(source.name = %source, "plugin: its log lines are used up for this run");
        }
        Ok(())
    }
}
