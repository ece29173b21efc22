//! An HTTPS record of any bytes in a whole answer: whatever it says of protocols and keys, what is kept of the answer reads the same
//! again, and promises no more than it did.
#![no_main]

use front_dns::wire::answer;
use libfuzzer_sys::fuzz_target;

/// `a.example`, as a question for HTTPS.
const QUESTION: &[u8] = b"\x01a\x07example\0\0\x41\0\x01";

fuzz_target!(|bytes: &[u8]| {
    // Records are cut where the bytes say so, each with the length that it has.
    let mut message = b"\x12\x34\x81\x80\0\x01\0\0\0\0\0\0".to_vec();
    message.extend(QUESTION);
    let end = message.len();
    let mut records = 0u16;
    for data in bytes.split(|byte| *byte == 0xfe).take(8) {
        let data = &data[..data.len().min(400)];
        message.extend(b"\xc0\x0c\0\x41\0\x01\0\0\0\x3c");
        message.extend((data.len() as u16).to_be_bytes());
        message.extend(data);
        records += 1;
    }
    message[6..8].copy_from_slice(&records.to_be_bytes());
    for whole in [false, true] {
        if let Ok(read) = answer::read(&message, end, whole) {
            assert!(read.image.len() <= message.len());
            assert!(read.lives_at.iter().all(|at| usize::from(*at) + 4 <= read.image.len()));
            let again = answer::read(&read.image, end, true);
            assert!(again.is_ok_and(|again| again.chain == read.chain
                && again.addresses == read.addresses
                && again.image == read.image));
        }
    }
});
