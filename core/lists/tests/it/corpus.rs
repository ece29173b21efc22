//! What must hold for any bytes given as a list. The fuzz target `list_formats` calls [`holds`]; its corpus is replayed
//! here.

use std::sync::Arc;

use kit::HostName;
use lists::{Entry, Format, IndexBuilder, ListHead, ListIndex, Report, Seed, detect, read, read_from};

/// The first byte chooses the name the file goes by, the rest is its text.
pub fn holds(bytes: &[u8]) {
    let Some((first, text)) = bytes.split_first() else { return };
    let name = ["list", "domains", "urls", "expressions", "x.hosts", "bannedsitelist", "x.rpz", "x.regex"]
        [usize::from(*first) % 8];
    let _ = detect(name, text);
    for format in Format::ALL {
        one_format(format, text);
    }
}

fn one_format(format: Format, text: &[u8]) {
    let mut builder = IndexBuilder::new(Seed([9; 16]));
    let mut names: Vec<(String, bool)> = Vec::new();
    let mut paths: Vec<(String, String)> = Vec::new();
    let mut all = 0u64;
    {
        let mut list = builder.list(ListHead::default()).unwrap();
        let mut sink = |says: lists::Says, entry: Entry<'_>| {
            all += 1;
            match entry {
                Entry::Below(name) => names.push((name.as_str().to_owned(), true)),
                Entry::Exact(name) => names.push((name.as_str().to_owned(), false)),
                Entry::Path(host, path) => {
                    assert!(
                        path.starts_with('/')
                            && path != "/"
                            && path.bytes().all(|byte| !byte.is_ascii_uppercase())
                    );
                    paths.push((host.as_str().to_owned(), path.to_owned()));
                }
                Entry::Range(first, last) => assert!(first <= last && first.is_ipv4() == last.is_ipv4()),
                Entry::Expression(text) => assert!(regex::Regex::new(text).is_ok()),
            }
            lists::Sink::take(&mut list, says, entry);
        };
        let report = read(text, format, &mut sink);
        adds_up(&report, text, all);
        // A text that is not in memory is read alike, wherever one read of it ends.
        if text.len() < lists::PIECE {
            let (one, other) = text.split_at(text.len() / 3);
            let apart = || Ok(std::io::Read::chain(one, other));
            let mut entries = 0u64;
            let again = read_from(apart, format, &mut |_: lists::Says, _: Entry<'_>| entries += 1).unwrap();
            assert_eq!(entries, all);
            assert_eq!(again, report);
        }
    }
    let index = ListIndex::open(Arc::new(builder.build().unwrap())).unwrap();
    let kept = index.lists().iter().map(|list| list.tally);
    let kept: u64 = kept
        .map(|tally| tally.names + tally.ranges + tally.paths + tally.expressions + tally.duplicates)
        .sum();
    assert_eq!(kept, all);
    for list in index.lists() {
        assert!(list.excepts.iter().all(|other| index.lists()[usize::from(other.0)].excepts.is_empty()));
    }
    for (name, below) in names {
        assert!(
            name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_')),
            "{name:?}"
        );
        assert!(!index.name(HostName::new(&name).unwrap()).is_empty(), "{name:?}");
        if below && let Some(child) = HostName::new(&format!("x.{name}")) {
            assert!(!index.name(child).is_empty(), "{name:?}");
        }
    }
    for (host, path) in paths {
        let host = HostName::new(&host).unwrap();
        assert!(index.has_paths(host) && !index.path(host, &path).is_empty(), "{host}{path}");
    }
}

/// Every line is blank, taken or refused.
fn adds_up(report: &Report, text: &[u8], entries: u64) {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let lines = text.split_inclusive(|byte| *byte == b'\n').count() as u64;
    assert_eq!(report.lines, lines);
    assert!(report.blank + report.accepted + report.refused_count() >= lines);
    match report.format {
        // A URL of a whole host stands for two.
        Format::Urls | Format::E2guardian => {
            assert!(report.accepted <= entries && entries <= report.accepted * 2);
        }
        // A rule may take names out of itself; one that another covers gives nothing.
        Format::Adguard | Format::Rpz | Format::Dnsmasq => {}
        _ => assert_eq!(report.accepted, entries),
    }
    // A line of these may hold several names.
    if !matches!(report.format, Format::Hosts | Format::Adguard | Format::Dnsmasq | Format::Stamps) {
        assert_eq!(report.blank + report.accepted + report.refused_count(), lines);
    }
    assert!(report.refused.values().all(|refused| refused.first_lines.len() <= Report::FIRST_LINES));
}

#[cfg(test)]
#[test]
fn the_corpus_of_list_formats_holds() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/list_formats");
    let mut replayed = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        holds(&std::fs::read(file.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed >= 10, "{replayed}");
}
