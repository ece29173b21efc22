//! What becomes of each kind of line.

use std::collections::BTreeMap;

use crate::support::Owned;
use lists::{Entry, Format, Refusal, read};

fn entries(text: &[u8], format: Format) -> (Vec<Owned>, BTreeMap<Refusal, Vec<u64>>) {
    let mut all = Vec::new();
    let mut sink = |entry: Entry<'_>| all.push(Owned::from(entry));
    let report = read(text, format, &mut sink);
    let refused = report.refused.into_iter().map(|(why, refused)| (why, refused.first_lines)).collect();
    (all, refused)
}

fn below(name: &str) -> Owned {
    Owned::Below(name.into())
}
fn exact(name: &str) -> Owned {
    Owned::Exact(name.into())
}
fn range(first: &str, last: &str) -> Owned {
    Owned::Range(first.parse().unwrap(), last.parse().unwrap())
}
fn path(host: &str, path: &str) -> Owned {
    Owned::Path(host.into(), path.into())
}

#[test]
fn lines_of_a_domain_list() {
    let long_label = format!("{}.example", "a".repeat(64));
    let long_name = format!("{}example", "abcdefg.".repeat(32));
    let long_line = "a".repeat(5000);
    let rows: &[(&str, Result<Option<Owned>, Refusal>)] = &[
        ("a.example", Ok(Some(below("a.example")))),
        ("\u{feff}a.example", Ok(Some(below("a.example")))),
        ("a.example\r", Ok(Some(below("a.example")))),
        ("  \ta.example \t # why", Ok(Some(below("a.example")))),
        ("a.example#why", Ok(Some(below("a.example")))),
        ("A.EXAMPLE.", Ok(Some(below("a.example")))),
        ("*.a.example", Ok(Some(below("a.example")))),
        (".a.example", Ok(Some(below("a.example")))),
        ("www.a.example", Ok(Some(below("www.a.example")))),
        ("_dmarc.a_b.example", Ok(Some(below("_dmarc.a_b.example")))),
        ("-x.example", Ok(Some(below("-x.example")))),
        ("b\u{fc}cher.example", Ok(Some(below("xn--bcher-kva.example")))),
        ("B\u{dc}CHER.example", Ok(Some(below("xn--bcher-kva.example")))),
        ("xn--bcher-kva.example", Ok(Some(below("xn--bcher-kva.example")))),
        ("*.zip", Ok(Some(below("zip")))),
        ("192.0.2.1", Ok(Some(range("192.0.2.1", "192.0.2.1")))),
        ("192.0.2.0/30 # four", Ok(Some(range("192.0.2.0", "192.0.2.3")))),
        ("2001:db8::/126", Ok(Some(range("2001:db8::", "2001:db8::3")))),
        ("[2001:db8::1]", Ok(Some(range("2001:db8::1", "2001:db8::1")))),
        ("::ffff:192.0.2.1", Ok(Some(range("192.0.2.1", "192.0.2.1")))),
        ("", Ok(None)),
        ("# words", Ok(None)),
        ("! words", Ok(None)),
        ("com", Err(Refusal::WholeTopLevel)),
        ("a..example", Err(Refusal::EmptyLabel)),
        (&long_label, Err(Refusal::LabelTooLong)),
        (&long_name, Err(Refusal::NameTooLong)),
        (&long_line, Err(Refusal::LineTooLong)),
        ("a.example b.example", Err(Refusal::SeveralWords)),
        ("0.0.0.0 a.example", Err(Refusal::SeveralWords)),
        ("||a.example^", Err(Refusal::AnotherFormat)),
        ("co.uk", Err(Refusal::PublicSuffix)),
        ("Sch.UK.", Err(Refusal::PublicSuffix)),
        ("kawasaki.jp", Err(Refusal::PublicSuffix)),
        ("shop.co.uk", Ok(Some(below("shop.co.uk")))),
        ("*.co.uk", Ok(Some(below("co.uk")))),
        ("github.io", Ok(Some(below("github.io")))),
        ("a.example/x", Err(Refusal::PathInNames)),
        ("http://a.example/", Err(Refusal::PathInNames)),
        ("a.example:80", Err(Refusal::Port)),
        ("ads*.example", Err(Refusal::WildcardInside)),
        ("a(b.example", Err(Refusal::NotAName)),
        ("1.2.3", Err(Refusal::EndsInNumber)),
        ("1.2.3.256", Err(Refusal::EndsInNumber)),
        ("192.0.2.1/24", Err(Refusal::NotARange)),
        ("192.0.2.0/33", Err(Refusal::NotARange)),
        ("0.0.0.0", Err(Refusal::SpecialAddress)),
        ("127.0.0.1", Err(Refusal::SpecialAddress)),
        ("0.0.0.0/0", Err(Refusal::SpecialAddress)),
        ("::/0", Err(Refusal::SpecialAddress)),
        ("\u{200d}.example", Err(Refusal::International)),
        ("a\u{0}b.example", Err(Refusal::NotText)),
    ];
    for (line, expected) in rows {
        let (taken, refused) = entries(line.as_bytes(), Format::Domains);
        let found = match refused.keys().next() {
            Some(why) => Err(*why),
            None => Ok(taken.first().cloned()),
        };
        assert_eq!(found, *expected, "{line:?}");
    }
    assert_eq!(
        entries(b"\xff\xfe\xfd.example", Format::Domains).1.into_keys().next(),
        Some(Refusal::NotText)
    );
}

#[test]
fn lines_of_a_hosts_file() {
    let rows: &[(&str, Vec<Owned>, Vec<Refusal>)] = &[
        ("0.0.0.0 a.example", vec![exact("a.example")], vec![]),
        ("127.0.0.1\ta.example  B.example # both", vec![exact("a.example"), exact("b.example")], vec![]),
        ("::1 a.example", vec![exact("a.example")], vec![]),
        (":: fritz", vec![exact("fritz")], vec![]),
        ("127.0.0.1 localhost a.example", vec![exact("a.example")], vec![Refusal::LocalName]),
        ("::1 ip6-localhost ip6-loopback", vec![], vec![Refusal::LocalName]),
        ("fe80::1%lo0 localhost", vec![], vec![Refusal::LocalName]),
        ("255.255.255.255 broadcasthost", vec![], vec![Refusal::LocalName]),
        ("0.0.0.0 0.0.0.0", vec![], vec![Refusal::LocalName]),
        ("192.0.2.7 a.example", vec![], vec![Refusal::Rewrite]),
        ("a.example", vec![], vec![Refusal::NoAddress]),
        ("0.0.0.0", vec![], vec![Refusal::NoName]),
        ("0.0.0.0 a..b c.example", vec![exact("c.example")], vec![Refusal::EmptyLabel]),
    ];
    for (line, expected, reasons) in rows {
        let (taken, refused) = entries(line.as_bytes(), Format::Hosts);
        assert_eq!((&taken, &refused.into_keys().collect::<Vec<_>>()), (expected, reasons), "{line:?}");
    }
}

#[test]
fn lines_of_a_urls_file() {
    let rows: &[(&str, Result<Vec<Owned>, Refusal>)] = &[
        ("a.example/x", Ok(vec![path("a.example", "/x")])),
        ("A.example/Down/%6Coads/../x", Ok(vec![path("a.example", "/down/x")])),
        ("a.example:80/~u # why", Ok(vec![path("a.example", "/~u")])),
        ("a.example/p.php?id=2", Ok(vec![path("a.example", "/p.php?id=2")])),
        ("a.example?id=2", Ok(vec![path("a.example", "/?id=2")])),
        ("a.example/", Ok(vec![exact("a.example"), exact("www.a.example")])),
        ("a.example", Ok(vec![exact("a.example"), exact("www.a.example")])),
        ("192.0.2.1/~u", Ok(vec![path("192.0.2.1", "/~u")])),
        ("192.0.2.1/", Ok(vec![range("192.0.2.1", "192.0.2.1")])),
        ("https://a.example/x", Ok(vec![path("a.example", "/x")])),
        ("a.example/#top", Err(Refusal::Fragment)),
        ("a.example/x#top", Ok(vec![path("a.example", "/x")])),
        ("u@a.example/x", Err(Refusal::UserName)),
        ("a b/x", Err(Refusal::SeveralWords)),
        ("com/x", Err(Refusal::WholeTopLevel)),
        ("a..example/x", Err(Refusal::EmptyLabel)),
    ];
    for (line, expected) in rows {
        let (taken, refused) = entries(line.as_bytes(), Format::Urls);
        let found = refused.keys().next().map_or(Ok(taken), |why| Err(*why));
        assert_eq!(found, *expected, "{line:?}");
    }
}

#[test]
fn one_bad_line_never_fails_a_list_and_every_refusal_is_counted_with_its_first_lines() {
    let text: String =
        (1..=20).map(|n| if n % 2 == 0 { "a..b\n".to_owned() } else { format!("n{n}.example\n") }).collect();
    let mut sink = |_: Entry<'_>| {};
    let report = read(text.as_bytes(), Format::Domains, &mut sink);
    assert_eq!((report.lines, report.accepted, report.refused_count()), (20, 10, 10));
    let refused = &report.refused[&Refusal::EmptyLabel];
    assert_eq!((refused.count, refused.first_lines.as_slice()), (10, [2, 4, 6, 8, 10].as_slice()));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["refused"]["empty-label"]["count"], 10);
    assert_eq!(json["format"], "domains");
}
