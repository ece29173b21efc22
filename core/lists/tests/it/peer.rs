//! Suites that other projects wrote: public suffixes, URLs, international names. Every case that is left out is counted
//! with its reason, and nothing else may differ.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::support::{data, unpacked};
use kit::HostName;
use kit::host::normalise_host_name;
use lists::url::{CanonicalHost, CanonicalUrl, canonical, site};
use lists::{Entry, Format, IndexBuilder, ListHead, ListIndex, Refusal, Says, Seed, Sink, read};

type Counts = BTreeMap<&'static str, usize>;

#[test]
fn the_public_suffix_suite() {
    let Some(file) = data("peer/test_psl.txt") else { return };
    let text = String::from_utf8(unpacked(&file)).unwrap();
    let (mut passed, mut skipped) = (0, Counts::new());
    for line in text.lines().filter_map(|line| line.strip_prefix("checkPublicSuffix(")) {
        let (input, expected) = line.trim_end_matches(");").split_once(", ").unwrap();
        let unquote = |text: &str| text.strip_prefix('\'').map(|text| text.trim_end_matches('\'').to_owned());
        let (Some(input), expected) = (unquote(input), unquote(expected)) else {
            *skipped.entry("null is not text").or_default() += 1;
            continue;
        };
        let found = normalise_host_name(&input)
            .and_then(|name| HostName::new(&name).and_then(site).map(|site| site.as_str().to_owned()));
        // The suite writes U-labels where it was asked in them; we keep one form.
        let expected = expected.and_then(|name| normalise_host_name(&name));
        assert_eq!(found, expected, "{input}");
        passed += 1;
    }
    println!("public suffixes: {passed} passed, skipped {skipped:?}");
    assert!(passed > 70);
}

#[test]
fn the_url_suite() {
    let Some(file) = data("peer/urltestdata.json.gz") else { return };
    let cases: Vec<serde_json::Value> = serde_json::from_slice(&unpacked(&file)).unwrap();
    let (mut passed, mut skipped, mut failed) = (0, Counts::new(), Vec::new());
    for case in cases.iter().filter(|case| case.is_object()) {
        let input = case["input"].as_str().unwrap();
        let mut skip = |why| *skipped.entry(why).or_default() += 1;
        if is_relative(input, case["base"].as_str()) {
            skip("relative to a base: requests come with a whole URL");
            continue;
        }
        let found = canonical(input);
        let Some(href) = case.get("href").and_then(|href| href.as_str()) else {
            if found.is_none() {
                passed += 1
            } else {
                failed.push(input.to_owned())
            }
            continue;
        };
        if !matches!(case["protocol"].as_str(), Some("http:" | "https:" | "ws:" | "wss:" | "ftp:")) {
            assert_eq!(found, None, "{input}");
            skip("a scheme that no front carries (we answer none)");
            continue;
        }
        let host = case["hostname"].as_str().unwrap();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let bare = bare.strip_suffix('.').unwrap_or(bare);
        let Some(found) = found else {
            if HostName::new(bare).is_none() {
                skip("a host that no name server knows: a label too long, or characters of no host name");
            } else {
                failed.push(input.to_owned());
            }
            continue;
        };
        let same_host = match &found.host {
            CanonicalHost::Name(name) => name == bare,
            CanonicalHost::Address(address) => {
                bare.parse().is_ok_and(|expected: std::net::IpAddr| expected.to_canonical() == *address)
            }
        };
        let same_port =
            found.port.map_or(String::new(), |port| port.to_string()) == case["port"].as_str().unwrap();
        let pathname = case["pathname"].as_str().unwrap();
        let path = format!("{pathname}{}", case["search"].as_str().unwrap());
        // Beyond the standard we decode what needs no encoding and leave out empty segments.
        let same_path = [path.clone(), format!("{path}?")]
            .iter()
            .any(|path| decoded(&found.path) == decoded(&without_empty_segments(path)));
        let stays = canonical(href).as_ref() == Some(&found);
        if same_host && same_port && same_path && stays {
            passed += 1
        } else {
            failed.push(format!("{input}: {found:?}"))
        }
    }
    println!("URLs: {passed} passed, skipped {skipped:?}");
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(passed > 250, "{passed}");
}

fn without_empty_segments(path: &str) -> String {
    let (mut path, query) = match path.split_once('?') {
        Some((path, query)) => (path.to_owned(), format!("?{query}")),
        None => (path.to_owned(), String::new()),
    };
    while path.contains("//") {
        path = path.replace("//", "/");
    }
    path + &query
}

fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(value) if bytes[at] == b'%' => {
                out.push(value);
                at += 3;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}

/// Whether the case resolves its input against a base.
fn is_relative(input: &str, base: Option<&str>) -> bool {
    let input: String =
        input.trim_matches(|c: char| c <= ' ').chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let Some((scheme, rest)) = input.split_once(':') else { return true };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let same_as_base =
        base.and_then(|base| base.split_once(':')).is_some_and(|(base, _)| base.eq_ignore_ascii_case(scheme));
    !is_scheme || (same_as_base && !rest.starts_with("//") && !rest.starts_with("\\\\"))
}

#[test]
fn the_suite_of_url_setters_is_left_out() {
    let Some(file) = data("peer/setters_tests.json.gz") else { return };
    let suite: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&unpacked(&file)).unwrap();
    let cases: usize = suite
        .iter()
        .filter(|(key, _)| *key != "comment")
        .map(|(_, cases)| cases.as_array().unwrap().len())
        .sum();
    println!("URL setters: 0 run, {cases} skipped: a filter reads addresses and never edits parts of them");
}

#[test]
fn the_suite_of_international_names() {
    let Some(file) = data("peer/IdnaTestV2.txt.gz") else { return };
    let text = String::from_utf8(unpacked(&file)).unwrap();
    let (mut passed, mut skipped, mut failed) = (0, Counts::new(), Vec::new());
    for line in text.lines() {
        let line = line.split('#').next().unwrap().trim();
        if line.is_empty() {
            continue;
        }
        let fields: Vec<String> = line.split(';').map(|field| unescaped(field.trim())).collect();
        let or = |field: usize, before: String| {
            if fields[field].is_empty() { before } else { fields[field].clone() }
        };
        let source = fields[0].clone();
        let to_unicode = or(1, source.clone());
        let to_ascii = or(3, to_unicode);
        let status = or(4, fields[2].clone());
        let errors: Vec<&str> =
            status.trim_matches(['[', ']']).split(", ").filter(|error| !error.is_empty()).collect();
        let found = normalise_host_name(&source);
        let mut skip = |why| *skipped.entry(why).or_default() += 1;
        // The empty name is written "".
        let to_ascii = to_ascii.trim_matches('"');
        let expected = to_ascii.strip_suffix('.').unwrap_or(to_ascii);
        if errors.is_empty() {
            if found.as_deref() == Some(expected) {
                passed += 1;
            } else if found.is_none() && HostName::new(expected).is_none() {
                skip("a result that is no host name to us");
            } else {
                failed.push(format!("{source:?} gave {found:?}, not {expected:?}"));
            }
        } else if found.is_none() {
            passed += 1;
        } else if source.is_ascii() {
            skip("already ASCII: compared as it stands, as name servers do");
        } else if errors.iter().all(|error| matches!(*error, "V2" | "V3" | "A4_1" | "A4_2" | "X4_2")) {
            skip("hyphens and lengths that browsers let pass");
        } else if errors.iter().all(|error| matches!(*error, "U1" | "V2" | "V3" | "A4_1" | "A4_2" | "X4_2")) {
            skip("ASCII signs that only STD3 rules forbid, which browsers do not apply");
        } else if source.contains('\u{3e8ac}') {
            skip("an unassigned character (U+3E8AC) that the idna crate lets pass and no registry has");
        } else {
            failed.push(format!("{source:?} gave {found:?}, not {errors:?}"));
        }
    }
    println!("international names: {passed} passed, skipped {skipped:?}");
    assert!(failed.is_empty(), "{} differ: {:#?}", failed.len(), &failed[..failed.len().min(20)]);
    assert!(passed > 4_000, "{passed}");
}

/// Undoes `\uXXXX` and `\x{XXXX}`.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let digits = match rest.strip_prefix("x{") {
            Some(braced) => {
                let (digits, after) = braced.split_once('}').unwrap();
                rest = after;
                digits
            }
            None => {
                let digits = &rest[1..5];
                rest = &rest[5..];
                digits
            }
        };
        // A lone surrogate is no text in Rust; the mark in its place is refused just the same.
        out.push(u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).unwrap_or('\u{fffd}'));
    }
    out.push_str(rest);
    out
}

/// The rules that adblock-rust's authors found to match a request: every one that is taken must match it here too, as a
/// listing or as an exception.
#[test]
fn the_rules_of_the_adblock_suite_that_speak_of_names() {
    let Some(file) = data("peer/adblock-matching-requests.json.gz") else { return };
    let cases: Vec<serde_json::Value> = serde_json::from_slice(&unpacked(&file)).unwrap();
    let (mut taken, mut skipped, mut explained) = (0, BTreeMap::<Refusal, usize>::new(), Counts::new());
    let mut failed = Vec::new();
    let name_is_in =
        |host: &str, rule: &str| rule[2..].starts_with(host.strip_prefix("www.").unwrap_or(host));
    for case in &cases {
        let url = canonical(case["url"].as_str().unwrap());
        let Some(CanonicalUrl { host: CanonicalHost::Name(host), path, .. }) = url else { continue };
        for rule in case["filters"].as_array().unwrap() {
            let rule = rule.as_str().unwrap();
            let mut builder = IndexBuilder::new(Seed([1; 16]));
            let mut excepts = false;
            let mut writer = builder.list(ListHead::default()).unwrap();
            let report = read(rule.as_bytes(), Format::Adguard, &mut |says: Says, entry: Entry<'_>| {
                // An exception is looked up like a listing: whether it meets the request is the question.
                excepts |= says == Says::Excepted;
                writer.take(if excepts { Says::Listed } else { says }, entry);
            });
            if let Some(why) = report.refused.keys().next() {
                *skipped.entry(*why).or_default() += 1;
                continue;
            }
            let index = ListIndex::open(Arc::new(builder.build().unwrap())).unwrap();
            let name = HostName::new(&host).unwrap();
            let sets: Vec<_> = index.name(name).iter().copied().collect();
            let by_name = sets.iter().any(|set| !index.set(*set).is_empty())
                && sets.iter().all(|set| index.exceptions(*set).is_empty());
            let by_expression = || {
                let text = format!("{host}{path}");
                index.expressions().iter().any(|(_, one)| regex::Regex::new(one).unwrap().is_match(&text))
            };
            if by_name || !index.path(name, &path).is_empty() || by_expression() {
                taken += 1;
            } else if rule.starts_with("||") && rule.contains('/') && !name_is_in(&host, rule) {
                *explained
                    .entry("a part of a site is met on the host that is named, and not below it")
                    .or_default() += 1;
            } else if !rule.starts_with('|') {
                *explained
                    .entry("a pattern without a beginning is met in names and not in paths")
                    .or_default() += 1;
            } else {
                failed.push(format!("{rule} on {host}{path}"));
            }
        }
    }
    println!("adblock: {taken} taken and met, refused {skipped:?}, {explained:?}, not met {failed:?}");
    assert!(taken > 50, "{taken}");
    assert_eq!(failed, [""; 0]);
}

/// Lists for browsers are no lists of sites, but what they say of whole sites is taken and the rest counted.
#[test]
fn lists_for_browsers_are_read_as_far_as_they_speak_of_sites() {
    for name in ["peer/easylist.txt.gz", "peer/ublock-filters.txt.gz"] {
        let Some(file) = data(name) else { return };
        let text = unpacked(&file);
        assert_eq!(lists::detect(name, &text), Ok(Format::Adguard), "{name}");
        let mut builder = IndexBuilder::new(Seed([1; 16]));
        let report = read(&text, Format::Adguard, &mut builder.list(ListHead::default()).unwrap());
        let counts: Vec<_> = report.refused.iter().map(|(why, refused)| (*why, refused.count)).collect();
        println!("{name}: {} lines, {} taken, {counts:?}", report.lines, report.accepted);
        assert!(report.accepted > 100 && report.refused_count() > 1000, "{name}");
        ListIndex::open(Arc::new(builder.build().unwrap())).unwrap().verify().unwrap();
    }
}
