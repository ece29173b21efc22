//! Where a browser's maker takes messages. The address comes from a browser, and so from whoever sits there: it must not lead the hub to
//! anything inside the school.

use std::net::IpAddr;

use kit::address::is_public;
use url::{Host, Url};

use super::sending::Reach;

/// The longest address. Those of browsers' makers have some hundred signs.
const LONGEST: usize = 1_000;

/// Why an address is not sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Bad {
    /// It is none of HTTPS.
    #[error("that is no address that begins with https")]
    NoAddress,
    /// It leads to this machine or inside the network.
    #[error("that address does not lie on the public internet")]
    Inside,
}

/// An address of HTTPS that may be sent to, as far as can be said before its name is looked up.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(endpoint)")
    }
}

impl Endpoint {
    /// Reads one.
    pub fn read(text: &str, reach: Reach) -> Result<Self, Bad> {
        if text.len() > LONGEST || !text.is_ascii() {
            return Err(Bad::NoAddress);
        }
        let url = Url::parse(text).map_err(|_| Bad::NoAddress)?;
        let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        if url.scheme() != "https" || !plain {
            return Err(Bad::NoAddress);
        }
        match url.host().ok_or(Bad::NoAddress)? {
            Host::Ipv4(address) if !reach.may(address.into()) => return Err(Bad::Inside),
            Host::Ipv6(address) if !reach.may(address.into()) => return Err(Bad::Inside),
            Host::Domain(name) if reach == Reach::Public && is_inside(name) => return Err(Bad::Inside),
            _ => {}
        }
        // Makers of browsers use the usual port; another could be a service that takes anything for a command.
        if reach == Reach::Public && url.port().is_some() {
            return Err(Bad::Inside);
        }
        Ok(Self(url))
    }

    /// As it is kept.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(super) const fn url(&self) -> &Url {
        &self.0
    }

    /// What a signature for it names: its scheme, host and port (RFC 8292, 2).
    pub(super) fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

impl Reach {
    /// Whether it may be sent to an address, after its name was looked up.
    pub fn may(self, address: IpAddr) -> bool {
        self == Self::AlsoLocal || is_public(address.to_canonical())
    }
}

/// Whether a name is none of the public internet's.
fn is_inside(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    !name.contains('.') || ["localhost", "local", "internal", "lan", "home", "test", "arpa"].contains(&last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_browser_leads_the_hub_inside_the_school() {
        for good in [
            "https://push.services.example/wpush/v2/gAAAA",
            "https://fcm.push.example/fcm/send/abc:def",
            "https://web.push.example:443/x",
            "https://93.184.215.14/x",
        ] {
            assert!(Endpoint::read(good, Reach::Public).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("http://push.example/x", Bad::NoAddress),
            ("ftp://push.example/x", Bad::NoAddress),
            ("file:///etc/passwd", Bad::NoAddress),
            ("https://", Bad::NoAddress),
            ("push.example", Bad::NoAddress),
            ("https://user:word@push.example/x", Bad::NoAddress),
            ("https://push.example/x#y", Bad::NoAddress),
            ("https://localhost/x", Bad::Inside),
            ("https://LOCALHOST./x", Bad::Inside),
            ("https://hub/x", Bad::Inside),
            ("https://printer.local/x", Bad::Inside),
            ("https://127.0.0.1/x", Bad::Inside),
            ("https://127.1/x", Bad::Inside),
            ("https://0x7f000001/x", Bad::Inside),
            ("https://2130706433/x", Bad::Inside),
            ("https://10.1.2.3/x", Bad::Inside),
            ("https://172.16.0.1/x", Bad::Inside),
            ("https://192.168.1.1/x", Bad::Inside),
            ("https://169.254.169.254/latest/meta-data", Bad::Inside),
            ("https://100.64.0.1/x", Bad::Inside),
            ("https://0.0.0.0/x", Bad::Inside),
            ("https://[::1]/x", Bad::Inside),
            ("https://[::ffff:127.0.0.1]/x", Bad::Inside),
            ("https://[::ffff:10.0.0.1]/x", Bad::Inside),
            ("https://[fe80::1]/x", Bad::Inside),
            ("https://[fd00::1]/x", Bad::Inside),
            ("https://[64:ff9b::7f00:1]/x", Bad::Inside),
            ("https://push.example:8443/x", Bad::Inside),
            ("https://push.example:25/x", Bad::Inside),
        ] {
            assert_eq!(Endpoint::read(bad, Reach::Public), Err(why), "{bad}");
        }
        assert!(
            Endpoint::read(&format!("https://push.example/{}", "a".repeat(1_000)), Reach::Public).is_err()
        );
        assert!(Endpoint::read("https://127.0.0.1:8443/x", Reach::AlsoLocal).is_ok());
        assert!(Endpoint::read("http://127.0.0.1/x", Reach::AlsoLocal).is_err(), "never without TLS");
    }
}
