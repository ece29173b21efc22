//! Reading and indexing any bytes as a list: see `holds` for what must hold.
#![no_main]

#[path = "../../core/lists/tests/it/corpus.rs"]
mod corpus;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| corpus::holds(bytes));
