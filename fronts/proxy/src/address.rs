//! Which addresses the proxy may connect to at all, whatever the policy says: never the school's own services, unless
//! they are opened by name of network and port. A web page that gives its own name an inside address gains nothing.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use kit::address::ipv4_inside;

/// A network: an address and how many of its bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// A text is not a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a network; write one as 10.1.0.0/16 or 2001:db8::/32")]
pub struct NotANetwork(String);

impl FromStr for Network {
    type Err = NotANetwork;
    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let bad = || NotANetwork(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| bad())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(whole);
        if bits > whole { Err(bad()) } else { Ok(Self { address, bits }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl Network {
    /// The network of one address alone.
    pub const fn one(address: IpAddr) -> Self {
        Self { address, bits: if address.is_ipv4() { 32 } else { 128 } }
    }

    /// Whether the address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(address)) => {
                same_bits(u128::from(net.to_bits()) << 96, u128::from(address.to_bits()) << 96, self.bits)
            }
            (IpAddr::V6(net), IpAddr::V6(address)) => same_bits(net.to_bits(), address.to_bits(), self.bits),
            _ => false,
        }
    }
}

fn same_bits(a: u128, b: u128, bits: u8) -> bool {
    bits == 0 || (a ^ b) >> (128 - u32::from(bits)) == 0
}

/// Services inside that may be reached through the proxy: a network and its ports, or every port where none is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Where.
    pub network: Network,
    /// Which ports; empty for all.
    pub ports: Vec<u16>,
}

/// What may be connected to.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Openings to the inside.
    pub openings: Vec<Opening>,
    /// The gate's own sockets: never, or a request would go round in circles.
    pub own: Vec<SocketAddr>,
}

impl Reach {
    /// Whether the proxy may connect there. An opening of the network that an address inside it belongs to does not open
    /// an address that only leads there.
    pub fn may(&self, address: IpAddr, port: u16) -> bool {
        let address = address.to_canonical();
        let ours = |address: IpAddr| {
            self.own.iter().any(|own| own.port() == port && is_ours(own.ip().to_canonical(), address))
        };
        if ours(address) || ipv4_inside(address).any(|inside| ours(inside.into())) {
            return false;
        }
        is_public(address)
            || self.openings.iter().any(|opening| {
                opening.network.contains(address)
                    && (opening.ports.is_empty() || opening.ports.contains(&port))
            })
    }

    /// Whether that very port is opened there by name.
    pub fn names(&self, address: IpAddr, port: u16) -> bool {
        let address = address.to_canonical();
        self.openings.iter().any(|opening| opening.network.contains(address) && opening.ports.contains(&port))
    }

    /// Whether that port is opened by name anywhere.
    pub fn names_port(&self, port: u16) -> bool {
        self.openings.iter().any(|opening| opening.ports.contains(&port))
    }
}

/// Whether `address` reaches a socket that listens on `own`: the same address, or any that can be this machine where
/// it listens on all.
fn is_ours(own: IpAddr, address: IpAddr) -> bool {
    own == address || address.is_unspecified() || (own.is_unspecified() && address.is_loopback())
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
    fn an_opening_opens_its_network_and_ports_and_never_the_gate_itself() {
        let reach = Reach {
            openings: vec![Opening { network: "127.0.0.0/8".parse().unwrap(), ports: vec![80, 3128] }],
            own: vec!["0.0.0.0:3128".parse().unwrap(), "93.184.216.34:3129".parse().unwrap()],
        };
        let may = |address: &str, port| reach.may(address.parse().unwrap(), port);
        assert!(may("127.0.0.5", 80) && may("::ffff:127.0.0.5", 80) && may("93.184.216.34", 3128));
        for own in ["93.184.216.34", "::ffff:93.184.216.34", "64:ff9b::5db8:d822", "2002:5db8:d822::1"] {
            assert!(!may(own, 3129) && may(own, 443), "{own}");
        }
        assert!(!may("64:ff9b::127.0.0.5", 80) && !may("64:ff9b::127.0.0.5", 3128));
        assert!(!may("127.0.0.5", 81) && !may("10.0.0.1", 80) && !may("127.0.0.5", 3128) && !may("::", 3128));
    }

    #[test]
    fn a_network_that_is_none_says_how_to_write_one() {
        for bad in ["10.0.0.0/33", "10.0.0", "::/129", "a/8", "10.0.0.0/x"] {
            assert!(bad.parse::<Network>().unwrap_err().to_string().contains("2001:db8::/32"), "{bad}");
        }
        assert!("0.0.0.0/0".parse::<Network>().unwrap().contains(IpAddr::V4(Ipv4Addr::BROADCAST)));
    }
}
