#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| icao_fuzz::apdu(bytes));
