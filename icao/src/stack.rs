//! The stack of a thread on which secrets were handled, wiped when they are no longer needed.
//!
//! What is secret wipes itself when it is dropped; but a value that is moved is copied, and the copy that was left lies in the
//! frame of a function that returned long ago. Threads' stacks are kept for the next thread, so it would lie there until then.

/// Bytes of the stack of a thread that reads a document, or that takes a request apart. No more than they need: what is wiped
/// is in memory from then on.
pub const SIZE: usize = 384 << 10;
/// What is wiped of it: all but what may lie above the caller.
const WIPED: usize = SIZE - (64 << 10);

/// Overwrites what functions that have returned left on the stack below the caller, which runs on a thread with a stack of at
/// least [`SIZE`].
#[inline(never)]
#[expect(clippy::large_stack_arrays, reason = "it is there to be large")]
pub fn wipe() {
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
