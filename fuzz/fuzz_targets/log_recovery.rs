//! Recovery of the activity log from any bytes: see `holds` for what must hold.
#![no_main]

#[path = "../../capabilities/activity/tests/it/recovery.rs"]
mod recovery;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| recovery::holds(bytes));
