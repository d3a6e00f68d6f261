//! The interface as a stranger uses it, from Rust: what must hold whatever is called.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::undocumented_unsafe_blocks
)]

mod chip;
mod panics;
mod random_calls;
mod stores;
