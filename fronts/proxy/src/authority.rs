//! The host and port of a target, in the one form that is decided on and connected to.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use kit::{Host, HostName};

/// A host that the proxy keeps: a name in the form of [`HostName`], or an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OwnHost {
    /// A name.
    Name(Box<str>),
    /// An address.
    Address(IpAddr),
}

impl OwnHost {
    /// Borrowed, as the engine reads it. `None` cannot happen for a host that [`authority`] made.
    pub fn host(&self) -> Option<Host<'_>> {
        match self {
            Self::Name(name) => HostName::new(name).map(Host::Name),
            Self::Address(address) => Some(Host::Address(*address)),
        }
    }
}

/// As it stands in a `Host` field: an IPv6 address in brackets.
impl fmt::Display for OwnHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => fmt::Display::fmt(address, f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// Reads `host`, `host:port`, `[address]` or `[address]:port`. Capitals are lowered and one dot at the end is
/// dropped. Refused, as `None`: user names, anything that is not plain host text, and numbers that some programs take
/// for an address and others for a name (`127.1`, `0x7f000001`, `2130706433`).
pub fn authority(text: &[u8]) -> Option<(OwnHost, Option<u16>)> {
    let text = std::str::from_utf8(text).ok()?;
    if let Some(inside) = text.strip_prefix('[') {
        let (address, rest) = inside.split_once(']')?;
        let address: Ipv6Addr = address.parse().ok()?;
        let port = match rest {
            "" => None,
            _ => Some(port(rest.strip_prefix(':')?)?),
        };
        return Some((OwnHost::Address(IpAddr::V6(address).to_canonical()), port));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, digits)) => (host, Some(port(digits)?)),
        None => (text, None),
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    if !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
        return None;
    }
    let host = host.to_ascii_lowercase();
    let last = host.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if numeric {
        let address: std::net::Ipv4Addr = host.parse().ok()?;
        return Some((OwnHost::Address(IpAddr::V4(address)), port));
    }
    HostName::new(&host)?;
    Some((OwnHost::Name(host.into_boxed_str()), port))
}

fn port(digits: &str) -> Option<u16> {
    let plain = !digits.is_empty() && digits.len() <= 5 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|&port: &u16| plain && port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_has_one_reading() {
        for (text, wanted) in [
            ("Example.ORG", "example.org -"),
            ("example.org.", "example.org -"),
            ("example.org:8080", "example.org 8080"),
            ("192.0.2.1:80", "192.0.2.1 80"),
            ("[2001:DB8::1]:443", "[2001:db8::1] 443"),
            ("[::ffff:192.0.2.1]", "192.0.2.1 -"),
            ("a_b.example", "a_b.example -"),
            ("", "refused"),
            (":80", "refused"),
            ("example.org:", "refused"),
            ("example.org:0", "refused"),
            ("example.org:65536", "refused"),
            ("example.org:+80", "refused"),
            ("example.org:80:80", "refused"),
            ("user@example.org", "refused"),
            ("user:pw@example.org", "refused"),
            ("exa mple.org", "refused"),
            ("example..org", "refused"),
            ("ex%61mple.org", "refused"),
            ("b\u{fc}cher.example", "refused"),
            ("127.1", "refused"),
            ("0x7f.0.0.1", "refused"),
            ("0x7f000001", "refused"),
            ("2130706433", "refused"),
            ("0177.0.0.1", "refused"),
            ("256.0.0.1", "refused"),
            ("[::1", "refused"),
            ("[fe80::1%25eth0]", "refused"),
            ("::1", "refused"),
        ] {
            let read = authority(text.as_bytes()).map_or("refused".to_owned(), |(host, port)| {
                format!("{host} {}", port.map_or("-".to_owned(), |port| port.to_string()))
            });
            assert_eq!(read, wanted, "{text:?}");
        }
    }
}
