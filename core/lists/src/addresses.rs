//! Ranges of addresses: sorted, without overlaps, each with the set of lists that know it.

use crate::hits::{ListNo, ListSetNo};

/// Finds an IPv4 address among records of (first, last, set), each 4 + 4 + 2 bytes.
pub(crate) fn find_v4(section: &[u8], address: u32) -> Option<ListSetNo> {
    let (records, _) = section.as_chunks::<10>();
    let after = records.partition_point(|record| read_u32(record) <= address);
    let record = records.get(after.checked_sub(1)?)?;
    let (_, rest) = record.split_first_chunk::<4>()?;
    let (last, set) = rest.split_first_chunk::<4>()?;
    (address <= u32::from_le_bytes(*last)).then_some(ListSetNo(u16::from_le_bytes(*set.first_chunk()?)))
}

/// Finds an IPv6 address among records of (first, last, set), each 16 + 16 + 2 bytes.
pub(crate) fn find_v6(section: &[u8], address: u128) -> Option<ListSetNo> {
    let (records, _) = section.as_chunks::<34>();
    let after = records.partition_point(|record| read_u128(record) <= address);
    let record = records.get(after.checked_sub(1)?)?;
    let (_, rest) = record.split_first_chunk::<16>()?;
    let (last, set) = rest.split_first_chunk::<16>()?;
    (address <= u128::from_le_bytes(*last)).then_some(ListSetNo(u16::from_le_bytes(*set.first_chunk()?)))
}

fn read_u32(record: &[u8; 10]) -> u32 {
    record.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn read_u128(record: &[u8; 34]) -> u128 {
    record.first_chunk().map_or(0, |bytes| u128::from_le_bytes(*bytes))
}

/// Cuts overlapping ranges of many lists into ranges that do not overlap, in rising order, each with the lists that
/// cover it; neighbours with the same lists become one. Also counts what each list repeated, by list number.
pub(crate) fn flatten(
    ranges: &mut Vec<(u128, u128, ListNo)>,
    mut repeated: impl FnMut(ListNo),
) -> Vec<(u128, u128, Vec<ListNo>)> {
    ranges.sort_unstable();
    ranges.dedup_by(|again, kept| {
        let same = again == kept;
        if same {
            repeated(kept.2);
        }
        same
    });
    // A range begins at its first address and stops after its last; the end of all addresses needs no stop.
    let mut edges: Vec<(u128, bool, ListNo)> = Vec::with_capacity(ranges.len() * 2);
    for &(first, last, list) in ranges.iter() {
        edges.push((first, true, list));
        if let Some(after) = last.checked_add(1) {
            edges.push((after, false, list));
        }
    }
    edges.sort_unstable();
    let mut open: std::collections::BTreeMap<ListNo, usize> = std::collections::BTreeMap::new();
    let mut flat: Vec<(u128, u128, Vec<ListNo>)> = Vec::new();
    let mut edges = edges.into_iter().peekable();
    while let Some((at, begins, list)) = edges.next() {
        if begins {
            *open.entry(list).or_default() += 1;
        } else if let Some(count) = open.get_mut(&list) {
            *count -= 1;
            if *count == 0 {
                open.remove(&list);
            }
        }
        let last = match edges.peek() {
            Some((next, ..)) if *next == at => continue,
            Some((next, ..)) => next - 1,
            None => u128::MAX,
        };
        if open.is_empty() {
            continue;
        }
        let lists: Vec<ListNo> = open.keys().copied().collect();
        match flat.last_mut() {
            Some(before) if before.1.checked_add(1) == Some(at) && before.2 == lists => before.1 = last,
            _ => flat.push((at, last, lists)),
        }
    }
    flat
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn flattened_ranges_cover_each_address_with_the_same_lists(
            given in proptest::collection::vec((0u128..40, 0u128..20, 0u16..4), 0..20)
        ) {
            let mut ranges: Vec<_> = given.iter().map(|&(a, n, l)| (a, a + n, ListNo(l))).collect();
            let original = ranges.clone();
            let flat = flatten(&mut ranges, |_| {});
            prop_assert!(flat.windows(2).all(|pair| pair[0].1 < pair[1].0));
            for address in 0..64u128 {
                let mut expected: Vec<ListNo> =
                    original.iter().filter(|r| r.0 <= address && address <= r.1).map(|r| r.2).collect();
                expected.sort();
                expected.dedup();
                let found = flat.iter().find(|r| r.0 <= address && address <= r.1).map(|r| r.2.clone());
                prop_assert_eq!(found.unwrap_or_default(), expected);
            }
        }
    }

    #[test]
    fn a_range_may_reach_the_last_address_of_all() {
        let flat = flatten(&mut vec![(5, u128::MAX, ListNo(1))], |_| {});
        assert_eq!(flat, [(5, u128::MAX, vec![ListNo(1)])]);
    }
}
