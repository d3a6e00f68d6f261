//! The stack of the thread that reads a document, wiped before the thread ends.
//!
//! What is secret wipes itself when it is dropped; but a value that is moved is copied, and the copy that was left lies in the
//! frame of a function that returned long ago. Threads' stacks are kept for the next thread, so it would lie there until then.

/// Bytes of the stack of a thread that reads a document.
pub(crate) const SIZE: usize = 2 << 20;
/// What is wiped of it: all but what the thread may have used before it calls [`wipe`], and some more.
const WIPED: usize = SIZE - (256 << 10);

/// Overwrites what functions that have returned left on the stack below the caller. To be called from near the beginning of
/// a thread with a stack of [`SIZE`] bytes, as its last act.
#[inline(never)]
#[expect(clippy::large_stack_arrays, reason = "it is there to be large")]
pub(crate) fn wipe() {
    let mut room = [0u8; WIPED];
    // Nobody reads it: without this the compiler would write nothing.
    std::hint::black_box(&mut room);
}

#[cfg(test)]
mod tests {
    use super::{SIZE, wipe};

    #[test]
    fn a_thread_of_this_size_has_room_for_it() {
        let thread = std::thread::Builder::new().stack_size(SIZE).spawn(wipe);
        assert!(thread.is_ok_and(|thread| thread.join().is_ok()));
    }
}
