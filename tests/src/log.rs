//! What a host writes to its log, caught for one test.

use std::io;
use std::sync::{Arc, LazyLock, Mutex};

use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing_subscriber::fmt::MakeWriter;

/// Holds every line of every level that this thread writes while it lives. The test's runtime must have one thread only.
pub struct Log {
    bytes: Bytes,
    _guard: DefaultGuard,
}

/// With a single subscriber in the process, `tracing` lets whichever thread comes first to a span or an event decide for all
/// whether it is wanted. With more it asks each of them.
static OTHERS: LazyLock<[Dispatch; 2]> = LazyLock::new(|| [(); 2].map(|()| Dispatch::new(NoSubscriber::new())));

#[derive(Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn capture() -> Self {
        LazyLock::force(&OTHERS);
        let bytes = Bytes::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(bytes.clone())
            .with_ansi(false)
            .with_max_level(tracing::Level::TRACE)
            .finish();
        Self { bytes, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// Fails with the whole log unless a line holds all of the words.
    pub fn assert_line(&self, words: &[&str]) {
        let text = self.text();
        let is_there = text.lines().any(|line| words.iter().all(|word| line.contains(word)));
        assert!(is_there, "no line holds {words:?}:\n{text}");
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.bytes.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Bytes {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
