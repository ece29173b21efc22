//! Which requests are for the school's own portal.

use std::net::{IpAddr, SocketAddr};

use crate::authority::{OwnHost, authority};
use crate::config::Config;

/// The portal as requests name it and as they reach it.
#[derive(Debug)]
pub struct Portal {
    /// As links name it, where it speaks without encryption: into a tunnel nothing can be put.
    named: Option<(OwnHost, u16)>,
    /// The same name, however it speaks there.
    name: Option<OwnHost>,
    /// Where it listens.
    at: Option<SocketAddr>,
}

impl Portal {
    /// The portal of a configuration.
    pub fn of(config: &Config) -> Self {
        let plain = config.portal.starts_with("http://");
        let named = named(&config.portal).filter(|_| plain).map(|(host, port)| (host, port.unwrap_or(80)));
        let name = self::named(&config.portal).map(|(host, _)| host);
        Self { named, name, at: config.portal_at }
    }

    /// Whether a request to that host and port, which may go to those addresses, can only reach the portal.
    pub fn is(&self, host: &OwnHost, port: u16, addresses: &[IpAddr]) -> bool {
        let is_named = self.named.as_ref().is_some_and(|named| named.0 == *host && named.1 == port);
        let is_there = |at: SocketAddr| {
            let there = |address: &IpAddr| address.to_canonical() == at.ip().to_canonical();
            at.port() == port && !addresses.is_empty() && addresses.iter().all(there)
        };
        // A name of somebody else's may lead there: a page of theirs must not speak for the device that reads it.
        let is_its_own = matches!(host, OwnHost::Address(_)) || self.name.as_ref() == Some(host);
        is_named || is_its_own && self.at.is_some_and(is_there)
    }
}

/// The host and port of an address such as `http://portal.school.example`.
pub fn named(address: &str) -> Option<(OwnHost, Option<u16>)> {
    let place = address.split_once("://").map_or("", |(_, rest)| rest);
    place.split('/').next().and_then(|place| authority(place.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_reach_nothing_but_the_portal_is_for_it() {
        let portal = |named: &str| {
            let at = Some("10.0.0.2:8080".parse().unwrap());
            Portal::of(&Config { portal: named.into(), portal_at: at, ..Config::default() })
        };
        let (plain, secure) = (portal("http://portal.example"), portal("https://portal.example"));
        for (target, addresses, of_plain, of_secure) in [
            ("portal.example", &["10.0.0.9"][..], true, false),
            ("portal.example:81", &["10.0.0.9"], false, false),
            ("10.0.0.2:8080", &["10.0.0.2"], true, true),
            ("10.0.0.2", &["10.0.0.2"], false, false),
            ("portal.example:8080", &["10.0.0.2"], true, true),
            ("portal.example:8080", &["::ffff:10.0.0.2"], true, true),
            ("another-name.example:8080", &["10.0.0.2"], false, false),
            ("another-name.example:8080", &["::ffff:10.0.0.2"], false, false),
            ("both.example:8080", &["10.0.0.2", "198.51.100.1"], false, false),
            ("elsewhere.example:8080", &["198.51.100.1"], false, false),
        ] {
            let (host, port) = authority(target.as_bytes()).unwrap();
            let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
            let is = |portal: &Portal| portal.is(&host, port.unwrap_or(80), &addresses);
            assert_eq!((is(&plain), is(&secure)), (of_plain, of_secure), "{target} {addresses:?}");
        }
    }
}
