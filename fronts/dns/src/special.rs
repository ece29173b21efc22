//! Names that are not the internet's: no upstream of the internet is asked for them, since they say something of the
//! school's own network and nobody out there could answer. A school whose own servers answer for one says so
//! ([`crate::Forward`]), and then they are asked.

use crate::wire::rcode;

/// Zones that no server of the internet answers for, and what is said of their names.
///
/// Sources: RFC 6761 §6.4 (`invalid`), RFC 6762 §22.1 (`local`, and reverse names of link-local addresses), RFC 7686
/// (`onion`), RFC 8375 (`home.arpa`), RFC 6303 §4 (reverse names of private addresses), RFC 9462 §6.4 (`resolver.arpa`: a
/// device asks there whether its resolver also speaks an encrypted form, and an upstream's yes would lead it past us).
const ZONES: [(&str, u8); 28] = [
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

/// The code that such a name is answered with; `None` for a name of the internet's.
pub(crate) fn answer(name: &str) -> Option<u8> {
    // Nearly every name ends otherwise.
    let top = name.rsplit('.').next()?;
    if !matches!(top, "invalid" | "local" | "onion" | "arpa") {
        return None;
    }
    ZONES.iter().find(|(zone, _)| is_below(name, zone)).map(|(_, code)| *code)
}

fn is_below(name: &str, zone: &str) -> bool {
    name.strip_suffix(zone).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_own_network_are_told_from_the_internets() {
        for (name, expected) in [
            ("_dns.resolver.arpa", Some(rcode::NOERROR)),
            ("printer.local", Some(rcode::NXDOMAIN)),
            ("local", Some(rcode::NXDOMAIN)),
            ("notlocal", None),
            ("x.notlocal", None),
            ("1.0.0.10.in-addr.arpa", Some(rcode::NXDOMAIN)),
            ("1.0.0.110.in-addr.arpa", None),
            ("1.2.31.172.in-addr.arpa", Some(rcode::NXDOMAIN)),
            ("1.2.32.172.in-addr.arpa", None),
            ("8.8.8.8.in-addr.arpa", None),
            ("local.example.org", None),
        ] {
            assert_eq!(answer(name), expected, "{name}");
        }
    }
}
