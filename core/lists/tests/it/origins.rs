//! Since when a list has held an entry.

use std::sync::Arc;

use kit::Timestamp;
use lists::origins::{Day, InUse, Origins, Renewed, Sought, renew};
use lists::{Entry, Format, Says, Seed};
use proptest::prelude::*;

use crate::support::{index, name};

const DAY_MS: i64 = 86_400_000;

fn day(number: i64) -> Day {
    Day::of(Timestamp::from_millis(number * DAY_MS + 5))
}

fn one(id: &str, version: u32, on: i64) -> InUse {
    InUse { id: id.to_owned(), version, licence: Some("MIT".to_owned()), day: day(on) }
}

/// Writes the file anew with these texts.
fn written(before: Option<&Origins>, lists: &[(InUse, &str)], on: i64) -> (Vec<u8>, Renewed) {
    let in_use: Vec<InUse> = lists.iter().map(|(list, _)| list.clone()).collect();
    let mut out = Vec::new();
    let generation = before.map_or(1, |before| before.generation() + 1);
    let renewed = renew(
        before,
        &in_use,
        (Seed([5; 16]), generation, day(on)),
        &mut |list, taking| {
            let (_, text) = lists.iter().find(|(one, _)| one.id == list.id).unwrap();
            // A text that cannot be read.
            *text != "?" && {
                lists::read(text.as_bytes(), Format::Adguard, taking);
                true
            }
        },
        &mut out,
    );
    (out, renewed.unwrap())
}

fn opened(bytes: Vec<u8>) -> Origins {
    let origins = Origins::open(Arc::new(bytes)).unwrap();
    origins.verify().unwrap();
    origins
}

fn kept(before: Option<&Origins>, lists: &[(InUse, &str)], on: i64) -> (Origins, Renewed) {
    let (bytes, renewed) = written(before, lists, on);
    (opened(bytes), renewed)
}

/// List, what it says, first, since, left, gone; of a host.
fn about(origins: &Origins, host: &str) -> Vec<String> {
    let found = origins.find(origins.lists(), &Sought::default().host(name(host))).unwrap();
    let words = |entry: Entry<'_>| match entry {
        Entry::Below(name) => format!("*{}", name.as_str()),
        Entry::Exact(name) => name.as_str().to_owned(),
        other => format!("{other:?}"),
    };
    found
        .iter()
        .map(|found| {
            let seen = found.seen;
            format!(
                "{} {:?} {} {} {}{}{}",
                found.list.id,
                found.says,
                words(found.entry),
                seen.first,
                seen.since,
                seen.left.map_or_else(String::new, |left| format!(" {left}")),
                if seen.gone { " gone" } else { "" },
            )
        })
        .collect()
}

#[test]
fn an_entry_keeps_its_day_over_updates_and_one_that_returns_is_told() {
    let text = "||games.example^\n@@||ok.games.example^\n|one.example|\n";
    let (first, renewed) = kept(None, &[(one("a", 1, 20), text)], 20);
    assert_eq!((renewed.changed[0].1.added, renewed.behind.len()), (3, 0));
    assert_eq!(
        about(&first, "ok.games.example"),
        [
            "a Listed *games.example 1970-01-21 1970-01-21",
            "a Excepted *ok.games.example 1970-01-21 1970-01-21",
        ]
    );
    let (same, renewed) = kept(Some(&first), &[(one("a", 1, 20), "?")], 21);
    assert_eq!((about(&same, "games.example").len(), renewed.changed.len()), (1, 0));

    let (second, renewed) = kept(Some(&same), &[(one("a", 2, 22), "||new.example^\n||one.example^\n")], 22);
    let changed = renewed.changed[0].1;
    assert_eq!((changed.added, changed.gone, changed.stayed, changed.returned), (2, 3, 0, 0));
    assert_eq!(
        about(&second, "games.example"),
        ["a Listed *games.example 1970-01-21 1970-01-21 1970-01-23 gone"]
    );
    let (third, renewed) = kept(Some(&second), &[(one("a", 3, 30), text)], 30);
    assert_eq!(renewed.changed[0].1.returned, 3);
    assert_eq!(about(&third, "games.example"), ["a Listed *games.example 1970-01-21 1970-01-31 1970-01-23"]);
    // Of a list out of use everything is gone, and back on the day it is.
    let (without, _) = kept(Some(&third), &[], 31);
    assert_eq!(without.list("a").unwrap().out, Some(day(31)));
    assert_eq!(
        about(&without, "games.example"),
        ["a Listed *games.example 1970-01-21 1970-01-31 1970-02-01 gone"]
    );
    let (back, _) = kept(Some(&without), &[(one("a", 4, 40), text)], 40);
    assert_eq!(about(&back, "games.example"), ["a Listed *games.example 1970-01-21 1970-02-10 1970-02-01"]);
    assert_eq!(back.list("a").unwrap().out, None);
}

#[test]
fn a_list_that_cannot_be_read_stays_as_it_was_known_and_is_read_next_time() {
    let (first, _) = kept(None, &[(one("a", 1, 20), "||a.example^\n"), (one("b", 1, 20), "?")], 20);
    assert!(about(&first, "a.example").len() == 1 && !first.is_of(&[one("a", 1, 20), one("b", 1, 20)]));
    let (second, renewed) =
        kept(Some(&first), &[(one("a", 2, 21), "?"), (one("b", 1, 20), "||b.example^\n")], 21);
    assert_eq!((renewed.behind, about(&second, "a.example").len()), (vec!["a".to_owned()], 1));
    assert_eq!(about(&second, "b.example"), ["b Listed *b.example 1970-01-21 1970-01-21"]);
    let lists = [(one("a", 2, 21), "||a.example^\n||c.example^\n"), (one("b", 1, 20), "?")];
    let (third, _) = kept(Some(&second), &lists, 22);
    assert!(third.is_of(&lists.map(|(list, _)| list)));
    assert_eq!(about(&third, "c.example"), ["a Listed *c.example 1970-01-22 1970-01-22"]);
}

#[test]
fn where_what_was_known_is_lost_the_day_is_the_latest_possible() {
    let is_latest = |origins: &Origins, host: &str| {
        let found = origins.find(origins.lists(), &Sought::default().host(name(host))).unwrap();
        found.iter().all(|found| found.list.is_latest_possible(found.seen.first))
    };
    // The first version of a list has nothing before it, and a later one without what was known has.
    let (first, renewed) =
        kept(None, &[(one("a", 1, 20), "||a.example^\n"), (one("b", 7, 20), "||b.example^\n")], 20);
    assert_eq!(renewed.unsure, ["b"]);
    assert!(!is_latest(&first, "a.example") && is_latest(&first, "b.example"));
    // What comes with the next version has its own day, what comes with one more may have come with the one between.
    let lists = [
        (one("a", 3, 22), "||a.example^\n||x.example^\n"),
        (one("b", 8, 22), "||b.example^\n||y.example^\n"),
    ];
    let (second, renewed) = kept(Some(&first), &lists, 22);
    assert_eq!(renewed.unsure, ["a"]);
    assert!(!is_latest(&second, "a.example") && is_latest(&second, "x.example"));
    assert!(is_latest(&second, "b.example") && !is_latest(&second, "y.example"));
    // It is carried over, in and out of use.
    let (without, _) = kept(Some(&second), &[], 23);
    let (back, _) = kept(Some(&without), &[(one("b", 9, 24), "||b.example^\n")], 24);
    assert!(is_latest(&back, "b.example") && is_latest(&back, "x.example"));
}

#[test]
fn ranges_parts_of_hosts_and_expressions_are_known_too() {
    use crate::support::Owned;
    let entries = vec![
        Owned::Range("192.0.2.0".parse().unwrap(), "192.0.2.255".parse().unwrap()),
        Owned::Range("2001:db8::".parse().unwrap(), "2001:db8::ff".parse().unwrap()),
        Owned::Path("www.x.example".into(), "/Bad".into()),
        Owned::Expression("ca[s]+ino".into()),
    ];
    let mut out = Vec::new();
    let mut read = |_: &InUse, taking: &mut lists::origins::Taking<'_>| {
        for entry in &entries {
            lists::Sink::take(taking, Says::Listed, entry.entry());
        }
        true
    };
    renew(None, &[one("a", 1, 3)], (Seed([5; 16]), 1, day(3)), &mut read, &mut out).unwrap();
    let origins = opened(out);
    let index = index(&[("a", entries.clone())]);
    let found = |sought: &Sought<'_>| origins.find(origins.lists(), sought).unwrap().len();
    for (address, expected) in
        [("192.0.2.7", 1), ("::ffff:192.0.2.7", 1), ("192.0.3.0", 0), ("2001:db8::7", 1), ("2001:db9::", 0)]
    {
        assert_eq!(found(&Sought::default().address(address.parse().unwrap())), expected, "{address}");
    }
    for (host, path, expected) in [
        ("x.example", Some("/bad/worse"), 1),
        ("www.x.example", Some("/BAD"), 1),
        ("x.example", Some("/good"), 0),
        ("x.example", None, 1),
        ("y.example", Some("/a/CASSINO"), 1),
        ("casino.example", None, 1),
    ] {
        let sought = Sought::default().host(name(host)).known_to(&index, name(host), path);
        assert_eq!(found(&sought), expected, "{host}{path:?}");
    }
}

#[test]
fn an_entry_costs_less_than_five_bytes() {
    let text: String = (0..200_000u32).map(|number| format!("||site{number}.example^\n")).collect();
    let (bytes, _) = written(None, &[(one("a", 1, 20), &text)], 20);
    assert!(bytes.len() < 200_000 * 5, "{}", bytes.len());
    let origins = opened(bytes);
    for number in (0..200_000).step_by(997) {
        assert_eq!(about(&origins, &format!("site{number}.example")).len(), 1);
        assert_eq!(about(&origins, &format!("sight{number}.example")).len(), 0);
    }
}

proptest! {
    #[test]
    fn damage_is_found_and_never_panics(cut in 0usize..400, at in 0usize..400, bits in 1u8..=255) {
        let (bytes, _) = written(None, &[(one("a", 1, 20), "||a.example^\n||192.0.2.0/24^\n")], 20);
        let mut damaged = bytes.clone();
        let place = at % damaged.len();
        damaged[place] ^= bits;
        let open = |bytes: Vec<u8>| Origins::open(Arc::new(bytes)).and_then(|origins| origins.verify());
        prop_assert!(open(damaged).is_err());
        prop_assert!(open(bytes[..cut % bytes.len()].to_vec()).is_err());
    }
}
