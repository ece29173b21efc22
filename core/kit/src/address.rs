//! Addresses in every spelling, and the IPv4 addresses that IPv6 ones lead to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The IPv4 addresses that a packet to this IPv6 address would end at, by the ways in which one carries the other:
///
/// - translated (NAT64): `64:ff9b::/96` (RFC 6052), and `64:ff9b:1::/48` (RFC 8215), in which a network chooses where the
///   address stands: each place that the rest of the address allows is given;
/// - tunnelled: `2002::/16` (6to4, RFC 3056), `2001::/32` (Teredo, RFC 4380), an interface `5efe` (ISATAP, RFC 5214);
/// - written out: `::ffff:0:0/96` (mapped), `::/96` (compatible, RFC 4291) and `::ffff:0:0:0/96` (RFC 2765).
///
/// Nothing for any other address. What is kept from an address must be kept from every other that leads there; what is
/// opened is not, since the way may end elsewhere.
pub fn ipv4_inside(address: IpAddr) -> impl Iterator<Item = Ipv4Addr> {
    let mut found = [None; 4];
    if let IpAddr::V6(address) = address {
        let bits = address.to_bits();
        // The 32 bits that end so many bits before the end.
        let at = |end: u32| Some(Ipv4Addr::from_bits((bits >> end) as u32));
        let last = at(0);
        match address.segments() {
            // `::` and `::1` are no IPv4 addresses, and neither is anything else in 0.0.0.0/8.
            [0, 0, 0, 0, 0, 0 | 0xffff, ..]
            | [0, 0, 0, 0, 0xffff, 0, ..]
            | [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
                found = [last, None, None, None];
            }
            [0x64, 0xff9b, 1, ..] => found = local_nat64(bits),
            [0x2002, ..] => found = [at(80), None, None, None],
            [0x2001, 0, ..] => found = [last.map(|client| !client), None, None, None],
            [_, _, _, _, 0 | 0x200, 0x5efe, ..] => found = [last, None, None, None],
            _ => {}
        }
    }
    found.into_iter().flatten().filter(|inside| inside.octets()[0] != 0)
}

/// An address under a network's own prefix of 48, 56, 64 or 96 bits (RFC 6052, 2.2): the eight bits after the 64th are
/// left out and zero, and what follows the IPv4 address is zero.
fn local_nat64(bits: u128) -> [Option<Ipv4Addr>; 4] {
    let left_out = bits >> 56 & 0xff;
    let without = (bits >> 64) << 56 | bits & 0x00ff_ffff_ffff_ffff;
    let under = |prefix: u32| {
        let after = 120 - prefix - 32;
        let zero = left_out == 0 && without & ((1 << after) - 1) == 0;
        zero.then(|| Ipv4Addr::from_bits((without >> after) as u32))
    };
    [under(48), under(56), under(64), Some(Ipv4Addr::from_bits(bits as u32))]
}

/// Whether an address belongs to the public internet. Everything that IANA keeps for special purposes does not, and
/// neither does an IPv6 address that only leads to such an IPv4 one (RFC 6890, [`ipv4_inside`]).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || a == 127
        || a >= 224
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation()
        || (a == 100 && b & 0xc0 == 64)
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && b & 0xfe == 18))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let mut inside = ipv4_inside(IpAddr::V6(address)).peekable();
    let leads_somewhere = inside.peek().is_some();
    if !inside.all(is_public_v4) {
        return false;
    }
    match address.segments() {
        // What is translated is as public as the IPv4 address behind it, which is there.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] | [0x64, 0xff9b, 1, ..] => leads_somewhere,
        [0x2002, ..] => leads_somewhere,
        [0x2001, 0..0x0200 | 0x0db8, ..] | [0x3fff, 0..0x1000, ..] => false,
        // Global unicast is 2000::/3; the rest is loopback, mapped, unique local, link-local, multicast or unused.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// The address that a browser makes of a host, in any spelling: IPv6 with or without brackets; IPv4 in one to four parts,
/// each decimal, octal (`017`) or hexadecimal (`0x7f`), as the WHATWG standard reads them. A mapped IPv4 address is given
/// as IPv4. `None` where the text is no address, though a browser refuses a name that ends in a number.
pub fn literal(text: &str) -> Option<IpAddr> {
    let inside = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if inside.contains(':') {
        return inside.parse::<IpAddr>().ok().map(|address| address.to_canonical());
    }
    ipv4_literal(text.strip_suffix('.').unwrap_or(text)).map(IpAddr::V4)
}

fn ipv4_literal(text: &str) -> Option<Ipv4Addr> {
    let (before, last) = text.rsplit_once('.').map_or((None, text), |(before, last)| (Some(before), last));
    let mut value = 0u64;
    let mut room = 4u32;
    for part in before.into_iter().flat_map(|before| before.split('.')) {
        let part = number(part).filter(|part| *part <= 0xff)?;
        room = room.checked_sub(1).filter(|room| *room > 0)?;
        value = value << 8 | part;
    }
    let last = number(last).filter(|last| last >> (8 * room) == 0)?;
    u32::try_from(value << (8 * room) | last).ok().map(Ipv4Addr::from_bits)
}

/// A number as the standard reads it; larger ones than an address holds are none.
fn number(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = match (hexadecimal, text.strip_prefix('0')) {
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) => (digits, 8),
        (None, None) => (text, 10),
    };
    if digits.is_empty() {
        return Some(0);
    }
    let plain = digits.chars().all(|digit| digit.is_digit(radix));
    u64::from_str_radix(digits, radix).ok().filter(|number| plain && *number <= u64::from(u32::MAX))
}

/// What one device or household has: an IPv4 address, or the whole /64 of an IPv6 one, since each may take any address in it. For
/// counting what comes from one place.
pub fn place_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V6(six) => format!("{:x}/64", six.to_bits() >> 64),
        IpAddr::V4(four) => four.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inside_is_not_the_public_internet() {
        for (address, public) in [
            ("93.184.216.34", true),
            ("2606:2800:220:1::1", true),
            ("127.0.0.1", false),
            ("127.9.9.9", false),
            ("0.0.0.0", false),
            ("10.1.2.3", false),
            ("172.16.0.1", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("192.0.2.1", false),
            ("198.18.0.1", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::1", false),
            ("::127.0.0.1", false),
            ("fe80::1", false),
            ("fc00::1", false),
            ("fd12::1", false),
            ("ff02::1", false),
            ("2001:db8::1", false),
            ("2001::1", false),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b::5db8:d822", true),
            ("64:ff9b::a9fe:a9fe", false),
            ("64:ff9b::", false),
            ("64:ff9b:0:1::5db8:d822", false),
            ("64:ff9b:1::7f00:1", false),
            ("64:ff9b:1:a00:1:200::", false),
            ("64:ff9b:1::5db8:d822", true),
            ("2002:7f00:1::", false),
            ("2002:5db8:d822::1", true),
            ("::ffff:127.0.0.1", false),
            ("::ffff:0:127.0.0.1", false),
            ("2001:0:5db8:d822::f5ff:fffe", false),
            ("2606:2800:220:1:0:5efe:10.0.0.1", false),
            ("2606:2800:220:1:0:5efe:93.184.216.34", true),
            ("3fff::1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }

    #[test]
    fn an_ipv6_address_leads_to_the_ipv4_address_it_carries() {
        for (address, wanted) in [
            ("64:ff9b::192.0.2.33", "192.0.2.33"),
            ("64:ff9b:0:1::192.0.2.33", ""),
            ("::ffff:192.0.2.33", "192.0.2.33"),
            ("::192.0.2.33", "192.0.2.33"),
            ("::ffff:0:192.0.2.33", "192.0.2.33"),
            ("2002:c000:221::1", "192.0.2.33"),
            ("2001:0:4136:e378:8000:63bf:3fff:fdde", "192.0.2.33"),
            ("2001:db8:1:2:0:5efe:192.0.2.33", "192.0.2.33"),
            ("2001:db8:1:2:200:5efe:192.0.2.33", "192.0.2.33"),
            // Prefixes of 48, 56 and 64 bits; how long the network's is cannot be seen.
            ("64:ff9b:1:c000:2:2100::", "192.0.2.33 2.33.0.0"),
            ("64:ff9b:1:ac:10:201::", "172.16.2.1 16.2.1.0"),
            ("64:ff9b:1::c0:2:2100:0", "192.0.2.33 33.0.0.0"),
            ("64:ff9b:1::192.0.2.33", "192.0.2.33"),
            ("64:ff9b:1:abcd::192.0.2.33", "192.0.2.33"),
            ("::", ""),
            ("::1", ""),
            ("2001:db8::c000:221", ""),
            ("2606:2800:220:1::1", ""),
            ("192.0.2.33", ""),
        ] {
            let found: Vec<_> =
                ipv4_inside(address.parse().unwrap()).map(|inside| inside.to_string()).collect();
            let wanted: Vec<_> = wanted.split_whitespace().collect();
            assert_eq!(found, wanted, "{address}");
        }
    }

    #[test]
    fn an_address_has_many_spellings_and_one_form() {
        for (text, wanted) in [
            ("127.0.0.1", Some("127.0.0.1")),
            ("127.0.0.1.", Some("127.0.0.1")),
            ("127.1", Some("127.0.0.1")),
            ("0x7f.1", Some("127.0.0.1")),
            ("0X7F000001", Some("127.0.0.1")),
            ("2130706433", Some("127.0.0.1")),
            ("0177.0.0.01", Some("127.0.0.1")),
            ("192.0.515", Some("192.0.2.3")),
            ("0x", Some("0.0.0.0")),
            ("[::ffff:192.0.2.3]", Some("192.0.2.3")),
            ("::FFFF:c000:203", Some("192.0.2.3")),
            ("[2001:DB8::1]", Some("2001:db8::1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("256.0.0.1", None),
            ("1.2.3.256", None),
            ("1.2.3.4.5", None),
            ("1..2", None),
            ("08.0.0.1", None),
            ("4294967296", None),
            ("+1.0.0.1", None),
            ("1.2.3.a", None),
            ("[127.0.0.1]", None),
            ("example.org", None),
            ("a.0x", None),
            ("", None),
            (".", None),
        ] {
            assert_eq!(literal(text).map(|address| address.to_string()).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn one_place_has_a_whole_64_of_ipv6() {
        let place = |text: &str| place_of(text.parse().unwrap());
        assert_eq!(place("2001:db8::1"), place("2001:db8::ffff:0:0:9"));
        assert_ne!(place("2001:db8::1"), place("2001:db8:0:1::1"));
        assert_eq!(place("::ffff:10.0.0.3"), "10.0.0.3");
    }
}
