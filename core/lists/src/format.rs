//! Which format a file is in.

use serde::{Deserialize, Serialize};

use crate::sample::{self, Sample};

/// A format that lists are read in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Names, wildcards (`*.x`, `.x`), addresses and ranges, one a line. A name stands for itself and all below it.
    /// The `domains` file of squidGuard and UT1 is the same.
    Domains,
    /// A hosts file: an address of nowhere and names, each for itself only.
    Hosts,
    /// The `urls` file of squidGuard and UT1: a host and the start of a path, without a scheme.
    Urls,
    /// The `expressions` file of squidGuard and UT1: one POSIX extended expression a line, matched without regard to
    /// case against host, port and path.
    Expressions,
    /// Perl's expressions on URLs, as in e2guardian's `bannedregexpurllist`.
    PerlExpressions,
    /// Expressions on names alone, as Pi-hole and blocky have them, with or without slashes around each.
    NameExpressions,
    /// AdGuard's rules for names, with exceptions and modifiers. Rules for parts of pages are left to browsers.
    Adguard,
    /// A dnsmasq configuration: `address=/name/` and its like.
    Dnsmasq,
    /// An unbound configuration: `local-zone` and `local-data`.
    Unbound,
    /// A response policy zone: a DNS zone of names and what is done about them.
    Rpz,
    /// e2guardian's lists of sites and URLs, with their directives.
    E2guardian,
    /// A catalogue of DNS stamps (`sdns://`): addresses and names of encrypted resolvers.
    Stamps,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 12] = [
        Self::Domains,
        Self::Hosts,
        Self::Urls,
        Self::Expressions,
        Self::PerlExpressions,
        Self::NameExpressions,
        Self::Adguard,
        Self::Dnsmasq,
        Self::Unbound,
        Self::Rpz,
        Self::E2guardian,
        Self::Stamps,
    ];

    /// Whether each line bears a mark of the format, so that it is told from all others by its text.
    pub(crate) const fn is_marked(self) -> bool {
        matches!(self, Self::Adguard | Self::Dnsmasq | Self::Unbound | Self::Rpz | Self::Stamps)
    }

    /// The word used in reports.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Domains => "domains",
            Self::Hosts => "hosts",
            Self::Urls => "urls",
            Self::Expressions => "expressions",
            Self::PerlExpressions => "perl-expressions",
            Self::NameExpressions => "name-expressions",
            Self::Adguard => "adguard",
            Self::Dnsmasq => "dnsmasq",
            Self::Unbound => "unbound",
            Self::Rpz => "rpz",
            Self::E2guardian => "e2guardian",
            Self::Stamps => "stamps",
        }
    }
}

/// A file that is not read as a list: another format, or no list at all.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, thiserror::Error,
)]
#[serde(rename_all = "kebab-case")]
pub enum Foreign {
    /// e2guardian's phrases for page text.
    #[error("these are e2guardian's phrases for the text of pages, which come with a later version")]
    E2guardianPhrases,
    /// An e2guardian list of exceptions, or of sites to look at rather than to close.
    #[error(
        "this e2guardian list opens sites (exception and grey lists), so as a list of a category it would close them: write them into the policy as rules that allow, or rename the file and give it a category that is never closed"
    )]
    E2guardianExceptions,
    /// An e2guardian list that holds only at certain times.
    #[error(
        "this e2guardian list holds only at certain times (#time:), which a list cannot say: `fivebar policy from-e2guardian` writes the times down as a part of a policy; then take that line out and import the list under a category of its own"
    )]
    Timed,
    /// The public suffix list.
    #[error("this is the public suffix list, which is no list of sites")]
    PublicSuffixes,
    /// A table.
    #[error("this is a table with commas; save its column of names as a text file")]
    Table,
    /// JSON.
    #[error("this is JSON; use the list's text edition")]
    Json,
    /// A web page.
    #[error("this is a web page, not a list; the download probably failed, so fetch it again")]
    WebPage,
    /// Compressed or otherwise not text.
    #[error("this is not text; unpack it first")]
    NotText,
    /// UTF-16 text.
    #[error("this text is in UTF-16; save it as UTF-8")]
    Utf16,
    /// Text of no kind known.
    #[error("most lines are neither names, addresses nor URLs, so this is not read as a list")]
    Unknown,
}

impl Foreign {
    /// The word used in reports.
    pub const fn id(self) -> &'static str {
        match self {
            Self::E2guardianPhrases => "e2guardian-phrases",
            Self::E2guardianExceptions => "e2guardian-exceptions",
            Self::Timed => "timed",
            Self::PublicSuffixes => "public-suffixes",
            Self::Table => "table",
            Self::Json => "json",
            Self::WebPage => "web-page",
            Self::NotText => "not-text",
            Self::Utf16 => "utf-16",
            Self::Unknown => "unknown",
        }
    }
}

/// Finds the format of a file by its name and its text. The names that squidGuard and UT1 use (`domains`, `urls`,
/// `expressions`, alone or after a category, before `.gz` or `.txt`) say what is meant, but a web page or another
/// format under such a name is still refused. About a thousand lines are looked at.
pub fn detect(file_name: &str, text: &[u8]) -> Result<Format, Foreign> {
    detect_by(file_name, Sample::of(text))
}

/// [`detect`] for a text that is not in memory, by a sample of it.
pub fn detect_by(file_name: &str, sample: Sample<'_>) -> Result<Format, Foreign> {
    let seen = sample::look(sample);
    if opens_in_e2guardian(file_name) {
        return Err(Foreign::E2guardianExceptions);
    }
    match named(file_name) {
        // Expressions look like anything; only what is no text at all, or holds at times, can be told.
        Some(format @ (Format::Expressions | Format::PerlExpressions | Format::NameExpressions)) => {
            match seen {
                Err(foreign @ (Foreign::NotText | Foreign::Utf16 | Foreign::WebPage | Foreign::Timed)) => {
                    Err(foreign)
                }
                _ => Ok(format),
            }
        }
        // A short list of odd lines is still that list; its lines are refused one by one.
        Some(format) => match seen {
            // Another program's format under such a name is what the text says it is.
            Ok(other) if other.is_marked() => Ok(other),
            Ok(_) | Err(Foreign::Unknown) => Ok(format),
            Err(foreign) => Err(foreign),
        },
        None => seen,
    }
}

/// Whether e2guardian reads a file of this name to open sites.
fn opens_in_e2guardian(file_name: &str) -> bool {
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    named(name).is_some_and(|format| matches!(format, Format::E2guardian | Format::PerlExpressions))
        && [
            "exception",
            "grey",
            "authexception",
            "localexception",
            "localgrey",
            "semiexception",
            "nocheck",
            "refererexception",
        ]
        .iter()
        .any(|start| name.starts_with(start))
}

/// What the file's name says.
fn named(file_name: &str) -> Option<Format> {
    let base = file_name.rsplit(['/', '\\']).next()?;
    let base = base.strip_suffix(".gz").unwrap_or(base);
    let base = base.strip_suffix(".txt").unwrap_or(base);
    if matches!(base, "regex.list" | "regex") {
        return Some(Format::NameExpressions);
    }
    let last = base.rsplit('.').next()?;
    match last {
        "domains" => Some(Format::Domains),
        "urls" => Some(Format::Urls),
        "expressions" | "expression" | "very_restrictive_expression" => Some(Format::Expressions),
        "hosts" => Some(Format::Hosts),
        "rpz" | "zone" => Some(Format::Rpz),
        "regex" => Some(Format::NameExpressions),
        _ if last.ends_with("regexpurllist") => Some(Format::PerlExpressions),
        _ if ["sitelist", "siteiplist", "urllist", "tldlist"].iter().any(|end| last.ends_with(end)) => {
            Some(Format::E2guardian)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_known_by_its_name_and_its_text() {
        let rows: &[(&str, &str, Result<Format, Foreign>)] = &[
            ("ut1/games/domains", "a.example\n", Ok(Format::Domains)),
            ("games.domains.gz", "?!\n", Ok(Format::Domains)),
            ("games/domains", "<!DOCTYPE html>\n<html>", Err(Foreign::WebPage)),
            ("games/urls", "a.example/x\n", Ok(Format::Urls)),
            ("games/urls", "http://a.example/x\nhttps://b.example/y\n", Ok(Format::Urls)),
            ("adult.very_restrictive_expression", "(a|b)\n", Ok(Format::Expressions)),
            ("list", "# a list\n\na.example\n*.b.example\n.c.example\n", Ok(Format::Domains)),
            ("list", "\u{feff}bücher.example\r\nb.example\r\n", Ok(Format::Domains)),
            ("list", "192.0.2.1 # one\n2001:db8::/32\n192.0.2.0/24\n", Ok(Format::Domains)),
            ("list", "0.0.0.0 a.example b.example\n", Ok(Format::Hosts)),
            ("list", "127.0.0.1\ta.example\n::1 localhost\n", Ok(Format::Hosts)),
            ("list", "a.example/x\nb.example/y\n", Ok(Format::Urls)),
            ("list", "", Ok(Format::Domains)),
            ("list", "# nothing\n", Ok(Format::Domains)),
            ("list", "! Title: x\n||a.example^\n", Ok(Format::Adguard)),
            ("list", "a.example##.ad\n@@||b.example^\n", Ok(Format::Adguard)),
            ("games/domains", "||a.example^\n||b.example^\n", Ok(Format::Adguard)),
            ("list", "[Adblock Plus 2.0]\na.example\nb.example\n||c.example^\n", Ok(Format::Adguard)),
            ("list", "server=/a.example/\naddress=/b.example/0.0.0.0\n", Ok(Format::Dnsmasq)),
            ("list", "local-zone: \"a.example\" always_nxdomain\n", Ok(Format::Unbound)),
            ("list", "$TTL 60\n@ IN SOA a. b. 1 2 3 4 5\na.example CNAME .\n", Ok(Format::Rpz)),
            ("list.md", "# servers\n\n## one\nA server.\nsdns://AQMAAAAA\n", Ok(Format::Stamps)),
            ("list", "/^ads[0-9]/\n/banner/\n", Ok(Format::NameExpressions)),
            ("lists/bannedsitelist", "#listcategory: \"x\"\na.example\n", Ok(Format::E2guardian)),
            ("lists/bannedregexpurllist", "\\d+\\.casino\n", Ok(Format::PerlExpressions)),
            ("lists/exceptionsitelist", "a.example\n", Err(Foreign::E2guardianExceptions)),
            ("lists/greyurllist", "a.example/x\n", Err(Foreign::E2guardianExceptions)),
            (
                "pihole/regex.list",
                "^(.+[_.-])?adse?rv(er?|ice)?s?[0-9]*[_.-]\n^a{2,4}x\n",
                Ok(Format::NameExpressions),
            ),
            ("list.txt", "(\\.|^)x\\.net$\n^ads[0-9]+\\.\n", Ok(Format::NameExpressions)),
            ("lists/bannedsitelist", "#time: 9 0 17 0 01234\na.example\n", Err(Foreign::Timed)),
            ("lists/bannedsitelist", "##time: 9 0 17 0 01234\na.example\n", Ok(Format::E2guardian)),
            ("list", ".Include</etc/lists/x>\n", Ok(Format::E2guardian)),
            ("list", "< word ><20>\n", Err(Foreign::E2guardianPhrases)),
            ("list", "https://a.example/x\n", Ok(Format::Urls)),
            ("list", "// ===BEGIN ICANN DOMAINS===\ncom\nco.uk\n", Err(Foreign::PublicSuffixes)),
            ("list", "1,a.example\n2,b.example\n", Err(Foreign::Table)),
            ("list", "{\"a\": 1}\n", Err(Foreign::Json)),
            ("list", "  <html><body>404", Err(Foreign::WebPage)),
            ("list", "\u{1f}\u{8b}\u{8}\0\0", Err(Foreign::NotText)),
            ("list", "PK\u{3}\u{4}a.example", Err(Foreign::NotText)),
            ("list", "\0a\0b", Err(Foreign::NotText)),
            ("list", "Not found, please try again later\n", Err(Foreign::Unknown)),
        ];
        for (name, text, expected) in rows {
            assert_eq!(detect(name, text.as_bytes()), *expected, "{name}: {text:?}");
        }
        // One bad line decides nothing.
        let names: String = (0..300).map(|number| format!("site{number}.example\n")).collect();
        for bad in ["a\0b.example", "sdns://AQMAAAAA", "// ===BEGIN ICANN DOMAINS===", "{", "<html>", "co.uk"]
        {
            for text in [format!("{bad}\n{names}"), format!("{names}{bad}\n")] {
                assert_eq!(detect("list", text.as_bytes()), Ok(Format::Domains), "{bad:?}");
                assert_eq!(detect("games/domains", text.as_bytes()), Ok(Format::Domains), "{bad:?}");
            }
        }
        assert_eq!(detect("domains", b"\xff\xfea\0b\0"), Err(Foreign::Utf16));
    }
}
