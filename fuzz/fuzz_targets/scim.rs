//! What a system asks over SCIM, from any bytes: see `scim_holds` for what must hold.
#![no_main]

#[path = "../../capabilities/people/tests/it/any_bytes.rs"]
mod any_bytes;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| any_bytes::scim_holds(bytes));
