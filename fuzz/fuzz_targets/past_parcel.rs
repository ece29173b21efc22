//! A parcel of past requests from any bytes: it is read or refused, and whatever a request of it names is there.
#![no_main]

use activity::past::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(batch) = read(bytes) else { return };
    for row in &batch.rows {
        assert!((row.asker as usize) < batch.askers.len());
        assert!(row.host.is_none_or(|host| (host as usize) < batch.hosts.len()));
    }
});
