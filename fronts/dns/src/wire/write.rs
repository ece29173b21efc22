//! What we write back. Every answer is written over the question it answers: its id, its flags and its question, in
//! the device's own spelling, are already in place.

use std::net::IpAddr;

pub use engine::Transport;

use super::query::Edns;
use super::{HEADER, PADDED_BYTES, PADDING, PLAIN_UDP_BYTES, UDP_BYTES, ede, flag2, flag3, kind, rcode};

/// The longest text of an extended error; longer ones are cut at a character.
const EXTRA_TEXT_BYTES: usize = 240;

/// An extended error: its code and a text for people.
pub type Extended<'a> = (u16, &'a str);

/// The largest answer to a question that came by `transport` with that EDNS.
pub fn room(transport: Transport, edns: Option<Edns>) -> usize {
    match (transport, edns) {
        (Transport::Udp, None) => PLAIN_UDP_BYTES,
        (Transport::Udp, Some(edns)) => usize::from(edns.size).clamp(PLAIN_UDP_BYTES, UDP_BYTES),
        (Transport::Tcp | Transport::Tls | Transport::Https, _) => usize::from(u16::MAX),
    }
}

/// Sets the flags and counts of an answer; the id stays.
pub fn header(buffer: &mut [u8], flags: [u8; 2], questions: u16, answers: u16, authorities: u16) {
    let Some(place) = buffer.get_mut(2..HEADER) else { return };
    let [a, b] = questions.to_be_bytes();
    let [c, d] = answers.to_be_bytes();
    let [e, f] = authorities.to_be_bytes();
    let [two, three] = flags;
    place.copy_from_slice(&[two, three, a, b, c, d, e, f, 0, 0]);
}

/// The flags of an answer: recursion available, the device's own RD and CD, that response code.
pub const fn flags(asked: [u8; 2], code: u8) -> [u8; 2] {
    let [two, three] = asked;
    [flag2::QR | two & (flag2::OPCODE | flag2::RD), flag3::RA | three & flag3::CD | code & flag3::RCODE]
}

/// Appends an OPT at `end` and counts it; returns the new end, or `end` if there is no room in the buffer. The answer to
/// a padded question is padded to a multiple of [`PADDED_BYTES`].
pub fn opt(
    buffer: &mut [u8],
    end: usize,
    edns: Edns,
    upper_rcode: u8,
    extended: Option<Extended<'_>>,
) -> usize {
    let text = extended.map_or("", |(_, text)| cut(text));
    let told = if extended.is_some() { 6 + text.len() } else { 0 };
    let padding = if edns.padded { padding(end + 11 + told, buffer.len()) } else { None };
    let options = told + padding.map_or(0, |zeros| 4 + zeros);
    let Some(place) = buffer.get_mut(end..end + 11 + options) else { return end };
    let [size_high, size_low] = (UDP_BYTES as u16).to_be_bytes();
    let [length_high, length_low] = (options as u16).to_be_bytes();
    let dnssec = if edns.dnssec { 0x80 } else { 0 };
    let fixed =
        [0, 0, kind::OPT as u8, size_high, size_low, upper_rcode, 0, dnssec, 0, length_high, length_low];
    let (head, rest) = place.split_at_mut(fixed.len());
    head.copy_from_slice(&fixed);
    if let Some((code, _)) = extended {
        let (head, body) = rest.get_mut(..told).unwrap_or_default().split_at_mut(6);
        let [code_high, code_low] = code.to_be_bytes();
        let [length_high, length_low] = (2 + text.len() as u16).to_be_bytes();
        head.copy_from_slice(&[0, 15, length_high, length_low, code_high, code_low]);
        body.copy_from_slice(text.as_bytes());
    }
    if let Some(zeros) = padding
        && let Some((head, body)) = place.get_mut(11 + told..).and_then(<[u8]>::split_first_chunk_mut::<4>)
    {
        let [code_high, code_low] = PADDING.to_be_bytes();
        let [length_high, length_low] = (zeros as u16).to_be_bytes();
        *head = [code_high, code_low, length_high, length_low];
        body.fill(0);
    }
    if let Some(count) = buffer.get_mut(11) {
        *count = 1;
    }
    end + 11 + options
}

/// How many zeros fill a message of that many bytes up, behind the four bytes that say so; `None` where not even those
/// have room. One that is nearly as long as a message can be is filled up to that.
fn padding(bytes: usize, room: usize) -> Option<usize> {
    let head = bytes + 4;
    let room = room.min(usize::from(u16::MAX));
    head.next_multiple_of(PADDED_BYTES).min(room).checked_sub(head)
}

/// Cuts a text to what an extended error holds.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(EXTRA_TEXT_BYTES)).unwrap_or(text)
}

/// An answer that is only a response code: header alone, or with the question where `end` lies behind it.
pub fn code(
    buffer: &mut [u8],
    end: usize,
    asked: [u8; 2],
    code: u8,
    edns: Option<Edns>,
    extended: Option<Extended<'_>>,
) -> usize {
    let end = end.max(HEADER);
    header(buffer, flags(asked, code), u16::from(end > HEADER), 0, 0);
    edns.map_or(end, |edns| opt(buffer, end, edns, 0, extended))
}

/// `BADVERS` (RFC 6891 §6.1.3): sixteen, whose upper bits live in the OPT.
pub fn bad_version(buffer: &mut [u8], end: usize, asked: [u8; 2], edns: Edns) -> usize {
    header(buffer, flags(asked, 0), 1, 0, 0);
    opt(buffer, end, edns, 1, None)
}

/// A blocked name: it does not exist, for so many seconds (RFC 2308 §5), and why (RFC 8914 §4.16).
pub fn blocked(
    buffer: &mut [u8],
    end: usize,
    asked: [u8; 2],
    edns: Option<Edns>,
    life_s: u32,
    reason: Option<&str>,
) -> usize {
    let extended = reason.map(|text| (ede::BLOCKED, text));
    absent(buffer, end, asked, edns, life_s, (rcode::NXDOMAIN, extended))
}

/// That a name does not exist, or has no such data: by the code, for so many seconds (RFC 2308 §5).
pub fn absent(
    buffer: &mut [u8],
    end: usize,
    asked: [u8; 2],
    edns: Option<Edns>,
    life_s: u32,
    (code, extended): (u8, Option<Extended<'_>>),
) -> usize {
    header(buffer, flags(asked, code), 1, 0, 1);
    let [a, b, c, d] = life_s.to_be_bytes();
    // The name itself is the owner, so that nothing beside it is touched; server and mailbox are the root.
    #[rustfmt::skip]
    let record = [
        0xc0, HEADER as u8, 0, kind::SOA as u8, 0, 1, a, b, c, d, 0, 22,
        0, 0,
        0, 0, 0, 1, 0, 0, 14, 16, 0, 0, 3, 132, 0, 9, 58, 128, a, b, c, d,
    ];
    let end = put(buffer, end, &record);
    edns.map_or(end, |edns| opt(buffer, end, edns, 0, extended))
}

/// One address, for so many seconds.
pub fn address(
    buffer: &mut [u8],
    end: usize,
    asked: [u8; 2],
    edns: Option<Edns>,
    life_s: u32,
    address: IpAddr,
) -> usize {
    header(buffer, flags(asked, rcode::NOERROR), 1, 1, 0);
    let kind = if address.is_ipv4() { kind::A } else { kind::AAAA };
    let [a, b, c, d] = life_s.to_be_bytes();
    let mut end = put(buffer, end, &[0xc0, HEADER as u8, 0, kind as u8, 0, 1, a, b, c, d, 0]);
    end = match address {
        IpAddr::V4(v4) => {
            let end = put(buffer, end, &[4]);
            put(buffer, end, &v4.octets())
        }
        IpAddr::V6(v6) => {
            let end = put(buffer, end, &[16]);
            put(buffer, end, &v6.octets())
        }
    };
    edns.map_or(end, |edns| opt(buffer, end, edns, 0, None))
}

/// The minimal answer to `ANY` (RFC 8482 §4.2).
pub fn any(buffer: &mut [u8], end: usize, asked: [u8; 2], edns: Option<Edns>, life_s: u32) -> usize {
    header(buffer, flags(asked, rcode::NOERROR), 1, 1, 0);
    let [a, b, c, d] = life_s.to_be_bytes();
    #[rustfmt::skip]
    let record = [
        0xc0, HEADER as u8, 0, kind::HINFO as u8, 0, 1, a, b, c, d, 0, 9,
        7, b'R', b'F', b'C', b'8', b'4', b'8', b'2', 0,
    ];
    let end = put(buffer, end, &record);
    edns.map_or(end, |edns| opt(buffer, end, edns, 0, None))
}

fn put(buffer: &mut [u8], at: usize, bytes: &[u8]) -> usize {
    match buffer.get_mut(at..at + bytes.len()) {
        Some(place) => {
            place.copy_from_slice(bytes);
            at + bytes.len()
        }
        None => at,
    }
}
