//! The index against a naive reference.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use crate::support::{Owned, head, ids, image, index, name};
use lists::{Format, Gathered, IndexBuilder, ListIndex, Seed, read};

fn below(text: &str) -> Owned {
    Owned::Below(text.into())
}
fn exact(text: &str) -> Owned {
    Owned::Exact(text.into())
}
fn path(host: &str, path: &str) -> Owned {
    Owned::Path(host.into(), path.into())
}

#[test]
fn a_name_is_known_as_itself_and_below_what_is_listed() {
    let index = index(&[
        ("games", vec![below("games.example"), exact("one.example"), below("top")]),
        ("other", vec![below("games.example"), exact("games.example")]),
    ]);
    for (asked, expected) in [
        ("games.example", vec!["games", "other"]),
        ("a.b.games.example", vec!["games", "other"]),
        ("notgames.example", vec![]),
        ("example", vec![]),
        ("one.example", vec!["games"]),
        ("www.one.example", vec![]),
        ("anything.top", vec!["games"]),
        ("top", vec!["games"]),
    ] {
        assert_eq!(ids(&index, index.name(name(asked)).iter().copied()), expected, "{asked}");
    }
    let matches = index.matches(name("a.games.example"));
    assert_eq!(matches.iter().map(|found| found.entry.as_str()).collect::<Vec<_>>(), ["games.example"]);
    let tally = index.lists()[0].tally;
    assert_eq!((tally.names, tally.duplicates), (3, 0));
}

#[test]
fn an_address_is_known_by_its_ranges() {
    let range = |first: &str, last: &str| Owned::Range(first.parse().unwrap(), last.parse().unwrap());
    let index = index(&[
        ("vpn", vec![range("192.0.2.0", "192.0.2.255"), range("2001:db8::", "2001:db8::ff")]),
        ("doh", vec![range("192.0.2.7", "192.0.2.7"), range("192.0.2.7", "192.0.2.7")]),
    ]);
    for (asked, expected) in [
        ("192.0.2.6", vec!["vpn"]),
        ("192.0.2.7", vec!["doh", "vpn"]),
        ("::ffff:192.0.2.7", vec!["doh", "vpn"]),
        ("192.0.3.0", vec![]),
        ("192.0.1.255", vec![]),
        ("2001:db8::ff", vec!["vpn"]),
        ("2001:db8::100", vec![]),
    ] {
        let found = index.address(asked.parse().unwrap());
        assert_eq!(ids(&index, found), expected, "{asked}");
    }
    assert_eq!(index.lists()[1].tally.duplicates, 1);
}

#[test]
fn a_part_of_a_host_is_known_by_the_start_of_its_path() {
    let index = index(&[
        ("a", vec![path("x.example", "/bad"), path("www.x.example", "/bad/worse"), path("192.0.2.1", "/~u")]),
        ("b", vec![path("x.example", "/bad"), path("x.example", "/badger"), path("y.example", "/?q=1")]),
    ]);
    for (host, asked, expected) in [
        ("x.example", "/bad", vec!["a", "b"]),
        ("www.x.example", "/BAD/x", vec!["a", "b"]),
        ("www2.x.example", "/bad/worse", vec!["a", "b"]),
        ("x.example", "/badge", vec!["a", "b"]),
        ("x.example", "/ba", vec![]),
        ("sub.x.example", "/bad", vec![]),
        ("y.example", "/?q=12", vec!["b"]),
        ("y.example", "/", vec![]),
        ("192.0.2.1", "/~user", vec!["a"]),
    ] {
        let found = index.path(name(host), asked);
        assert_eq!(ids(&index, found.iter().copied()), expected, "{host}{asked}");
    }
    assert!(index.has_paths(name("www.x.example")) && !index.has_paths(name("z.example")));
    let paths: Vec<&str> = index.paths_on(name("x.example")).map(|(path, _)| path).collect();
    assert_eq!(paths, ["/bad", "/bad/worse", "/badger"]);
    assert_eq!(index.lists()[0].tally.paths, 3);
}

#[test]
fn the_same_lists_and_seed_give_the_same_bytes() {
    let lists = [("a", vec![below("x.example"), exact("y.example"), path("z.example", "/q")])];
    assert_eq!(image(&lists), image(&lists));
}

#[test]
fn an_empty_index_knows_nothing() {
    let index = index(&[]);
    assert!(index.name(name("x.example")).is_empty());
    assert_eq!(index.address(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))), None);
    assert!(index.path(name("x.example"), "/").is_empty());
    assert_eq!(index.set(lists::ListSetNo(0)), []);
    assert_eq!(index.set(lists::ListSetNo(9)), []);
    index.verify().unwrap();
}

#[test]
fn too_many_ways_to_overlap_is_a_clear_error() {
    // Sixteen lists can overlap in 65,535 ways, which is more than there are numbers.
    let mut builder = IndexBuilder::new(Seed([0; 16]));
    for list in 0..16u32 {
        let text: String = (1..65_536u32)
            .filter(|set| set >> list & 1 == 1)
            .map(|set| format!("n{set}.example\n"))
            .collect();
        let mut writer = builder.list(head("x")).unwrap();
        lists::read(text.as_bytes(), Format::Domains, &mut writer);
    }
    assert!(builder.build().unwrap_err().to_string().contains("32767"));
}

#[test]
fn a_hundred_thousand_names_are_all_found_and_nothing_else() {
    let text: String = (0..100_000).map(|n| format!("n{n}.example\n")).collect();
    let mut builder = IndexBuilder::new(Seed([5; 16]));
    let report = lists::read(text.as_bytes(), Format::Domains, &mut builder.list(head("x")).unwrap());
    assert_eq!((report.accepted, report.lines), (100_000, 100_000));
    let image = builder.build().unwrap();
    assert!(image.len() < 100_000 * 12, "{} bytes", image.len());
    let index = ListIndex::open(std::sync::Arc::new(image)).unwrap();
    for n in 0..100_000 {
        assert_eq!(index.name(name(&format!("a.n{n}.example"))).len(), 1, "{n}");
        assert!(index.name(name(&format!("m{n}.example"))).is_empty(), "{n}");
    }
}

fn label() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec!["a", "b", "cc", "example", "longer-label-9", "com"])
}
fn host() -> impl Strategy<Value = String> {
    proptest::collection::vec(label(), 1..5).prop_map(|labels| labels.join("."))
}
fn some_path() -> impl Strategy<Value = String> {
    "/[ab]{0,4}".prop_map(String::from)
}
fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (0u32..64).prop_map(|n| IpAddr::V4(Ipv4Addr::from(0xc000_0200 + n))),
        (0u128..64).prop_map(|n| IpAddr::V6(Ipv6Addr::from(0x2001_0db8 << 96 | n))),
    ]
}
fn entry() -> impl Strategy<Value = Owned> {
    prop_oneof![
        host().prop_map(Owned::Below),
        host().prop_map(Owned::Exact),
        (address(), address()).prop_filter_map("one family", |(a, b)| {
            (a.is_ipv4() == b.is_ipv4()).then(|| Owned::Range(a.min(b), a.max(b)))
        }),
        (host(), some_path()).prop_map(|(host, path)| Owned::Path(host, path)),
    ]
}

/// The lists that know something, by looking at every entry of every list.
fn reference(lists: &[(String, Vec<Owned>)], knows: impl Fn(&Owned) -> bool) -> Vec<&str> {
    let ids: BTreeSet<&str> =
        lists.iter().filter(|(_, entries)| entries.iter().any(&knows)).map(|(id, _)| id.as_str()).collect();
    ids.into_iter().collect()
}

proptest! {
    #[test]
    fn the_index_answers_as_the_naive_reference(
        lists in proptest::collection::vec(proptest::collection::vec(entry(), 0..30), 0..6),
        hosts in proptest::collection::vec((host(), some_path()), 20),
        addresses in proptest::collection::vec(address(), 20),
    ) {
        let lists: Vec<(String, Vec<Owned>)> =
            lists.into_iter().enumerate().map(|(n, entries)| (format!("l{n}"), entries)).collect();
        let borrowed: Vec<(&str, Vec<Owned>)> =
            lists.iter().map(|(id, entries)| (id.as_str(), entries.clone())).collect();
        let index = index(&borrowed);
        index.verify().unwrap();
        for (host, path) in &hosts {
            let expected = reference(&lists, |entry| match entry {
                Owned::Below(above) => name(host).is_within(name(above)),
                Owned::Exact(same) => same == host,
                _ => false,
            });
            prop_assert_eq!(ids(&index, index.name(name(host)).iter().copied()), expected.clone());
            let matches = index.matches(name(host));
            prop_assert_eq!(ids(&index, matches.iter().map(|found| found.set)), expected);
            let expected = reference(&lists, |entry| {
                matches!(entry, Owned::Path(on, start) if on == host && path.starts_with(start.as_str()))
            });
            prop_assert_eq!(ids(&index, index.path(name(host), path).iter().copied()), expected);
            let mut expected: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for (id, entries) in &lists {
                for entry in entries {
                    if let Owned::Path(on, start) = entry && on == host {
                        expected.entry(start).or_default().insert(id);
                    }
                }
            }
            prop_assert_eq!(index.has_paths(name(host)), !expected.is_empty());
            let found: BTreeMap<&str, BTreeSet<&str>> =
                index.paths_on(name(host)).map(|(path, set)| (path, ids(&index, [set]).into_iter().collect())).collect();
            prop_assert_eq!(found, expected);
        }
        for address in &addresses {
            let expected = reference(&lists, |entry| {
                matches!(entry, Owned::Range(first, last)
                    if first.is_ipv4() == address.is_ipv4() && first <= address && address <= last)
            });
            prop_assert_eq!(ids(&index, index.address(*address)), expected);
        }
    }
}

#[test]
fn lists_gathered_by_themselves_give_the_same_bytes() {
    let texts: Vec<(Format, String)> = vec![
        (
            Format::Domains,
            (0..9_000)
                .map(|n| format!("a{n}.example\n*.b{}.co.uk\n192.0.2.{}\n", n % 700, n % 256))
                .collect(),
        ),
        (Format::Hosts, (0..9_000).map(|n| format!("0.0.0.0 a{}.example c{n}.example\n", n * 2)).collect()),
        (Format::Urls, (0..900).map(|n| format!("a{n}.example/games/{}\n", n % 7)).collect()),
        (Format::Expressions, "(chess|go)-club\nplay[0-9]+\n".to_owned()),
        (Format::Domains, "a1.example\n".repeat(500)),
    ];
    let seed = Seed([9; 16]);
    let (mut direct, mut gathered) = (IndexBuilder::new(seed), IndexBuilder::new(seed));
    for (number, (format, text)) in texts.iter().enumerate() {
        let id = format!("list-{number}");
        let report = read(text.as_bytes(), *format, &mut direct.list(head(&id)).unwrap());
        let mut one = Gathered::new(seed, usize::MAX);
        one.reserve_for_text(text.len() as u64);
        assert_eq!(read(text.as_bytes(), *format, &mut one), report);
        gathered.add(head(&id), one).unwrap();
    }
    assert!(matches!(
        gathered.add(head("other"), Gathered::new(Seed([8; 16]), usize::MAX)),
        Err(lists::BuildError::OtherSeed)
    ));
    assert!(direct.build().unwrap() == gathered.build().unwrap());
}
