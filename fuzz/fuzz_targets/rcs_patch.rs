//! A patch of a list from any bytes: see `patch_holds` for what must hold.
#![no_main]

#[path = "../../core/lists/tests/it/any_bytes.rs"]
mod any_bytes;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| any_bytes::patch_holds(bytes));
