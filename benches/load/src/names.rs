//! A list of names and a stream of queries, the same every time.
//!
//! The stream: 2 million queries, 8 % for listed names (half of them for a name below one), 90 % for 200,000 popular
//! names by Zipf's law, 2 % asked once; A 70 %, AAAA 24 %, HTTPS 6 %.

use std::collections::HashSet;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufWriter, Write};

const POPULAR: usize = 200_000;
const QUERIES: usize = 2_000_000;

const SYLLABLES: [&str; 48] = [
    "ba", "be", "bo", "ca", "co", "da", "de", "di", "fa", "fi", "ga", "go", "ha", "ho", "ja", "ka", "ki",
    "la", "le", "lo", "ma", "me", "mi", "na", "ne", "no", "pa", "pe", "po", "ra", "re", "ri", "sa", "se",
    "so", "ta", "te", "to", "va", "wi", "ster", "land", "shop", "web", "play", "mail", "news", "club",
];
/// Endings with their share of 100.
const ENDINGS: [(&str, u64); 12] = [
    ("com", 46),
    ("net", 8),
    ("org", 7),
    ("de", 6),
    ("ru", 5),
    ("co.uk", 6),
    ("info", 4),
    ("xyz", 5),
    ("fr", 4),
    ("com.br", 3),
    ("top", 4),
    ("online", 2),
];
const BELOW: [&str; 12] =
    ["www", "api", "cdn", "static", "mail", "m", "login", "img", "assets", "edge-12", "ws", "app"];

/// SplitMix64: small, fast and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len() as u64) as usize]
    }

    /// A rank below `count`, by Zipf's law with exponent 1.
    fn rank(&mut self, count: usize) -> usize {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        (((unit * (count as f64).ln()).exp()) as usize).saturating_sub(1).min(count - 1)
    }

    /// A name somebody could have registered.
    fn name(&mut self) -> String {
        let mut name: String = (0..2 + self.below(4)).map(|_| self.pick(&SYLLABLES)).collect();
        match self.below(10) {
            0 => name = format!("{name}-{}", self.pick(&SYLLABLES)),
            1 => name = format!("{name}{}", self.below(1000)),
            _ => {}
        }
        let mut share = self.below(100);
        let mut ending = "com";
        for (word, part) in ENDINGS {
            ending = word;
            if share < part {
                break;
            }
            share -= part;
        }
        format!("{name}.{ending}")
    }

    /// The same, in three of four cases with a label before it.
    fn popular(&mut self) -> String {
        let name = self.name();
        if self.below(4) == 0 { name } else { format!("{}.{name}", self.pick(&BELOW)) }
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// Whether the name or one above it is listed.
fn listed(name: &str, set: &HashSet<u64>) -> bool {
    let mut rest = Some(name);
    while let Some(name) = rest {
        if set.contains(&hash(name)) {
            return true;
        }
        rest = name.split_once('.').map(|(_, above)| above);
    }
    false
}

/// Writes `names.txt` (`count` different names) and `stream.txt` (a name and a type a line).
pub fn write(folder: &str, count: usize) -> io::Result<()> {
    let mut random = Random(20_26);
    let mut set = HashSet::with_capacity(count);
    let mut list = Vec::with_capacity(count);
    while list.len() < count {
        let mut name = random.name();
        if random.below(100) < 8 {
            name = format!("{}.{name}", random.pick(&BELOW));
        }
        if set.insert(hash(&name)) {
            list.push(name);
        }
    }
    let mut out = BufWriter::new(File::create(format!("{folder}/names.txt"))?);
    for name in &list {
        writeln!(out, "{name}")?;
    }
    out.flush()?;

    let mut popular = Vec::with_capacity(POPULAR);
    while popular.len() < POPULAR {
        let name = random.popular();
        if !listed(&name, &set) {
            popular.push(name);
        }
    }
    let mut out = BufWriter::new(File::create(format!("{folder}/stream.txt"))?);
    for turn in 0..QUERIES {
        let kind = match random.below(100) {
            0..=69 => 1,
            70..=93 => 28,
            _ => 65,
        };
        match random.below(1000) {
            0..=79 => {
                let name = &list[random.rank(list.len())];
                if random.below(2) == 0 {
                    writeln!(out, "{name} {kind}")?
                } else {
                    writeln!(out, "{}.{name} {kind}", random.pick(&BELOW))?
                }
            }
            80..=979 => writeln!(out, "{} {kind}", popular[random.rank(POPULAR)])?,
            _ => writeln!(out, "u{turn}.{} {kind}", popular[random.rank(POPULAR)])?,
        }
    }
    out.flush()
}
