//! A DNS message from a device or an upstream: nothing panics, what we write back is within its room and keeps the id,
//! and no pointer is followed for ever.
#![no_main]

use front_dns::wire::answer;
use front_dns::wire::device;
use front_dns::wire::name;
use front_dns::wire::query::Query;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|message: &[u8]| {
    if let Ok(query) = Query::read(message) {
        assert!(query.end() <= message.len());
        let _ = device::behind_router(message, query.end());
        assert!(query.name().as_bytes().len() <= 253);
        if let Some(host) = query.name().host() {
            assert!(query.name().as_bytes().ends_with(host.as_str().as_bytes()));
        }
        // A message that reads as a question reads the same once its letters are lowered.
        let mut lowered = message.to_vec();
        name::lower_in_place(&mut lowered, 12);
        assert_eq!(
            Query::read(&lowered).map(|again| again.question().to_vec()).ok(),
            Some(query.question().to_vec())
        );
    }
    // As an answer, wherever its question may have ended.
    let end = name::read(message, 12).map_or(12, |(_, end)| end + 4);
    for whole in [false, true] {
        if let Ok(answer) = answer::read(message, end, whole) {
            assert!(answer.image.len() <= message.len());
            assert!(answer.lives_at.iter().all(|at| usize::from(*at) + 4 <= answer.image.len()));
            assert!(answer.chain.len() <= answer::MOST_NAMES);
            // What is kept reads the same again.
            let again = answer::read(&answer.image, end, true);
            assert!(
                again.is_ok_and(|again| again.chain == answer.chain && again.addresses == answer.addresses)
            );
        }
    }
});
