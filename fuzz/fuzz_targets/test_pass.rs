//! The pass of the filter test from any bytes: nobody without the key is let in, and one that was made is.
#![no_main]

use engine::test_pass::{Asked, PASS_BYTES, read_pass, write_pass};
use kit::Timestamp;
use libfuzzer_sys::fuzz_target;

const KEY: [u8; 32] = [7; 32];

fuzz_target!(|bytes: &[u8]| {
    let at = Timestamp::from_millis(1_790_000_000_000);
    let client = [127, 0, 0, 1].into();
    let asked = Asked::Question { name: bytes, kind: 1 };
    // Sixteen bytes of proof cannot be guessed.
    assert!(read_pass(&KEY, bytes, client, asked, at).is_none());
    let group = String::from_utf8_lossy(bytes);
    let pass = write_pass(&KEY, &group, client, asked, at, [3; 8]);
    assert!(read_pass(&KEY, &pass, client, asked, at).is_some());
    // As far as it is changed, it is none.
    let mut changed = pass;
    for (place, byte) in changed.iter_mut().zip(bytes.iter().take(PASS_BYTES)) {
        *place ^= byte;
    }
    assert!(changed == pass || read_pass(&KEY, &changed, client, asked, at).is_none());
    // A moment from anywhere in time is no overflow.
    if let Some(moment) = bytes.first_chunk::<8>() {
        let _ = read_pass(&KEY, &pass, client, asked, Timestamp::from_millis(i64::from_le_bytes(*moment)));
        let _ = write_pass(&KEY, "a", client, asked, Timestamp::from_millis(i64::from_le_bytes(*moment)), *moment);
    }
});
