//! Names, wildcards, addresses and ranges, one a line.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kit::HostName;

use super::lines::{self, Line};
use super::name_expressions::{between_slashes, on_host};
use super::{LineResult, Outcome};
use crate::entry::{Entry, Says, Sink};
use crate::report::{Refusal, Report};
use crate::suffixes;

pub(crate) fn read(
    line: &Line<'_>,
    scratch: &mut String,
    sink: &mut impl Sink,
    report: &mut Report,
) -> LineResult {
    if let Some(name) = plain(line) {
        if closes_a_suffix(name) {
            mean(name, report)?;
        }
        sink.take(Says::Listed, Entry::Below(name));
        return Ok(Outcome::Taken(1));
    }
    let Some(word) = lines::words(line)? else { return Ok(Outcome::Blank) };
    if word.contains([' ', '\t']) {
        return Err(Refusal::SeveralWords);
    }
    // blocky's lists of names may hold expressions.
    if let Some(expression) = between_slashes(word) {
        sink.take(Says::Listed, Entry::Expression(&on_host(expression)?));
        return Ok(Outcome::Taken(1));
    }
    if let Some((first, last)) = addresses(word)? {
        sink.take(Says::Listed, Entry::Range(first, last));
        return Ok(Outcome::Taken(1));
    }
    let (bare, wild) = match word.strip_prefix("*.").or_else(|| word.strip_prefix('.')) {
        Some(bare) => (bare, true),
        None => (word, false),
    };
    let name = lines::host_name(bare, scratch)?;
    if !wild && !name.as_str().contains('.') {
        return Err(Refusal::WholeTopLevel);
    }
    if !wild && closes_a_suffix(name) {
        mean(name, report)?;
    }
    sink.take(Says::Listed, Entry::Below(name));
    Ok(Outcome::Taken(1))
}

/// Takes a public suffix only where a list may mean all below it.
#[cold]
pub(crate) fn mean(name: HostName<'_>, report: &mut Report) -> Result<(), Refusal> {
    if !suffixes::is_meant(name.as_str()) {
        return Err(Refusal::PublicSuffix);
    }
    report.meant(name.as_str());
    Ok(())
}

/// Takes a name of another program's list for itself and all below it only where that may be meant: a whole top level and a
/// public suffix are nobody's site, so that closing one closes a country, and an exception for one empties the list.
pub(crate) fn check_below(name: HostName<'_>, says: Says, report: &mut Report) -> Result<(), Refusal> {
    let is_top = !name.as_str().contains('.');
    if !is_top && !closes_a_suffix(name) {
        return Ok(());
    }
    if says.excepts().is_empty() && suffixes::is_meant(name.as_str()) {
        report.meant(name.as_str());
        return Ok(());
    }
    Err(if is_top { Refusal::WholeTopLevel } else { Refusal::PublicSuffix })
}

/// Whether registries sell names right below this one (`co.uk`), or below every name below it (`sch.uk`). Suffixes that
/// are private, such as `github.io`, are sites of somebody's.
pub(crate) fn closes_a_suffix(name: HostName<'_>) -> bool {
    let name = name.as_str().as_bytes();
    // Four names of five lie below a top level with no other suffix, and need not be looked for.
    let top = memchr::memrchr(b'.', name).and_then(|dot| name.get(dot + 1..));
    if name.len() > LONGEST_SUFFIX || top.is_some_and(|top| NO_SUFFIX_BELOW.contains(&top)) {
        return false;
    }
    is_suffix(name)
}

fn is_suffix(name: &[u8]) -> bool {
    let mut below = [b'x'; 2 + LONGEST_SUFFIX];
    // A label below the name shows both: the rule for the name itself, and one for all names below it.
    let Some(place) = below.get_mut(2..2 + name.len()) else { return false };
    place.copy_from_slice(name);
    below[1] = b'.';
    below
        .get(..2 + name.len())
        .and_then(psl::suffix)
        .is_some_and(|suffix| suffix.typ() == Some(psl::Type::Icann) && suffix.as_bytes().len() >= name.len())
}

/// Longer names are no suffixes.
const LONGEST_SUFFIX: usize = 62;

/// The top levels that most listed names lie below, of those in whose registry's part of the public suffix list nothing
/// stands but themselves. A test holds this to the list.
const NO_SUFFIX_BELOW: [&[u8]; 17] = [
    b"com", b"net", b"org", b"ru", b"info", b"de", b"xyz", b"top", b"online", b"su", b"tk", b"shop", b"nl",
    b"biz", b"cc", b"site", b"eu",
];

/// The name on a line that holds nothing else and needs no change: nearly all lines of nearly all lists.
#[inline]
fn plain<'a>(line: &Line<'a>) -> Option<HostName<'a>> {
    let text = line.text()?;
    let name = HostName::plain(text.strip_suffix('\r').unwrap_or(text))?;
    let (last, others) = name.as_str().as_bytes().split_last()?;
    // A name that ends in a digit may be an address.
    (!last.is_ascii_digit() && memchr::memchr(b'.', others).is_some()).then_some(name)
}

/// The first and last address of an address or a range; `None` where the word is neither.
pub(crate) fn addresses(word: &str) -> Result<Option<(IpAddr, IpAddr)>, Refusal> {
    let bare = word.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(word);
    let range = if let Ok(address) = bare.parse::<IpAddr>() {
        let address = address.to_canonical();
        (address, address)
    } else if let Some((address, bits)) = word.split_once('/')
        && let Ok(address) = address.parse::<IpAddr>()
        // `192.0.2.1/24` is a range or a URL on an address; which, the number tells.
        && bits.len() <= 3
        && bits.bytes().all(|byte| byte.is_ascii_digit())
    {
        let bits = bits.parse::<u32>().map_err(|_| Refusal::NotARange)?;
        network(address, bits).ok_or(Refusal::NotARange)?
    } else {
        return Ok(None);
    };
    let special = match range {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            first.octets()[0] == 0
                || (first <= Ipv4Addr::LOCALHOST && last >= Ipv4Addr::LOCALHOST)
                || first.is_loopback()
        }
        (IpAddr::V6(first), _) => first <= Ipv6Addr::LOCALHOST,
        _ => true,
    };
    if special { Err(Refusal::SpecialAddress) } else { Ok(Some(range)) }
}

/// The first and last address of a network. Bits beyond its length must be zero.
fn network(address: IpAddr, bits: u32) -> Option<(IpAddr, IpAddr)> {
    match address {
        IpAddr::V4(v4) => {
            let host = u32::MAX.checked_shr(bits).unwrap_or(0);
            let first = u32::from(v4);
            (bits <= 32 && first & host == 0)
                .then(|| (Ipv4Addr::from(first).into(), Ipv4Addr::from(first | host).into()))
        }
        IpAddr::V6(v6) => {
            let host = u128::MAX.checked_shr(bits).unwrap_or(0);
            let first = u128::from(v6);
            (bits <= 128 && first & host == 0)
                .then(|| (Ipv6Addr::from(first).into(), Ipv6Addr::from(first | host).into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_without_looking_is_what_looking_finds() {
        let folder = std::env::var_os("FIVEBAR_DATA").map_or_else(
            || concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data").into(),
            std::path::PathBuf::from,
        );
        let Ok(packed) = std::fs::File::open(folder.join("domains/psl/public_suffix_list.dat.gz")) else {
            println!("skipped: the public suffix list is not there");
            return;
        };
        let mut text = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(packed), &mut text).unwrap();
        let registries = text.split("===END ICANN DOMAINS===").next().unwrap();
        let (mut rules, mut below) = (0, Vec::new());
        for rule in registries.lines().filter(|line| !line.is_empty() && !line.starts_with("//")) {
            let bare = rule.trim_start_matches('!').trim_start_matches("*.");
            let Some(ascii) = kit::host::normalise_host_name(bare) else { continue };
            rules += 1;
            let name = HostName::new(&ascii).unwrap();
            let top = ascii.rsplit('.').next().unwrap();
            if NO_SUFFIX_BELOW.contains(&top.as_bytes()) && (ascii != top || rule != bare) {
                below.push(rule);
            }
            for asked in [ascii.clone(), format!("site.{ascii}"), format!("www.site.{ascii}")] {
                let asked = HostName::new(&asked).unwrap();
                if asked.as_str().contains('.') {
                    assert_eq!(
                        closes_a_suffix(asked),
                        is_suffix(asked.as_str().as_bytes()),
                        "{asked:?} {name:?}"
                    );
                }
            }
        }
        assert_eq!(below, [""; 0]);
        assert!(rules > 6_000, "{rules}");
    }
}
