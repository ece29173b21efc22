//! Under which names pages are served.
//!
//! Any name can be made to resolve to this machine by whoever owns it. A page of theirs that a browser then takes for a
//! page of ours could read what our pages say and send our forms (DNS rebinding). So only names that are ours are served.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::header::HOST;

/// Beside a request that came over TLS to the portal itself: nobody on the way can read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encrypted;

/// Where pages are, and as what they may be asked for.
#[derive(Clone)]
pub struct OwnAddress {
    /// As browsers reach them, as in `http://fivebar.school.example`.
    pub url: String,
    /// Whether an address is one that is listened on.
    pub is_own: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
}

impl OwnAddress {
    /// Whether a request names us. One that names nobody is from no browser, and no name was rebound for it.
    pub fn is_meant(&self, request: &Request) -> bool {
        let asked = request.uri().authority().is_none_or(|authority| self.serves(authority.as_str()));
        asked
            && request
                .headers()
                .get_all(HOST)
                .iter()
                .all(|host| host.to_str().is_ok_and(|host| self.serves(host)))
    }

    /// Whether `host` or `host:port` is the configured name, `localhost` or one of our addresses. The port may be another's
    /// that leads here.
    fn serves(&self, authority: &str) -> bool {
        let Some(host) = host_of(authority) else { return false };
        if let Ok(address) = host.parse::<IpAddr>() {
            return (self.is_own)(address.to_canonical()) || self.is_named(host);
        }
        host.eq_ignore_ascii_case("localhost") || self.is_named(host)
    }

    fn is_named(&self, host: &str) -> bool {
        let place = self.url.split_once("://").map_or("", |(_, rest)| rest);
        let named = place.split(['/', '?', '#']).next().and_then(host_of);
        named.is_some_and(|named| named.eq_ignore_ascii_case(host))
    }
}

/// The host in `host`, `host:port` or `[address]:port`, without the dot that may end a name.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(inside) => inside.split_once(']')?,
        None => {
            authority.find(':').and_then(|colon| authority.split_at_checked(colon)).unwrap_or((authority, ""))
        }
    };
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    let host = host.strip_suffix('.').unwrap_or(host);
    (is_port && !host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_are_ours_are_served() {
        let own = OwnAddress {
            url: "http://Portal.school.example:8080/".to_owned(),
            is_own: Arc::new(|address| ["10.0.0.2", "::1"].contains(&address.to_string().as_str())),
        };
        for (host, served) in [
            ("portal.school.example:8080", true),
            ("PORTAL.school.example", true),
            ("portal.school.example.", true),
            ("localhost:8080", true),
            ("10.0.0.2:8080", true),
            ("[::ffff:10.0.0.2]:8080", true),
            ("[::1]", true),
            ("10.0.0.3", false),
            ("other.example:8080", false),
            ("portal.school.example.other.example", false),
            ("other.portal.school.example", false),
            ("localhost.other.example", false),
            ("portal.school.example:80:80", false),
            ("me@portal.school.example", false),
            ("portal.school.example, other.example", false),
            ("[::1", false),
            ("", false),
        ] {
            assert_eq!(own.serves(host), served, "{host}");
        }
    }
}
