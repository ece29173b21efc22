//! Reading a feed: a host or a URL a line. What a line holds is hashed and forgotten; what is refused is known by its
//! number alone. Pure.

use std::collections::BTreeMap;

use engine::catalogue::Catalogue;
use engine::sealed::{Feed, SealedWriter, plain_line};
use engine::{HostName, SealedKey};
use lists::url::{CanonicalHost, canonical, site};

use super::model::add_test_entries;

/// How many line numbers are kept of each kind of refusal.
const FIRST_LINES: usize = 10;

/// Why a line was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusedLine {
    /// It is neither a host nor a URL.
    NotAnEntry,
    /// It would seal a whole ending such as `co.uk`, and with it everything below.
    TooWide,
    /// It would close a helpline, or a part of one. A list that says so is wrong or was changed by somebody.
    HelpSite,
}

impl RefusedLine {
    /// The word in reports.
    pub const fn id(self) -> &'static str {
        match self {
            Self::NotAnEntry => "not-an-entry",
            Self::TooWide => "too-wide",
            Self::HelpSite => "help-site",
        }
    }

    /// What a person reads.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotAnEntry => "neither a host nor a web address",
            Self::TooWide => "would close every site of an ending such as co.uk",
            Self::HelpSite => "would close a helpline; ask whoever sent the feed",
        }
    }
}

/// Refusals of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refused {
    /// How many.
    pub count: u64,
    /// The first lines, counted from 1.
    pub first_lines: Vec<u64>,
}

/// What reading a feed came to.
#[derive(Debug)]
pub struct Reading {
    /// The hashes, with the program's own test entries among them.
    pub writer: SealedWriter,
    /// Lines read, without empty ones and remarks.
    pub lines: u64,
    /// Lines taken.
    pub accepted: u64,
    /// What was refused.
    pub refused: BTreeMap<RefusedLine, Refused>,
}

impl Reading {
    /// Reads a feed's text. Remarks begin with `#`.
    pub fn of(text: &str, key: SealedKey, feed: Feed, catalogue: &Catalogue) -> Self {
        let mut writer = SealedWriter::new(key, feed);
        let mut reading = Self {
            lines: 0,
            accepted: 0,
            refused: BTreeMap::new(),
            writer: match add_test_entries(&mut writer) {
                Ok(()) | Err(_) => writer,
            },
        };
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            reading.lines += 1;
            let refusal = refusal(line, catalogue)
                .or_else(|| reading.writer.line(line).is_err().then_some(RefusedLine::NotAnEntry));
            match refusal {
                None => reading.accepted += 1,
                Some(why) => {
                    let refused = reading.refused.entry(why).or_default();
                    refused.count += 1;
                    if refused.first_lines.len() < FIRST_LINES {
                        refused.first_lines.push(number);
                    }
                }
            }
        }
        reading
    }

    /// How many lines were refused.
    pub fn refused_count(&self) -> u64 {
        self.refused.values().map(|refused| refused.count).sum()
    }
}

fn refusal(line: &str, catalogue: &Catalogue) -> Option<RefusedLine> {
    let Ok(line) = plain_line(line) else { return Some(RefusedLine::NotAnEntry) };
    if kit::address::literal(&line).is_some() {
        return None;
    }
    let whole = if line.contains("://") { line.into_owned() } else { format!("http://{line}") };
    let Some(url) = canonical(&whole) else { return Some(RefusedLine::NotAnEntry) };
    let CanonicalHost::Name(host) = url.host else { return None };
    let Some(name) = HostName::new(&host) else { return Some(RefusedLine::NotAnEntry) };
    if site(name).is_none() {
        return Some(RefusedLine::TooWide);
    }
    let below = |low: &str, high: &str| {
        low.strip_suffix(high).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    let touches = |help: &str| below(&host, help) || below(help, &host);
    let help = catalogue.help.iter().flat_map(|help| help.sites());
    help.into_iter().any(|(help, _)| touches(help)).then_some(RefusedLine::HelpSite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_taken_or_counted_by_its_number() {
        let catalogue = Catalogue::built_in().unwrap();
        let text = "# made up\n\nwhole.example\nhttp://shared.example/gallery/\n192.0.2.66\n[2001:db8::7]\ntwo words\nco.uk\n\
                    www.childline.org.uk\nhttps://childline.org.uk/a-page\norg.uk\nexample\nhttps://query.example/?x=1\n\
                    *.wild.example\nwild*.example\n*.co.uk\nport.example:8080\npart.example/a/*\n*.childline.org.uk\n";
        let reading = Reading::of(text, SealedKey::new([7; 32]), Feed::Test, &catalogue);
        let refused: Vec<_> = reading
            .refused
            .iter()
            .map(|(why, refused)| (*why, refused.count, refused.first_lines.clone()))
            .collect();
        assert_eq!((reading.lines, reading.accepted, reading.refused_count()), (17, 7, 10));
        assert_eq!(
            refused,
            [
                (RefusedLine::NotAnEntry, 3, vec![7, 15, 18]),
                (RefusedLine::TooWide, 4, vec![8, 11, 12, 16]),
                (RefusedLine::HelpSite, 3, vec![9, 10, 19]),
            ]
        );
        let sealed = reading.writer.finish();
        assert!(sealed.holds_host("a.whole.example") && sealed.holds_host("2001:db8::7"));
        assert!(sealed.holds_path("shared.example", "/gallery/7") && !sealed.holds_host("childline.org.uk"));
        assert!(sealed.holds_host("wild.example") && sealed.holds_host("a.wild.example"));
        assert!(sealed.holds_host("port.example"), "on every port");
        assert!(sealed.holds_host("sealed-test-iwf.fivebar.example"), "the tier can still be tried");
    }
}
