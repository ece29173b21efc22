//! Rooms and times of e2guardian from any bytes: see `e2guardian_holds` for what must hold.
#![no_main]

#[path = "../../core/lists/tests/it/any_bytes.rs"]
mod any_bytes;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| any_bytes::e2guardian_holds(bytes));
