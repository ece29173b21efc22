//! Names, wildcards, addresses and ranges, one a line.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kit::HostName;

use super::lines::{self, Line};
use super::{LineResult, Outcome};
use crate::entry::{Entry, Sink};
use crate::report::Refusal;

pub(crate) fn read(line: &Line<'_>, scratch: &mut String, sink: &mut impl Sink) -> LineResult {
    if let Some(name) = plain(line.raw) {
        if closes_a_suffix(name) {
            return Err(Refusal::PublicSuffix);
        }
        sink.take(Entry::Below(name));
        return Ok(Outcome::Taken(1));
    }
    let Some(word) = lines::words(line)? else { return Ok(Outcome::Blank) };
    if word.contains([' ', '\t']) {
        return Err(Refusal::SeveralWords);
    }
    if let Some((first, last)) = addresses(word)? {
        sink.take(Entry::Range(first, last));
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
        return Err(Refusal::PublicSuffix);
    }
    sink.take(Entry::Below(name));
    Ok(Outcome::Taken(1))
}

/// Whether registries sell names right below this one (`co.uk`), or below every name below it (`sch.uk`). Suffixes that
/// are private, such as `github.io`, are sites of somebody's.
fn closes_a_suffix(name: HostName<'_>) -> bool {
    let name = name.as_str().as_bytes();
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

/// The name on a line that holds nothing else and needs no change: nearly all lines of nearly all lists.
#[inline]
fn plain(raw: &[u8]) -> Option<HostName<'_>> {
    let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
    let mut dots = 0u32;
    let mut allowed = true;
    for &byte in raw {
        allowed &= matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
        dots += u32::from(byte == b'.');
    }
    // A name that ends in a digit may be an address.
    if !allowed || dots == 0 || raw.last().is_none_or(u8::is_ascii_digit) {
        return None;
    }
    HostName::new(std::str::from_utf8(raw).ok()?)
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
