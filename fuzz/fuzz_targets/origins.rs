//! The file of origins from any bytes: see `origins_hold` for what must hold.
#![no_main]

#[path = "../../core/lists/tests/it/any_bytes.rs"]
mod any_bytes;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| any_bytes::origins_hold(bytes));
