//! Measures the list index: `cargo run --release -p lists --example index_bench [MILLIONS]`.
//!
//! Made-up names in the shape of real lists, half of the look-ups listed. "Cold" asks for names spread evenly over the
//! whole index, so that every bucket comes from memory; "hot" asks for 50,000 names over and over. All times are processor time (Linux).
#![expect(clippy::print_stdout, reason = "a program that prints figures")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement that fails should stop")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

use lists::{Format, Gathered, IndexBuilder, ListHead, ListIndex, Seed};

/// An image at an address that is a multiple of a cache line, as a mapped file is.
struct Aligned {
    bytes: Vec<u8>,
    start: usize,
}

impl Aligned {
    fn new(image: &[u8]) -> Self {
        let mut bytes: Vec<u8> = Vec::with_capacity(image.len() + 64);
        let start = bytes.as_ptr().align_offset(64);
        bytes.resize(start, 0);
        bytes.extend_from_slice(image);
        Self { bytes, start }
    }
}

impl AsRef<[u8]> for Aligned {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or(&[])
    }
}

/// Processor time of this process, so that other programs on the machine do not count.
struct Spent(u64);

impl Spent {
    fn now() -> Self {
        let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
        Self(text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0))
    }

    fn elapsed(&self) -> std::time::Duration {
        std::time::Duration::from_nanos(Self::now().0 - self.0)
    }
}

/// A small generator (SplitMix64), so that runs repeat.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// The made-up name of a number: 6 to 17 letters, one of eight endings, and one in four below another label.
fn name(number: u64, into: &mut String) {
    let mut random = Random(number.wrapping_mul(0x5851_f42d_4c95_7f2d));
    let bits = random.next();
    if bits.is_multiple_of(4) {
        into.push_str(["www.", "mail.", "cdn-3.", "shop."][(bits >> 8) as usize % 4]);
    }
    let length = 6 + (bits >> 16) % 12;
    let mut letters = random.next();
    for at in 0..length {
        if at == 10 {
            letters = random.next();
        }
        into.push((b'a' + (letters % 26) as u8) as char);
        letters /= 26;
    }
    into.push_str(
        [".com", ".net", ".org", ".co.uk", ".ru", ".info", ".xyz", ".top"][(bits >> 24) as usize % 8],
    );
}

fn main() {
    let millions: f64 = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(1.0);
    let count = (millions * 1e6) as u64;
    let lists = 8u64;
    let mut texts: Vec<String> = vec![String::new(); lists as usize];
    for number in 0..count {
        let text = &mut texts[(number % lists) as usize];
        name(number, text);
        text.push('\n');
    }

    let start = Spent::now();
    let mut builder = IndexBuilder::new(Seed([42; 16]));
    let mut accepted = 0;
    for (number, text) in texts.iter().enumerate() {
        let mut list = Gathered::new(builder.seed(), usize::MAX);
        list.reserve_for_text(text.len() as u64);
        accepted += lists::read(text.as_bytes(), Format::Domains, &mut list).accepted;
        builder.add(ListHead { id: format!("list-{number}"), ..Default::default() }, list).unwrap();
    }
    let read = start.elapsed();
    let image = builder.build().unwrap();
    let built = start.elapsed();
    let peak = peak_kib();
    let held: u64 = texts.iter().map(|text| text.len() as u64).sum();
    println!("names {accepted}, text {} MB", held / 1_000_000);
    println!("text to index {:.2} s (reading and hashing {:.2} s)", built.as_secs_f64(), read.as_secs_f64());
    println!("image {:.1} MB", image.len() as f64 / 1e6);
    println!("peak memory while building, text included: {:.1} MB", peak as f64 / 1e3);

    let image = Arc::new(Aligned::new(&image));
    let start = Spent::now();
    let index = ListIndex::open(image.clone()).unwrap();
    println!("open {:.3} ms", start.elapsed().as_secs_f64() * 1e3);
    let start = Spent::now();
    index.verify().unwrap();
    println!("verify {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let names: u64 = index.lists().iter().map(|list| list.tally.names).sum();
    println!("bytes a name {:.2} ({names} different)", (*image).as_ref().len() as f64 / names as f64);

    for (label, spread) in [("cold", count), ("hot", 50_000.min(count))] {
        let asked = 2_000_000usize;
        let mut text = String::new();
        let mut ends = Vec::with_capacity(asked);
        let mut random = Random(7);
        let different = if label == "hot" { 50_000 } else { asked as u64 };
        let offsets: Vec<u64> = (0..different).map(|_| random.next()).collect();
        for _ in 0..asked {
            let bits = random.next();
            let pick = if label == "hot" { offsets[bits as usize % offsets.len()] } else { random.next() };
            let listed = pick & 1 == 0;
            if pick & 2 == 0 {
                text.push_str("www.");
            }
            name(if listed { (pick >> 8) % spread } else { count + (pick >> 8) }, &mut text);
            ends.push(text.len());
        }
        let mut best = f64::MAX;
        let mut hits = 0usize;
        for _ in 0..3 {
            let start = Spent::now();
            let mut from = 0;
            hits = 0;
            for &end in &ends {
                let host = kit::HostName::new(&text[from..end]).unwrap();
                hits += usize::from(!black_box(index.name(host)).is_empty());
                from = end;
            }
            best = best.min(start.elapsed().as_secs_f64() / asked as f64 * 1e9);
        }
        let start = Spent::now();
        let mut from = 0;
        for &end in &ends {
            black_box(kit::HostName::new(&text[from..end]).unwrap());
            from = end;
        }
        let check = start.elapsed().as_secs_f64() / asked as f64 * 1e9;
        println!(
            "{label}: {best:.0} ns a name, of which {check:.0} ns to check the name's form; {:.0} % listed",
            hits as f64 / asked as f64 * 100.0
        );
    }
    let mut line = String::new();
    write!(line, "{index:?}").unwrap();
    println!("{line}");
}

/// The most memory this process has had, in KiB, where the system tells.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or(0)
}
