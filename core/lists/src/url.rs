//! URLs and sites in the one form that look-ups compare.
//!
//! Parsing is the `url` crate's, which follows the WHATWG standard that browsers follow; on top of it comes what makes
//! two spellings of one address equal for a filter.

use std::net::IpAddr;

use kit::HostName;

/// A web address in canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalUrl {
    /// The host.
    pub host: CanonicalHost,
    /// The port, where it is not the scheme's own.
    pub port: Option<u16>,
    /// The path with its query, as [`kit::path::canonical`] writes it.
    pub path: String,
}

/// The host of a web address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CanonicalHost {
    /// A name, fit for [`HostName`].
    Name(String),
    /// An address, whichever way it was spelt. An IPv4-mapped IPv6 address is held as IPv4.
    Address(IpAddr),
}

/// The canonical form of a web address with its scheme; `None` where a browser would not go to it.
pub fn canonical(text: &str) -> Option<CanonicalUrl> {
    let url = url::Url::parse(text).ok()?;
    if !matches!(url.scheme(), "http" | "https" | "ws" | "wss" | "ftp") {
        return None;
    }
    let host = match url.host()? {
        url::Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            HostName::new(name)?;
            CanonicalHost::Name(name.to_owned())
        }
        url::Host::Ipv4(address) => CanonicalHost::Address(address.into()),
        url::Host::Ipv6(address) => CanonicalHost::Address(IpAddr::from(address).to_canonical()),
    };
    let whole = &url[url::Position::BeforePath..url::Position::AfterQuery];
    Some(CanonicalUrl { host, port: url.port(), path: kit::path::canonical(whole).into_owned() })
}

/// [`kit::path::canonical`] of a path as a list holds it; `None` where it starts with neither `/` nor `?` and is
/// something.
pub fn canonical_path(text: &str) -> Option<String> {
    (text.is_empty() || text.starts_with(['/', '?'])).then(|| kit::path::canonical(text).into_owned())
}

/// The name that somebody registered and that a person would call the site: one label more than its public suffix
/// (`bbc.co.uk` of `news.bbc.co.uk`). `None` for a public suffix itself. The list of public suffixes is the one
/// compiled into the `psl` crate.
pub fn site<'a>(name: HostName<'a>) -> Option<HostName<'a>> {
    psl::domain_str(name.as_str()).and_then(HostName::new)
}

/// Whether a name stands for the sites of many: a name of one label (`uk`), or one that registries sell names right below of,
/// or below every name below it (`co.uk`, `sch.uk`). What somebody lets others have names below, such as `github.io`, is a site
/// of theirs.
pub fn is_suffix(name: HostName<'_>) -> bool {
    !name.as_str().contains('.') || crate::read::closes_a_suffix(name)
}

/// The same of names that are known to be a registry's: `uk` and `co.uk`, but not `lan`, which is nobody's.
pub fn is_registrys(name: HostName<'_>) -> bool {
    crate::read::closes_a_suffix(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_spelling_of_an_address_has_one_form() {
        type Expected = Option<(&'static str, Option<u16>, &'static str)>;
        let rows: &[(&str, Expected)] = &[
            ("http://Example.ORG", Some(("example.org", None, "/"))),
            ("https://example.org:443/a", Some(("example.org", None, "/a"))),
            ("https://example.org:8443/a", Some(("example.org", Some(8443), "/a"))),
            ("http://example.org./x", Some(("example.org", None, "/x"))),
            ("http://b\u{fc}cher.example/", Some(("xn--bcher-kva.example", None, "/"))),
            ("http://example.org/a/../b/./c", Some(("example.org", None, "/b/c"))),
            ("http://example.org/%62%61d", Some(("example.org", None, "/bad"))),
            ("http://example.org/a%2fb%2Fc", Some(("example.org", None, "/a%2Fb%2Fc"))),
            ("http://example.org/%4%31", Some(("example.org", None, "/%2541"))),
            ("http://example.org/x?b=%41&a=1#top", Some(("example.org", None, "/x?b=A&a=1"))),
            ("http://example.org//a///b?c=//", Some(("example.org", None, "/a/b?c=//"))),
            ("http://user:word@example.org/x", Some(("example.org", None, "/x"))),
            ("http://0x7f.1/", Some(("127.0.0.1", None, "/"))),
            ("http://[::ffff:192.0.2.1]/", Some(("192.0.2.1", None, "/"))),
            ("http://a..b/", None),
            ("javascript:alert(1)", None),
            ("example.org", None),
        ];
        for (text, expected) in rows {
            let found = canonical(text).map(|url| {
                let host = match url.host {
                    CanonicalHost::Name(name) => name,
                    CanonicalHost::Address(address) => address.to_string(),
                };
                (host, url.port, url.path)
            });
            let expected = expected.map(|(host, port, path)| (host.to_owned(), port, path.to_owned()));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_site_is_what_somebody_registered() {
        let site = |name| site(HostName::new(name).unwrap()).map(HostName::as_str);
        assert_eq!(site("www.news.bbc.co.uk"), Some("bbc.co.uk"));
        assert_eq!(site("a.github.io"), Some("a.github.io"));
        assert_eq!(site("co.uk"), None);
    }

    #[test]
    fn a_suffix_stands_for_the_sites_of_many() {
        for (name, many) in [
            ("uk", true),
            ("co.uk", true),
            ("sch.uk", true),
            ("herts.sch.uk", true),
            ("bbc.co.uk", false),
            ("hillside.herts.sch.uk", false),
            ("github.io", false),
            ("chess.example", false),
        ] {
            assert_eq!(is_suffix(HostName::new(name).unwrap()), many, "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_canonical_path_stays_as_it_is(path in "/[a-z0-9%./?&=~ A-F]{0,40}") {
            let once = canonical_path(&path).unwrap();
            prop_assert_eq!(canonical_path(&once), Some(once.clone()));
            prop_assert!(once.starts_with('/'));
        }

        #[test]
        fn a_path_alone_and_in_an_address_that_a_browser_parses_are_one(
            path in r#"([/?]([a-z0-9%./?&=~ A-F\\{}'"<>|^`#;:@\t\n\[\]\u{1}-\u{2ff}]|%2[eEfF]|//|\.\.){0,40})?"#,
        ) {
            let whole = canonical(&format!("http://h.invalid{path}")).unwrap();
            prop_assert_eq!(canonical_path(&path), Some(whole.path));
        }
    }
}
