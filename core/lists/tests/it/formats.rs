//! What becomes of each kind of line.

use std::collections::BTreeMap;

use crate::support::Owned;
use lists::{Entry, Format, Refusal, Says, read};

fn entries(text: &[u8], format: Format) -> (Vec<Owned>, BTreeMap<Refusal, Vec<u64>>) {
    let mut all = Vec::new();
    let mut sink = |_: lists::Says, entry: Entry<'_>| all.push(Owned::from(entry));
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
    let mut sink = |_: lists::Says, _: Entry<'_>| {};
    let report = read(text.as_bytes(), Format::Domains, &mut sink);
    assert_eq!((report.lines, report.accepted, report.refused_count()), (20, 10, 10));
    let refused = &report.refused[&Refusal::EmptyLabel];
    assert_eq!((refused.count, refused.first_lines.as_slice()), (10, [2, 4, 6, 8, 10].as_slice()));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["refused"]["empty-label"]["count"], 10);
    assert_eq!(json["format"], "domains");
}

type Said = (Says, Owned);
/// A line, and what is said by it or why it is refused.
type Row<'r> = (&'r str, Result<&'r [Said], Refusal>);

/// What a text lists and takes out, in the order of its lines, and what of it is refused.
fn said(text: &str, format: Format) -> (Vec<Said>, BTreeMap<Refusal, Vec<u64>>) {
    let mut all = Vec::new();
    let mut sink = |says: Says, entry: Entry<'_>| all.push((says, Owned::from(entry)));
    let report = read(text.as_bytes(), format, &mut sink);
    let refused = report.refused.into_iter().map(|(why, refused)| (why, refused.first_lines)).collect();
    (all, refused)
}

fn hold(format: Format, rows: &[Row<'_>]) {
    for (line, expected) in rows {
        let (all, refused) = said(line, format);
        match expected {
            Ok(expected) => {
                assert_eq!((all.as_slice(), refused.len()), (*expected, 0), "{line}: {refused:?}")
            }
            Err(why) => {
                let lines = u64::try_from(line.lines().count()).unwrap();
                assert_eq!((all, refused), (Vec::new(), BTreeMap::from([(*why, vec![lines])])), "{line}");
            }
        }
    }
}

fn expression(text: &str) -> Owned {
    Owned::Expression(text.into())
}

#[test]
fn adguards_rules() {
    use Says::{ButNot, Excepted, ExceptedImportant, Listed, ListedBut, ListedImportant};
    hold(
        Format::Adguard,
        &[
            ("! words", Ok(&[])),
            ("# words", Ok(&[])),
            ("[Adblock Plus 2.0]", Ok(&[])),
            ("||a.example^", Ok(&[(Listed, below("a.example"))])),
            ("||A.Example^", Ok(&[(Listed, below("a.example"))])),
            ("||b\u{fc}cher.example^", Ok(&[(Listed, below("xn--bcher-kva.example"))])),
            ("||a.example^|", Ok(&[(Listed, below("a.example"))])),
            ("||example.org", Ok(&[(Listed, below("example.org"))])),
            ("|a.example^", Ok(&[(Listed, exact("a.example"))])),
            ("://a.example^", Ok(&[(Listed, exact("a.example"))])),
            ("a.example", Ok(&[(Listed, exact("a.example"))])),
            ("0.0.0.0 a.example", Ok(&[(Listed, exact("a.example"))])),
            ("192.0.2.1", Ok(&[(Listed, range("192.0.2.1", "192.0.2.1"))])),
            ("||192.0.2.1^", Ok(&[(Listed, range("192.0.2.1", "192.0.2.1"))])),
            ("@@||a.example^", Ok(&[(Excepted, below("a.example"))])),
            ("@@|a.example^", Ok(&[(Excepted, exact("a.example"))])),
            ("||a.example^$important", Ok(&[(ListedImportant, below("a.example"))])),
            ("@@||a.example^$important", Ok(&[(ExceptedImportant, below("a.example"))])),
            (".a.example^", Ok(&[(ListedBut, below("a.example")), (ButNot, exact("a.example"))])),
            ("*.a.example", Ok(&[(ListedBut, below("a.example")), (ButNot, exact("a.example"))])),
            ("||*.a.example^", Ok(&[(ListedBut, below("a.example")), (ButNot, exact("a.example"))])),
            (
                "||a.example^$denyallow=x.a.example|y.a.example",
                Ok(&[
                    (ListedBut, below("a.example")),
                    (ButNot, below("x.a.example")),
                    (ButNot, below("y.a.example")),
                ]),
            ),
            (
                "||ads*.a.example^",
                Ok(&[(Listed, expression("(?i)^(?:[^/:]*\\.)?ads[^/:]*\\.a\\.example[/:]"))]),
            ),
            ("-banner-", Ok(&[(Listed, expression("(?i)^[^/:]*\\-banner\\-"))])),
            ("||a.example/games/", Ok(&[(Listed, path("a.example", "/games/"))])),
            ("||a.example^$dnsrewrite=NXDOMAIN", Ok(&[(Listed, below("a.example"))])),
            ("||a.example^$dnsrewrite=0.0.0.0", Ok(&[(Listed, below("a.example"))])),
            ("||a.example^$dnsrewrite=192.0.2.1", Err(Refusal::Rewrite)),
            ("||a.example^$dnsrewrite=NOERROR;CNAME;b.example", Err(Refusal::Rewrite)),
            // Unknown, or of something that no list knows: ignored whole, not read as if it were not there.
            ("||a.example^$third-party", Err(Refusal::Modifier)),
            ("||a.example^$important,script", Err(Refusal::Modifier)),
            ("||a.example^$client=192.0.2.0/24", Err(Refusal::Modifier)),
            ("||a.example^$ctag=device_phone", Err(Refusal::Modifier)),
            ("||a.example^$dnstype=AAAA", Err(Refusal::Modifier)),
            ("||a.example^$importantish", Err(Refusal::Modifier)),
            ("@@||a.example^$denyallow=x.a.example", Err(Refusal::Modifier)),
            ("||a.example^$important,denyallow=x.a.example", Err(Refusal::Modifier)),
            ("@@/ads/", Err(Refusal::ExceptionByPattern)),
            ("@@||ads*.a.example^", Err(Refusal::ExceptionByPattern)),
            ("a.example##.advert", Err(Refusal::BrowserOnly)),
            ("##.advert", Err(Refusal::BrowserOnly)),
            ("a.example#@#.advert", Err(Refusal::BrowserOnly)),
            ("a.example#%#window.x = 1", Err(Refusal::BrowserOnly)),
            ("&ad_box_", Err(Refusal::BrowserOnly)),
            ("/banner/*/img", Err(Refusal::BrowserOnly)),
            ("*", Err(Refusal::ExpressionMatchesAll)),
            ("||*^", Err(Refusal::ExpressionMatchesAll)),
            ("/.*/", Err(Refusal::ExpressionMatchesAll)),
            // One line must neither close a country nor empty the list.
            ("||co.uk^", Err(Refusal::PublicSuffix)),
            ("||uk^", Err(Refusal::WholeTopLevel)),
            ("*.co.uk", Err(Refusal::PublicSuffix)),
            ("@@||com^", Err(Refusal::WholeTopLevel)),
            ("@@||co.uk^$important", Err(Refusal::PublicSuffix)),
            ("||co.uk^$denyallow=a.co.uk", Err(Refusal::PublicSuffix)),
            (r"/(\.|^)uk$/", Err(Refusal::PublicSuffix)),
            ("||bet.br^", Ok(&[(Listed, below("bet.br"))])),
            ("a*", Err(Refusal::TooShort)),
            (r"/(?!a)b/", Err(Refusal::ExpressionNotExpressible)),
        ],
    );
    // What a rule turns off may stand before it, and with its modifiers in another order.
    let text =
        "||a.example^\n||b.example^$denyallow=c.b.example,important\n||a.example^$badfilter\n||d.example^\n";
    assert_eq!(said(text, Format::Adguard).0, [(Listed, below("d.example"))]);
    let text = "@@||a.example^\n||a.example^\n@@||a.example^$badfilter\n";
    assert_eq!(said(text, Format::Adguard).0, [(Listed, below("a.example"))]);
    // A name that another one covers is not taken out of it.
    let text = "*.a.example\n*.b.a.example\n";
    assert_eq!(
        said(text, Format::Adguard).0,
        [(ListedBut, below("a.example")), (ButNot, exact("a.example"))]
    );
}

#[test]
fn lines_of_dnsmasq_and_unbound() {
    use Says::{ButNot, Excepted, Listed, ListedBut};
    hold(
        Format::Dnsmasq,
        &[
            ("# words", Ok(&[])),
            ("server=/a.example/", Ok(&[(Listed, below("a.example"))])),
            ("local=/a.example/", Ok(&[(Listed, below("a.example"))])),
            ("address=/a.example/", Ok(&[(Listed, below("a.example"))])),
            ("address=/a.example/#", Ok(&[(Listed, below("a.example"))])),
            ("address=/a.example/0.0.0.0", Ok(&[(Listed, below("a.example"))])),
            ("address=/a.example/::", Ok(&[(Listed, below("a.example"))])),
            (
                "address=/a.example/b.example/127.0.0.1 # two",
                Ok(&[(Listed, below("a.example")), (Listed, below("b.example"))]),
            ),
            ("address=/*.a.example/", Ok(&[(ListedBut, below("a.example")), (ButNot, exact("a.example"))])),
            ("address=/co.uk/0.0.0.0", Err(Refusal::PublicSuffix)),
            ("local=/com/", Err(Refusal::WholeTopLevel)),
            ("address=/a.example/192.0.2.1", Err(Refusal::Rewrite)),
            ("server=/a.example/192.0.2.1", Err(Refusal::Forwarding)),
            ("server=192.0.2.1", Err(Refusal::OtherSetting)),
            ("dhcp-range=192.0.2.1,192.0.2.9", Err(Refusal::OtherSetting)),
            ("bogus-priv", Err(Refusal::AnotherFormat)),
        ],
    );
    hold(
        Format::Unbound,
        &[
            ("server:", Ok(&[])),
            ("local-zone: \"a.example\" always_nxdomain", Ok(&[(Listed, below("a.example"))])),
            ("  local-zone: \"a.example.\" static # why", Ok(&[(Listed, below("a.example"))])),
            ("local-zone: \"a.example\" always_transparent", Ok(&[(Excepted, below("a.example"))])),
            ("local-zone: \"co.uk\" always_nxdomain", Err(Refusal::PublicSuffix)),
            ("local-zone: \"uk\" transparent", Err(Refusal::WholeTopLevel)),
            ("local-data: \"a.example A 0.0.0.0\"", Ok(&[(Listed, exact("a.example"))])),
            ("local-data: \"a.example 60 IN AAAA ::\"", Ok(&[(Listed, exact("a.example"))])),
            ("local-data: \"a.example A 192.0.2.1\"", Err(Refusal::Rewrite)),
            ("local-zone: \"a.example\" nodefault", Err(Refusal::OtherSetting)),
            ("verbosity: 1", Err(Refusal::OtherSetting)),
        ],
    );
}

#[test]
fn records_of_a_response_policy_zone() {
    use Says::{ButNot, Excepted, Listed, ListedBut};
    hold(
        Format::Rpz,
        &[
            ("$TTL 2h", Ok(&[])),
            ("; words", Ok(&[])),
            ("@ 60 IN SOA ns.example. a.example. ( 1\n 2 3\n 4 5 )", Ok(&[])),
            ("  NS localhost.", Ok(&[])),
            ("a.example CNAME .", Ok(&[(Listed, exact("a.example"))])),
            ("a.example 1h30m IN CNAME *.", Ok(&[(Listed, exact("a.example"))])),
            ("a.example IN 60 CNAME rpz-drop. ; why", Ok(&[(Listed, exact("a.example"))])),
            ("a.example A 0.0.0.0\na.example AAAA ::", Ok(&[(Listed, exact("a.example"))])),
            ("a.example CNAME .\n*.a.example CNAME .", Ok(&[(Listed, below("a.example"))])),
            ("a.example CNAME .\n\tCNAME .\n*.a.example\tCNAME .", Ok(&[(Listed, below("a.example"))])),
            (
                "a.example CNAME .\nb.example CNAME .",
                Ok(&[(Listed, exact("a.example")), (Listed, exact("b.example"))]),
            ),
            ("*.a.example CNAME .", Ok(&[(ListedBut, below("a.example")), (ButNot, exact("a.example"))])),
            ("a.example CNAME rpz-passthru.", Ok(&[(Excepted, exact("a.example"))])),
            ("*.a.example CNAME rpz-passthru.", Ok(&[(Excepted, below("a.example"))])),
            ("a.example CNAME a.example.", Ok(&[(Excepted, exact("a.example"))])),
            ("*.co.uk CNAME .", Err(Refusal::PublicSuffix)),
            ("*.com CNAME rpz-passthru.", Err(Refusal::WholeTopLevel)),
            ("a.example CNAME rpz-tcp-only.", Ok(&[])),
            (
                "$ORIGIN rpz.school.example.\na.example.rpz.school.example. CNAME .",
                Ok(&[(Listed, exact("a.example"))]),
            ),
            ("24.0.2.0.192.rpz-ip CNAME .", Ok(&[(Listed, range("192.0.2.0", "192.0.2.255"))])),
            ("126.zz.db8.2001.rpz-ip CNAME .", Ok(&[(Listed, range("2001:db8::", "2001:db8::3"))])),
            ("128.1.zz.db8.2001.rpz-ip CNAME .", Ok(&[(Listed, range("2001:db8::1", "2001:db8::1"))])),
            ("a.example CNAME garden.school.example.", Err(Refusal::Rewrite)),
            ("a.example A 192.0.2.1", Err(Refusal::Rewrite)),
            ("a.example TXT \"words\"", Err(Refusal::Rewrite)),
            ("32.1.2.0.192.rpz-client-ip CNAME .", Err(Refusal::ByWhoAsks)),
            ("ns.example.rpz-nsdname CNAME .", Err(Refusal::ByNameServer)),
            ("24.0.2.0.192.rpz-nsip CNAME .", Err(Refusal::ByNameServer)),
            ("$ORIGIN rpz.school.example.\na.example. CNAME .", Err(Refusal::OutsideTheZone)),
            ("$INCLUDE other", Err(Refusal::Include)),
            ("99.0.2.0.192.rpz-ip CNAME .", Err(Refusal::NotARange)),
        ],
    );
}

#[test]
fn lines_of_e2guardian_and_of_whole_urls() {
    use Says::Listed;
    hold(
        Format::E2guardian,
        &[
            ("#listcategory: \"Banned\"", Ok(&[])),
            ("a.example", Ok(&[(Listed, below("a.example"))])),
            (".zip", Ok(&[(Listed, below("zip"))])),
            ("192.0.2.0/30", Ok(&[(Listed, range("192.0.2.0", "192.0.2.3"))])),
            ("a.example/games # why", Ok(&[(Listed, path("a.example", "/games"))])),
            (".Include</etc/lists/x>", Err(Refusal::Include)),
            ("**", Err(Refusal::Blanket)),
            ("*ip", Err(Refusal::Blanket)),
        ],
    );
    hold(
        Format::PerlExpressions,
        &[
            (r"\d+\.casino", Ok(&[(Listed, expression(r"(?i)\d+\.casino"))])),
            (r"(?<!a)b", Err(Refusal::ExpressionNotExpressible)),
            (".*", Err(Refusal::ExpressionMatchesAll)),
            ("(a", Err(Refusal::Expression)),
        ],
    );
    hold(
        Format::Urls,
        &[
            ("https://a.example/login?x=1", Ok(&[(Listed, path("a.example", "/login?x=1"))])),
            ("http://a.example:8080/X", Ok(&[(Listed, path("a.example", "/x"))])),
        ],
    );
}

#[test]
fn stamps_name_the_resolvers_they_are_of() {
    // An address and a name; a target without an address; a relay.
    hold(
        Format::Stamps,
        &[
            ("## a heading", Ok(&[])),
            (
                "sdns://AgcAAAAAAAAACTE5Mi4wLjIuMQALZG5zLmV4YW1wbGUKL2Rucy1xdWVyeQ",
                Ok(&[(Says::Listed, range("192.0.2.1", "192.0.2.1")), (Says::Listed, exact("dns.example"))]),
            ),
            ("sdns://not-a-stamp", Err(Refusal::NotAStamp)),
            (
                "sdns://BQcAAAAAAAAAC2Rucy5leGFtcGxlCi9kbnMtcXVlcnk",
                Ok(&[(Says::Listed, exact("dns.example"))]),
            ),
            ("sdns://gQ0xOTIuMC4yLjE6NDQz", Ok(&[(Says::Listed, range("192.0.2.1", "192.0.2.1"))])),
        ],
    );
}
