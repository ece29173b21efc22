//! Which addresses the proxy may connect to at all, whatever the policy says: never the school's own services, unless
//! they are opened by name of network and port. A web page that gives its own name an inside address gains nothing.

use std::net::{IpAddr, SocketAddr};

use kit::address::{ipv4_inside, is_public};
pub use kit::network::{Network, NotANetwork};

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

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

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
