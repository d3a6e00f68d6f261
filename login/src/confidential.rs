//! Work with what must not be left behind.

use icao::stack;
use tokio::task::{JoinHandle, spawn_blocking};

/// Runs what takes a password or the evidence of a chip apart, on a thread that may block and whose stack is wiped afterwards.
pub(crate) fn confidential<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    spawn_blocking(move || {
        let outcome = work();
        stack::wipe();
        outcome
    })
}
