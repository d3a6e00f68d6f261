//! `librda`: the C interface to terminal and verifier of [`icao`].
//!
//! What integrators read is `docs/c-interface.md` and the header `include/rda.h`, which is made from the comments here.
//! This crate holds no protocol and no policy. It does four things: it takes pointers apart, it keeps panics inside, it
//! turns errors into codes, and it runs the blocking [`icao::terminal::Terminal`] so that its host may own the event loop.
//!
//! # Safety
//!
//! Every exported function is unsafe for the same reasons, which is why they are stated once:
//!
//! - a handle is null or came from the function that makes its kind, and was not freed;
//! - a pointer with a length is null or points to that many bytes; a text is null or ends in a zero byte;
//! - an `out` pointer is null or points to memory for one value, which need not be initialised;
//! - callbacks keep their signature, return, and throw nothing.
//!
//! Null, misaligned and overlong are checked; the rest no library can check. Handles lock themselves: a call from a second
//! thread, or from inside a callback, gets [`code::RdaCode::Busy`] and touches nothing.
#![expect(
    unsafe_code,
    reason = "a C interface: the only crate of the project that takes pointers from strangers"
)]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]
#![allow(
    clippy::missing_safety_doc,
    reason = "stated once, above; the header has it in the words of C"
)]

pub mod apdu_list;
mod binding;
mod boundary;
pub mod bytes;
pub mod code;
pub mod failure;
pub mod store;
pub mod terminal;
#[cfg(test)]
mod tests;
pub mod verifier;

/// Number of the binary interface that this header describes. It changes when a function, a structure or the meaning of
/// one changes; functions and constants that are only added leave it as it is. The shared library bears it in its name.
pub const RDA_ABI_VERSION: u32 = 0;

/// Number of the binary interface of the library that is loaded: compare it with RDA_ABI_VERSION.
#[unsafe(no_mangle)]
pub extern "C" fn rda_abi_version() -> u32 {
    RDA_ABI_VERSION
}

/// Version of the library, as "0.1.0". Never freed.
#[unsafe(no_mangle)]
pub extern "C" fn rda_version() -> *const core::ffi::c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}
