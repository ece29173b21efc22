//! Measures the file of origins: `cargo run --release -p lists --example origins_bench [MILLIONS]`.
//!
//! Made-up names in eight lists. Written once from nothing, then with one name in a hundred gone and one in a hundred new, as an
//! update of every list would have it. All times are processor time (Linux).
#![expect(clippy::print_stdout, reason = "a program that prints figures")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement that fails should stop")]

use std::fmt::Write as _;
use std::sync::Arc;

use kit::{HostName, Timestamp};
use lists::origins::{Day, InUse, Origins, Sought, renew};
use lists::{Format, Seed};

const LISTS: u64 = 8;

/// Processor time of this process so far, in seconds.
fn spent() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let ns: u64 = text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
    ns as f64 / 1e9
}

/// The most memory this process has had, in MB.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1e3
}

/// The text of a list: every eighth name from `first` on.
fn text(list: u64, first: u64, count: u64) -> String {
    let mut text = String::new();
    for number in (first..first + count).filter(|number| number % LISTS == list) {
        let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        writeln!(
            text,
            "{:x}.{}",
            mixed >> 20,
            ["example", "test.example", "co.example"][(mixed % 3) as usize]
        )
        .unwrap();
    }
    text
}

fn write(before: Option<&Origins>, count: u64, first: u64, version: u32) -> Vec<u8> {
    let day = |number: u32| Day::of(Timestamp::from_millis(i64::from(number) * 86_400_000));
    let in_use: Vec<InUse> = (0..LISTS)
        .map(|list| InUse { id: format!("list-{list}"), version, licence: None, day: day(version) })
        .collect();
    let mut out = Vec::new();
    let mut read = |list: &InUse, taking: &mut lists::origins::Taking<'_>| {
        let number = in_use.iter().position(|one| one.id == list.id).unwrap() as u64;
        lists::read(text(number, first, count).as_bytes(), Format::Domains, taking);
        true
    };
    renew(before, &in_use, (Seed([7; 16]), u64::from(version), day(version)), &mut read, &mut out).unwrap();
    out
}

fn main() {
    let millions: f64 = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(1.0);
    let count = (millions * 1e6) as u64;
    let empty = peak();
    let start = spent();
    let first = write(None, count, 0, 1);
    println!("{count} entries in {LISTS} lists");
    println!(
        "written from nothing: {:.2} s with reading, {:.1} MB, {:.2} bytes an entry, peak memory {:.0} MB with the text of a list (empty {empty:.0} MB)",
        spent() - start,
        first.len() as f64 / 1e6,
        first.len() as f64 / count as f64,
        peak()
    );
    let origins = Origins::open(Arc::new(first)).unwrap();
    let start = spent();
    let second = write(Some(&origins), count, count / 100, 2);
    println!(
        "one in a hundred gone, as many new: {:.2} s with reading, {:.1} MB, {:.2} bytes an entry, peak memory {:.0} MB",
        spent() - start,
        second.len() as f64 / 1e6,
        second.len() as f64 / count as f64,
        peak()
    );
    let origins = Origins::open(Arc::new(second)).unwrap();
    let start = spent();
    let host = HostName::new("www.nowhere.test.example").unwrap();
    for _ in 0..10 {
        assert!(origins.find(origins.lists(), &Sought::default().host(host)).unwrap().is_empty());
    }
    println!("asked for a site in all lists: {:.1} ms", (spent() - start) * 100.0);
}
