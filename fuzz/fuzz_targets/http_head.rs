//! The proxy's reader of heads and chunks, from any bytes: see `holds` for what must hold.
#![no_main]

#[path = "../../fronts/proxy/tests/it/head.rs"]
mod head;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| head::holds(bytes));
