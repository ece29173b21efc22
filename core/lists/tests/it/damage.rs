//! A damaged image is refused or answers wrongly; it never panics and never takes long.

use std::sync::Arc;

use proptest::prelude::*;

use crate::support::{Owned, image, name};
use lists::{ListIndex, OpenError};

fn some_image() -> Vec<u8> {
    let names = (0..200).map(|n| Owned::Below(format!("n{n}.example")));
    let paths =
        (0..40).map(|n| Owned::Path(format!("p{}.example", n % 7), format!("/{}", "a".repeat(n % 9 + 1))));
    let mut entries: Vec<Owned> = names.chain(paths).collect();
    entries.push(Owned::Range("192.0.2.0".parse().unwrap(), "192.0.2.255".parse().unwrap()));
    entries.push(Owned::Expression("(?i)x{3}".into()));
    image(&[("one", entries), ("two", vec![Owned::Exact("n7.example".into())])])
}

/// Asks for a bit of everything.
fn use_all(index: &ListIndex) {
    for n in 0..60 {
        let asked = format!("w.n{n}.example");
        for set in index.name(name(&asked)).iter() {
            let _ = index.set(*set);
        }
        let _ = index.matches(name(&asked));
        let host = format!("p{}.example", n % 9);
        let _ = index.path(name(&host), "/aaaaaaaaaaaa");
        let _ = index.paths_on(name(&host)).count();
        let _ = index.address(std::net::IpAddr::from([192, 0, 2, n]));
        let _ = index.address("2001:db8::1".parse().unwrap());
    }
    let _ = index.verify();
    let _ = index.sets().map(|set| index.set(set).len()).sum::<usize>();
}

#[test]
fn an_image_cut_anywhere_is_refused() {
    let image = some_image();
    for len in (0..image.len()).step_by(7).chain(image.len().saturating_sub(70)..image.len()) {
        assert!(ListIndex::open(Arc::new(image[..len].to_vec())).is_err(), "{len}");
    }
    assert!(ListIndex::open(Arc::new(image)).is_ok());
}

#[test]
fn refusals_say_what_is_wrong() {
    let open = |image: Vec<u8>| ListIndex::open(Arc::new(image)).unwrap_err();
    let image = some_image();
    assert_eq!(open(b"# a list\n".to_vec()), OpenError::NotAnIndex);
    assert_eq!(open(image[..100].to_vec()), OpenError::CutShort { len: 100 });
    let mut damaged = image.clone();
    let last = damaged.len() - 40;
    damaged[last] ^= 1;
    assert!(open(damaged).to_string().contains("checksum of the directory"));
}

#[test]
fn verify_finds_what_opening_leaves_to_it() {
    let mut image = some_image();
    image[100] ^= 1;
    let index = ListIndex::open(Arc::new(image)).unwrap();
    assert!(index.verify().is_err());
}

proptest! {
    #[test]
    fn a_damaged_image_never_panics(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)
    ) {
        let mut image = some_image();
        for (at, byte) in changes {
            let at = at.index(image.len());
            image[at] = byte;
        }
        if let Ok(index) = ListIndex::open(Arc::new(image)) {
            use_all(&index);
        }
    }

    /// The directory with any numbers in it, and a checksum that fits.
    #[test]
    fn a_forged_directory_never_panics(
        changes in proptest::collection::vec((0usize..320, any::<u8>()), 1..6)
    ) {
        let mut image = some_image();
        let len = image.len();
        let start = len - (16 + 16 + 32 + 11 * 24 + 8);
        for (at, byte) in changes {
            let at = start + at % (len - start - 8);
            image[at] = byte;
        }
        let crc = u64::from(crc32fast::hash(&image[start..len - 8]));
        image[len - 8..].copy_from_slice(&crc.to_le_bytes());
        if let Ok(index) = ListIndex::open(Arc::new(image)) {
            use_all(&index);
        }
    }
}
