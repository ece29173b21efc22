//! Names that are not the internet's: no upstream of the internet is asked for them, since they say something of the
//! school's own network and nobody out there could answer. A school whose own servers answer for one says so
//! ([`crate::Forward`]), and then they are asked.

use std::net::IpAddr;

use crate::wire::rcode;

/// What is said of such a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// That it does not exist, or has no data: by the code.
    Absent(u8),
    /// That it is the device itself (RFC 6761 §6.3).
    Loopback,
}

/// Zones that no server of the internet answers for, and what is said of their names.
///
/// Sources: RFC 9476 (`alt`), ICANN's board in July 2024 (`internal`), and `wpad`, by which browsers look for a proxy that whoever
/// answers for it would choose; RFC 6761 §6.4 (`invalid`), RFC 6762 §22.1 (`local`, and reverse names of link-local addresses), RFC 7686
/// (`onion`), RFC 8375 (`home.arpa`), RFC 6303 §4 (reverse names of private addresses), RFC 9462 §6.4 (`resolver.arpa`: a
/// device asks there whether its resolver also speaks an encrypted form, and an upstream's yes would lead it past us).
const ZONES: [(&str, u8); 31] = [
    ("alt", rcode::NXDOMAIN),
    ("internal", rcode::NXDOMAIN),
    ("wpad", rcode::NXDOMAIN),
    ("invalid", rcode::NXDOMAIN),
    ("local", rcode::NXDOMAIN),
    ("onion", rcode::NXDOMAIN),
    ("home.arpa", rcode::NXDOMAIN),
    ("resolver.arpa", rcode::NOERROR),
    ("10.in-addr.arpa", rcode::NXDOMAIN),
    ("127.in-addr.arpa", rcode::NXDOMAIN),
    ("254.169.in-addr.arpa", rcode::NXDOMAIN),
    ("168.192.in-addr.arpa", rcode::NXDOMAIN),
    ("16.172.in-addr.arpa", rcode::NXDOMAIN),
    ("17.172.in-addr.arpa", rcode::NXDOMAIN),
    ("18.172.in-addr.arpa", rcode::NXDOMAIN),
    ("19.172.in-addr.arpa", rcode::NXDOMAIN),
    ("20.172.in-addr.arpa", rcode::NXDOMAIN),
    ("21.172.in-addr.arpa", rcode::NXDOMAIN),
    ("22.172.in-addr.arpa", rcode::NXDOMAIN),
    ("23.172.in-addr.arpa", rcode::NXDOMAIN),
    ("24.172.in-addr.arpa", rcode::NXDOMAIN),
    ("25.172.in-addr.arpa", rcode::NXDOMAIN),
    ("26.172.in-addr.arpa", rcode::NXDOMAIN),
    ("27.172.in-addr.arpa", rcode::NXDOMAIN),
    ("28.172.in-addr.arpa", rcode::NXDOMAIN),
    ("29.172.in-addr.arpa", rcode::NXDOMAIN),
    ("30.172.in-addr.arpa", rcode::NXDOMAIN),
    ("31.172.in-addr.arpa", rcode::NXDOMAIN),
    ("d.f.ip6.arpa", rcode::NXDOMAIN),
    ("8.e.f.ip6.arpa", rcode::NXDOMAIN),
    ("9.e.f.ip6.arpa", rcode::NXDOMAIN),
];

/// What such a name is answered with; `None` for a name of the internet's.
pub(crate) fn answer(name: &str) -> Option<Said> {
    // Nearly every name ends otherwise.
    let top = name.rsplit('.').next()?;
    match top {
        "localhost" => return Some(Said::Loopback),
        "alt" | "internal" | "invalid" | "local" | "onion" | "wpad" | "arpa" => {}
        _ => return None,
    }
    ZONES.iter().find(|(zone, _)| is_below(name, zone)).map(|(_, code)| Said::Absent(*code))
}

/// Whether the addresses are those by which a device finds out how its network reaches IPv4 (RFC 7050, RFC 8880): constants
/// that are nobody's, or what the network makes of them. `question` begins with the name that was asked for.
pub(crate) fn is_about_ipv4(question: &[u8], addresses: &[IpAddr]) -> bool {
    const NAME: &[u8] = b"\x08ipv4only\x04arpa\0";
    question.get(..NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME))
        && addresses.iter().all(|address| match address {
            IpAddr::V4(v4) => matches!(v4.octets(), [192, 0, 0, 170 | 171]),
            IpAddr::V6(_) => true,
        })
}

fn is_below(name: &str, zone: &str) -> bool {
    name.strip_suffix(zone).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_own_network_are_told_from_the_internets() {
        let absent = Some(Said::Absent(rcode::NXDOMAIN));
        for (name, expected) in [
            ("_dns.resolver.arpa", Some(Said::Absent(rcode::NOERROR))),
            ("printer.local", absent),
            ("local", absent),
            ("localhost", Some(Said::Loopback)),
            ("www.localhost", Some(Said::Loopback)),
            ("wpad", absent),
            ("wpad.example", None),
            ("server.internal", absent),
            ("internal.example", None),
            ("name.gns.alt", absent),
            ("walt", None),
            ("notlocal", None),
            ("x.notlocal", None),
            ("ipv4only.arpa", None),
            ("1.0.0.10.in-addr.arpa", absent),
            ("1.0.0.110.in-addr.arpa", None),
            ("1.2.31.172.in-addr.arpa", absent),
            ("1.2.32.172.in-addr.arpa", None),
            ("8.8.8.8.in-addr.arpa", None),
            ("local.example.org", None),
        ] {
            assert_eq!(answer(name), expected, "{name}");
        }
    }
}
