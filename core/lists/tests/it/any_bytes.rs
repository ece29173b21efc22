//! What must hold of patches, of e2guardian's files and of the file of origins whatever bytes they consist of. Fuzz targets call
//! these; their corpora are replayed here.

use std::sync::Arc;

use kit::HostName;
use lists::e2guardian::{Band, Room, outside};
use lists::origins::{Day, InUse, Origins, Sought, renew};
use lists::patch::{DiffPath, Patch};
use lists::{Entry, Seed};

/// The list is what stands before the first zero byte, the patch what stands behind it.
pub fn patch_holds(bytes: &[u8]) {
    let at = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (list, patch) = (&bytes[..at], bytes.get(at + 1..).unwrap_or(&[]));
    if let Some(next) = DiffPath::of(list) {
        assert!(!next.path.contains("://") && !next.path.starts_with("//") && next.path.ends_with(".patch"));
    }
    for name in [None, Some("list")] {
        let Ok(read) = Patch::of(patch, name) else { continue };
        let most = 1 << 16;
        let mut out = Vec::new();
        let mut from = list;
        if read.apply(&mut from, &mut out, most).is_ok() {
            assert!(out.len() as u64 <= most);
            // Every line that comes out was in the list or is in the patch.
            let known = |line: &[u8]| {
                list.split(|byte| *byte == b'\n')
                    .chain(patch.split(|byte| *byte == b'\n'))
                    .any(|one| one == line)
            };
            if out.len() < 4_096 && list.len() < 4_096 && (list.is_empty() || list.ends_with(b"\n")) {
                assert!(out.split(|byte| *byte == b'\n').all(known));
            }
        }
        if read.is_empty() {
            assert_eq!(out, list);
        }
    }
}

/// The whole is a file of a room; each line may be a time.
pub fn e2guardian_holds(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(room) = Room::parse(&text) {
        assert!(!room.name.is_empty() && room.ranges.len() <= text.len() * 64);
        for range in &room.ranges {
            let (address, bits) = range.split_once('/').unwrap();
            let address: std::net::IpAddr = address.parse().unwrap();
            let bits: u32 = bits.parse().unwrap();
            assert!(bits <= if address.is_ipv4() { 32 } else { 128 });
        }
        assert!(room.sites.iter().all(|site| site.contains('.')));
    }
    let bands: Vec<Band> = text.lines().filter_map(|line| Band::parse(line).ok()).take(20).collect();
    let open = outside(&bands);
    // The outside of the outside is the inside, and outside again the same.
    assert_eq!(outside(&outside(&open)), open);
}

/// The first byte says whether checksums are put right, so that what lies behind them is reached.
pub fn origins_hold(bytes: &[u8]) {
    const TAIL: usize = 36;
    let Some((how, rest)) = bytes.split_first() else { return };
    let mut file = rest.to_vec();
    if how % 2 == 1 && file.len() > TAIL + 16 {
        let end = file.len() - TAIL;
        let at = 16 + usize::from(how / 2) % (end - 15);
        let sum = crc32fast::hash(&file[at..end]);
        file[..16].copy_from_slice(b"fivebar origins\n");
        file[end..end + 8].copy_from_slice(&(at as u64).to_le_bytes());
        file[end + 8..end + 16].copy_from_slice(&((end - at) as u64).to_le_bytes());
        file[end + 16..end + 20].copy_from_slice(&sum.to_le_bytes());
        file[end + 20..].copy_from_slice(b"fivebar origins\n");
    }
    let Ok(origins) = Origins::open(Arc::new(file)) else { return };
    let whole = origins.verify().is_ok();
    let host = HostName::new("www.a.example").unwrap();
    let sought = Sought::default().host(host).address([192, 0, 2, 1].into());
    let found = origins.find(origins.lists(), &sought);
    assert!(found.is_ok() || !whole, "what is whole can be read");
    // What is damaged is no reason to stop: it is written anew.
    let day = Day::of(kit::Timestamp::from_millis(0));
    let in_use = [InUse { id: "a".to_owned(), version: 7, licence: None, day }];
    let mut out = Vec::new();
    let mut read = |_: &InUse, taking: &mut lists::origins::Taking<'_>| {
        lists::Sink::take(taking, lists::Says::Listed, Entry::Below(host));
        true
    };
    renew(Some(&origins), &in_use, (Seed([1; 16]), 1, day), &mut read, &mut out).unwrap();
    let again = Origins::open(Arc::new(out)).unwrap();
    let known = again.find(again.list("a"), &Sought::default().host(host)).unwrap();
    assert!(known.iter().any(|one| !one.seen.gone));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn corpus(name: &str, holds: fn(&[u8])) {
        let folder =
            std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
        let mut count = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            holds(&std::fs::read(entry.unwrap().path()).unwrap());
            count += 1;
        }
        assert!(count > 0, "{name}");
    }

    proptest! {
        #[test]
        fn bytes_like_these_hold(
            seed in prop::sample::select(vec![
                "a\nb\nc\n\0d1 1\na2 1\nx\nd3 1\n",
                "! Diff-Path: a.patch#list\nb\n\0diff name:list checksum:0123456789 lines:2\na1 1\nx\n",
                "#Room\n10.0.0.0/24\n10.0.0.1-10.0.0.9\n#ENDLIST\n#BLOCK\n#SITELIST\na.example\n#ENDLIST\n",
                "9 0 17 0 01234\n22 0 24 0 5\n0 0 7 30 6\n",
                "\u{3}{\"key\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],\"generation\":1,\"lists\":[{\"id\":\"a\",\"version\":1,\"since\":1,\
                 \"groups\":[[0,1,1,null,false,3,20,0,40,0]]}]}",
            ]),
            cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 0..12),
        ) {
            let mut bytes = seed.as_bytes().to_vec();
            for (at, byte, how) in cuts {
                let place = at.index(bytes.len().max(1));
                match how {
                    0 if place < bytes.len() => bytes[place] = byte,
                    1 => bytes.insert(place.min(bytes.len()), byte),
                    2 if place < bytes.len() => drop(bytes.remove(place)),
                    _ => bytes.extend_from_within(place.min(bytes.len())..(place + usize::from(byte % 16)).min(bytes.len())),
                }
            }
            patch_holds(&bytes);
            e2guardian_holds(&bytes);
            origins_hold(&bytes);
        }
    }

    #[test]
    fn the_corpora_hold() {
        corpus("rcs_patch", patch_holds);
        corpus("e2guardian", e2guardian_holds);
        corpus("origins", origins_hold);
    }
}
