#![no_main]

#[path = "../src/messages.rs"]
#[allow(dead_code)] // Each program has one of them.
mod messages;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| messages::evidence(bytes));
