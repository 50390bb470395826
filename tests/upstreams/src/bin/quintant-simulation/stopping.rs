//! Waits until somebody wants the program to end.

use std::io::{self, IsTerminal as _};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

pub(crate) async fn until_told_to_stop() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = end_of_input() => {}
    }
    Ok(())
}

/// A terminal never ends: reading it would stop a process in the background.
async fn end_of_input() {
    if io::stdin().is_terminal() {
        return std::future::pending().await;
    }
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        let _read = io::copy(&mut io::stdin(), &mut io::sink());
        let _nobody_waits = ended.send(());
    });
    let _ended = end.await;
}
