//! The host that a request is about.

use std::fmt;
use std::net::IpAddr;

/// A host name in the one form the engine compares: lower-case ASCII, labels of 1 to 63 bytes, no dot at the end, at
/// most 253 bytes. Underscores and other printable bytes that real names carry are kept as they are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName<'a>(&'a str);

impl<'a> HostName<'a> {
    /// The name, if `text` already has that form. One pass, no allocation.
    pub fn new(text: &'a str) -> Option<Self> {
        let bytes = text.as_bytes();
        if text.is_empty() || text.len() > 253 {
            return None;
        }
        // Every request goes through here. Chunks are looked at whole, without a branch, so that the compiler can make
        // vector instructions of it; the last one overlaps the one before.
        let mut foreign = false;
        if let Some(last) = bytes.last_chunk::<16>() {
            bytes.as_chunks::<16>().0.iter().for_each(|chunk| foreign |= any_foreign(chunk));
            foreign |= any_foreign(last);
        } else if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            foreign = any_foreign(first) | any_foreign(last);
        } else {
            bytes.iter().for_each(|byte| foreign |= is_foreign(*byte));
        }
        (!foreign && labels_fit(bytes)).then_some(Self(text))
    }

    /// The name, if `text` is one and nothing in it is but lower-case letters, digits, hyphens, underscores and dots: for
    /// whoever reads millions. Eight bytes at a time, about 8 ns a name.
    #[inline]
    pub fn plain(text: &'a str) -> Option<Self> {
        if text.is_empty() || text.len() > 253 {
            return None;
        }
        let (chunks, rest) = text.as_bytes().as_chunks::<8>();
        let mut last = [b'a'; 8];
        for (place, byte) in last.iter_mut().zip(rest) {
            *place = *byte;
        }
        let (mut plain, mut start, mut at, mut fits) = (u64::MAX, 0usize, 0usize, true);
        for chunk in chunks.iter().chain([&last]) {
            let word = u64::from_le_bytes(*chunk);
            plain &= in_range(word, b'-', b'.')
                | in_range(word, b'0', b'9')
                | in_range(word, b'_', b'_')
                | in_range(word, b'a', b'z');
            let mut dots = in_range(word, b'.', b'.');
            while dots != 0 {
                let dot = at + dots.trailing_zeros() as usize / 8;
                // A label of no byte becomes the largest number there is.
                fits &= dot.wrapping_sub(start).wrapping_sub(1) < 63;
                start = dot + 1;
                dots &= dots - 1;
            }
            at += 8;
        }
        fits &= text.len().wrapping_sub(start).wrapping_sub(1) < 63;
        (fits && plain & !LOW_BITS == !LOW_BITS).then_some(Self(text))
    }

    /// The text.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Whether this name is `ancestor` or lies below it. `notexample.org` is not below `example.org`.
    pub fn is_within(self, ancestor: HostName<'_>) -> bool {
        self.0.strip_suffix(ancestor.0).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

const LOW_BITS: u64 = 0x7f7f_7f7f_7f7f_7f7f;

/// The top bit of every byte that lies between the two, which are ASCII.
#[inline]
const fn in_range(word: u64, first: u8, last: u8) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let low = word & LOW_BITS;
    let reaches = low + (0x80 - first as u64) * EACH;
    let passes = low + (0x7f - last as u64) * EACH;
    reaches & !passes & !word & !LOW_BITS
}

/// Whether every label has 1 to 63 bytes.
#[inline]
fn labels_fit(bytes: &[u8]) -> bool {
    if bytes.len() > 63 {
        return bytes.split(|byte| *byte == b'.').all(|label| (1..=63).contains(&label.len()));
    }
    // None can be too long, so that only an empty one is left to be found: a dot at an end or beside another.
    let (pairs, rest) = (bytes, bytes.get(1..).unwrap_or(&[]));
    let mut beside = false;
    for (byte, next) in pairs.iter().zip(rest) {
        beside |= (*byte == b'.') & (*next == b'.');
    }
    !(beside | (bytes.first() == Some(&b'.')) | (bytes.last() == Some(&b'.')))
}

#[inline]
fn any_foreign<const N: usize>(chunk: &[u8; N]) -> bool {
    let mut foreign = 0;
    for byte in chunk {
        foreign |= u8::from(is_foreign(*byte));
    }
    foreign != 0
}

/// Whether no host name holds the byte: capitals, blanks and controls, bytes beyond ASCII, and what ends a host in a URL.
const fn is_foreign(byte: u8) -> bool {
    (byte.wrapping_sub(b'A') < 26)
        | (byte <= b' ')
        | (byte >= 0x7f)
        | (byte == b'/')
        | (byte == b':')
        | (byte == b'@')
        | (byte == b'\\')
        | (byte == b'?')
        | (byte == b'#')
        | (byte == b'%')
}

impl fmt::Display for HostName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
impl fmt::Debug for HostName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Turns what a person or a browser typed into the form of [`HostName`]: international names to their ASCII form
/// (UTS 46, non-transitional, as browsers do), capitals lowered, one dot at the end dropped. `None` where no host
/// name can be made of it.
pub fn normalise_host_name(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let ascii = if text.is_ascii() { text.to_ascii_lowercase() } else { idna::domain_to_ascii(text).ok()? };
    HostName::new(&ascii).is_some().then_some(ascii)
}

/// A host: a name, or an address written out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Host<'a> {
    /// A name.
    Name(HostName<'a>),
    /// An address instead of a name. An IPv4-mapped IPv6 address is held as IPv4.
    Address(IpAddr),
}

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => fmt::Display::fmt(name, f),
            Self::Address(address) => fmt::Display::fmt(address, f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_is_a_name_of_few_characters() {
        let slowly = |text: &str| {
            let few = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
            HostName::new(text).filter(|_| text.bytes().all(few)).is_some()
        };
        let check = |text: &str| {
            let found = HostName::plain(text);
            assert_eq!(found.is_some(), slowly(text), "{text:?}");
            assert!(found.is_none_or(|name| name.as_str() == text));
        };
        // Every byte at every place in a word, and every length of a label and of a name.
        for byte in 0..=127u8 {
            for before in 0..17 {
                for after in [0, 1, 7, 9] {
                    let (before, after) = ("b".repeat(before), "c".repeat(after));
                    check(&format!("{before}{}{after}", byte as char));
                }
            }
        }
        for length in 0..130 {
            let label = "a".repeat(length);
            for text in [
                label.clone(),
                format!("{label}.example"),
                format!("www.{label}"),
                format!("{label}.{label}"),
            ] {
                check(&text);
            }
        }
        for labels in 0..130 {
            check(&vec!["a"; labels].join("."));
            check(&vec!["ab"; labels].join("."));
        }
        for text in [
            ".",
            "..",
            "a..b",
            ".a",
            "a.",
            "a.b..",
            "é.example",
            "bücher.example",
            "a.b\u{80}",
            "\u{2e2e}.example",
        ] {
            check(text);
        }
    }

    #[test]
    fn a_host_name_has_one_form() {
        for good in ["example.org", "a", "_dmarc.example.org", "xn--bcher-kva.example", "1.2.3.4"] {
            assert!(HostName::new(good).is_some(), "{good}");
        }
        let long = "a".repeat(64);
        for bad in ["", ".", "a..b", ".a", "a.", "Example.org", "a b", "bücher.example", "a/b", &long] {
            assert!(HostName::new(bad).is_none(), "{bad}");
        }
        assert_eq!(normalise_host_name("BÜCHER.Example.").as_deref(), Some("xn--bcher-kva.example"));
    }

    #[test]
    fn a_name_is_within_its_ancestors_only() {
        let name = |text| HostName::new(text).unwrap();
        assert!(name("a.example.org").is_within(name("example.org")));
        assert!(name("example.org").is_within(name("example.org")));
        assert!(!name("notexample.org").is_within(name("example.org")));
    }
}
