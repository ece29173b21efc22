//! Catalogues of DNS stamps: where encrypted resolvers are found. Source: dnscrypt.info/stamps-specifications.

use std::net::{IpAddr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::lines::{self, LONGEST_LINE, Line};
use super::{LineResult, Outcome, names};
use crate::entry::{Entry, Says, Sink};
use crate::report::Refusal;

/// Takes the addresses and names of the stamps on a line. Everything else in a catalogue is prose.
pub(crate) fn read(line: &Line<'_>, scratch: &mut String, sink: &mut impl Sink) -> LineResult {
    let raw = line.raw.trim_ascii();
    if raw.len() > LONGEST_LINE {
        return Err(Refusal::LineTooLong);
    }
    let text = std::str::from_utf8(raw).map_err(|_| Refusal::NotText)?;
    let Some(stamp) = text.strip_prefix("sdns://") else { return Ok(Outcome::Blank) };
    let bytes = URL_SAFE_NO_PAD.decode(stamp.trim_end_matches('=')).map_err(|_| Refusal::NotAStamp)?;
    let (address, name) = places(&bytes).ok_or(Refusal::NotAStamp)?;
    let mut taken = 0;
    if let Some((first, last)) =
        address.map(|address| names::addresses(&address.to_string())).transpose()?.flatten()
    {
        sink.take(Says::Listed, Entry::Range(first, last));
        taken += 1;
    }
    if let Some(name) = name
        && name.parse::<IpAddr>().is_err()
    {
        sink.take(Says::Listed, Entry::Exact(lines::host_name(name, scratch)?));
        taken += 1;
    }
    if taken == 0 { Err(Refusal::NoAddress) } else { Ok(Outcome::Taken(taken)) }
}

/// The address and the host name in a stamp, as far as it has them.
fn places(bytes: &[u8]) -> Option<(Option<IpAddr>, Option<&str>)> {
    let (protocol, rest) = bytes.split_first()?;
    match protocol {
        // DNSCrypt: properties, address, key, the provider's name, which is no host.
        0x01 => Some((address(piece(rest.get(8..)?)?.0), None)),
        // DoH, DoT, DoQ: properties, address, hashes of certificates, host.
        0x02..=0x04 => {
            let (at, rest) = piece(rest.get(8..)?)?;
            Some((address(at), Some(without_port(host_after_hashes(rest)?))))
        }
        // A target of Oblivious DoH: properties, host.
        0x05 => Some((None, Some(without_port(text(piece(rest.get(8..)?)?.0)?)))),
        // A relay of DNSCrypt: its address.
        0x81 => Some((address(piece(rest)?.0), None)),
        // A relay of Oblivious DoH: properties, address, hashes of certificates, host.
        0x85 => {
            let (at, rest) = piece(rest.get(8..)?)?;
            Some((address(at), Some(without_port(host_after_hashes(rest)?))))
        }
        _ => None,
    }
}

/// The first piece behind its length, and what follows it.
fn piece(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(length & 0x7f))
}

/// The piece after a run of pieces, of which all but the last have the top bit of their length set.
fn host_after_hashes(mut bytes: &[u8]) -> Option<&str> {
    loop {
        let more = bytes.first()? & 0x80 != 0;
        let (_, rest) = piece(bytes)?;
        bytes = rest;
        if !more {
            return text(piece(bytes)?.0);
        }
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn without_port(host: &str) -> &str {
    host.rsplit_once(':').map_or(host, |(host, _)| host)
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let text = text(bytes)?;
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}
