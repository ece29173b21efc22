//! The web address of a list.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use kit::address::is_public;
use url::{Host, Url};

/// Why a text is no address that a list can be fetched from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It cannot be read as one.
    #[error("{0} is no web address; it begins with https:// or http:// and names a server")]
    NotWeb(String),
    /// It holds a password, which would stand in the records and on screens.
    #[error(
        "a web address with a name or password in it is not kept; ask the list's maker for an address without"
    )]
    Password,
}

/// An `https` or `http` address without a fragment and without a password.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WebAddress(Url);

/// Whether a source of a list, or what somebody gave as one, is a web address.
pub fn is_web(source: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|start| source.get(..start.len()).is_some_and(|given| given.eq_ignore_ascii_case(start)))
}

/// The address that a source is fetched from: of a list of an archive, that of the archive.
pub fn base_of(source: &str) -> Option<&str> {
    is_web(source).then(|| source.split('#').next().unwrap_or(source))
}

impl WebAddress {
    /// Whether a text begins like a web address.
    pub fn is_meant(text: &str) -> bool {
        is_web(text)
    }

    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let url = Url::parse(text).map_err(|_| AddressError::NotWeb(text.to_owned()))?;
        Self::of(url).ok_or_else(|| AddressError::NotWeb(text.to_owned()))?
    }

    fn of(mut url: Url) -> Option<Result<Self, AddressError>> {
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return None;
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Some(Err(AddressError::Password));
        }
        url.set_fragment(None);
        Some(Ok(Self(url)))
    }

    /// Where a server sends on to from here; `None` where that is no web address.
    pub(super) fn joined(&self, location: &str) -> Option<Self> {
        Self::of(self.0.join(location).ok()?)?.ok()
    }

    /// Whether nobody on the way can read or change what comes from there.
    pub fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The server, as it stands in the address.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The server where it is named by its address.
    pub(super) fn literal(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        }
    }

    /// The port.
    pub(super) fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(443)
    }

    /// What stands behind the server, as it is asked for.
    pub(super) fn path_and_query(&self) -> &str {
        self.0.as_str().get(self.0[..url::Position::BeforePath].len()..).unwrap_or("/")
    }

    /// Server and port as a request names them.
    pub(super) fn authority(&self) -> String {
        match self.0.port() {
            Some(port) => format!("{}:{port}", self.host()),
            None => self.host().to_owned(),
        }
    }

    /// Server and path, as a place in folders.
    pub(super) fn place(&self) -> PathBuf {
        let parts = self.0.path_segments().into_iter().flatten().filter(|part| !part.is_empty());
        std::iter::once(self.host()).chain(parts).collect()
    }

    /// The last part of the path; that of the server where there is none.
    pub fn file_name(&self) -> &str {
        let last = self.0.path_segments().and_then(|mut parts| parts.rfind(|part| !part.is_empty()));
        last.unwrap_or_else(|| self.host())
    }
}

impl fmt::Display for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// How far inside an address lies. A server may send on to where it could have been found at first, and outwards: else
/// anybody who runs a list could have this machine ask for what only the inside of a school can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// On the public internet.
    Public,
    /// Inside a network, or kept for special purposes.
    Inside,
    /// This machine itself.
    ThisMachine,
}

impl Depth {
    /// Of one address.
    pub fn of(address: IpAddr) -> Self {
        let address = address.to_canonical();
        if address.is_loopback() || address.is_unspecified() {
            Self::ThisMachine
        } else if is_public(address) {
            Self::Public
        } else {
            Self::Inside
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_address_is_read_and_says_where_to_ask_for_what() {
        let at = WebAddress::parse("HTTPS://Lists.Example:8443/a/games.txt.gz?k=1#part").unwrap();
        assert_eq!(at.to_string(), "https://lists.example:8443/a/games.txt.gz?k=1");
        assert_eq!(
            (at.authority().as_str(), at.port(), at.path_and_query(), at.file_name()),
            ("lists.example:8443", 8443, "/a/games.txt.gz?k=1", "games.txt.gz")
        );
        assert_eq!(WebAddress::parse("http://lists.example").unwrap().file_name(), "lists.example");
        assert_eq!(WebAddress::parse("http://[::1]:80/x/").unwrap().authority(), "[::1]");
        for wrong in ["ftp://lists.example/x", "https://", "lists.example/x", "file:///etc/passwd"] {
            assert_eq!(WebAddress::parse(wrong), Err(AddressError::NotWeb(wrong.to_owned())));
        }
        assert_eq!(WebAddress::parse("https://me:word@lists.example/"), Err(AddressError::Password));
        let on = |location| at.joined(location).map(|at| at.to_string());
        assert_eq!(on("../b").unwrap(), "https://lists.example:8443/b");
        assert_eq!(on("//other.example/c").unwrap(), "https://other.example/c");
        assert_eq!((on("file:///etc/passwd"), on("ftp://x.example/")), (None, None));
    }

    #[test]
    fn the_inside_of_a_school_lies_deeper_than_the_internet_and_this_machine_deepest() {
        for (address, depth) in [
            ("93.184.216.34", Depth::Public),
            ("2a00::1", Depth::Public),
            ("10.0.0.1", Depth::Inside),
            ("169.254.169.254", Depth::Inside),
            ("fd00::1", Depth::Inside),
            ("::ffff:192.168.1.1", Depth::Inside),
            ("127.0.0.1", Depth::ThisMachine),
            ("::1", Depth::ThisMachine),
            ("0.0.0.0", Depth::ThisMachine),
            ("::ffff:127.0.0.1", Depth::ThisMachine),
        ] {
            assert_eq!(Depth::of(address.parse().unwrap()), depth, "{address}");
        }
        assert!(Depth::Public < Depth::Inside && Depth::Inside < Depth::ThisMachine);
    }
}
