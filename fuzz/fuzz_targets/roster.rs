//! A roll of another system from any bytes: see `roster_holds` for what must hold.
#![no_main]

#[path = "../../capabilities/people/tests/it/any_bytes.rs"]
mod any_bytes;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| any_bytes::roster_holds(bytes));
